"""What came lies apart from what changes: bodies and payloads get tables of their own."""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "receipt_bodies",
        sa.Column("receipt_id", BIG, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"]),
        sa.PrimaryKeyConstraint("receipt_id"),
    )
    op.create_table(
        "registration_payloads",
        sa.Column("receipt_id", BIG, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"]),
        sa.PrimaryKeyConstraint("receipt_id", "position"),
    )
    op.execute("INSERT INTO receipt_bodies SELECT id, body FROM receipts")
    op.execute(
        "INSERT INTO registration_payloads SELECT receipt_id, position, payload FROM registrations"
    )
    op.drop_column("receipts", "body")
    op.drop_column("registrations", "payload")
