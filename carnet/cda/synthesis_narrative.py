"""The narrative of a synthesis: one table a section, whose cells the entries name. What a reader sees is all that is signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from carnet.cda.synthesis_markup import element
from carnet.cda.synthesis_model import Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_templates import ABSENCES, SYSTEM_NAMES

NOT_STATED = "Non renseigné"
NONE_KNOWN = "Aucun élément connu"
Column = tuple[str, str, Callable[[SynthesisLine], str]]
"""A heading, what follows the line's anchor in the anchor of its cell, and the text of the cell."""


def anchor_of(part: Part, number: int, cell: str = "") -> str:
    """The ID of a cell of a line (counted from 1), or of the line's own words."""
    return f"{part.value}-{number}{'-' if cell else ''}{cell}"


def narrative(stated: Stated) -> Any:
    """The `text` of a section."""
    if stated.told is not Told.LINES:
        none, unknown = ABSENCES.get(stated.part, (None, None))
        said = none if stated.told is Told.NONE_KNOWN else unknown
        words = NONE_KNOWN if stated.told is Told.NONE_KNOWN else NOT_STATED
        told = f"{words} : {said.display[0].lower()}{said.display[1:]}" if said is not None else words
        return element("text", element("paragraph", element("content", text=told, ID=anchor_of(stated.part, 1))))
    columns = [one for one in _COLUMNS if one[0] == _LABEL or any(one[2](line) for line in stated.lines)]
    head = element("thead", element("tr", *[element("th", text=heading) for heading, _, _ in columns]))
    rows = [_row(stated.part, number, line, columns) for number, line in enumerate(stated.lines, start=1)]
    return element("text", element("table", head, element("tbody", *rows)))


def nothing_stated() -> Any:
    """The `text` of a chapter none of whose sections is there."""
    return element("text", element("paragraph", text=NOT_STATED))


def date_words(stamp: str) -> str:
    """A time stamp as a French reader writes its date: 11/02/2022, 02/2022, 2022; what is no date as it is."""
    digits = stamp[:8]
    if not digits.isdecimal() or len(digits) < 4:
        return stamp
    return "/".join(part for part in (digits[6:8], digits[4:6], digits[:4]) if part)


def _row(part: Part, number: int, line: SynthesisLine, columns: list[Column]) -> Any:
    cells = [_cell(anchor_of(part, number, cell), told(line)) for _, cell, told in columns]
    return element("tr", *cells, ID=anchor_of(part, number, "line"))


def _cell(anchor: str, text: str) -> Any:
    return element("td", element("content", text=text, ID=anchor)) if text else element("td")


def _dates(line: SynthesisLine) -> str:
    start, end = date_words(line.start), date_words(line.end)
    return f"{start} - {end}" if end else start


def _value(line: SynthesisLine) -> str:
    return f"{line.value} {line.unit}".strip()


def _code(line: SynthesisLine) -> str:
    if not line.code.code:
        return ""
    return f"{SYSTEM_NAMES.get(line.code.system, line.code.system)} : {line.code.code}"


_LABEL = "Libellé"
_COLUMNS: tuple[Column, ...] = (
    ("Date", "date", _dates),
    ("Parent", "relative", lambda line: line.relative.display),
    (_LABEL, "", lambda line: line.label),
    ("Valeur", "value", _value),
    ("Type", "nature", lambda line: line.nature.display),
    ("Code", "code", _code),
    ("Rang", "rank", lambda line: line.rank),
    ("Lot", "lot", lambda line: line.lot),
    ("Précisions", "note", lambda line: line.note),
)
