"""What rules read of a document and never changes stands once more in one text, so that a search reads one value instead of six (decision 0055)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None
runs_with = "0010"


def upgrade() -> None:
    """A column; rows from before, and those that former code goes on writing, have none: the database makes it when it is read."""
    op.add_column("document_entry", sa.Column("judged", sa.Text(), nullable=True))
