"""The rule data."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The rule data."""
    op.create_table(
        "rule_version",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('matrix')", name=op.f("ck_rule_version_kind")),
        sa.PrimaryKeyConstraint("kind", "version", name=op.f("pk_rule_version")),
        sa.UniqueConstraint("place", name=op.f("uq_rule_version_place")),
        comment="One row is a version of rule data as it was proposed: canonical bytes, their SHA-256, and the moment it is to take effect.",
    )
    op.create_table(
        "rule_approval",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kind", "version"],
            ["rule_version.kind", "rule_version.version"],
            name=op.f("fk_rule_approval_kind"),
        ),
        sa.PrimaryKeyConstraint("kind", "version", "approver", name=op.f("pk_rule_approval")),
        sa.UniqueConstraint("place", name=op.f("uq_rule_approval_place")),
        comment="One row is one person's signed approval of a version; key is the SHA-256 of the public key that verifies it.",
    )
    op.create_table(
        "rule_withdrawal",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kind", "version"],
            ["rule_version.kind", "rule_version.version"],
            name=op.f("fk_rule_withdrawal_kind"),
        ),
        sa.PrimaryKeyConstraint("kind", "version", name=op.f("pk_rule_withdrawal")),
        sa.UniqueConstraint("place", name=op.f("uq_rule_withdrawal_place")),
        comment="One row is a version taken back before it took effect; key and signature are empty when it had not been approved.",
    )
