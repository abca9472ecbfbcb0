"""Where a professional's own lines lie in the traces, and openings found by their age."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A new table, and an index by which old openings are found."""
    op.create_table(
        "own_lines",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_own_lines_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "actor", "day", name=op.f("pk_own_lines")),
        comment="One row says between which places of a patient's trace the lines of a professional of one day in Paris lie; actor = HMAC-SHA-256(index key, PS_IdNat), day = its midnight.",
    )
    op.create_index(op.f("ix_own_lines_actor_day"), "own_lines", ["actor", "day"], unique=False)
    op.create_index(op.f("ix_own_lines_day"), "own_lines", ["day"], unique=False)
    op.create_index(op.f("ix_record_opening_opened_at"), "record_opening", ["opened_at"], unique=False)
