"""The life of a record: its transitions, who was informed and when, orders of destruction, what was delivered by an insurer."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from carnet.database.tables.data_model import metadata, patient_key

record_transition = Table(
    "record_transition",
    metadata,
    patient_key(),
    Column("number", Integer, primary_key=True),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    comment="One row is a change of a record's state, numbered from 1 without a gap; it is never changed ('' is the state of no record).",
)

enrolment = Table(
    "enrolment",
    metadata,
    patient_key(),
    Column("territory", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("former_record", Integer, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("informed_at", BigInteger),
    CheckConstraint("channel IN ('email','post','unknown')", name="channel"),
    Index(None, "informed_at", "territory"),
    comment="One row is a person whom an insurer affiliates; informed_at is empty while their territory is not open yet.",
)

opposition_proof = Table(
    "opposition_proof",
    metadata,
    patient_key(),
    Column("reference", Text, primary_key=True),
    Column("opposed_at", BigInteger, nullable=False),
    Column("sealed_statement", LargeBinary, nullable=False),
    comment="One row is the signed statement that a person received of their objection to the opening of a record.",
)

destruction_order = Table(
    "destruction_order",
    metadata,
    patient_key(),
    Column("number", Integer, primary_key=True),
    Column("requested_at", BigInteger, nullable=False),
    Column("limit_at", BigInteger, nullable=False),
    Column("ordered_by", Text, nullable=False),
    Column("ordered_at", BigInteger, nullable=False),
    Column("confirmed_by", Text),
    Column("confirmed_at", BigInteger),
    Column("warned_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("outcome", Text),
    CheckConstraint("outcome IN ('done','cancelled')", name="outcome"),
    CheckConstraint("confirmed_by IS NULL OR confirmed_by <> ordered_by", name="two_persons"),
    Index(None, "ended_at", "limit_at"),
    comment="One row is an order to destroy a closed record at its holder's request, given by one person and confirmed by another.",
)

tombstone = Table(
    "tombstone",
    metadata,
    patient_key(),
    Column("pseudonym", Text, nullable=False, unique=True),
    Column("at", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Column("erased_at", BigInteger),
    Index(None, "erased_at"),
    comment="One row says that a person's key is destroyed for ever; erased_at is empty until the keeper of keys has done it.",
)

announcement = Table(
    "announcement",
    metadata,
    patient_key(),
    Column("logical_id", Text, primary_key=True),
    Column("told_at", BigInteger, nullable=False),
    Column("shown_at", BigInteger),
    comment="One row is a document hidden from its patient for two weeks, of which the patient was told, and for a month when shown.",
)

delivery = Table(
    "delivery",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("last_line", BigInteger, nullable=False),
    Column("informed", BigInteger, nullable=False),
    Column("waiting", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    comment="One row is a file that was delivered, by the SHA-256 of its content, and how far it was taken in.",
)

delivery_line = Table(
    "delivery_line",
    metadata,
    Column("delivery_id", Text, ForeignKey("delivery.delivery_id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    comment="One row is a line of a delivered file that was left out, and why, without what it says.",
)
