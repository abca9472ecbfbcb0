"""The index of traits, and that of the records of a party."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The index of traits, and that of the records of a party. `carnet index-traits` fills the first: it needs the keys."""
    op.add_column("patient", sa.Column("index_form", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(op.f("ix_patient_index_form"), "patient", ["index_form"])
    op.create_table(
        "trait_index",
        sa.Column("blind_index", sa.LargeBinary(), nullable=False),
        sa.Column("patient_key", KEY, nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_trait_index_patient_key")),
        sa.PrimaryKeyConstraint("blind_index", "patient_key", name=op.f("pk_trait_index")),
        comment="One row is a name under which a person born on a date is found; blind_index = HMAC-SHA-256(index key, traits | name | date).",
    )
    op.create_index(op.f("ix_trait_index_patient_key"), "trait_index", ["patient_key"])
    op.create_index(op.f("ix_care_link_party"), "care_link", ["party"])
