"""The index of traits, that of the records of a party, what of an emergency is secret, and what the destroyed leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
runs_with = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The index of traits, that of the records of a party, what of an emergency is secret, and what the destroyed leave."""
    _traits()
    op.create_index(op.f("ix_care_link_party"), "care_link", ["party"])
    _secret_emergencies()
    _the_destroyed()
    _the_dead()


def _traits() -> None:
    """`carnet index-traits` fills it: that needs the keys."""
    op.add_column("patient", sa.Column("index_form", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(op.f("ix_patient_index_form"), "patient", ["index_form"])
    op.create_table(
        "trait_index",
        sa.Column("blind_index", sa.LargeBinary(), nullable=False),
        sa.Column("patient_key", KEY, nullable=False),
        sa.ForeignKeyConstraint(["patient_key"], ["patient.patient_key"], name=op.f("fk_trait_index_patient_key")),
        sa.PrimaryKeyConstraint("blind_index", "patient_key", name=op.f("pk_trait_index")),
        comment="One row is a name under which a person born on a date is found; blind_index = HMAC-SHA-256(index key, traits | name | date).",
    )
    op.create_index(op.f("ix_trait_index_patient_key"), "trait_index", ["patient_key"])


def _secret_emergencies() -> None:
    """What an access was told by says whether it was secret; one that nothing tells of is kept secret."""
    op.add_column("emergency_review", sa.Column("lapsed", sa.Text(), nullable=False, server_default=""))
    op.add_column("emergency_access", sa.Column("secret", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        """UPDATE emergency_access SET secret = 1 WHERE NOT EXISTS (
            SELECT 1 FROM notice WHERE notice.patient_key = emergency_access.patient_key AND notice.due_at = emergency_access.began_at
            AND notice.kind = 'emergency-access-' || emergency_access.mode AND notice.recipient = 'patient' AND notice.secret = 0)"""
    )


def _the_destroyed() -> None:
    """What the destruction of people left behind until now: reviews, letters, places of those who acted for others."""
    destroyed = "(SELECT patient_key FROM tombstone)"
    op.execute(
        "UPDATE emergency_review SET lapsed = 'destruction', "
        "reviewed_at = (SELECT at FROM tombstone WHERE tombstone.patient_key = emergency_review.patient_key) "
        f"WHERE reviewed_at IS NULL AND patient_key IN {destroyed}"
    )
    op.execute(
        "UPDATE notice SET state = 'in_space', answer = 'destroyed', "
        "delivered_at = (SELECT at FROM tombstone WHERE tombstone.patient_key = notice.patient_key) "
        f"WHERE state IN ('due', 'post') AND recipient = 'patient' AND patient_key IN {destroyed}"
    )
    op.execute(
        "UPDATE representation SET ended_by = 'destruction', "
        "until = (SELECT at FROM tombstone WHERE tombstone.patient_key = representation.acting_key) "
        f"WHERE until IS NULL AND acting_key IN {destroyed}"
    )


def _the_dead() -> None:
    """The same of the dead: letters that wait for them, and links, on both sides."""
    dead = "(SELECT patient_key FROM health_record WHERE state = 'closed' AND closing_reason = 'FERMETURE_DECES')"
    died = "(SELECT max(at) FROM record_transition WHERE event = 'death' AND record_transition.patient_key = {})"
    op.execute(
        f"UPDATE notice SET state = 'in_space', answer = 'deceased', delivered_at = {died.format('notice.patient_key')} "
        f"WHERE state IN ('due', 'post') AND recipient = 'patient' AND patient_key IN {dead}"
    )
    for side in ("patient_key", "acting_key"):
        moment = died.format(f"representation.{side}")
        op.execute(
            f"UPDATE representation SET ended_by = 'death', until = {moment} "
            f"WHERE until IS NULL AND state <> 'refused' AND {side} IN {dead} AND since <= {moment}"
        )
