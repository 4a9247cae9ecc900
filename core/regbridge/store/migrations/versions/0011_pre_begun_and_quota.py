"""When a delivery's last attempt began, and how many calls a day an account has."""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply this revision."""
    op.add_column("deliveries", sa.Column("begun_at", BIG))
    op.add_column("limiter_calls", sa.Column("per_day", sa.Integer()))
