"""How patients sign in: attempts, sessions, passkeys, codes, links to an identity provider."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
runs_with = "0010"
"""New tables alone: code of 0010 does not know them, and needs not."""
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """New tables alone."""
    op.create_table(
        "sign_in_attempt",
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_secrets", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_sign_in_attempt")),
        comment="One row is a sign-in that a browser began and did not end; it is used once. state and browser are SHA-256 of what the browser has.",
    )
    op.create_index(op.f("ix_sign_in_attempt_expires_at"), "sign_in_attempt", ["expires_at"], unique=False)
    op.create_table(
        "sign_in_count",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "began_at", name=op.f("pk_sign_in_count")),
        comment="One row counts what one account or one address tried in a span of time; subject = HMAC-SHA-256(index key, what | whom).",
    )
    op.create_index(op.f("ix_sign_in_count_began_at"), "sign_in_count", ["began_at"], unique=False)
    op.create_table(
        "one_time_code",
        sa.Column("code_id", sa.Text(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("patient_key", KEY, nullable=True),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_one_time_code_patient_key")),
        sa.PrimaryKeyConstraint("code_id", name=op.f("pk_one_time_code")),
        comment="One row is a code asked for by a browser, sent when it is of a person and their address; code = HMAC-SHA-256(index key, id | code).",
    )
    op.create_index(op.f("ix_one_time_code_browser"), "one_time_code", ["browser"], unique=False)
    op.create_index(op.f("ix_one_time_code_expires_at"), "one_time_code", ["expires_at"], unique=False)
    op.create_index(op.f("ix_one_time_code_patient_key"), "one_time_code", ["patient_key"], unique=False)
    op.create_table(
        "passkey",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("passkey_id", sa.Text(), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("backed_up", sa.Integer(), nullable=False),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_passkey_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "passkey_id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential", name=op.f("uq_passkey_credential")),
        comment="One row is a passkey (WebAuthn credential) of a person; credential is SHA-256 of its identifier.",
    )
    op.create_table(
        "provisional_code",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("code_id", sa.Text(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("channel IN ('email','post')", name=op.f("ck_provisional_code_channel")),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_provisional_code_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "code_id", name=op.f("pk_provisional_code")),
        comment="One row is a provisional code by which a person who never signed in creates the space or objects to it.",
    )
    op.create_table(
        "space_session",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_details", sa.LargeBinary(), nullable=False),
        sa.Column("provider_session", sa.LargeBinary(), nullable=True),
        sa.Column("provider_subject", sa.LargeBinary(), nullable=True),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("level IN ('strong','plain')", name=op.f("ck_space_session_level")),
        sa.CheckConstraint("purpose IN ('space','activation')", name=op.f("ck_space_session_purpose")),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_space_session_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "session_id", name=op.f("pk_space_session")),
        sa.UniqueConstraint("token", name=op.f("uq_space_session_token")),
        comment="One row is a session of a person in the space, on one device; token is SHA-256 of what the cookie holds.",
    )
    op.create_index(op.f("ix_space_session_provider_session"), "space_session", ["provider_session"], unique=False)
    op.create_index(op.f("ix_space_session_provider_subject"), "space_session", ["provider_subject"], unique=False)
    op.create_table(
        "subject_link",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("link_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_subject_link_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "link_id", name=op.f("pk_subject_link")),
        comment="One row says that a subject of an identity provider is this person; subject = HMAC-SHA-256(index key, issuer | sub).",
    )
    op.create_index(op.f("ix_subject_link_subject"), "subject_link", ["subject"], unique=False)
