"""Which readings were counted in the budgets of an hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None
runs_with = "0010"
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A table; former code counts nothing there."""
    op.create_table(
        "record_visit",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_record_visit_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "requester", "hour", name=op.f("pk_record_visit")),
    )
    op.create_index(op.f("ix_record_visit_hour"), "record_visit", ["hour"])
