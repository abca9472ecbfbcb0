"""The passages of a text that answer a question, with the words that do marked, and the page on which each stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from carnet.searching.asked import Asked, Unit
from carnet.searching.paged_text import PagedText, TextPage
from carnet.searching.words import EMPTY, Word, folded, keys_of, words_of

MOST = 2
"""Passages of one document."""
_BEFORE, _LENGTH = 70, 240
"""Characters of a passage: before the first marked word, and in all."""
_MARKS = 300
"""Marked places of one page that are looked at."""
_LETTERS = 2
"""First letters by which a word is set aside before its keys are made."""
_NOTHING: frozenset[str] = frozenset()

Pieces = tuple[tuple[str, bool], ...]
"""A text in pieces, each with whether it is marked."""


class Mark(NamedTuple):
    """A marked place of a text, and the number of the unit that it answers."""

    start: int
    end: int
    unit: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a page (0 where there are no pages), cut at its beginning or end where `before` or `after`."""

    page: int
    heading: str
    pieces: Pieces
    before: bool
    after: bool


def passages_of(text: PagedText, asked: Asked, *, most: int = MOST) -> tuple[Passage, ...]:
    """The best passages of a text, those with most of what was asked before; a further one answers more, or stands on another page."""
    found: list[tuple[int, int, frozenset[int], Passage]] = []
    for order, page in enumerate(text.pages):
        for units, passage in _of_page(page, marks_of(page.text, asked), most):
            found.append((-len(units), order, units, passage))
    found.sort(key=lambda one: one[:2])
    chosen: list[Passage] = []
    seen: set[int] = set()
    for _, _, units, passage in found:
        if len(chosen) < most and (not units <= seen or passage.page not in {one.page for one in chosen}):
            chosen.append(passage)
            seen |= units
    return tuple(chosen)


def beginning_of(text: PagedText) -> Passage | None:
    """How a text begins, for a document that was found by its headings alone; None for no text."""
    page = next((one for one in text.pages if one.text.strip()), None)
    return None if page is None else _cut(page, [], 0)


def marked(text: str, asked: Asked) -> Pieces:
    """A short text whole, with its words marked."""
    return _pieces(text, 0, len(text), marks_of(text, asked))


def marks_of(text: str, asked: Asked) -> list[Mark]:
    """The places of a text that answer a unit of a question, in their order, without overlap."""
    starts = _starts(asked.units)
    words: list[tuple[Word, frozenset[str]]] = []
    for word in words_of(text):
        plain = folded(word.text)
        if plain not in EMPTY:
            words.append((word, keys_of(word.text) if plain[:_LETTERS] in starts else _NOTHING))
    marks: list[Mark] = []
    place = 0
    while place < len(words) and len(marks) < _MARKS:
        length, unit = _match(words, place, asked.units) if words[place][1] else (0, 0)
        if length:
            marks.append(Mark(words[place][0].start, words[place + length - 1][0].end, unit))
        place += max(length, 1)
    return marks


def _starts(units: Sequence[Unit]) -> frozenset[str]:
    keys = (key for unit in units for phrase in unit.phrases for keys in phrase for key in keys)
    begun = (unit.begun for unit in units if unit.begun)
    return frozenset(key[:_LETTERS] for one in (keys, begun) for key in one)


def _match(words: Sequence[tuple[Word, frozenset[str]]], place: int, units: Sequence[Unit]) -> tuple[int, int]:
    """How many words from `place` on answer a unit, the most of all, and which."""
    best, answered = 0, 0
    for number, unit in enumerate(units):
        for phrase in unit.phrases:
            length = len(phrase)
            if length > best and place + length <= len(words):
                fits = all(keys & words[place + step][1] for step, keys in enumerate(phrase))
                if fits:
                    best, answered = length, number
        if best == 0 and unit.begun and folded(words[place][0].text).startswith(unit.begun):
            best, answered = 1, number
    return best, answered


def _of_page(page: TextPage, marks: list[Mark], most: int) -> Iterator[tuple[frozenset[int], Passage]]:
    """The best windows of a page that do not overlap, with the units that each answers."""
    left = marks
    for _ in range(most):
        if not left:
            return
        windows = [(len({one.unit for one in _within(left, first)}), -place) for place, first in enumerate(left)]
        _, place = max(windows)
        first = left[-place]
        inside = _within(left, first)
        yield frozenset(one.unit for one in inside), _cut(page, inside, first.start)
        end = inside[-1].end
        left = [one for one in left if one.end <= first.start - _LENGTH or one.start >= end + _LENGTH]


def _within(marks: Sequence[Mark], first: Mark) -> list[Mark]:
    return [
        one
        for one in marks
        if (first.start <= one.start and one.end <= first.start - _BEFORE + _LENGTH) or one is first
    ]


def _cut(page: TextPage, marks: list[Mark], first: int) -> Passage:
    text = page.text
    start = max(0, first - _BEFORE)
    end = min(len(text), max(start + _LENGTH, marks[-1].end if marks else 0))
    if start:
        blank = _next_blank(text, start, first)
        start = blank if blank >= 0 else start
    if end < len(text):
        blank = text.rfind(" ", marks[-1].end if marks else start, end)
        end = blank if blank > 0 else end
    return Passage(page.number, page.heading, _pieces(text, start, end, marks), start > 0, end < len(text))


def _next_blank(text: str, start: int, first: int) -> int:
    """Where a word begins after `start`, -1 when none does before `first`."""
    found = next((place for place in range(start, first) if text[place].isspace()), -1)
    return found + 1 if found >= 0 else -1


def _pieces(text: str, start: int, end: int, marks: Sequence[Mark]) -> Pieces:
    pieces: list[tuple[str, bool]] = []
    place = start
    for mark in marks:
        if mark.start < place or mark.end > end:
            continue
        pieces += [(_flat(text[place : mark.start]), False), (_flat(text[mark.start : mark.end]), True)]
        place = mark.end
    pieces.append((_flat(text[place:end]), False))
    return tuple((piece, is_marked) for piece, is_marked in pieces if piece)


def _flat(text: str) -> str:
    """A text in one line. Cells of a table are kept apart, or a value would run into the next: a tab ends a cell, and at a line's end a row."""
    rows = text.replace("\t\n", " / ").replace("\t", " · ")
    return "".join(" " if one.isspace() else one for one in rows)
