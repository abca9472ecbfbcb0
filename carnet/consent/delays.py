"""The delays of the law, from one moment to another: microseconds UTC. What is counted in days ends with its last day, never earlier."""

from __future__ import annotations

import calendar

from carnet.clock import DAY, from_datetime, to_datetime

SIX_WEEKS = 42
"""Days to object after having been informed (R1111-28 CSP), and to object to the closing of a suspended record (R1111-36)."""
ARCHIVE_YEARS = 10
"""From closing to destruction (L1111-18 CSP)."""
DESTRUCTION_MONTHS = 3
"""At most, from the request to the destruction (R1111-36 CSP)."""
TOLD_AFTER_DAYS = 14
SHOWN_AFTER_MONTHS = 1
"""After the deposit of a document that was hidden from the patient (R1111-53 CSP)."""


def end_of_day(moment: int, days: int) -> int:
    """Midnight (UTC) after the last of `days` whole days; the day of `moment` does not count."""
    return moment - moment % DAY + (days + 1) * DAY


def months_after(moment: int, months: int) -> int:
    """The same day and time so many months later, or the last day of a month that is too short."""
    start = to_datetime(moment)
    number = start.year * 12 + start.month - 1 + months
    year, month = number // 12, number % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return from_datetime(start.replace(year=year, month=month, day=day))


def years_after(moment: int, years: int) -> int:
    """The same day so many years later."""
    return months_after(moment, years * 12)
