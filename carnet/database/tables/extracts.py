"""What was read out of documents once, so that it need not be read again: text, search terms, results."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, Table, Text

from carnet.database.tables.data_model import metadata, patient_key

document_extract = Table(
    "document_extract",
    metadata,
    patient_key(),
    Column("unique_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("sealed_content", LargeBinary, nullable=False),
    CheckConstraint("state IN ('made','partial','unreadable')", name="state"),
    comment="One row is what one version of an extractor read out of a document's bytes, of one kind; it goes with the document.",
)
