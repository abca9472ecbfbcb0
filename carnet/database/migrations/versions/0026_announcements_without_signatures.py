"""Documents hidden from their patients are found without the signatures of submission sets, which have that mask for ever."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
runs_with = "0010"

NAME = "ix_document_entry_patient_key_logical_id_registered_at"


def upgrade() -> None:
    """The same index, smaller; former code finds by it too, and looks through the table for signatures until it is replaced."""
    op.drop_index(op.f(NAME), "document_entry")
    op.create_index(
        op.f(NAME),
        "document_entry",
        ["patient_key", "logical_id", "registered_at"],
        unique=False,
        sqlite_where=sa.text("is_signature = 0 AND instr(masks, 'INVISIBLE_PATIENT') > 0"),
        postgresql_where=sa.text("is_signature = 0 AND strpos(masks, 'INVISIBLE_PATIENT') > 0"),
    )
