"""The looks of professionals at a summary."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A new table alone."""
    op.create_table(
        "professional_look",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("looker", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_moments", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_professional_look_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "looker", name=op.f("pk_professional_look")),
        comment="One row is when one professional (looker: a keyed mark of who) last saw the summary of a record, and the time before.",
    )
