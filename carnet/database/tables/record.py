"""The record's state and the patient's choices: rows are ended, never changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text, text

from carnet.database.tables.data_model import Key, metadata, patient_key

health_record = Table(
    "health_record",
    metadata,
    Column("patient_key", Key, ForeignKey("patient.patient_key"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("opened_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("closing_reason", Text, nullable=False, server_default=""),
    Column("rights_version", BigInteger, nullable=False, server_default="0"),
    Column("due_at", BigInteger),
    CheckConstraint(
        "state IN ('informed','opposed','open','activated','suspended','closed','destroyed')", name="state"
    ),
    Index(None, "due_at"),
    comment="One row is a person's record and its state; rights_version grows with each change of who may see what; due_at is its timer.",
)

patient_choice = Table(
    "patient_choice",
    metadata,
    patient_key(),
    Column("choice_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    comment="One row is a standing choice of the patient while it held (opposition to an emergency mode, masks in an emergency …).",
)

care_link = Table(
    "care_link",
    metadata,
    patient_key(),
    Column("link_id", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("expires_at", BigInteger),
    Column("source", Text, nullable=False),
    Column("collected_by", Text, nullable=False, server_default=""),
    Column("sealed_reason", LargeBinary, nullable=False, server_default=text("x''")),
    CheckConstraint(
        "kind IN ('authorised','blocked','medecin_traitant','administrator','care_team','feeding_opposed')", name="kind"
    ),
    Index(None, "patient_key", "party"),
    Index(None, "party"),
    comment="One row links a professional (PS_IdNat) or a structure (Struct_IdNat) to a record, while it held.",
)

unmasked_document = Table(
    "unmasked_document",
    metadata,
    patient_key(),
    Column("unique_id", Text, primary_key=True),
    Column("since", BigInteger, primary_key=True),
    Column("until", BigInteger),
    comment="One row is a document that the patient unmasked by name while everything is masked by default, while that held.",
)
