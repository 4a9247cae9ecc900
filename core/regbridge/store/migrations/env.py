"""Runs the migrations on the connection that the store hands over."""

from alembic import context
from sqlmodel import SQLModel

from regbridge.store import console_tables, key_tables, proof_tables, tables

for each in (
    tables.Receipt,
    proof_tables.PassRow,
    console_tables.AuditRow,
    key_tables.EncryptionKey,
):
    assert each.metadata is SQLModel.metadata
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
