"""That the ledger was restored from a backup, and when."""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "restores",
        sa.Column("restored_at", BIG, nullable=False),
        sa.Column("deliveries_from", BIG, nullable=False),
        sa.PrimaryKeyConstraint("restored_at"),
    )
