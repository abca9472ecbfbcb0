"""The syntheses that doctors write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A new table, and an index by which the last synthesis of each record is found."""
    op.create_table(
        "synthesis_draft",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("maker", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_synthesis_draft_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "maker", name=op.f("pk_synthesis_draft")),
        comment="One row is the synthesis that a doctor is writing for a patient; maker is a keyed digest of who, so that the row names nobody.",
    )
    op.create_index(op.f("ix_synthesis_draft_expires_at"), "synthesis_draft", ["expires_at"], unique=False)
    op.create_index(
        "ix_document_entry_syntheses",
        "document_entry",
        ["patient_key", "registered_at"],
        unique=False,
        sqlite_where=sa.text("type_code IN ('60591-5', 'SYNTH')"),
        postgresql_where=sa.text("type_code IN ('60591-5', 'SYNTH')"),
    )
