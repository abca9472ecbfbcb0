"""The time for which an emergency access lasts: one requester, one record, one mode, in secret or not. Later calls of the same kind ride on it.

A call in a connexion secrète never rides on an access that was begun openly, nor the other way round: each is told and reviewed by itself, so
that what was done in secret hangs on nothing that representatives are shown, and what was done openly is told to them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import bindparam, case, func, insert, select

from carnet.clock import DAY, HOUR
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import emergency_access

_ACCESS = emergency_access.c
_STANDING = prepare(
    select(_ACCESS.access_id).where(
        _ACCESS.patient_key == bindparam("patient"),
        _ACCESS.requester == bindparam("caller"),
        _ACCESS.mode == bindparam("access_mode"),
        _ACCESS.secret == bindparam("in_secret"),
        _ACCESS.began_at <= bindparam("now"),
        _ACCESS.ends_at > bindparam("now"),
    )
)
_UNTIL = prepare(
    select(func.max(_ACCESS.ends_at)).where(
        _ACCESS.patient_key == bindparam("patient"),
        _ACCESS.requester == bindparam("caller"),
        _ACCESS.mode == bindparam("access_mode"),
        _ACCESS.secret == bindparam("in_secret"),
        _ACCESS.began_at <= bindparam("now"),
        _ACCESS.ends_at > bindparam("now"),
    )
)
_BEGIN = prepare(insert(emergency_access).values({column.name: bindparam(column.name) for column in _ACCESS}))
_IN_THE_LAST_HOUR = func.coalesce(func.sum(case((_ACCESS.began_at > bindparam("hour_ago"), 1), else_=0)), 0)
_RATE_OF_REQUESTER = prepare(
    select(_IN_THE_LAST_HOUR, func.count()).where(
        _ACCESS.requester == bindparam("subject"),
        _ACCESS.mode == bindparam("access_mode"),
        _ACCESS.began_at > bindparam("day_ago"),
        _ACCESS.began_at > bindparam("since"),
    )
)
_RATE_OF_STRUCTURE = prepare(
    select(_IN_THE_LAST_HOUR, func.count()).where(
        _ACCESS.organization == bindparam("subject"),
        _ACCESS.mode == bindparam("access_mode"),
        _ACCESS.began_at > bindparam("day_ago"),
        _ACCESS.began_at > bindparam("since"),
    )
)
_NAMESPACE = uuid.UUID("5d0a4a0e-52a7-5c5c-9a41-0c1b6a6e2f17")


@dataclass(frozen=True, slots=True)
class Rate:
    """How many accesses began in the last hour and in the last day."""

    hour: int
    day: int


def stands(connection: Connection, patient_key: int, *, requester: str, mode: str, now: int, secret: bool) -> bool:
    """Whether a requester's access in a mode, in secret or openly, has begun and not ended; `now` in microseconds UTC, the end excluded."""
    parameters = {
        "patient": patient_key,
        "caller": requester,
        "access_mode": mode,
        "now": now,
        "in_secret": int(secret),
    }
    return bool(connection.execute(_STANDING, parameters))


def standing_until(
    connection: Connection, patient_key: int, *, requester: str, mode: str, now: int, secret: bool
) -> int | None:
    """When the access of `stands` ends, in microseconds UTC; None when none stands."""
    parameters = {
        "patient": patient_key,
        "caller": requester,
        "access_mode": mode,
        "now": now,
        "in_secret": int(secret),
    }
    return connection.execute(_UNTIL, parameters)[0][0]  # type: ignore[no-any-return]


def begin(
    connection: Connection,
    patient_key: int,
    *,
    requester: str,
    organization: str,
    mode: str,
    now: int,
    minutes: int,
    secret: bool,
) -> str:
    """Begins an access that ends `minutes` later, whatever is done meanwhile; returns its id."""
    name = f"{patient_key}|{requester}|{mode}|{now}" + ("|secret" if secret else "")
    access_id = str(uuid.uuid5(_NAMESPACE, name))
    connection.execute(
        _BEGIN,
        {
            "patient_key": patient_key,
            "access_id": access_id,
            "requester": requester,
            "organization": organization,
            "mode": mode,
            "began_at": now,
            "ends_at": now + minutes * 60_000_000,
            "secret": int(secret),
        },
    )
    return access_id


def rate(connection: Connection, subject: str, *, structure: bool, mode: str, now: int, since: int = 0) -> Rate:
    """How often a requester, or a structure, began such an access; only those after `since` count."""
    statement = _RATE_OF_STRUCTURE if structure else _RATE_OF_REQUESTER
    parameters = {"subject": subject, "access_mode": mode, "hour_ago": now - HOUR, "day_ago": now - DAY, "since": since}
    return Rate(*connection.execute(statement, parameters)[0])
