"""The records that professionals opened in the portal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A new table alone."""
    op.create_table(
        "record_opening",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("opener", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_details", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("recalled", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_record_opening_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "handle", name=op.f("pk_record_opening")),
        comment="One row is a record that a professional opened in a session of the portal; opener = HMAC-SHA-256(index key, PS_IdNat); recalled: in their list of recent ones.",
    )
    op.create_index(op.f("ix_record_opening_handle"), "record_opening", ["handle"], unique=False)
    op.create_index(op.f("ix_record_opening_opener_opened_at"), "record_opening", ["opener", "opened_at"], unique=False)
