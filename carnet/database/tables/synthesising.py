"""The synthesis that a doctor is writing and has not signed yet, kept sealed for some days."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table

from carnet.database.tables.data_model import metadata, patient_key

synthesis_draft = Table(
    "synthesis_draft",
    metadata,
    patient_key(),
    Column("maker", LargeBinary, primary_key=True),
    Column("began_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("sealed_content", LargeBinary, nullable=False),
    Index(None, "expires_at"),
    comment="One row is the synthesis that a doctor is writing for a patient; maker is a keyed digest of who, so that the row names nobody.",
)
