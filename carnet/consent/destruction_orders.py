"""Orders to destroy a closed record at its holder's request: given by one person, confirmed by another, carried out within three months.

Moments are microseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, insert, select, update

from carnet.consent.delays import DESTRUCTION_MONTHS, months_after
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import destruction_order
from carnet.errors import Refused

_T = destruction_order.c


@dataclass(frozen=True, slots=True)
class Order:
    """One order that still stands. `limit_at` is the last moment at which the destruction is lawful (R1111-36 CSP)."""

    patient_key: int
    number: int
    requested_at: int
    limit_at: int
    ordered_by: str
    confirmed_by: str | None
    warned_at: int | None


_COLUMNS = (_T.patient_key, _T.number, _T.requested_at, _T.limit_at, _T.ordered_by, _T.confirmed_by, _T.warned_at)
_OF_PATIENT = (_T.patient_key == bindparam("patient"), _T.ended_at.is_(None))
_STANDING = prepare(select(*_COLUMNS).where(*_OF_PATIENT))
_ALL = prepare(select(*_COLUMNS).where(_T.ended_at.is_(None)).order_by(_T.limit_at, _T.patient_key))
_LAST = prepare(select(func.coalesce(func.max(_T.number), 0)).where(_T.patient_key == bindparam("patient")))
_ADD = prepare(
    insert(destruction_order).values(
        patient_key=bindparam("patient"),
        number=bindparam("place"),
        requested_at=bindparam("asked"),
        limit_at=bindparam("last_moment"),
        ordered_by=bindparam("who"),
        ordered_at=bindparam("now"),
    )
)
_CONFIRM = prepare(
    update(destruction_order).where(*_OF_PATIENT).values(confirmed_by=bindparam("who"), confirmed_at=bindparam("now"))
)
_WARN = prepare(update(destruction_order).where(*_OF_PATIENT).values(warned_at=bindparam("now")))
_END = prepare(
    update(destruction_order).where(*_OF_PATIENT).values(ended_at=bindparam("now"), outcome=bindparam("how"))
)


def standing_order(connection: Connection, patient_key: int) -> Order | None:
    """The order that stands on a record, None when there is none."""
    rows = connection.execute(_STANDING, {"patient": patient_key})
    return Order(*rows[0]) if rows else None


def standing_orders(connection: Connection) -> list[Order]:
    """Every order that still stands, the most urgent first."""
    return [Order(*row) for row in connection.execute(_ALL)]


def order(connection: Connection, patient_key: int, *, requested_at: int, by: str, now: int) -> bool:
    """Writes an order of one person; False when one stands already. `requested_at`: when the holder asked, from which three months run."""
    if standing_order(connection, patient_key) is not None:
        return False
    if requested_at > now:
        raise ValueError("a request is not of the future")
    (number,) = connection.execute(_LAST, {"patient": patient_key})[0]
    limit = months_after(requested_at, DESTRUCTION_MONTHS)
    values = {"place": number + 1, "asked": requested_at, "last_moment": limit, "who": by, "now": now}
    connection.execute(_ADD, {"patient": patient_key, **values})
    return True


def confirm(connection: Connection, patient_key: int, *, by: str, now: int) -> bool:
    """Confirms the order that stands; False when it is confirmed already. Raises Refused without an order, or by who gave it."""
    standing = standing_order(connection, patient_key)
    if standing is None:
        raise Refused("No destruction was ordered for this record.", rules=("no-order",))
    if standing.ordered_by == by:
        raise Refused("The person who orders a destruction does not confirm it.", rules=("two-persons",))
    if standing.confirmed_by is not None:
        return False
    connection.execute(_CONFIRM, {"patient": patient_key, "who": by, "now": now})
    return True


def warned(connection: Connection, patient_key: int, *, now: int) -> None:
    """Notes that the operator was warned that the limit is near."""
    connection.execute(_WARN, {"patient": patient_key, "now": now})


def cancel(connection: Connection, patient_key: int, *, now: int) -> bool:
    """Ends the order that stands without destroying anything; False when there is none."""
    return _end(connection, patient_key, "cancelled", now)


def carried_out(connection: Connection, patient_key: int, *, now: int) -> bool:
    """Ends the order that stands because the record is destroyed; False when there is none."""
    return _end(connection, patient_key, "done", now)


def _end(connection: Connection, patient_key: int, how: str, now: int) -> bool:
    if standing_order(connection, patient_key) is None:
        return False
    connection.execute(_END, {"patient": patient_key, "how": how, "now": now})
    return True
