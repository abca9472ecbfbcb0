"""Where the bytes of documents are."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text

from carnet.database.tables.data_model import metadata, patient_key

stored_document = Table(
    "stored_document",
    metadata,
    patient_key(),
    Column("unique_id", Text, primary_key=True),
    Column("segment", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("sha1", LargeBinary, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    Column("erased_at", BigInteger),
    comment="One row is the place, the wrapped key and the digests of a document's bytes.",
)

document_segment = Table(
    "document_segment",
    metadata,
    Column("name", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("closed_at", BigInteger, nullable=False),
    Column("uploaded_at", BigInteger),
    Column("verified_at", BigInteger),
    Column("swept_at", BigInteger),
    Column("dropped_at", BigInteger),
    Column("scrubbed_at", BigInteger),
    Column("damaged_at", BigInteger),
    Column("emptied_at", BigInteger),
    Column("retired_at", BigInteger),
    comment="One row is a segment file that was closed: its size and digest, and the moment of each step of its way to the object store.",
)
