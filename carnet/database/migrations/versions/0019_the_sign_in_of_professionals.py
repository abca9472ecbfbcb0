"""The sign-in of professionals to the portal: sessions, and the situation that each one chose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
runs_with = "0010"


def upgrade() -> None:
    """New tables alone."""
    op.create_table(
        "professional_session",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("professional_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("situation", sa.Text(), nullable=False),
        sa.Column("sealed_details", sa.LargeBinary(), nullable=False),
        sa.Column("provider_session", sa.LargeBinary(), nullable=True),
        sa.Column("provider_subject", sa.LargeBinary(), nullable=True),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("method IN ('provider','card')", name=op.f("ck_professional_session_method")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_professional_session")),
        sa.UniqueConstraint("token", name=op.f("uq_professional_session_token")),
        comment="One row is a session of a professional in the portal; token is SHA-256 of what the cookie holds, certificate SHA-256 of the card's, '' without.",
    )
    for column in ("professional_id", "provider_session", "provider_subject", "ends_at"):
        op.create_index(op.f(f"ix_professional_session_{column}"), "professional_session", [column], unique=False)
    op.create_table(
        "practice_choice",
        sa.Column("professional_id", sa.Text(), nullable=False),
        sa.Column("situation", sa.Text(), nullable=False),
        sa.Column("chosen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("professional_id", name=op.f("pk_practice_choice")),
        comment="One row is the practice situation that a professional chose last in the portal; situation names it among theirs.",
    )
