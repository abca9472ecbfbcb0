"""When people came to their space, so that they are shown what is new since."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Table

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
