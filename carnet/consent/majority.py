"""The day on which a minor comes of age: eighteen years after birth, by the legal date in France (article 414 of the code civil)."""

from __future__ import annotations

import calendar
import datetime as dt
from zoneinfo import ZoneInfo

from carnet.clock import from_datetime, to_datetime

PARIS = ZoneInfo("Europe/Paris")
AGE = 18


def majority_at(birth_date: str) -> int:
    """The first moment of the eighteenth birthday in Europe/Paris, in microseconds UTC. Raises ValueError for no date.

    `birth_date` is of 4, 6 or 8 digits (yyyy, yyyymm, yyyymmdd; month or day 00 when unknown). INFERRED: what is unknown is taken at its
    latest, so that nobody is of age too early; one born on 29 February comes of age on 1 March where the year has no such day.
    """
    if len(birth_date) not in {4, 6, 8} or not (birth_date.isascii() and birth_date.isdigit()):
        raise ValueError("this is no date of birth")
    year, month, day = int(birth_date[:4]), int(birth_date[4:6] or 0), int(birth_date[6:8] or 0)
    month = month or 12
    born = dt.date(year, month, day or calendar.monthrange(year, month)[1])
    return midnight(_birthday(born))


def _birthday(born: dt.date) -> dt.date:
    try:
        return born.replace(year=born.year + AGE)
    except ValueError:
        return dt.date(born.year + AGE, 3, 1)


def midnight(day: dt.date) -> int:
    """The first moment of a day in Europe/Paris, in microseconds UTC."""
    return from_datetime(dt.datetime.combine(day, dt.time(), tzinfo=PARIS))


def end_after(now: int, days: int) -> int:
    """The midnight in Europe/Paris that ends the day which is `days` days after today: where a validity counted in days ends."""
    today = to_datetime(now).astimezone(PARIS).date()
    return midnight(today + dt.timedelta(days=days + 1))
