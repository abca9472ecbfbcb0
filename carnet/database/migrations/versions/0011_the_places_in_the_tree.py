"""The places of lines in the tree, in a table that the sealer writes alone.

The version before reads and writes `audit_event.leaf_index`: triggers keep the two alike while it serves beside. They and the column go in a later
version, when nobody reads it any more; `carnet database distribute` takes both away at once.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
runs_with = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NO_SEALER_MEANWHILE = "SELECT pg_advisory_xact_lock_shared(1128354001, 0), pg_advisory_xact_lock(1128354002, 0)"
SQLITE = (
    """CREATE TRIGGER audit_event_placed AFTER UPDATE OF leaf_index ON audit_event WHEN NEW.leaf_index IS NOT NULL BEGIN
        INSERT INTO audit_place (leaf_index, ticket) SELECT NEW.leaf_index, NEW.ticket
        WHERE NOT EXISTS (SELECT 1 FROM audit_place WHERE leaf_index = NEW.leaf_index AND ticket = NEW.ticket); END""",
    """CREATE TRIGGER audit_place_given AFTER INSERT ON audit_place BEGIN
        UPDATE audit_event SET leaf_index = NEW.leaf_index WHERE ticket = NEW.ticket AND leaf_index IS NULL; END""",
)
POSTGRESQL = (
    """CREATE FUNCTION audit_event_placed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO audit_place (leaf_index, ticket) VALUES (NEW.leaf_index, NEW.ticket); RETURN NULL; END $$""",
    """CREATE TRIGGER audit_event_placed AFTER UPDATE OF leaf_index ON audit_event FOR EACH ROW
        WHEN (NEW.leaf_index IS NOT NULL AND pg_trigger_depth() = 0) EXECUTE FUNCTION audit_event_placed()""",
    """CREATE FUNCTION audit_place_given() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE audit_event SET leaf_index = given.leaf_index FROM given
        WHERE audit_event.ticket = given.ticket AND audit_event.leaf_index IS NULL; RETURN NULL; END $$""",
    """CREATE TRIGGER audit_place_given AFTER INSERT ON audit_place REFERENCING NEW TABLE AS given FOR EACH STATEMENT
        WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION audit_place_given()""",
)


def upgrade() -> None:
    """The table, what is sealed already, and the triggers. Nobody seals meanwhile; acts go on until the triggers are made."""
    server = op.get_bind().dialect.name == "postgresql"
    if server:
        op.execute(NO_SEALER_MEANWHILE)
    op.create_table(
        "audit_place",
        sa.Column("leaf_index", KEY, autoincrement=False, nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_audit_place")),
        sa.UniqueConstraint("ticket", name=op.f("uq_audit_place_ticket")),
        comment="One row is the place in the tree of a sealed line. Only the sealer writes here.",
    )
    op.execute(
        "INSERT INTO audit_place (leaf_index, ticket) "
        "SELECT leaf_index, ticket FROM audit_event WHERE leaf_index IS NOT NULL ORDER BY leaf_index"
    )
    for statement in POSTGRESQL if server else SQLITE:
        op.execute(statement)
