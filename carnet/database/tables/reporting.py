"""What the patient's side reports as wrong: a document in error, an access that nobody recognises; and what came of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text

from carnet.database.tables.data_model import Key, metadata, patient_key

anomaly_report = Table(
    "anomaly_report",
    metadata,
    patient_key(),
    Column("report_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("reporter_key", Key, ForeignKey("patient.patient_key"), nullable=False),
    Column("structure", Text, nullable=False),
    Column("document", Text, nullable=False, server_default=""),
    Column("sealed_words", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, server_default="sent"),
    Column("made_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),
    Column("sealed_answer", LargeBinary, nullable=False),
    Column("answered_at", BigInteger),
    Column("answered_by", Text, nullable=False, server_default=""),
    Column("closed_at", BigInteger),
    CheckConstraint("kind IN ('document','access')", name="kind"),
    CheckConstraint("state IN ('sent','seen','answered','closed')", name="state"),
    Index(None, "state", "made_at"),
    Index(None, "report_id"),
    comment="One row is what somebody of the patient's side reports as wrong; structure is whose queue it is in, '' the operator's.",
)
