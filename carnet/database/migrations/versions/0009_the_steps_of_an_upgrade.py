"""The steps of an upgrade."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
runs_with = "0009"
"""Older code runs on no schema but its own."""


def upgrade() -> None:
    """The steps of an upgrade. Each migration's row is written by env.py."""
    op.create_table(
        "schema_step",
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("runs_with", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_schema_step")),
        comment="One row is a migration that was applied, and the oldest schema whose code may go on running after it.",
    )
