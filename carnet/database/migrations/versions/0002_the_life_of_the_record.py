"""The life of the record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The life of the record. Records of before get the first row of their history, and closed ones their ten years."""
    op.create_table('delivery',
    sa.Column('delivery_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('last_line', sa.BigInteger(), nullable=False),
    sa.Column('informed', sa.BigInteger(), nullable=False),
    sa.Column('waiting', sa.BigInteger(), nullable=False),
    sa.Column('unchanged', sa.BigInteger(), nullable=False),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('delivery_id', name=op.f('pk_delivery')),
    comment='One row is a file that was delivered, by the SHA-256 of its content, and how far it was taken in.'
    )
    op.create_table('announcement',
    sa.Column('patient_key', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('logical_id', sa.Text(), nullable=False),
    sa.Column('told_at', sa.BigInteger(), nullable=False),
    sa.Column('shown_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['patient_key'], ['patient.patient_key'], name=op.f('fk_announcement_patient_key')),
    sa.PrimaryKeyConstraint('patient_key', 'logical_id', name=op.f('pk_announcement')),
    comment='One row is a document hidden from its patient for two weeks, of which the patient was told, and for a month when shown.'
    )
    op.create_table('delivery_line',
    sa.Column('delivery_id', sa.Text(), nullable=False),
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.delivery_id'], name=op.f('fk_delivery_line_delivery_id')),
    sa.PrimaryKeyConstraint('delivery_id', 'number', name=op.f('pk_delivery_line')),
    comment='One row is a line of a delivered file that was left out, and why, without what it says.'
    )
    op.create_table('destruction_order',
    sa.Column('patient_key', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('requested_at', sa.BigInteger(), nullable=False),
    sa.Column('limit_at', sa.BigInteger(), nullable=False),
    sa.Column('ordered_by', sa.Text(), nullable=False),
    sa.Column('ordered_at', sa.BigInteger(), nullable=False),
    sa.Column('confirmed_by', sa.Text(), nullable=True),
    sa.Column('confirmed_at', sa.BigInteger(), nullable=True),
    sa.Column('warned_at', sa.BigInteger(), nullable=True),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.CheckConstraint("outcome IN ('done','cancelled')", name=op.f('ck_destruction_order_outcome')),
    sa.CheckConstraint('confirmed_by IS NULL OR confirmed_by <> ordered_by', name=op.f('ck_destruction_order_two_persons')),
    sa.ForeignKeyConstraint(['patient_key'], ['patient.patient_key'], name=op.f('fk_destruction_order_patient_key')),
    sa.PrimaryKeyConstraint('patient_key', 'number', name=op.f('pk_destruction_order')),
    comment="One row is an order to destroy a closed record at its holder's request, given by one person and confirmed by another."
    )
    with op.batch_alter_table('destruction_order', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_destruction_order_ended_at_limit_at'), ['ended_at', 'limit_at'], unique=False)

    op.create_table('enrolment',
    sa.Column('patient_key', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('territory', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('former_record', sa.Integer(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('informed_at', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("channel IN ('email','post','unknown')", name=op.f('ck_enrolment_channel')),
    sa.ForeignKeyConstraint(['patient_key'], ['patient.patient_key'], name=op.f('fk_enrolment_patient_key')),
    sa.PrimaryKeyConstraint('patient_key', name=op.f('pk_enrolment')),
    comment='One row is a person whom an insurer affiliates; informed_at is empty while their territory is not open yet.'
    )
    with op.batch_alter_table('enrolment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_enrolment_informed_at_territory'), ['informed_at', 'territory'], unique=False)

    op.create_table('opposition_proof',
    sa.Column('patient_key', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('opposed_at', sa.BigInteger(), nullable=False),
    sa.Column('sealed_statement', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['patient_key'], ['patient.patient_key'], name=op.f('fk_opposition_proof_patient_key')),
    sa.PrimaryKeyConstraint('patient_key', 'reference', name=op.f('pk_opposition_proof')),
    comment='One row is the signed statement that a person received of their objection to the opening of a record.'
    )
    op.create_table('record_transition',
    sa.Column('patient_key', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('from_state', sa.Text(), nullable=False),
    sa.Column('to_state', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('event', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['patient_key'], ['patient.patient_key'], name=op.f('fk_record_transition_patient_key')),
    sa.PrimaryKeyConstraint('patient_key', 'number', name=op.f('pk_record_transition')),
    comment="One row is a change of a record's state, numbered from 1 without a gap; it is never changed ('' is the state of no record)."
    )
    op.create_table('tombstone',
    sa.Column('patient_key', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pseudonym', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('erased_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['patient_key'], ['patient.patient_key'], name=op.f('fk_tombstone_patient_key')),
    sa.PrimaryKeyConstraint('patient_key', name=op.f('pk_tombstone')),
    sa.UniqueConstraint('pseudonym', name=op.f('uq_tombstone_pseudonym')),
    comment="One row says that a person's key is destroyed for ever; erased_at is empty until the keeper of keys has done it."
    )
    with op.batch_alter_table('tombstone', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tombstone_erased_at'), ['erased_at'], unique=False)

    with op.batch_alter_table('document_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_document_entry_patient_key_logical_id_registered_at'), ['patient_key', 'logical_id', 'registered_at'], unique=False, sqlite_where=sa.text("instr(masks, 'INVISIBLE_PATIENT') > 0"), postgresql_where=sa.text("strpos(masks, 'INVISIBLE_PATIENT') > 0"))

    with op.batch_alter_table('health_record', schema=None) as batch_op:
        batch_op.add_column(sa.Column('due_at', sa.BigInteger(), nullable=True))
        batch_op.create_index(batch_op.f('ix_health_record_due_at'), ['due_at'], unique=False)

    op.execute(
        """INSERT INTO record_transition (patient_key, number, from_state, to_state, at, event, reason, actor)
        SELECT patient_key, 1, '', state, coalesce(closed_at, opened_at, 0), 'migrate', closing_reason, 'system' FROM health_record"""
    )
    op.execute("UPDATE health_record SET due_at = closed_at + 3653 * 86400000000 WHERE state = 'closed'")
