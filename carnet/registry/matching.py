"""How a query's value meets a stored one: times at different precisions, SQL patterns. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from carnet.document_query import TimeRange
from carnet.errors import QueryParameterInvalid

_DTM = re.compile(r"\d{4}(?:\d{2}){0,5}", re.ASCII)
_LEAST = {14: "00", 12: "00", 10: "00", 8: "01", 6: "01"}
"""The least value of the last two digits of a DTM of each length: seconds, minutes, hours, day, month."""

BEFORE_ALL = "0"
AFTER_ALL = ":"
"""Texts that sort before and after every DTM; an absent time ('') lies outside them."""


def bounds(wanted: TimeRange) -> tuple[str, str]:
    """The texts between which a stored DTM lies: `first <= text < last`, compared as text (ITI TF-2 §3.18.4.1.2.3.2).

    A DTM that says less stands for the first moment it covers, on both sides of the comparison: `2025` is 1 January 2025 at midnight.
    So a bound is cut to its shortest form; a stored value then sorts before, at or after it as its first moment does, whatever
    digits either leaves out. Raises QueryParameterInvalid for a bound that is no DTM of 4 to 14 digits.
    """
    first = _shortest(wanted.start) if wanted.start else BEFORE_ALL
    last = _shortest(wanted.stop) if wanted.stop else AFTER_ALL
    return first, last


def _shortest(bound: str) -> str:
    if not _DTM.fullmatch(bound):
        raise QueryParameterInvalid("A time is not a DTM of 4 to 14 digits.", subject=bound)
    while bound[-2:] == _LEAST.get(len(bound)):
        bound = bound[:-2]
    return bound


def like(pattern: str) -> Callable[[str], bool]:
    """The test that a SQL LIKE pattern makes: `%` any text, `_` any character, letters whatever their case.

    Time grows with the product of the two lengths at worst: pieces between `%` are placed one after the other, never back.
    """
    first, *rest = (_piece(piece) for piece in pattern.casefold().split("%"))

    def matches(text: str) -> bool:
        folded = text.casefold()
        if not rest:
            return first.fullmatch(folded) is not None
        start = first.match(folded)
        if start is None:
            return False
        place = start.end()
        for piece in rest[:-1]:
            found = piece.search(folded, place)
            if found is None:
                return False
            place = found.end()
        length = last_length
        return len(folded) - place >= length and rest[-1].fullmatch(folded, len(folded) - length) is not None

    last_length = len(pattern.casefold().rsplit("%", 1)[-1])
    return matches


def _piece(text: str) -> re.Pattern[str]:
    return re.compile("".join("." if character == "_" else re.escape(character) for character in text), re.DOTALL)
