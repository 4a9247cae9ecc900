"""The endpoints' doors: tokens and their uses, and who was refused."""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "endpoint_tokens",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("configured_at", BIG, nullable=False),
        sa.Column("uses", BIG, nullable=False),
        sa.Column("first_used_at", BIG, nullable=True),
        sa.Column("last_used_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("client", "endpoint", "fingerprint"),
    )
    op.create_table(
        "refused",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("by_cvent", sa.Boolean(), nullable=False),
        sa.Column("requests", BIG, nullable=False),
        sa.Column("first_at", BIG, nullable=False),
        sa.Column("last_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("client", "endpoint", "cause", "address"),
    )
