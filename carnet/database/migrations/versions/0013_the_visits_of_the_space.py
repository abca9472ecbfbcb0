"""The visits of the patient's space."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The visits of the patient's space."""
    op.create_table(
        "space_visit",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("visitor_key", KEY, nullable=False),
        sa.Column("former_at", sa.BigInteger(), nullable=True),
        sa.Column("latest_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_space_visit_patient_key")),
        sa.ForeignKeyConstraint(["visitor_key"], ["patient.patient_key"], name=op.f("fk_space_visit_visitor_key")),
        sa.PrimaryKeyConstraint("patient_key", "visitor_key", name=op.f("pk_space_visit")),
        comment="One row is when somebody (visitor_key: the patient, or who acts for them) was last in the patient's space, and the time before.",
    )
