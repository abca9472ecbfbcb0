"""Alarms: a requester or a structure passed a threshold. An alarm stands until a person settles it."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from carnet.clock import DAY, HOUR
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import alarm

CUT_OFF = "emergency-cut-off"
KINDS: dict[str, tuple[int, str]] = {
    # kind: (within what time it is raised once for one subject, what it says)
    "emergency-requester-hour": (HOUR, "a requester breaks the glass often within an hour"),
    "emergency-requester-day": (DAY, "a requester breaks the glass often within a day"),
    "emergency-structure-hour": (HOUR, "a structure's callers break the glass often within an hour"),
    "emergency-structure-day": (DAY, "a structure's callers break the glass often within a day"),
    "harvest-hour": (HOUR, "a requester reads in many records within an hour"),
    "harvest-day": (DAY, "a requester reads in many records within a day"),
    "enumeration-hour": (HOUR, "a requester asks for many people whom nobody knows within an hour"),
    "budget-requester": (HOUR, "a requester has read in as many records as an hour allows"),
    "budget-structure": (HOUR, "a structure's callers have read in as many records as an hour allows"),
    "budget-searches": (HOUR, "a requester has searched by traits as often as an hour allows"),
    CUT_OFF: (1, "a requester may not break the glass any more until this is settled"),
}
_NAMESPACE = uuid.UUID("c2a5c0f4-9a0c-5b43-8a83-3f0d5b1f7e60")
_LOG = logging.getLogger("carnet.alarms")

_RAISE = prepare(
    insert(alarm)
    .values({name: bindparam(name) for name in ("alarm_id", "kind", "subject", "counted", "threshold", "raised_at")})
    .on_conflict_do_nothing()
    .returning(alarm.c.alarm_id)
)
_STANDS = prepare(
    select(alarm.c.alarm_id).where(
        alarm.c.subject == bindparam("about"), alarm.c.kind == bindparam("which"), alarm.c.settled_at.is_(None)
    )
)
_LAST_SETTLED = prepare(
    select(func.coalesce(func.max(alarm.c.settled_at), 0)).where(
        alarm.c.subject == bindparam("about"), alarm.c.kind == bindparam("which")
    )
)
_COLUMNS = (alarm.c.alarm_id, alarm.c.kind, alarm.c.subject, alarm.c.counted, alarm.c.threshold, alarm.c.raised_at)
_STANDING = prepare(select(*_COLUMNS).where(alarm.c.settled_at.is_(None)).order_by(alarm.c.raised_at, alarm.c.alarm_id))
_ONE = prepare(select(*_COLUMNS).where(alarm.c.alarm_id == bindparam("name"), alarm.c.settled_at.is_(None)))
_SETTLE = prepare(
    update(alarm)
    .where(alarm.c.alarm_id == bindparam("name"), alarm.c.settled_at.is_(None))
    .values(settled_at=bindparam("moment"), settled_by=bindparam("person"))
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A row of the table: `subject` is a PS_IdNat, a `structure/internal id` or a Struct_IdNat; `raised_at` in microseconds UTC."""

    alarm_id: str
    kind: str
    subject: str
    counted: int
    threshold: int
    raised_at: int


def sound(connection: Connection, kind: str, subject: str, *, counted: int, threshold: int, now: int) -> bool:
    """Raises an alarm when `counted` has passed `threshold` (0: never). Says whether it is a new one."""
    if not threshold or counted <= threshold:
        return False
    return raise_alarm(connection, kind, subject, counted=counted, threshold=threshold, now=now)


def raise_alarm(connection: Connection, kind: str, subject: str, *, counted: int, threshold: int, now: int) -> bool:
    """Raises an alarm, once an hour, or a day, for one kind and subject; says whether it is a new one. The log tells the kind alone.

    Where the database is spread the alarm is kept even when the act that raises it is not.
    """
    within, _ = KINDS[kind]
    row = {
        "alarm_id": str(uuid.uuid5(_NAMESPACE, f"{kind}|{subject}|{now // within}")),
        "kind": kind,
        "subject": subject,
        "counted": counted,
        "threshold": threshold,
        "raised_at": now,
    }
    new = bool(connection.apart(_RAISE, row))
    if new:
        _LOG.warning("an alarm was raised", extra={"reason": kind})
    return new


def is_sounding(connection: Connection, kind: str, subject: str) -> bool:
    """Whether an alarm of the kind about the subject stands."""
    return bool(connection.execute(_STANDS, {"about": subject, "which": kind}))


def last_settled(connection: Connection, kind: str, subject: str) -> int:
    """When such an alarm was last settled, 0 for never."""
    return int(connection.execute(_LAST_SETTLED, {"about": subject, "which": kind})[0][0])


def sounding(connection: Connection) -> list[Alarm]:
    """The alarms that stand, the oldest first."""
    return [Alarm(*row) for row in connection.execute(_STANDING)]


def find_alarm(connection: Connection, alarm_id: str) -> Alarm | None:
    """An alarm that stands, None when it was settled or never was."""
    rows = connection.execute(_ONE, {"name": alarm_id})
    return Alarm(*rows[0]) if rows else None


def settle(connection: Connection, alarm_id: str, *, by: str, now: int) -> None:
    """Ends an alarm; one that does not stand stays as it is."""
    connection.execute(_SETTLE, {"name": alarm_id, "person": by, "moment": now})
