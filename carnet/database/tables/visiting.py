"""When people came to their space, and how professionals like their lists."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Table, Text

from carnet.database.tables.data_model import Key, metadata, patient_key

space_visit = Table(
    "space_visit",
    metadata,
    patient_key(),
    Column("visitor_key", Key, ForeignKey("patient.patient_key"), primary_key=True),
    Column("former_at", BigInteger),
    Column("latest_at", BigInteger, nullable=False),
    comment="One row is when somebody (visitor_key: the patient, or who acts for them) was last in the patient's space, and the time before.",
)

kept_sieve = Table(
    "kept_sieve",
    metadata,
    Column("keeper", Text, primary_key=True),
    Column("sealed_sieve", LargeBinary, nullable=False),
    Column("kept_at", BigInteger, nullable=False),
    comment="One row is how a professional (keeper: a keyed digest) last filtered lists of documents, in whatever record; it names no patient.",
)
