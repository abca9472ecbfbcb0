"""What must be told or reviewed: notices, emergency accesses and what a person found of them, alarms and what they are counted from."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from carnet.database.tables.data_model import Key, metadata, patient_key

notice = Table(
    "notice",
    metadata,
    patient_key(),
    Column("notice_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    Column("state", Text, nullable=False, server_default="due"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", BigInteger, nullable=False, server_default="0"),
    Column("claim", Text, nullable=False, server_default=""),
    Column("claimed_at", BigInteger),
    Column("message_id", Text, nullable=False, server_default=""),
    Column("answer", Text, nullable=False, server_default=""),
    Column("secret", Integer, nullable=False, server_default="0"),
    CheckConstraint("state IN ('due','claimed','sending','sent','in_space','failed','uncertain','post')", name="state"),
    Index(None, "state", "next_at"),
    Index(None, "notice_id"),
    comment="One row is something that the patient or the médecin traitant must be told, without health content, and how far that is.",
)

notice_preference = Table(
    "notice_preference",
    metadata,
    patient_key(),
    Column("preference_id", Text, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    CheckConstraint("email IN ('yes','no')", name="email"),
    comment="One row says whether the patient wants an e-mail about one topic, while that held; without one it is sent.",
)

emergency_access = Table(
    "emergency_access",
    metadata,
    patient_key(),
    Column("access_id", Text, primary_key=True),
    Column("requester", Text, nullable=False),
    Column("organization", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("secret", Integer, nullable=False, server_default="0"),
    Index(None, "requester", "began_at"),
    Index(None, "organization", "began_at"),
    comment="One row is the time during which one requester may read one record in an emergency mode, on one reason, in secret or not.",
)

emergency_review = Table(
    "emergency_review",
    metadata,
    patient_key(),
    Column("review_id", Text, primary_key=True),
    Column("requester", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("sealed_reason", LargeBinary, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("reviewed_at", BigInteger),
    Column("lapsed", Text, nullable=False, server_default=""),
    Index(None, "reviewed_at", "due_at"),
    Index(None, "review_id"),
    comment="One row is a break-glass access that a person must review before due_at; review_id is that of the emergency_access.",
)

review_finding = Table(
    "review_finding",
    metadata,
    Column("patient_key", Key, primary_key=True),
    Column("review_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("sealed_sentence", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    CheckConstraint("verdict IN ('justified','unjustified','unclear')", name="verdict"),
    ForeignKeyConstraint(["patient_key", "review_id"], ["emergency_review.patient_key", "emergency_review.review_id"]),
    comment="One row is what one reviewer found of an emergency access; an unclear one leaves it to be reviewed.",
)

alarm = Table(
    "alarm",
    metadata,
    Column("alarm_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("counted", Integer, nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Column("settled_by", Text, nullable=False, server_default=""),
    Index(None, "subject", "kind"),
    comment="One row says that a requester or a structure passed a threshold, until a person settled it.",
)

watched_access = Table(
    "watched_access",
    metadata,
    patient_key(),
    Column("requester", Text, primary_key=True),
    Column("hour", BigInteger, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("last_at", BigInteger, nullable=False),
    Index(None, "requester", "last_at"),
    comment="One row says that a requester read in one record within one hour; kept for two days, to count records.",
)

record_visit = Table(
    "record_visit",
    metadata,
    patient_key(),
    Column("requester", Text, primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Index(None, "hour"),
    comment="One row says that a requester's reading in one record was counted in the budgets of one hour; kept for two hours.",
)

watched_miss = Table(
    "watched_miss",
    metadata,
    Column("ticket", BigInteger, primary_key=True, autoincrement=False),
    Column("requester", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "requester", "at"),
    comment="One row is a call about a person whom nobody knows, by its line of the trace; kept for two days, to count them.",
)

access_figure = Table(
    "access_figure",
    metadata,
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("organization", Text, primary_key=True),
    Column("visits", BigInteger, nullable=False),
    comment="One row is how often a structure's callers read in a record on one day in the normal mode (a requester, a record, an hour).",
)

watch_cursor = Table(
    "watch_cursor",
    metadata,
    Column("name", Text, primary_key=True),
    Column("ticket", BigInteger, nullable=False),
    comment="One row is how far a reader of the trace has come.",
)
