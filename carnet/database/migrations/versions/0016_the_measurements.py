"""The measurements of patients and their targets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The measurements of patients and their targets."""
    op.create_table(
        "measure_reading",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("reading_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("measured_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed_reading", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("ended_by IN ('','corrected','withdrawn')", name=op.f("ck_measure_reading_ended_by")),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_measure_reading_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "reading_id", "version", name=op.f("pk_measure_reading")),
        comment="One row is a version of a reading that the patient's side declared, while it held; values, context and author are sealed.",
    )
    op.create_index(
        op.f("ix_measure_reading_patient_key_kind_measured_at"), "measure_reading", ["patient_key", "kind", "measured_at"]
    )
    op.create_table(
        "measure_target",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed_target", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_measure_target_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "target_id", name=op.f("pk_measure_target")),
        comment="One row is a target that the patient's side set for one kind of measurement, while it held.",
    )
