"""Days as professionals read them in dense lists: `22/11/2026` in French, `2026-11-22` in English, as precise as what was received."""

from __future__ import annotations

import datetime as dt

from carnet.cda.timestamps import day_in_paris, to_dtm
from carnet.viewing.curve import written_day


def short_day(time: str, language: str) -> str:
    """The day of a DTM in UTC, in Paris; a month or a year where that is all, '' for none; what is no date as it is."""
    try:
        if len(time) >= 8:
            return written_day(day_in_paris(time), language)
        if len(time) == 6:
            month = dt.datetime.strptime(time, "%Y%m").replace(tzinfo=dt.UTC)
            return f"{month:%m/%Y}" if language == "fr" else f"{month:%Y-%m}"
    except ValueError:
        return time
    return time


def short_stamp(stamp: str, language: str) -> str:
    """The same of an HL7 time stamp as a document writes it, with an offset or without."""
    try:
        return short_day(to_dtm(stamp), language)
    except ValueError:
        return stamp
