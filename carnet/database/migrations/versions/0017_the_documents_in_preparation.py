"""The documents that people prepare in the space."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """New tables alone."""
    op.create_table(
        "upload_draft",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("draft_id", sa.Text(), nullable=False),
        sa.Column("maker_key", KEY, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed_about", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_upload_draft_patient_key")),
        sa.ForeignKeyConstraint(["maker_key"], ["patient.patient_key"], name=op.f("fk_upload_draft_maker_key")),
        sa.PrimaryKeyConstraint("patient_key", "draft_id", name=op.f("pk_upload_draft")),
        comment="One row is a document that somebody (maker_key: the patient, or who acts for them) is preparing for the patient's record.",
    )
    op.create_index(op.f("ix_upload_draft_expires_at"), "upload_draft", ["expires_at"], unique=False)
    op.create_table(
        "upload_piece",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("draft_id", sa.Text(), nullable=False),
        sa.Column("piece_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_preview", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('part','picture','pdf','text','whole')", name=op.f("ck_upload_piece_kind")),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_upload_piece_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "draft_id", "piece_id", name=op.f("pk_upload_piece")),
        comment="One row is a piece of such a document: a part of a file that is being sent, a picture, a PDF or a text made safe, or the whole put together.",
    )
