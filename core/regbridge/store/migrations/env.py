"""Runs the migrations on the connection that the store hands over."""

from alembic import context
from sqlmodel import SQLModel

from regbridge.store import proof_tables, tables

assert tables.Receipt.metadata is proof_tables.PassRow.metadata is SQLModel.metadata
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
