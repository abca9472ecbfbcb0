"""How professionals last filtered lists of documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
runs_with = "0010"


def upgrade() -> None:
    """A new table alone."""
    op.create_table(
        "kept_sieve",
        sa.Column("keeper", sa.Text(), nullable=False),
        sa.Column("sealed_sieve", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("keeper", name=op.f("pk_kept_sieve")),
        comment="One row is how a professional (keeper: a keyed digest) last filtered lists of documents, in whatever record; it names no patient.",
    )
