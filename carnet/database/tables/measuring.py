"""What patients measure by themselves: readings with their corrections, and the targets that they set."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text

from carnet.database.tables.data_model import metadata, patient_key

measure_reading = Table(
    "measure_reading",
    metadata,
    patient_key(),
    Column("reading_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("measured_at", BigInteger, nullable=False),
    Column("sealed_reading", LargeBinary, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("ended_by", Text, nullable=False, server_default=""),
    CheckConstraint("ended_by IN ('','corrected','withdrawn')", name="ended_by"),
    Index(None, "patient_key", "kind", "measured_at"),
    comment="One row is a version of a reading that the patient's side declared, while it held; values, context and author are sealed.",
)

measure_target = Table(
    "measure_target",
    metadata,
    patient_key(),
    Column("target_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("sealed_target", LargeBinary, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    comment="One row is a target that the patient's side set for one kind of measurement, while it held.",
)
