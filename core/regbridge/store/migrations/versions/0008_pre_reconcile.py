"""Reconciling: whom Cvent has, passes, and what they found."""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
RUNNING = sa.text("finished_at IS NULL")

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply this revision."""
    op.add_column(
        "receipts", sa.Column("kind", sa.String(), nullable=False, server_default="webhook")
    )
    op.create_table(
        "attendees",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("event_stub", sa.String(), nullable=False),
        sa.Column("invitee_stub", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("seen_in", BIG, nullable=False),
        sa.PrimaryKeyConstraint("client", "event_stub", "invitee_stub"),
        sqlite_with_rowid=False,
    )
    _create_passes()
    _create_differences()


def _create_passes() -> None:
    op.create_table(
        "passes",
        sa.Column("due_at", BIG, nullable=True),
        sa.Column("lease", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("event_stub", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("since", BIG, nullable=True),
        sa.Column("fixes", sa.Boolean(), nullable=False),
        sa.Column("overwrites", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("attendees", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("newest", BIG, nullable=True),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("waiting_since", BIG, nullable=True),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("untold", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("began_at", BIG, nullable=False),
        sa.Column("finished_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("passes_of", "passes", ["client", "event_stub", "id"])
    op.create_index(
        "passes_running",
        "passes",
        ["client", "event_stub"],
        unique=True,
        sqlite_where=RUNNING,
        postgresql_where=RUNNING,
    )


def _create_differences() -> None:
    op.create_table(
        "differences",
        sa.Column("id", BIG, nullable=False),
        sa.Column("pass_id", BIG, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("registration_id", BIG, nullable=True),
        sa.Column("delivery_id", BIG, nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("changes", sa.String(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=True),
        sa.Column("receipt_id", BIG, nullable=True),
        sa.Column("found_at", BIG, nullable=False),
        sa.Column("sent_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["pass_id"], ["passes.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("differences_of", "differences", ["pass_id", "subject"])
    op.create_index("ix_differences_subject", "differences", ["subject"])
