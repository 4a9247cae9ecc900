"""Runs the migrations on the connection that the store hands over."""

from alembic import context
from sqlmodel import SQLModel

from regbridge.store import (
    admission_tables,
    console_tables,
    host_tables,
    key_tables,
    proof_tables,
    restore_tables,
    tables,
)

TABLES = (
    tables.Receipt,
    proof_tables.PassRow,
    console_tables.AuditRow,
    admission_tables.RefusedRow,
    restore_tables.RestoreRow,
    host_tables.HostRow,
    key_tables.EncryptionKey,
)
for each in TABLES:
    assert each.metadata is SQLModel.metadata
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
