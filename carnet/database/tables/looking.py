"""When professionals looked at a summary, so that each is shown what is new to them."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table

from carnet.database.tables.data_model import metadata, patient_key

professional_look = Table(
    "professional_look",
    metadata,
    patient_key(),
    Column("looker", LargeBinary, primary_key=True),
    Column("sealed_moments", LargeBinary, nullable=False),
    comment="One row is when one professional (looker: a keyed mark of who) last saw the summary of a record, and the time before.",
)
