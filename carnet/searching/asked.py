"""What somebody asks: every word must be found, or another way of saying it; the last one may be only begun.

What was typed becomes units; a unit is found by one of its alternatives, an alternative by all of its words, a word by one of its keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from carnet.searching.synonyms import Expression, expressions_at
from carnet.searching.terms import Place
from carnet.searching.words import folded, keys_of, words_of

LONGEST = 200
"""Characters of a question that are read."""
_MOST = 12
_LEAST_BEGUN = 3
"""Letters from which on a word may be only begun."""
_LEAST_CUT, _LETTERS_CUT = 5, 3
"""Of a begun word so many letters may be those of an ending, when so many are left: `diabétiq` has come further than the key `diabet`."""


class Needed(NamedTuple):
    """What one word of an alternative is found by: beginnings of lines of terms, one of which must be there; `common` is how all of them begin."""

    common: bytes
    lines: tuple[bytes, ...]


_HEADED = frozenset(f"{place.value}".encode() for place in (Place.TITLE, Place.KIND, Place.AUTHOR))


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that must be found. `said` is how it was typed, `phrases` what is marked in a passage, `begun` the beginning of a word, or ''."""

    said: str
    alternatives: tuple[tuple[Needed, ...], ...]
    phrases: tuple[tuple[frozenset[str], ...], ...]
    begun: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question; without units it asks nothing."""

    text: str
    units: tuple[Unit, ...] = ()


def read_question(text: str) -> Asked:
    """The question in what was typed."""
    typed = " ".join(text[:LONGEST].split())
    words = [(word.text, keys_of(word.text)) for word in words_of(typed)]
    telling = [(said, keys) for said, keys in words if keys][:_MOST]
    units: list[Unit] = []
    place = 0
    while place < len(telling):
        found, length = expressions_at([keys for _, keys in telling], place)
        part = telling[place : place + length]
        last = place + length == len(telling) and length == 1 and not text.endswith(" ")
        units.append(_unit(part, found, last=last))
        place += length
    return Asked(typed, tuple(units))


def _unit(part: Sequence[tuple[str, frozenset[str]]], other: tuple[Expression, ...], *, last: bool) -> Unit:
    own = tuple(_needed(keys) for _, keys in part)
    begun = folded(part[-1][0]) if last else ""
    alternatives = [own, *(_of_expression(one) for one in other)]
    phrases = [tuple(keys for _, keys in part), *(one.keys for one in other if one.keys)]
    if len(begun) >= _LEAST_BEGUN:
        shorter = frozenset(begun[:end] for end in range(max(_LEAST_CUT, len(begun) - _LETTERS_CUT), len(begun)))
        alternatives.append((_one_of((f"\n={begun}".encode(), *_needed(shorter).lines)),))
        phrases += [(shorter,)] if shorter else []
    said = " ".join(said for said, _ in part)
    return Unit(said, tuple(alternatives), tuple(phrases), begun if len(begun) >= _LEAST_BEGUN else "")


def _of_expression(one: Expression) -> tuple[Needed, ...]:
    return (_one_of((f"\n#{one.family}\n".encode(),)),) if one.family else tuple(_needed(keys) for keys in one.keys)


def _needed(keys: frozenset[str]) -> Needed:
    return _one_of(tuple(f"\n={key}\t".encode() for key in sorted(keys)))


def _one_of(lines: tuple[bytes, ...]) -> Needed:
    first, last = min(lines, default=b""), max(lines, default=b"")
    same = next(
        (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first)
    )
    return Needed(first[:same], lines)


def answers(terms: bytes, asked: Asked) -> int:
    """0 when the terms of a document do not answer; 2 when a heading (title, kind, author) does for one unit at least; 1 otherwise."""
    best = 1
    for unit in asked.units:
        found = 0
        for alternative in unit.alternatives:
            if found and unit.begun and alternative is unit.alternatives[-1]:
                break
            found = max(found, _answered(terms, alternative))
            if found == 2:
                best = 2
                break
        if not found:
            return 0
    return best


def unanswered(terms: Sequence[bytes], asked: Asked) -> tuple[str, ...]:
    """The units, as typed, that none of these documents answers."""
    return tuple(
        unit.said
        for unit in asked.units
        if not any(_answered(one, alternative) for one in terms for alternative in unit.alternatives)
    )


def _answered(terms: bytes, alternative: tuple[Needed, ...]) -> int:
    least = 2
    for needed in alternative:
        found = 0
        if terms.find(needed.common) < 0:  # most documents end here: one look instead of one for each line
            return 0
        for line in needed.lines:
            start = terms.find(line)
            if start >= 0:
                found = max(found, _rank(terms, line, start))
        if not found:
            return 0
        least = min(least, found)
    return least


def _rank(terms: bytes, line: bytes, start: int) -> int:
    """2 for a key that stands in a heading, or a family; 1 for what stands elsewhere, or is only begun."""
    if line.startswith(b"\n#"):
        return 2
    if not line.endswith(b"\t"):
        return 1
    letters = terms[start + len(line) : terms.find(b"\n", start + len(line))]
    return 2 if any(one in letters for one in _HEADED) else 1
