"""The extracts of documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The extracts of documents."""
    op.create_table(
        "document_extract",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("unique_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("state IN ('made','partial','unreadable')", name=op.f("ck_document_extract_state")),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_document_extract_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "unique_id", "kind", name=op.f("pk_document_extract")),
        comment="One row is what one version of an extractor read out of a document's bytes, of one kind; it goes with the document.",
    )
