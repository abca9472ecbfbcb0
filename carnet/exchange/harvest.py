"""Counting who reads in how many records, and who asks for people whom nobody knows, from the trace, after the fact.

What was counted and the place in the trace up to which it was are written together: nothing is counted twice, nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from carnet.clock import DAY, HOUR
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import access_figure, watch_cursor, watched_access, watched_miss
from carnet.exchange.alarms import sound

KEPT = 2 * DAY
_NAME = "watch"
_WATCHED, _MISS = watched_access.c, watched_miss.c

_CURSOR = prepare(select(watch_cursor.c.ticket).where(watch_cursor.c.name == _NAME))
_MOVED = insert(watch_cursor).values(name=_NAME, ticket=bindparam("ticket"))
_MOVE = prepare(_MOVED.on_conflict_do_update(index_elements=["name"], set_={"ticket": _MOVED.excluded.ticket}))
_VISIT = prepare(
    insert(watched_access)
    .values({column.name: bindparam(column.name) for column in _WATCHED})
    .on_conflict_do_nothing()
    .returning(_WATCHED.hour)
)
_AGAIN = prepare(
    update(watched_access)
    .where(
        _WATCHED.patient_key == bindparam("of_patient"),
        _WATCHED.requester == bindparam("caller"),
        _WATCHED.hour == bindparam("in_hour"),
        _WATCHED.mode == bindparam("access_mode"),
    )
    .values(last_at=bindparam("moment"))
)
_RECORDS = prepare(
    select(func.count(_WATCHED.patient_key.distinct())).where(
        _WATCHED.requester == bindparam("caller"),
        _WATCHED.last_at > bindparam("since"),
        _WATCHED.last_at <= bindparam("until"),
    )
)
_MISSED = prepare(
    insert(watched_miss).values({column.name: bindparam(column.name) for column in _MISS}).on_conflict_do_nothing()
)
_MISSES = prepare(
    select(func.count()).where(
        _MISS.requester == bindparam("caller"), _MISS.at > bindparam("since"), _MISS.at <= bindparam("until")
    )
)
_COUNTED = insert(access_figure).values(day=bindparam("day"), organization=bindparam("organization"), visits=1)
_COUNT = prepare(
    _COUNTED.on_conflict_do_update(index_elements=["day", "organization"], set_={"visits": access_figure.c.visits + 1})
)
_FORGET_ACCESSES = prepare(delete(watched_access).where(_WATCHED.last_at < bindparam("limit")))
_FORGET_MISSES = prepare(delete(watched_miss).where(_MISS.at < bindparam("limit")))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a line of the trace says for the counts: `patient_key` is None for a call about a person whom nobody knows."""

    ticket: int
    at: int
    requester: str
    organization: str
    mode: str
    patient_key: int | None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Above which an alarm is raised; 0 for never."""

    records_hour: int
    records_day: int
    misses_hour: int


def cursor(connection: Connection) -> int:
    """The ticket of the last line that was counted, 0 for none."""
    rows = connection.execute(_CURSOR)
    return int(rows[0][0]) if rows else 0


def count(connection: Connection, seen: Iterable[Seen], *, after: int, upto: int, thresholds: Thresholds) -> int | None:
    """Counts the lines between two tickets and raises the alarms that they make; returns how many, None when others have counted them."""
    if cursor(connection) != after:
        return None
    alarms = 0
    for one in seen:
        alarms += _miss(connection, one, thresholds) if one.patient_key is None else _read(connection, one, thresholds)
    connection.execute(_MOVE, {"ticket": upto})
    return alarms


def forget(connection: Connection, now: int) -> None:
    """Drops what is too old for any threshold; the figures by day and structure stay."""
    for statement in (_FORGET_ACCESSES, _FORGET_MISSES):
        connection.execute(statement, {"limit": now - KEPT})


def _read(connection: Connection, one: Seen, thresholds: Thresholds) -> int:
    hour = one.at - one.at % HOUR
    row = {
        "patient_key": one.patient_key,
        "requester": one.requester,
        "hour": hour,
        "mode": one.mode,
        "last_at": one.at,
    }
    if not connection.execute(_VISIT, row):
        again = {"of_patient": one.patient_key, "caller": one.requester, "in_hour": hour, "access_mode": one.mode}
        connection.execute(_AGAIN, {**again, "moment": one.at})
        return 0
    if one.mode == "normal":
        connection.execute(_COUNT, {"day": one.at - one.at % DAY, "organization": one.organization})
    alarms = 0
    for kind, within, threshold in (
        ("harvest-hour", HOUR, thresholds.records_hour),
        ("harvest-day", DAY, thresholds.records_day),
    ):
        if threshold:
            period = {"caller": one.requester, "since": one.at - within, "until": one.at}
            counted = int(connection.execute(_RECORDS, period)[0][0])
            alarms += sound(connection, kind, one.requester, counted=counted, threshold=threshold, now=one.at)
    return alarms


def _miss(connection: Connection, one: Seen, thresholds: Thresholds) -> int:
    connection.execute(_MISSED, {"ticket": one.ticket, "requester": one.requester, "at": one.at})
    period = {"caller": one.requester, "since": one.at - HOUR, "until": one.at}
    counted = int(connection.execute(_MISSES, period)[0][0])
    threshold = thresholds.misses_hour
    return sound(connection, "enumeration-hour", one.requester, counted=counted, threshold=threshold, now=one.at)
