"""HL7 time stamps of CDA (`20210401134745+0100`) and the UTC DTM of XDS metadata (ITI TF-3 table 4.2.3.1.7-2)."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from zoneinfo import ZoneInfo

_PARIS = ZoneInfo("Europe/Paris")
_STAMP = re.compile(r"(\d{4}(?:\d\d){0,5})(?:\.\d{1,6})?([+-]\d{4})?", re.ASCII)


def to_dtm(stamp: str) -> str:
    """The UTC DTM of a CDA time stamp, with the precision it came with.

    A date alone (4 to 8 digits) stays as it is. A time without an offset names no moment: its date alone is kept.
    Returns '' for '' and raises ValueError for what is no time stamp.
    """
    if not stamp:
        return ""
    found = _STAMP.fullmatch(stamp)
    if found is None:
        raise ValueError("not an HL7 time stamp")
    digits, offset = found.groups()
    full = digits + "0101000000"[len(digits) - 4 :]
    year, month, day = int(full[:4]), int(full[4:6]), int(full[6:8])
    moment = dt.datetime(year, month, day, int(full[8:10]), int(full[10:12]), int(full[12:]), tzinfo=dt.UTC)
    if len(digits) <= 8:
        return digits
    if offset is None:
        return digits[:8]
    try:
        return _written(moment - _distance(offset))[: len(digits)]
    except OverflowError as error:
        raise ValueError("not a time of this era") from error


def carries_offset(stamp: str) -> bool:
    """Whether a time stamp has hours and an offset from UTC, so that it names a moment (CI-SIS: effectiveTime does)."""
    found = _STAMP.fullmatch(stamp)
    return found is not None and len(found[1]) > 8 and found[2] is not None


def day_in_paris(time: str) -> dt.date:
    """The day of a DTM in UTC that has one at least: of a time the day in Paris, of a date the date. Raises ValueError."""
    if len(time) >= 10:
        stamp = dt.datetime.strptime(time[:14].ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
        return stamp.astimezone(_PARIS).date()
    return dt.datetime.strptime(time[:8], "%Y%m%d").replace(tzinfo=dt.UTC).date()


def same_moment(first: str, second: str) -> bool:
    """Whether two UTC DTMs agree as far as the less precise of them tells, a day at least."""
    shared = min(len(first), len(second))
    return shared >= 8 and first[:shared] == second[:shared]


def _written(moment: dt.datetime) -> str:
    day = f"{moment.year:04}{moment.month:02}{moment.day:02}"
    return f"{day}{moment.hour:02}{moment.minute:02}{moment.second:02}"


@lru_cache(maxsize=64)
def _distance(text: str) -> dt.timedelta:
    hours, minutes = int(text[1:3]), int(text[3:5])
    if hours > 14 or minutes > 59:
        raise ValueError("not an offset from UTC")
    distance = dt.timedelta(hours=hours, minutes=minutes)
    return distance if text[0] == "+" else -distance
