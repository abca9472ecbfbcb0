"""The records that professionals opened in the portal, what an address there stands for; and where their own lines lie in the traces."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from carnet.database.tables.data_model import metadata, patient_key

record_opening = Table(
    "record_opening",
    metadata,
    patient_key(),
    Column("handle", Text, primary_key=True),
    Column("session_id", Text, nullable=False),
    Column("opener", LargeBinary, nullable=False),
    Column("sealed_details", LargeBinary, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("left_at", BigInteger),
    Column("recalled", Integer, nullable=False, server_default="1"),
    Index(None, "handle"),
    Index(None, "opener", "opened_at"),
    Index(None, "opened_at"),
    comment="One row is a record that a professional opened in a session of the portal; opener = HMAC-SHA-256(index key, PS_IdNat); recalled: in their list of recent ones.",
)

own_lines = Table(
    "own_lines",
    metadata,
    patient_key(),
    Column("actor", LargeBinary, primary_key=True),
    Column("day", BigInteger, primary_key=True),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Index(None, "actor", "day"),
    Index(None, "day"),
    comment="One row says between which places of a patient's trace the lines of a professional of one day in Paris lie; actor = HMAC-SHA-256(index key, PS_IdNat), day = its midnight.",
)
