"""What identity and directory feeds have in common: a header line that names columns, and lines that may be bad without stopping the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from carnet.errors import MalformedMessage


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was left out: its number in the file (the header is 1) and why, without repeating what it says."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a feed did: lines that were taken in, lines that carry nothing for us, lines left out, rows marked inactive."""

    taken: int
    skipped: int = 0
    bad: tuple[BadLine, ...] = ()
    deactivated: int = 0


def normalized(name: str) -> str:
    """A column's name for comparison: published files vary in case, blanks and apostrophes, and may begin with a byte order mark."""
    return " ".join(name.removeprefix("\ufeff").replace("\u2019", "'").split()).casefold()


def places_of(header: Sequence[str], required: Sequence[str]) -> dict[str, int]:
    """The place of each column by its normalized name. Raises MalformedMessage when a required column is missing or one stands twice."""
    names = [normalized(name) for name in header]
    missing = [name for name in required if name not in names]
    if missing:
        raise MalformedMessage(f"The feed's header has no column {', '.join(missing)}.")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise MalformedMessage(f"The feed's header names {', '.join(twice)} twice.")
    return {name: place for place, name in enumerate(names) if name}
