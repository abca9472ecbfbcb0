"""Moments and dates as patients read them: written out, in Paris, in their language."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date, format_datetime, get_timezone

from carnet.cda.timestamps import day_in_paris, to_dtm
from carnet.clock import to_datetime
from carnet.portal.typography import french

PARIS = get_timezone("Europe/Paris")


def moment(at: int, language: str, zone: str = "Europe/Paris") -> str:
    """A moment (microseconds UTC): `22 novembre 2026 à 11 h 15`, `22 November 2026 at 11:15`; in another zone by its IANA name."""
    there = get_timezone(zone)
    local = to_datetime(at).astimezone(there)
    if language == "en":
        return str(format_datetime(local, "d MMMM y 'at' HH:mm", locale="en_GB", tzinfo=there))
    return french(f"{_long(local.date(), language)} à {local.hour} h {local:%M}")


def brief(at: int, language: str, zone: str, *, hour: bool) -> str:
    """A moment as short as a table needs it, with its month in letters: `9 nov. 2026, 8 h 15`, `9 Nov 2026, 08:15`; without the hour for a day."""
    local = to_datetime(at).astimezone(get_timezone(zone))
    date = str(format_date(local.date(), "d MMM y", locale=_locale(language)))
    if not hour:
        return date
    return f"{date}, {local:%H:%M}" if language == "en" else french(f"{date}, {local.hour} h {local:%M}")


def day(at: int, language: str, zone: str = "Europe/Paris") -> str:
    """The day of a moment (microseconds UTC): `22 novembre 2026`; in another zone by its IANA name."""
    return _long(to_datetime(at).astimezone(get_timezone(zone)).date(), language)


def date_of_time(time: str, language: str) -> str:
    """The date of an XDS or HL7 time (UTC; year, month or day precision at least): `5 janvier 2026`, `janvier 2026`, `2026`; '' for none.

    What cannot be read as a date is given back as it is.
    """
    try:
        if len(time) >= 8:
            return _long(day_in_paris(time), language)
        if len(time) == 6:
            month = dt.datetime.strptime(time, "%Y%m").replace(tzinfo=dt.UTC)
            return str(format_date(month, "MMMM y", locale=_locale(language)))
    except ValueError:
        return time
    return time


def date_of_stamp(stamp: str, language: str) -> str:
    """The same of an HL7 time stamp as a document writes it, with an offset or without."""
    try:
        return date_of_time(to_dtm(stamp), language)
    except ValueError:
        return stamp


def _long(date: dt.date, language: str) -> str:
    written = str(format_date(date, "d MMMM y", locale=_locale(language)))
    return f"1er{written[1:]}" if language == "fr" and date.day == 1 else written


def _locale(language: str) -> str:
    return "en_GB" if language == "en" else "fr_FR"
