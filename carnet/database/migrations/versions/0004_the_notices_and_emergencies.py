"""The notices and emergencies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The notices and emergencies."""
    _notices()
    _emergencies()
    _watching()
    _contacts()


def _notices() -> None:
    with op.batch_alter_table("notice") as batch:
        batch.add_column(sa.Column("state", sa.Text(), nullable=False, server_default="due"))
        batch.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("next_at", sa.BigInteger(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("claim", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("claimed_at", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("message_id", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("answer", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("secret", sa.Integer(), nullable=False, server_default="0"))
        batch.create_check_constraint(
            op.f("ck_notice_state"),
            "state IN ('due','claimed','sending','sent','in_space','failed','uncertain','post')",
        )
        batch.create_index(op.f("ix_notice_state_next_at"), ["state", "next_at"])
        batch.create_index(op.f("ix_notice_notice_id"), ["notice_id"])
    op.execute("UPDATE notice SET state = 'in_space' WHERE delivered_at IS NOT NULL")
    op.create_table(
        "notice_preference",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("preference_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("email IN ('yes','no')", name=op.f("ck_notice_preference_email")),
        sa.ForeignKeyConstraint(
            ["patient_key"], ["patient.patient_key"], name=op.f("fk_notice_preference_patient_key")
        ),
        sa.PrimaryKeyConstraint("patient_key", "preference_id", name=op.f("pk_notice_preference")),
    )


def _emergencies() -> None:
    op.create_table(
        "emergency_access",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("access_id", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_emergency_access_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "access_id", name=op.f("pk_emergency_access")),
    )
    op.create_index(op.f("ix_emergency_access_requester_began_at"), "emergency_access", ["requester", "began_at"])
    op.create_index(op.f("ix_emergency_access_organization_began_at"), "emergency_access", ["organization", "began_at"])
    op.create_index(op.f("ix_emergency_review_reviewed_at_due_at"), "emergency_review", ["reviewed_at", "due_at"])
    op.create_index(op.f("ix_emergency_review_review_id"), "emergency_review", ["review_id"])
    op.create_table(
        "review_finding",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("review_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("sealed_sentence", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("verdict IN ('justified','unjustified','unclear')", name=op.f("ck_review_finding_verdict")),
        sa.ForeignKeyConstraint(
            ["patient_key", "review_id"],
            ["emergency_review.patient_key", "emergency_review.review_id"],
            name=op.f("fk_review_finding_patient_key"),
        ),
        sa.PrimaryKeyConstraint("patient_key", "review_id", "number", name=op.f("pk_review_finding")),
    )


def _watching() -> None:
    op.create_table(
        "alarm",
        sa.Column("alarm_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_alarm")),
    )
    op.create_index(op.f("ix_alarm_subject_kind"), "alarm", ["subject", "kind"])
    op.create_table(
        "watched_access",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_watched_access_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "requester", "hour", "mode", name=op.f("pk_watched_access")),
    )
    op.create_index(op.f("ix_watched_access_requester_last_at"), "watched_access", ["requester", "last_at"])
    op.create_table(
        "watched_miss",
        sa.Column("ticket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticket", name=op.f("pk_watched_miss")),
    )
    op.create_index(op.f("ix_watched_miss_requester_at"), "watched_miss", ["requester", "at"])
    op.create_table(
        "access_figure",
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("visits", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "organization", name=op.f("pk_access_figure")),
    )
    op.create_table(
        "watch_cursor",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watch_cursor")),
    )


def _contacts() -> None:
    op.create_table(
        "patient_contact",
        sa.Column("patient_key", KEY, nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("sealed_address", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_patient_contact_patient_key")),
        sa.PrimaryKeyConstraint("patient_key", "contact_id", name=op.f("pk_patient_contact")),
    )
    op.create_table(
        "professional_contact",
        sa.Column("professional_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["professional_id"],
            ["professional.professional_id"],
            name=op.f("fk_professional_contact_professional_id"),
        ),
        sa.PrimaryKeyConstraint("professional_id", name=op.f("pk_professional_contact")),
    )
