"""Timings: how long each stage takes."""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "timings",
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("measurements", BIG, nullable=False),
        sa.Column("registrations", BIG, nullable=False),
        sa.Column("microseconds", BIG, nullable=False),
        sa.PrimaryKeyConstraint("day", "client", "stage", "part", "bucket"),
    )
