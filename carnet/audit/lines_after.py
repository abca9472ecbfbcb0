"""The trace as a reader follows it: the lines written after a ticket, each to be opened with the key of whose it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from carnet.audit.event import decode_entry, disclose
from carnet.audit.merkle import leaf_hash
from carnet.audit.openings import OpeningKey, reveal
from carnet.audit.stored_lines import STORED, Line, line_of
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import audit_event, patient
from carnet.errors import IntegrityFailure

_LINE = audit_event.c
_AFTER = prepare(
    select(*(_LINE[name] for name in STORED), patient.c.pseudonym)
    .outerjoin(patient, patient.c.patient_key == _LINE.patient_key)
    .where(_LINE.ticket > bindparam("after"), _LINE.ticket <= bindparam("settled"))
    .order_by(_LINE.ticket)
    .limit(bindparam("count"))
)


def lines_after(connection: Connection, ticket: int, count: int) -> list[tuple[Line, str | None]]:
    """At most `count` lines in the order of tickets, each with the pseudonym that names its key, None for a line of no patient.

    A line that another could still precede is left for later: a reader goes on after the last ticket that it saw. Places are not told.
    """
    values = {"after": ticket, "count": count, "settled": connection.settled_tickets()}
    return [(line_of(row[:-1], None), row[-1]) for row in connection.execute(_AFTER, values)]


def opened(line: Line, key: OpeningKey) -> dict[str, Any]:
    """The fields of AuditEvent by name, proved by the line. Raises IntegrityFailure when the line does not hold."""
    if line.misshapen or leaf_hash(line.entry) != line.leaf_hash:
        raise IntegrityFailure("A line of the trace does not match its hash.")
    entry = decode_entry(line.entry)
    plain = {"at": entry.at, "action": entry.action, "outcome": entry.outcome, "mode": entry.mode}
    plain |= {"requester_role": entry.role}
    return disclose(reveal(entry.committed, line.sealed_openings, key)) | plain
