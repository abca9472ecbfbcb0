"""The trail and its witnesses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The trail and its witnesses."""
    op.create_table('audit_cosignature',
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('witness', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('line', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['size'], ['audit_checkpoint.size'], name=op.f('fk_audit_cosignature_size')),
    sa.PrimaryKeyConstraint('size', 'witness', name=op.f('pk_audit_cosignature')),
    comment="One row is a witness's signature of a checkpoint: the line of the note, and the moment that it states."
    )
    op.create_table('audit_forwarding',
    sa.Column('collector', sa.Text(), nullable=False),
    sa.Column('next_index', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('collector', name=op.f('pk_audit_forwarding')),
    comment='One row is how far the sealed trace was handed over to a collector: the place of the first line that was not.'
    )
