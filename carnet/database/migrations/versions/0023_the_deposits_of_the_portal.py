"""What professionals deposit by the portal: drafts, and whose deposits are where."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """New tables alone."""
    op.create_table(
        "deposit_draft",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("draft_id", sa.Text(), nullable=False),
        sa.Column("maker", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sealed_about", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_preview", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_deposit_draft_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "draft_id", name=op.f("pk_deposit_draft")),
        comment="One row is a document that a professional prepares to deposit; maker is a keyed digest of who, so that the row names nobody.",
    )
    op.create_index(op.f("ix_deposit_draft_expires_at"), "deposit_draft", ["expires_at"], unique=False)
    op.create_table(
        "portal_deposit",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("deposit_id", sa.Text(), nullable=False),
        sa.Column("depositor", sa.LargeBinary(), nullable=False),
        sa.Column("unique_id", sa.Text(), nullable=False),
        sa.Column("deposited_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_portal_deposit_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "deposit_id", name=op.f("pk_portal_deposit")),
        comment="One row is a document deposited by the portal, so that its depositor finds it again among all records; depositor is a keyed digest of who.",
    )
    op.create_index(op.f("ix_portal_deposit_depositor_deposited_at"), "portal_deposit", ["depositor", "deposited_at"], unique=False)
