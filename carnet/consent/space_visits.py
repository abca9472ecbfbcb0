"""When somebody was last in a patient's space. Moments are microseconds UTC."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from carnet.clock import MINUTE
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import space_visit

SAME_VISIT = 30 * MINUTE
"""Who comes back within this time is still on the same visit: what was new stays new."""

_READ = prepare(
    select(space_visit.c.former_at, space_visit.c.latest_at).where(
        space_visit.c.patient_key == bindparam("patient"), space_visit.c.visitor_key == bindparam("visitor")
    )
)
_UPSERT = insert(space_visit).values({one.name: bindparam(one.name) for one in space_visit.c})
_KEEP = prepare(
    _UPSERT.on_conflict_do_update(
        index_elements=["patient_key", "visitor_key"],
        set_={name: _UPSERT.excluded[name] for name in ("former_at", "latest_at")},
    )
)


def visit_before(connection: Connection, patient_key: int, visitor_key: int, *, now: int) -> int | None:
    """When the visit before the present one ended, None at the first; notes nothing."""
    return _former_and_latest(connection, patient_key, visitor_key, now)[0]


def visit(connection: Connection, patient_key: int, visitor_key: int, *, now: int) -> int | None:
    """Notes that the visitor is there now, and returns when the visit before this one ended; None at the first."""
    former, latest = _former_and_latest(connection, patient_key, visitor_key, now)
    latest = now if latest is None else max(now, latest)
    row = {"patient_key": patient_key, "visitor_key": visitor_key, "former_at": former, "latest_at": latest}
    connection.execute(_KEEP, row)
    return former


def _former_and_latest(
    connection: Connection, patient_key: int, visitor_key: int, now: int
) -> tuple[int | None, int | None]:
    rows = connection.execute(_READ, {"patient": patient_key, "visitor": visitor_key})
    former: int | None = rows[0][0] if rows else None
    latest: int | None = rows[0][1] if rows else None
    return (latest if latest is not None and now - latest >= SAME_VISIT else former), latest
