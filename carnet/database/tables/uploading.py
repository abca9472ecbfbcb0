"""What a person is adding to a record and has not added yet: kept sealed for a short while, so that a lost network loses nothing."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from carnet.database.tables.data_model import Key, metadata, patient_key

upload_draft = Table(
    "upload_draft",
    metadata,
    patient_key(),
    Column("draft_id", Text, primary_key=True),
    Column("maker_key", Key, ForeignKey("patient.patient_key"), nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("sealed_about", LargeBinary, nullable=False),
    Index(None, "expires_at"),
    comment="One row is a document that somebody (maker_key: the patient, or who acts for them) is preparing for the patient's record.",
)

upload_piece = Table(
    "upload_piece",
    metadata,
    patient_key(),
    Column("draft_id", Text, primary_key=True),
    Column("piece_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sealed_content", LargeBinary, nullable=False),
    Column("sealed_preview", LargeBinary, nullable=False),
    CheckConstraint("kind IN ('part','picture','pdf','text','whole')", name="kind"),
    comment="One row is a piece of such a document: a part of a file that is being sent, a picture, a PDF or a text made safe, or the whole put together.",
)
