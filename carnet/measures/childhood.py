"""Who is still growing, by the date of birth and the sex of the INS. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from carnet.clock import DAY, from_datetime, to_datetime

YEAR = 365.25
"""Days."""
GROWN = 20
"""Years: references end at nineteen."""


@dataclass(frozen=True, slots=True)
class Child:
    """Whom growth curves are for: born when (a date, and microseconds UTC), and the sex that the INS has: M, F or I."""

    born: dt.date
    born_at: int
    sex: str


def birth_day(birth_date: str) -> dt.date | None:
    """The day of a date of birth of 8 digits (yyyymmdd), None for one of which only a part is known."""
    try:
        return dt.datetime.strptime(birth_date, "%Y%m%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None


def first_moment(day: dt.date) -> int:
    """The beginning of a day in UTC, in microseconds."""
    return from_datetime(dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC))


def child_of(birth_date: str, sex: str, *, now: int) -> Child | None:
    """The child that somebody is at a moment, None for who is grown or of whose birth the day is not known."""
    born = birth_day(birth_date)
    if born is None or now >= first_moment(born) + GROWN * YEAR * DAY:
        return None
    return Child(born, first_moment(born), sex)


def age_in_days(child: Child, at: int) -> int:
    """Whole days since birth at a moment in microseconds UTC."""
    return (to_datetime(at).date() - child.born).days
