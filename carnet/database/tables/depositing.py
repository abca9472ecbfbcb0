"""What professionals deposit by the portal: what is being prepared, kept sealed for a short while, and whose deposits are in which records."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from carnet.database.tables.data_model import metadata, patient_key

deposit_draft = Table(
    "deposit_draft",
    metadata,
    patient_key(),
    Column("draft_id", Text, primary_key=True),
    Column("maker", LargeBinary, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sealed_about", LargeBinary, nullable=False),
    Column("sealed_content", LargeBinary, nullable=False),
    Column("sealed_preview", LargeBinary, nullable=False),
    Index(None, "expires_at"),
    comment="One row is a document that a professional prepares to deposit; maker is a keyed digest of who, so that the row names nobody.",
)

portal_deposit = Table(
    "portal_deposit",
    metadata,
    patient_key(),
    Column("deposit_id", Text, primary_key=True),
    Column("depositor", LargeBinary, nullable=False),
    Column("unique_id", Text, nullable=False),
    Column("deposited_at", BigInteger, nullable=False),
    Index(None, "depositor", "deposited_at"),
    comment="One row is a document deposited by the portal, so that its depositor finds it again among all records; depositor is a keyed digest of who.",
)
