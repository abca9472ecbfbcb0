"""What is known of each closed segment: its digest, and which steps of its way to the object store are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Function, and_, bindparam, case, func, insert, or_, select, update

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import document_segment, stored_document

Moment = Literal[
    "uploaded_at", "verified_at", "swept_at", "dropped_at", "scrubbed_at", "damaged_at", "emptied_at", "retired_at"
]
_COLUMNS = document_segment.c
_NAMED = _COLUMNS.name == bindparam("of_name")
_MOMENTS = (
    "closed_at",
    "uploaded_at",
    "verified_at",
    "swept_at",
    "dropped_at",
    "scrubbed_at",
    "damaged_at",
    "emptied_at",
    "retired_at",
)
_ALL = [_COLUMNS.name, _COLUMNS.size, _COLUMNS.sha256, *(_COLUMNS[name] for name in _MOMENTS)]
_FIND = prepare(select(*_ALL).where(_NAMED))
_SEAL = prepare(
    insert(document_segment).values(
        {name: bindparam(f"new_{name}") for name in ("name", "size", "sha256", "closed_at")}
    )
)
_MARK = {
    name: prepare(update(document_segment).where(_NAMED).values({name: bindparam("now")}))
    for name in _MOMENTS
    if name != "closed_at"
}
_DISTRUST = prepare(
    update(document_segment)
    .where(_NAMED)
    .values(uploaded_at=bindparam("none"), verified_at=bindparam("none"), dropped_at=bindparam("none"))
)
_HEAL = prepare(update(document_segment).where(_NAMED).values(damaged_at=bindparam("none")))
_LAST_CHECK = func.coalesce(_COLUMNS.scrubbed_at, _COLUMNS.verified_at, _COLUMNS.closed_at)
_UNCHECKED = prepare(
    select(*_ALL)
    .where(
        _COLUMNS.retired_at.is_(None),
        or_(_COLUMNS.verified_at.is_not(None), _COLUMNS.damaged_at.is_not(None)),
        bindparam("before") > _LAST_CHECK,
    )
    .order_by(_LAST_CHECK, _COLUMNS.name)
    .limit(bindparam("most"))
)


def _counted(condition: ColumnElement[bool]) -> Function[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_LIVING = _COLUMNS.retired_at.is_(None)
_COUNT = prepare(
    select(
        _counted(_LIVING),
        func.coalesce(func.sum(case((_LIVING, _COLUMNS.size), else_=0)), 0),
        _counted(and_(_LIVING, _COLUMNS.uploaded_at.is_not(None))),
        _counted(and_(_LIVING, _COLUMNS.verified_at.is_not(None))),
        _counted(and_(_LIVING, _COLUMNS.dropped_at.is_not(None))),
        _counted(and_(_LIVING, _COLUMNS.damaged_at.is_not(None))),
        _counted(_COLUMNS.retired_at.is_not(None)),
    )
)
_WAITING = and_(_LIVING, _COLUMNS.verified_at.is_(None))
_PROGRESS = prepare(
    select(
        _counted(_WAITING),
        func.min(case((_WAITING, _COLUMNS.closed_at))),
        _counted(and_(_LIVING, _COLUMNS.damaged_at.is_not(None))),
        func.max(_COLUMNS.scrubbed_at),
    )
)
_DAMAGED = prepare(select(_COLUMNS.name).where(_LIVING, _COLUMNS.damaged_at.is_not(None)).order_by(_COLUMNS.name))
_LIVING_BYTES = (
    select(stored_document.c.segment, func.sum(stored_document.c.length).label("living"))
    .where(stored_document.c.erased_at.is_(None))
    .group_by(stored_document.c.segment)
    .subquery()
)
_WITH_LIVING = (
    select(*_ALL)
    .select_from(document_segment.outerjoin(_LIVING_BYTES, _LIVING_BYTES.c.segment == _COLUMNS.name))
    .where(_LIVING, _COLUMNS.closed_at < bindparam("before"))
    .order_by(_COLUMNS.name)
    .limit(bindparam("most"))
)
_EMPTIED = prepare(
    _WITH_LIVING.where(
        _LIVING_BYTES.c.living.is_(None),
        or_(_COLUMNS.emptied_at.is_(None), _COLUMNS.emptied_at < bindparam("before")),
    )
)
_MOSTLY_ERASED = prepare(
    _WITH_LIVING.where(_LIVING_BYTES.c.living * 100 <= _COLUMNS.size * bindparam("living_percent"))
)
_RETIRED = prepare(
    select(*_ALL)
    .where(_COLUMNS.retired_at.is_not(None), _COLUMNS.retired_at > bindparam("after"))
    .order_by(_COLUMNS.name)
)


@dataclass(frozen=True, slots=True)
class SegmentState:
    """One row of document_segment. Moments are microseconds UTC, None for a step that is not done."""

    name: str
    size: int
    sha256: bytes
    closed_at: int
    uploaded_at: int | None = None
    verified_at: int | None = None
    swept_at: int | None = None
    dropped_at: int | None = None
    scrubbed_at: int | None = None
    damaged_at: int | None = None
    emptied_at: int | None = None
    retired_at: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """How many closed segments there are, their bytes, and how many are at each step."""

    segments: int
    size: int
    uploaded: int
    verified: int
    dropped: int
    damaged: int
    retired: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Closed segments of all machines that stand: how many are not confirmed in the object store, and how many are damaged.

    `oldest_waiting` is since when the oldest of the first is closed, `last_scrub` when any was last compared: microseconds UTC, None where
    there is none.
    """

    waiting: int
    oldest_waiting: int | None
    damaged: int
    last_scrub: int | None


def find_state(connection: Connection, name: str) -> SegmentState | None:
    """What is known of a segment; None before it was sealed."""
    rows = connection.execute(_FIND, {"of_name": name})
    return SegmentState(*rows[0]) if rows else None


def note_closed(connection: Connection, name: str, size: int, sha256: bytes, *, now: int) -> None:
    """Notes the size and digest of a file that nobody writes any more; one that is noted stays as it is."""
    if not connection.execute(_FIND, {"of_name": name}):
        values = {"new_name": name, "new_size": size, "new_sha256": sha256, "new_closed_at": now}
        connection.execute(_SEAL, values)


def mark(connection: Connection, name: str, moment: Moment, *, now: int) -> None:
    """Notes that a step is done."""
    connection.execute(_MARK[moment], {"of_name": name, "now": now})


def distrust(connection: Connection, name: str) -> None:
    """Notes that the store's copy is not one: it is to be uploaded and confirmed again, from a file that is not dropped meanwhile."""
    connection.execute(_DISTRUST, {"of_name": name, "none": None})


def heal(connection: Connection, name: str) -> None:
    """Notes that a whole copy was found again."""
    connection.execute(_HEAL, {"of_name": name, "none": None})


def unchecked(connection: Connection, before: int, most: int) -> list[SegmentState]:
    """Segments that are in the object store, or are to be looked for there, last compared before a moment, the longest ago first."""
    return [SegmentState(*row) for row in connection.execute(_UNCHECKED, {"before": before, "most": most})]


def summary(connection: Connection) -> Summary:
    """The counts of an operator's overview."""
    (row,) = connection.execute(_COUNT)
    return Summary(*map(int, row))


def progress(connection: Connection) -> Progress:
    """What an operator's figures show."""
    (row,) = connection.execute(_PROGRESS)
    return Progress(*row)


def damaged(connection: Connection) -> list[str]:
    """Names of the segments of which no whole copy is known."""
    return [name for (name,) in connection.execute(_DAMAGED)]


def emptied(connection: Connection, before: int, most: int) -> list[SegmentState]:
    """Segments closed, and emptied if they were, before a moment, in which no document stands that can be read."""
    return [SegmentState(*row) for row in connection.execute(_EMPTIED, {"before": before, "most": most})]


def mostly_erased(connection: Connection, before: int, living_percent: int, most: int) -> list[SegmentState]:
    """Segments closed before a moment of which some bytes, and at most so many of a hundred, are of documents that can be read."""
    values = {"before": before, "most": most, "living_percent": living_percent}
    return [SegmentState(*row) for row in connection.execute(_MOSTLY_ERASED, values)]


def retired(connection: Connection, after: int) -> list[SegmentState]:
    """Segments given up after a moment, whose bytes may have come back by a late upload."""
    return [SegmentState(*row) for row in connection.execute(_RETIRED, {"after": after})]
