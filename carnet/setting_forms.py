"""Forms that settings are written in."""

from __future__ import annotations

import datetime as dt
import re

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?", re.ASCII)


def is_day(text: str) -> bool:
    """Whether a text is a day, YYYY-MM-DD."""
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_origin(text: str) -> bool:
    """Whether a text is `https://host` or `http://host`, with a port or without; no path follows it."""
    return _ORIGIN.fullmatch(text) is not None
