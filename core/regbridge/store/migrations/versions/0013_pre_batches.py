"""Batches: with which others a record was sent, as the log and the target name it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply this revision."""
    op.add_column("deliveries", sa.Column("batch", sa.String(), nullable=True))
