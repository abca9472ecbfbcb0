"""The reports of patients: documents in error, accesses that nobody recognises."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A new table alone."""
    op.create_table(
        "anomaly_report",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reporter_key", KEY, nullable=False),
        sa.Column("structure", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), server_default="sent", nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_by", sa.Text(), server_default="", nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('document','access')", name=op.f("ck_anomaly_report_kind")),
        sa.CheckConstraint("state IN ('sent','seen','answered','closed')", name=op.f("ck_anomaly_report_state")),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_anomaly_report_patient_key")),
        sa.ForeignKeyConstraint(["reporter_key"], ["patient.patient_key"], name=op.f("fk_anomaly_report_reporter_key")),
        sa.PrimaryKeyConstraint("patient_key", "report_id", name=op.f("pk_anomaly_report")),
        comment="One row is what somebody of the patient's side reports as wrong; structure is whose queue it is in, '' the operator's.",
    )
    op.create_index(op.f("ix_anomaly_report_state_made_at"), "anomaly_report", ["state", "made_at"], unique=False)
    op.create_index(op.f("ix_anomaly_report_report_id"), "anomaly_report", ["report_id"], unique=False)
