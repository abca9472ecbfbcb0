"""The health profile and the codes of the emergency card."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The health profile and the codes of the emergency card."""
    op.create_table(
        "card_code",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("code_id", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.Column("readings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('screen','print')", name=op.f("ck_card_code_kind")),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_card_code_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "code_id", name=op.f("pk_card_code")),
        sa.UniqueConstraint("token", name=op.f("uq_card_code_token")),
        comment="One row is a code (QR) by which anybody who has it reads the emergency card until it ends; token is SHA-256 of what it holds.",
    )
    op.create_table(
        "profile_item",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.Column("declared_by", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_profile_item_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "item_id", "version", name=op.f("pk_profile_item")),
        comment="One row is one version of what the patient's side declared in the health profile, while it held; its section is sealed with it.",
    )
