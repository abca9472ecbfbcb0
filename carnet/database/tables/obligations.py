"""What must be told or reviewed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from carnet.database.tables.data_model import metadata, patient_key

notice = Table(
    "notice",
    metadata,
    patient_key(),
    Column("notice_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    comment="One row is something that the patient or the médecin traitant must be told, without health content.",
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
    comment="One row is a break-glass or regulation access that a person must review before due_at.",
)
