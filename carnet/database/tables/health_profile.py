"""What the patient's side declares about the person's health, and the codes by which the emergency card is read."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, Table, Text

from carnet.database.tables.data_model import metadata, patient_key

profile_item = Table(
    "profile_item",
    metadata,
    patient_key(),
    Column("item_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("sealed_content", LargeBinary, nullable=False),
    Column("declared_by", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("ended_by", Text, nullable=False, server_default=""),
    comment="One row is one version of what the patient's side declared in the health profile, while it held; its section is sealed with it.",
)

card_code = Table(
    "card_code",
    metadata,
    patient_key(),
    Column("code_id", Text, primary_key=True),
    Column("token", LargeBinary, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text, nullable=False, server_default=""),
    Column("readings", Integer, nullable=False, server_default="0"),
    Column("read_at", BigInteger),
    CheckConstraint("kind IN ('screen','print')", name="kind"),
    comment="One row is a code (QR) by which anybody who has it reads the emergency card until it ends; token is SHA-256 of what it holds.",
)
