"""Assertions that were used."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from carnet.database.tables.data_model import metadata

replay = Table(
    "replay",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("certificate", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
    comment="One row is an assertion that was used; it may not be used again before expires_at.",
)
