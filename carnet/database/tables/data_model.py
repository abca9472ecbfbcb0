"""What all tables share: the metadata with its naming of constraints, and the patient's key, which is the distribution key."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Key = BigInteger().with_variant(Integer, "sqlite")


def patient_key() -> Column[int]:
    """The first column of the primary key of every table of a patient's data."""
    return Column("patient_key", Key, ForeignKey("patient.patient_key"), primary_key=True)
