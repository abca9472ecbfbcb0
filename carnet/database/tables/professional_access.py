"""How professionals sign in to the portal: sessions, and the situation in which each one practises there by default."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, Table, Text

from carnet.database.tables.data_model import metadata

professional_session = Table(
    "professional_session",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("token", LargeBinary, nullable=False, unique=True),
    Column("professional_id", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("certificate", Text, nullable=False),
    Column("situation", Text, nullable=False),
    Column("sealed_details", LargeBinary, nullable=False),
    Column("provider_session", LargeBinary),
    Column("provider_subject", LargeBinary),
    Column("began_at", BigInteger, nullable=False),
    Column("shown_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text, nullable=False, server_default=""),
    CheckConstraint("method IN ('provider','card')", name="method"),
    Index(None, "professional_id"),
    Index(None, "provider_session"),
    Index(None, "provider_subject"),
    Index(None, "ends_at"),
    comment="One row is a session of a professional in the portal; token is SHA-256 of what the cookie holds, certificate SHA-256 of the card's, '' without.",
)

practice_choice = Table(
    "practice_choice",
    metadata,
    Column("professional_id", Text, primary_key=True),
    Column("situation", Text, nullable=False),
    Column("chosen_at", BigInteger, nullable=False),
    comment="One row is the practice situation that a professional chose last in the portal; situation names it among theirs.",
)
