"""The consent and representation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS = "kind IN ('authorised','blocked','medecin_traitant','administrator','care_team','feeding_opposed')"
REPRESENTATIONS = "kind IN ('first_representative','second_representative','protection','carer')"


def upgrade() -> None:
    """The consent and representation."""
    with op.batch_alter_table("care_link") as batch:
        batch.drop_constraint(op.f("ck_care_link_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_care_link_kind"), sa.text(KINDS))
        batch.add_column(sa.Column("collected_by", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("sealed_reason", sa.LargeBinary(), nullable=False, server_default=sa.text(_no_bytes())))
    op.create_table(
        "unmasked_document",
        _patient_key("unmasked_document"),
        sa.Column("unique_id", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("patient_key", "unique_id", "since", name=op.f("pk_unmasked_document")),
    )
    _representation()


def _no_bytes() -> str:
    return "''::bytea" if op.get_bind().dialect.name == "postgresql" else "x''"


def _patient_key(table: str) -> sa.Column[int]:
    name = op.f(f"fk_{table}_patient_key")
    return sa.Column("patient_key", _key(), sa.ForeignKey("patient.patient_key", name=name), nullable=False)


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _representation() -> None:
    acting = sa.ForeignKey("patient.patient_key", name=op.f("fk_representation_acting_key"))
    op.create_table(
        "representation",
        _patient_key("representation"),
        sa.Column("link_id", sa.Text(), nullable=False),
        sa.Column("acting_key", _key(), acting, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.Column("ended_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("answer_by", sa.BigInteger()),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(REPRESENTATIONS, name=op.f("ck_representation_kind")),
        sa.CheckConstraint("state IN ('pending','accepted','refused')", name=op.f("ck_representation_state")),
        sa.PrimaryKeyConstraint("patient_key", "link_id", name=op.f("pk_representation")),
    )
    op.create_index(op.f("ix_representation_acting_key"), "representation", ["acting_key"])
