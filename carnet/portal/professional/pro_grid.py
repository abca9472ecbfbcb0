"""The grid of results as its page shows it, and the same as text for a letter: digits as received, what lies outside marked by form and weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from carnet.cda.comparability import REASONS, is_final
from carnet.cda.participants import Identifier
from carnet.cda.result_grid import Column, Row, grid_of
from carnet.cda.results_over_time import Apart, Point, plain_name
from carnet.cda.timestamps import day_in_paris
from carnet.portal.patient.result_words import ShownResult, reading_of, shown_result
from carnet.portal.professional.pro_days import short_day
from carnet.record.pro_lines import Telling
from carnet.record.pro_results import Examination, ResultTable
from carnet.viewing.graduated_rule import Standing, standing_of

COLUMNS = 12
MARKS = {Standing.ABOVE: "▲", Standing.BELOW: "▼", Standing.WITHIN: "", Standing.UNKNOWN: ""}
"""The form that says where a value lies; its weight says that it is outside, and words say it to who cannot see either."""


@dataclass(frozen=True, slots=True)
class ShownPoint:
    """One value of a cell, of the document that tells it first; `repeated`: only a later report tells it."""

    result: ShownResult
    mark: str
    source: Telling
    repeated: bool


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One examination in one unit. `references` are those that every value of the row has in common; the others stand in the cells."""

    code: str
    label: str
    chapter: str
    unit: str
    isolate: str
    references: tuple[str, ...]
    cells: tuple[tuple[ShownPoint, ...], ...]


@dataclass(frozen=True, slots=True)
class ShownApart:
    """A result that is not compared: where it comes from, and why."""

    result: ShownResult
    reason: str
    source: Telling


@dataclass(frozen=True, slots=True)
class ShownGrid:
    """Columns as (day, laboratory), rows by chapter, what stands apart, and how many older columns there are."""

    columns: tuple[Column, ...]
    rows: tuple[ShownRow, ...]
    apart: tuple[ShownApart, ...]
    left_out: int


def shown_grid(found: ResultTable, language: str) -> ShownGrid:
    """The grid of a comparison, its examinations in the order of the newest reports."""
    grid = grid_of(found.comparison, _day, most=COLUMNS)
    order = {one.key: place for place, one in enumerate(found.examinations)}
    titles = chapter_titles(found.examinations)
    rows = sorted(grid.rows, key=lambda row: order.get(row.code, len(order)))
    apart = [*(one for analyte in found.comparison.analytes for one in analyte.apart), *found.comparison.uncoded]
    return ShownGrid(
        columns=grid.columns,
        rows=tuple(_row(one, titles, found.sources, language) for one in rows),
        apart=tuple(_apart(one, found.sources, language) for one in reversed(apart)),
        left_out=grid.columns_left_out,
    )


def _day(moment: str) -> str:
    return f"{day_in_paris(moment):%Y%m%d}"


def chapter_titles(examinations: Sequence[Examination]) -> dict[str, str]:
    """How the newest report writes each chapter, by its name without case and accents."""
    titles: dict[str, str] = {}
    for one in examinations:
        titles.setdefault(plain_name(one.chapter), one.chapter)
    return titles


def _row(row: Row, titles: dict[str, str], sources: dict[Identifier, Telling], language: str) -> ShownRow:
    cells = tuple(tuple(_point(one, sources, language) for one in cell) for cell in row.cells)
    stated = {one.result.references for cell in cells for one in cell}
    common = next(iter(stated)) if len(stated) == 1 else ()
    chapter = titles.get(plain_name(row.chapter), row.chapter)
    return ShownRow(row.code, row.label, chapter, row.unit, row.isolate, common, cells)


def _point(point: Point, sources: dict[Identifier, Telling], language: str) -> ShownPoint:
    reading = reading_of(point.result, language)
    standing = standing_of(reading) if reading is not None else Standing.UNKNOWN
    shown = shown_result(point.result, language, final=True, drawn=False)
    return ShownPoint(shown, MARKS[standing], sources[point.sources[0].document], point.only_repeated)


def _apart(apart: Apart, sources: dict[Identifier, Telling], language: str) -> ShownApart:
    shown = shown_result(apart.result, language, final=is_final(apart.result), drawn=False)
    return ShownApart(shown, REASONS[language][apart.reason], sources[apart.source.document])


_HEADINGS = {"fr": ("Examen", "Unité", "Référence"), "en": ("Test", "Unit", "Reference")}


def as_text(grid: ShownGrid, language: str) -> str:
    """The grid as lines of cells parted by tabs, as spreadsheets and letters take it. Nobody's name is in it."""
    heads = [f"{short_day(one.day, language)} {one.laboratory}".strip() for one in grid.columns]
    lines = [[*_HEADINGS[language], *heads]]
    for row in grid.rows:
        name = f"{row.label} ({row.isolate})" if row.isolate else row.label
        cells = (" ; ".join(_in_text(one) for one in cell) for cell in row.cells)
        lines.append([name, row.unit, " ; ".join(row.references), *cells])
    return "\n".join("\t".join(_plain(line)) for line in lines)


def _in_text(point: ShownPoint) -> str:
    return f"{point.result.values[0].text} {point.mark}".strip()


def _plain(cells: Sequence[str]) -> Iterable[str]:
    return (" ".join(one.split()) for one in cells)
