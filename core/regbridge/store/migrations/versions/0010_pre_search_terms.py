"""What names a registration, as numbers in segments."""

import sqlalchemy as sa
from alembic import op

from regbridge.store.search import add_all_terms

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "search_terms",
        sa.Column("segment", BIG, nullable=False),
        sa.Column("term", BIG, nullable=False),
        sa.Column("registration_id", BIG, nullable=False),
        sa.PrimaryKeyConstraint("segment", "term", "registration_id"),
        sqlite_with_rowid=False,
    )
    add_all_terms(op.get_bind())
