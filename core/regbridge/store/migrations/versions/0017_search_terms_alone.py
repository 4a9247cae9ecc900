"""The index that a search went along is gone; what older hosts wrote meanwhile is found too."""

from alembic import op

from regbridge.store.search import add_all_terms

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply this revision."""
    add_all_terms(op.get_bind())
    op.drop_index("registrations_search", "registrations")
