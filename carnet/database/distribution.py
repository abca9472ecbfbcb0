"""Where each table lies when PostgreSQL is spread over several servers with Citus: a literal table, and the command that does it.

What is on one patient is on one shard, so that a query about one goes to one server. The tables left on the coordinator are written by every act: an act
that writes commits on two servers, in two phases. That is not fit for production, and `carnet database distribute` says so (decision 0019).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType

import psycopg
from sqlalchemy import ForeignKeyConstraint, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint

from carnet.database.tables import metadata
from carnet.errors import ConfigurationError, Unavailable


class Lies(Enum):
    """Where the rows of a table are."""

    BY_PATIENT = "on the shard of their patient"
    EVERYWHERE = "on every server, written rarely"
    COORDINATOR = "on the coordinator alone"


BY_PATIENT, EVERYWHERE, COORDINATOR = Lies.BY_PATIENT, Lies.EVERYWHERE, Lies.COORDINATOR
LAYOUT: Mapping[str, Lies] = MappingProxyType(
    {
        # table: where                                  why, when not by patient
        "access_figure": COORDINATOR,  # figures over all
        "alarm": COORDINATOR,  # about requesters and structures
        "announcement": BY_PATIENT,
        "association": BY_PATIENT,
        "audit_checkpoint": COORDINATOR,  # one tree over all
        "audit_cosignature": COORDINATOR,  # of that tree
        "audit_event": COORDINATOR,  # one tree over all; lines of no patient; unique places in the tree
        "audit_forwarding": COORDINATOR,  # of that tree
        "care_link": BY_PATIENT,
        "delivery": COORDINATOR,  # files that were delivered
        "delivery_line": COORDINATOR,  # their lines
        "destruction_order": BY_PATIENT,
        "document_entry": BY_PATIENT,
        "document_segment": COORDINATOR,  # files of documents of many patients
        "emergency_access": BY_PATIENT,
        "emergency_review": BY_PATIENT,
        "enrolment": BY_PATIENT,
        "entry_code": BY_PATIENT,
        "entry_reference": BY_PATIENT,
        "folder": BY_PATIENT,
        "folder_code": BY_PATIENT,
        "health_record": BY_PATIENT,
        "notice": BY_PATIENT,
        "notice_preference": BY_PATIENT,
        "one_time_code": COORDINATOR,  # asked for by anybody, of nobody perhaps
        "opposition_proof": BY_PATIENT,
        "organization": EVERYWHERE,  # directory
        "passkey": COORDINATOR,  # found by the credential before the patient is known
        "patient": EVERYWHERE,  # found by their INS before their shard is known; written by the identity feed
        "patient_choice": BY_PATIENT,
        "patient_contact": BY_PATIENT,
        "patient_identifier": EVERYWHERE,  # finds the patient
        "professional": EVERYWHERE,  # directory
        "professional_contact": EVERYWHERE,  # directory
        "professional_role": EVERYWHERE,  # directory
        "professional_situation": EVERYWHERE,  # directory
        "provisional_code": BY_PATIENT,
        "record_transition": BY_PATIENT,
        "registered_identifier": COORDINATOR,  # none is used twice, for any patient
        "replay": COORDINATOR,  # noted before the patient is known
        "representation": BY_PATIENT,
        "review_finding": BY_PATIENT,
        "rule_approval": EVERYWHERE,  # rule data
        "rule_version": EVERYWHERE,  # rule data
        "rule_withdrawal": EVERYWHERE,  # rule data
        "schema_step": COORDINATOR,  # of the whole database
        "sign_in_attempt": COORDINATOR,  # before the patient is known
        "sign_in_count": COORDINATOR,  # about accounts and addresses
        "space_session": COORDINATOR,  # found by the cookie before the patient is known
        "space_visit": BY_PATIENT,
        "stored_document": BY_PATIENT,
        "submission_set": BY_PATIENT,
        "subject_link": COORDINATOR,  # finds the patient
        "tombstone": EVERYWHERE,  # found by pseudonym; written when somebody is destroyed
        "trait_index": EVERYWHERE,  # people are searched for before their shard is known
        "unmasked_document": BY_PATIENT,
        "watch_cursor": COORDINATOR,  # how far the trace was read
        "watched_access": BY_PATIENT,
        "watched_miss": COORDINATOR,  # about requesters
    }
)


def distribute(url: str) -> None:
    """Spreads a migrated database over the servers that its Citus knows. Nobody may use it meanwhile; rows that are there move with their tables.

    Raises ConfigurationError where there is no Citus or it is done already, Unavailable when the server does not answer.
    """
    try:
        with psycopg.connect(url, autocommit=True) as raw:
            if not raw.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetchall():
                raise ConfigurationError(
                    "This database has no Citus: CREATE EXTENSION citus, and add its servers first."
                )
            if raw.execute("SELECT 1 FROM pg_dist_partition WHERE logicalrelid = 'health_record'::regclass").fetchall():
                raise ConfigurationError("This database is distributed already.")
            for command in commands():
                raw.execute(command)
    except psycopg.Error as error:
        raise Unavailable(f"The database cannot be distributed: {' '.join(str(error).split())}.") from error


def commands() -> Iterator[str]:
    """What is said to the coordinator, in order. References between two tables by patient are put back once both have moved."""
    between = [one for table in _tables(Lies.BY_PATIENT) for one in _references(table)]
    for one in between:
        yield f"ALTER TABLE {one.table.name} DROP CONSTRAINT {one.name}"
    for table in _tables(Lies.EVERYWHERE):
        yield f"SELECT create_reference_table('{table.name}')"
    first = "none"
    for table in _tables(Lies.BY_PATIENT):
        yield f"SELECT create_distributed_table('{table.name}', 'patient_key', colocate_with => '{first}')"
        first = "health_record" if first == "none" else first
    for one in between:
        yield str(AddConstraint(one).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def _tables(where: Lies) -> list[Table]:
    found = [table for table in metadata.sorted_tables if LAYOUT[table.name] is where]
    return sorted(found, key=lambda table: table.name != "health_record") if where is Lies.BY_PATIENT else found


def _references(table: Table) -> Iterator[ForeignKeyConstraint]:
    for one in sorted(table.foreign_key_constraints, key=lambda found: str(found.name)):
        if LAYOUT[one.referred_table.name] is Lies.BY_PATIENT:
            yield one
