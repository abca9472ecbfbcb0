"""How patients sign in: what was begun, sessions, passkeys, codes, links to an identity provider, and how often something was tried."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from carnet.database.tables.data_model import Key, metadata, patient_key

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    Column("state", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("browser", LargeBinary, nullable=False),
    Column("sealed_secrets", LargeBinary, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
    comment="One row is a sign-in that a browser began and did not end; it is used once. state and browser are SHA-256 of what the browser has.",
)

sign_in_count = Table(
    "sign_in_count",
    metadata,
    Column("subject", LargeBinary, primary_key=True),
    Column("began_at", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Index(None, "began_at"),
    comment="One row counts what one account or one address tried in a span of time; subject = HMAC-SHA-256(index key, what | whom).",
)

space_session = Table(
    "space_session",
    metadata,
    patient_key(),
    Column("session_id", Text, primary_key=True),
    Column("token", LargeBinary, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("device", LargeBinary, nullable=False),
    Column("sealed_details", LargeBinary, nullable=False),
    Column("provider_session", LargeBinary),
    Column("provider_subject", LargeBinary),
    Column("began_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text, nullable=False, server_default=""),
    CheckConstraint("purpose IN ('space','activation')", name="purpose"),
    CheckConstraint("level IN ('strong','plain')", name="level"),
    Index(None, "provider_session"),
    Index(None, "provider_subject"),
    comment="One row is a session of a person in the space, on one device; token is SHA-256 of what the cookie holds.",
)

subject_link = Table(
    "subject_link",
    metadata,
    patient_key(),
    Column("link_id", Text, primary_key=True),
    Column("subject", LargeBinary, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("ended_by", Text, nullable=False, server_default=""),
    Index(None, "subject"),
    comment="One row says that a subject of an identity provider is this person; subject = HMAC-SHA-256(index key, issuer | sub).",
)

passkey = Table(
    "passkey",
    metadata,
    patient_key(),
    Column("passkey_id", Text, primary_key=True),
    Column("credential", LargeBinary, nullable=False, unique=True),
    Column("credential_id", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("backed_up", Integer, nullable=False),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("ended_by", Text, nullable=False, server_default=""),
    comment="One row is a passkey (WebAuthn credential) of a person; credential is SHA-256 of its identifier.",
)

one_time_code = Table(
    "one_time_code",
    metadata,
    Column("code_id", Text, primary_key=True),
    Column("browser", LargeBinary, nullable=False),
    Column("patient_key", Key, ForeignKey("patient.patient_key")),
    Column("code", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "browser"),
    Index(None, "expires_at"),
    Index(None, "patient_key"),
    comment="One row is a code asked for by a browser, sent when it is of a person and their address; code = HMAC-SHA-256(index key, id | code).",
)

provisional_code = Table(
    "provisional_code",
    metadata,
    patient_key(),
    Column("code_id", Text, primary_key=True),
    Column("code", LargeBinary, nullable=False),
    Column("channel", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text, nullable=False, server_default=""),
    CheckConstraint("channel IN ('email','post')", name="channel"),
    comment="One row is a provisional code by which a person who never signed in creates the space or objects to it.",
)
