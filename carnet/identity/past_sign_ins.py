"""What signing in left behind and nothing needs any more: sessions that ended, codes and attempts whose time is over. Moments: microseconds UTC.

That somebody signed in stays in their trail. Of sessions the last one on each device is kept for a year, as long as the device has its cookie:
by it the device is known again.
"""

from __future__ import annotations

from sqlalchemy import bindparam, delete, or_, select

from carnet.clock import DAY, HOUR
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import one_time_code, provisional_code, sign_in_attempt, sign_in_count, space_session
from carnet.identity.pro_sessions import forget_pro_sessions

KEPT = 30 * DAY
"""For which a session that ended is kept with where it came from: to look into what a person does not recognise."""
DEVICE_KNOWN = 366 * DAY
CODES_KEPT = 365 * DAY
"""For which an old letter's code is told to be too old, and not to be wrong."""
COUNTS_KEPT = 2 * HOUR

_PAST, _LATER = space_session.alias("past"), space_session.alias("later")
_ROW = _PAST.c
_DEVICE_SEEN_LATER = (
    select(1)
    .where(
        _LATER.c.patient_key == _ROW.patient_key,
        _LATER.c.device == _ROW.device,
        _LATER.c.purpose == "space",
        _LATER.c.began_at > _ROW.began_at,
    )
    .correlate(_PAST)
    .exists()
)
_NEEDED_NO_MORE = or_(_ROW.device == b"", _ROW.purpose != "space", _DEVICE_SEEN_LATER)
_TOKENS = (
    select(_ROW.token)
    .where(
        or_(_ROW.ends_at < bindparam("forgotten"), (_ROW.ends_at < bindparam("ended")) & _NEEDED_NO_MORE),
    )
    .limit(bindparam("count"))
)
_SESSIONS = prepare(
    delete(space_session).where(space_session.c.token.in_(_TOKENS)).returning(space_session.c.session_id)
)
_ONE_TIME = prepare(
    delete(one_time_code).where(one_time_code.c.expires_at < bindparam("now")).returning(one_time_code.c.code_id)
)
_ATTEMPTS = prepare(
    delete(sign_in_attempt).where(sign_in_attempt.c.expires_at < bindparam("now")).returning(sign_in_attempt.c.kind)
)
_COUNTS = prepare(
    delete(sign_in_count).where(sign_in_count.c.began_at < bindparam("before")).returning(sign_in_count.c.number)
)
_LETTERS = prepare(delete(provisional_code).where(provisional_code.c.expires_at < bindparam("before")))


def forget_sessions(connection: Connection, now: int, *, count: int) -> int:
    """Deletes at most `count` sessions that nothing needs any more; returns how many."""
    values = {"forgotten": now - DEVICE_KNOWN, "ended": now - KEPT, "count": count}
    return len(connection.execute(_SESSIONS, values))


def forget_leftovers(connection: Connection, now: int) -> int:
    """Deletes codes, attempts, counts and sessions of professionals whose time is over; returns how many, codes of letters apart."""
    connection.sweep(_LETTERS, {"before": now - CODES_KEPT})
    rows = connection.execute(_ONE_TIME, {"now": now})
    rows += connection.execute(_ATTEMPTS, {"now": now})
    rows += connection.execute(_COUNTS, {"before": now - COUNTS_KEPT})
    return len(rows) + forget_pro_sessions(connection, now - KEPT)
