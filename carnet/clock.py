"""Time, as microseconds since 1970-01-01T00:00:00Z, and its written forms. The only place that reads the system clock."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns now, in microseconds since the epoch, UTC."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def system_clock() -> int:
    """Now by the machine's clock, in microseconds since the epoch."""
    return time.time_ns() // 1_000


def from_datetime(moment: dt.datetime) -> int:
    """Microseconds since the epoch of an aware datetime; a naive one raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place on the time line")
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def to_datetime(moment: int) -> dt.datetime:
    """The aware UTC datetime of a moment in microseconds."""
    return _EPOCH + dt.timedelta(microseconds=moment)


def to_iso(moment: int) -> str:
    """`2026-11-22T10:15:30.123456Z`, always with microseconds and Z (RFC 3339)."""
    return to_datetime(moment).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def from_iso(text: str) -> int:
    """Microseconds of an RFC 3339 or XML Schema dateTime; one without a zone raises ValueError."""
    return from_datetime(dt.datetime.fromisoformat(text))


def to_dtm(moment: int) -> str:
    """`20261122101530`: the UTC DTM of XDS metadata (ITI TF-3 table 4.2.3.1.7-2)."""
    return to_datetime(moment).strftime("%Y%m%d%H%M%S")
