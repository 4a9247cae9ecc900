"""Encryption: the keys that values are sealed by."""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "encryption_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest_key", sa.LargeBinary(), nullable=False),
        sa.Column("first_used_at", BIG, nullable=False),
        sa.Column("retired_at", BIG, nullable=True),
        sa.Column("held", BIG, nullable=True),
        sa.Column("counted_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
