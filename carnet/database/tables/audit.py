"""The tamper-evident trace."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text

from carnet.database.tables.data_model import Key, metadata

audit_event = Table(
    "audit_event",
    metadata,
    Column("ticket", Key, primary_key=True, autoincrement=True),
    Column("patient_key", Key, ForeignKey("patient.patient_key")),
    Column("patient_seq", BigInteger),
    Column("at", BigInteger, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("sealed_openings", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("leaf_index", BigInteger, unique=True),
    Index(None, "patient_key", "patient_seq", unique=True),
    comment="One row is a line of the trace: canonical bytes and their leaf hash. leaf_index is for the version before alone, see audit_place.",
)

audit_place = Table(
    "audit_place",
    metadata,
    Column("leaf_index", Key, primary_key=True, autoincrement=False),
    Column("ticket", BigInteger, nullable=False, unique=True),
    comment="One row is the place in the tree of a sealed line. Only the sealer writes here.",
)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    comment="One row is a signed statement of the trace's size and root (C2SP signed note).",
)

audit_cosignature = Table(
    "audit_cosignature",
    metadata,
    Column("size", BigInteger, ForeignKey("audit_checkpoint.size"), primary_key=True),
    Column("witness", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("line", Text, nullable=False),
    comment="One row is a witness's signature of a checkpoint: the line of the note, and the moment that it states.",
)

audit_forwarding = Table(
    "audit_forwarding",
    metadata,
    Column("collector", Text, primary_key=True),
    Column("next_index", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    comment="One row is how far the sealed trace was handed over to a collector: the place of the first line that was not.",
)
