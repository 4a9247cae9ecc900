"""The hosts, and the configurations that they run."""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "hosts",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("seen_at", BIG, nullable=False),
        sa.Column("changed_at", BIG, nullable=True),
        sa.Column("findings", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("host"),
    )
    op.create_table(
        "host_clients",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("configuration", sa.String(), nullable=False),
        sa.Column("since", BIG, nullable=True),
        sa.Column("changed_at", BIG, nullable=True),
        sa.Column("findings", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("host", "client"),
    )
