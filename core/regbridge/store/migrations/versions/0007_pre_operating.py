"""What people do about trouble: corrections, purged and forgotten data, alerts."""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply this revision."""
    op.add_column("registrants", sa.Column("forgotten_at", BIG, nullable=True))
    op.add_column("registrations", sa.Column("purged_at", BIG, nullable=True))
    op.create_table(
        "corrections",
        sa.Column("id", BIG, nullable=False),
        sa.Column("registration_id", BIG, nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["registration_id"], ["registrations.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_corrections_registration_id", "corrections", ["registration_id"])
    op.create_table(
        "alerts",
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("about", BIG, nullable=False),
        sa.Column("sent_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("cause"),
    )
    op.create_table(
        "tombstones",
        sa.Column("registrant_id", BIG, nullable=False),
        sa.Column("contact_stub", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["registrant_id"], ["registrants.id"]),
        sa.PrimaryKeyConstraint("registrant_id", "contact_stub"),
    )
