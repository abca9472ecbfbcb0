"""Who acts for a patient: legal representatives, the person in charge of protection, carers."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text

from carnet.database.tables.data_model import Key, metadata, patient_key

representation = Table(
    "representation",
    metadata,
    patient_key(),
    Column("link_id", Text, primary_key=True),
    Column("acting_key", Key, ForeignKey("patient.patient_key"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("ended_by", Text, nullable=False, server_default=""),
    Column("answer_by", BigInteger),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("source", Text, nullable=False),
    CheckConstraint("kind IN ('first_representative','second_representative','protection','carer')", name="kind"),
    CheckConstraint("state IN ('pending','accepted','refused')", name="state"),
    Index(None, "acting_key"),
    comment="One row is a state of the link between a patient and a person (acting_key) who acts for them, while it held.",
)
