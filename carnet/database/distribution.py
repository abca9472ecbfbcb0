"""Where each table lies when PostgreSQL is spread over several servers with Citus: a literal table, and the command that does it.

What is on one patient is on one shard, so that an act on one is a transaction of one server, lines of the trace included. Assertions and identifiers lie
by their own value and are written in transactions of their own. What is on the coordinator is written by timers, operators and the sealer, whose
transactions commit in two phases where they write elsewhere too (decision 0019).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from types import MappingProxyType

import psycopg
from sqlalchemy import ForeignKeyConstraint, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint

from carnet.database.connection import NOBODYS_LINES
from carnet.database.tables import metadata
from carnet.errors import ConfigurationError, Unavailable


class Lies(Enum):
    """Where the rows of a table are."""

    BY_PATIENT = "on the shard of their patient"
    BY_VALUE = "on the shard of their own value"
    EVERYWHERE = "on every server, written rarely"
    COORDINATOR = "on the coordinator alone"


BY_PATIENT, BY_VALUE, EVERYWHERE, COORDINATOR = Lies.BY_PATIENT, Lies.BY_VALUE, Lies.EVERYWHERE, Lies.COORDINATOR
LAYOUT: Mapping[str, Lies] = MappingProxyType(
    {
        # table: where                                  why, when not by patient
        "access_figure": COORDINATOR,  # figures over all
        "alarm": COORDINATOR,  # about requesters and structures; an emergency writes it in a transaction of its own
        "announcement": BY_PATIENT,
        "anomaly_report": BY_PATIENT,
        "association": BY_PATIENT,
        "audit_checkpoint": COORDINATOR,  # one tree over all
        "audit_cosignature": COORDINATOR,  # of that tree
        "audit_event": BY_PATIENT,
        "audit_forwarding": COORDINATOR,  # of that tree
        "audit_place": COORDINATOR,  # the order of all lines, which the sealer writes
        "card_code": COORDINATOR,  # found by its code before the patient is known
        "care_link": BY_PATIENT,
        "delivery": COORDINATOR,  # files that were delivered
        "delivery_line": COORDINATOR,  # their lines
        "deposit_draft": BY_PATIENT,
        "destruction_order": BY_PATIENT,
        "document_entry": BY_PATIENT,
        "document_extract": BY_PATIENT,
        "document_segment": COORDINATOR,  # files of documents of many patients
        "emergency_access": BY_PATIENT,
        "emergency_review": BY_PATIENT,
        "enrolment": BY_PATIENT,
        "entry_code": BY_PATIENT,
        "entry_reference": BY_PATIENT,
        "folder": BY_PATIENT,
        "folder_code": BY_PATIENT,
        "health_record": BY_PATIENT,
        "kept_sieve": COORDINATOR,  # of a professional, whatever the record
        "measure_reading": BY_PATIENT,
        "measure_target": BY_PATIENT,
        "notice": BY_PATIENT,
        "notice_preference": BY_PATIENT,
        "one_time_code": COORDINATOR,  # asked for by anybody, of nobody perhaps
        "opposition_proof": BY_PATIENT,
        "organization": EVERYWHERE,  # directory
        "own_lines": COORDINATOR,  # one professional's in many records; written by the watcher
        "passkey": COORDINATOR,  # found by the credential before the patient is known
        "patient": EVERYWHERE,  # found by their INS before their shard is known; written by the identity feed
        "patient_choice": BY_PATIENT,
        "patient_contact": BY_PATIENT,
        "patient_identifier": EVERYWHERE,  # finds the patient
        "portal_deposit": COORDINATOR,  # one depositor's in many records; written apart, before the deposit
        "practice_choice": COORDINATOR,  # about professionals
        "professional": EVERYWHERE,  # directory
        "professional_contact": EVERYWHERE,  # directory
        "professional_look": BY_PATIENT,
        "professional_role": EVERYWHERE,  # directory
        "professional_session": COORDINATOR,  # about professionals, found by the cookie
        "professional_situation": EVERYWHERE,  # directory
        "profile_item": BY_PATIENT,
        "provisional_code": BY_PATIENT,
        "record_opening": COORDINATOR,  # found by its handle before the patient is known; written apart
        "record_transition": BY_PATIENT,
        "record_visit": BY_PATIENT,
        "registered_identifier": BY_VALUE,  # none is used twice, for any patient
        "replay": BY_VALUE,  # used once, whoever brings it
        "representation": BY_PATIENT,
        "review_finding": BY_PATIENT,
        "rule_approval": EVERYWHERE,  # rule data
        "rule_version": EVERYWHERE,  # rule data
        "rule_withdrawal": EVERYWHERE,  # rule data
        "schema_step": COORDINATOR,  # of the whole database
        "sign_in_attempt": COORDINATOR,  # before the patient is known
        "sign_in_count": COORDINATOR,  # about accounts, addresses, requesters and structures; written apart
        "space_session": COORDINATOR,  # found by the cookie before the patient is known
        "space_visit": BY_PATIENT,
        "stored_document": BY_PATIENT,
        "submission_set": BY_PATIENT,
        "subject_link": COORDINATOR,  # finds the patient
        "synthesis_draft": BY_PATIENT,
        "tombstone": EVERYWHERE,  # found by pseudonym; written when somebody is destroyed
        "trait_index": EVERYWHERE,  # people are searched for before their shard is known
        "unmasked_document": BY_PATIENT,
        "upload_draft": BY_PATIENT,
        "upload_piece": BY_PATIENT,
        "watch_cursor": COORDINATOR,  # how far the trace was read
        "watched_access": BY_PATIENT,
        "watched_miss": COORDINATOR,  # about requesters
    }
)
THE_TRACE = (
    # what the version before reads, and keys that a shard can hold; lines of nobody get a number
    "DROP TRIGGER IF EXISTS audit_event_placed ON audit_event",
    "DROP TRIGGER IF EXISTS audit_place_given ON audit_place",
    "DROP FUNCTION IF EXISTS audit_event_placed, audit_place_given",
    "ALTER TABLE audit_event DROP COLUMN IF EXISTS leaf_index",
    "ALTER TABLE audit_event DROP CONSTRAINT IF EXISTS fk_audit_event_patient_key",
    f"UPDATE audit_event SET patient_key = {NOBODYS_LINES} WHERE patient_key IS NULL",  # noqa: S608 - a number of ours
    "ALTER TABLE audit_event ALTER COLUMN patient_key SET NOT NULL",
    "ALTER TABLE audit_event DROP CONSTRAINT IF EXISTS pk_audit_event",
    "ALTER TABLE audit_event ADD CONSTRAINT pk_audit_event PRIMARY KEY (patient_key, ticket)",
    "CREATE INDEX IF NOT EXISTS ix_audit_event_ticket ON audit_event (ticket)",
)


def distribute(url: str) -> None:
    """Spreads a migrated database over the servers that its Citus knows. Nobody may use it meanwhile; rows that are there move with their tables.

    Said again after an interruption, or after a migration that added tables, it places those that have no place yet. Raises ConfigurationError where
    there is no Citus or nothing is left to place, Unavailable when the server does not answer.
    """
    try:
        with psycopg.connect(url, autocommit=True) as raw:
            if not raw.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetchall():
                raise ConfigurationError(
                    "This database has no Citus: CREATE EXTENSION citus, and add its servers first."
                )
            placed = {
                str(name) for (name,) in raw.execute("SELECT logicalrelid::text FROM pg_dist_partition").fetchall()
            }
            if set(LAYOUT) <= placed:
                raise ConfigurationError("This database is distributed already.")
            for command in commands(placed):
                raw.execute(command)
    except psycopg.Error as error:
        raise Unavailable(f"The database cannot be distributed: {' '.join(str(error).split())}.") from error


def commands(placed: Collection[str] = ()) -> Iterator[str]:
    """What is said to the coordinator, in order, of the tables that are not `placed`.

    References between two tables by patient are put back once both have moved.
    """
    moving = [table for table in _tables(Lies.BY_PATIENT) if table.name not in placed]
    between = [one for table in moving for one in _references(table)]
    if "audit_event" not in placed:
        yield from THE_TRACE
    for one in between:
        yield f"ALTER TABLE {one.table.name} DROP CONSTRAINT IF EXISTS {one.name}"
    for table in _tables(Lies.EVERYWHERE):
        if table.name not in placed:
            yield f"SELECT create_reference_table('{table.name}')"
    for table in moving:
        first = "none" if table.name == "health_record" else "health_record"
        yield f"SELECT create_distributed_table('{table.name}', 'patient_key', colocate_with => '{first}')"
    for table in _tables(Lies.BY_VALUE):
        if table.name not in placed:
            (key,) = table.primary_key.columns
            yield f"SELECT create_distributed_table('{table.name}', '{key.name}', colocate_with => 'none')"
    for table in _tables(Lies.COORDINATOR):
        yield (
            f"SELECT citus_add_local_table_to_metadata('{table.name}', cascade_via_foreign_keys => true) "  # noqa: S608 - numbers and names of ours
            f"WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = '{table.name}'::regclass)"
        )
    for one in between:
        yield str(AddConstraint(one).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def _tables(where: Lies) -> list[Table]:
    found = [table for table in metadata.sorted_tables if LAYOUT[table.name] is where]
    return sorted(found, key=lambda table: table.name != "health_record") if where is Lies.BY_PATIENT else found


def _references(table: Table) -> Iterator[ForeignKeyConstraint]:
    for one in sorted(table.foreign_key_constraints, key=lambda found: str(found.name)):
        if LAYOUT[one.referred_table.name] is Lies.BY_PATIENT:
            yield one
