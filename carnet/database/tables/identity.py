"""People, professionals, structures: who is known."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from carnet.database.tables.data_model import Key, metadata, patient_key

patient = Table(
    "patient",
    metadata,
    Column("patient_key", Key, primary_key=True, autoincrement=True),
    Column("pseudonym", Text, nullable=False, unique=True),
    Column("sealed_traits", LargeBinary, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("index_form", Integer, nullable=False, server_default="0"),
    Index(None, "index_form"),
    comment="One row is a person known from an identity feed, under a random pseudonym; index_form is that of their rows in trait_index.",
)

trait_index = Table(
    "trait_index",
    metadata,
    Column("blind_index", LargeBinary, primary_key=True),
    Column("patient_key", Key, ForeignKey("patient.patient_key"), primary_key=True),
    Index(None, "patient_key"),
    comment="One row is a name under which a person born on a date is found; blind_index = HMAC-SHA-256(index key, traits | name | date).",
)

patient_identifier = Table(
    "patient_identifier",
    metadata,
    Column("blind_index", LargeBinary, primary_key=True),
    Column("patient_key", Key, ForeignKey("patient.patient_key"), nullable=False),
    Column("sealed_value", LargeBinary, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Index(None, "patient_key"),
    comment="One row is an INS (or former INS) of a person; blind_index = HMAC-SHA-256(index key, OID | value).",
)

professional = Table(
    "professional",
    metadata,
    Column("professional_id", Text, primary_key=True),
    Column("family_name", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("active", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    comment="One row is a professional of the directory, by PS_IdNat (8 + RPPS, 0 + ADELI …).",
)

professional_role = Table(
    "professional_role",
    metadata,
    Column("professional_id", Text, ForeignKey("professional.professional_id"), primary_key=True),
    Column("profession", Text, primary_key=True),
    Column("specialty", Text, primary_key=True),
    Column("category", Text, nullable=False),
    comment="One row is a profession that a professional exercises, with a know-how code ('' for none).",
)

organization = Table(
    "organization",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sector", Text, nullable=False),
    Column("active", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    comment="One row is a structure of the directory, by Struct_IdNat (1 + FINESS, 3 + SIRET, 4 + RPPS + rank …).",
)

professional_situation = Table(
    "professional_situation",
    metadata,
    Column("professional_id", Text, ForeignKey("professional.professional_id"), primary_key=True),
    Column("organization_id", Text, ForeignKey("organization.organization_id"), primary_key=True),
    Column("active", Integer, nullable=False),
    comment="One row says that a professional works in a structure.",
)

patient_contact = Table(
    "patient_contact",
    metadata,
    patient_key(),
    Column("contact_id", Text, primary_key=True),
    Column("sealed_address", LargeBinary, nullable=False),
    Column("source", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    comment="One row is the e-mail address at which a person is told, while it held.",
)

professional_contact = Table(
    "professional_contact",
    metadata,
    Column("professional_id", Text, ForeignKey("professional.professional_id"), primary_key=True),
    Column("address", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    comment="One row is the professional mail address of the directory at which a professional is told.",
)
