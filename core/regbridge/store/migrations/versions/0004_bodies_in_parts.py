"""Messages are kept in parts: a large one never has to be in memory twice."""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "receipt_parts",
        sa.Column("receipt_id", BIG, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"]),
        sa.PrimaryKeyConstraint("receipt_id", "part"),
    )
    op.execute("INSERT INTO receipt_parts SELECT receipt_id, 0, body FROM receipt_bodies")
    op.drop_table("receipt_bodies")
