"""Results side by side: a row for each examination in one unit, a column for each day and laboratory. Pure: a comparison in, a grid out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from carnet.cda.results_over_time import Analyte, Comparison, Point, Series


@dataclass(frozen=True, slots=True, order=True)
class Column:
    """A day (as `day_of` writes it) and the laboratory that measured, '' where a report only repeats the value."""

    day: str
    laboratory: str


@dataclass(frozen=True, slots=True)
class Row:
    """One series: `cells` in the order of the columns, each with the points of that day, mostly one or none."""

    code: str
    label: str
    chapter: str
    unit: str
    isolate: str
    cells: tuple[tuple[Point, ...], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """`columns` from the latest on; rows in the order of the comparison, the series of one examination together. `columns_left_out` are older."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    columns_left_out: int


def grid_of(comparison: Comparison, day_of: Callable[[str], str], *, most: int) -> Grid:
    """The grid of all that stands on an axis, with the `most` latest columns; rows that have no value in them are left out."""
    series = [(analyte, one) for analyte in comparison.analytes for one in analyte.series]
    every = sorted({_column(point, day_of) for _, one in series for point in one.points}, reverse=True)
    columns = tuple(every[:most])
    rows = (_row(analyte, one, columns, day_of) for analyte, one in series)
    return Grid(columns, tuple(one for one in rows if any(one.cells)), len(every) - len(columns))


def _column(point: Point, day_of: Callable[[str], str]) -> Column:
    return Column(day_of(point.moment), point.result.laboratory.name)


def _row(analyte: Analyte, series: Series, columns: Sequence[Column], day_of: Callable[[str], str]) -> Row:
    by_column: dict[Column, list[Point]] = {}
    for point in series.points:
        by_column.setdefault(_column(point, day_of), []).append(point)
    group = series.points[-1].result.group
    return Row(
        code=analyte.code,
        label=analyte.label,
        chapter=group[0] if group else "",
        unit=series.unit,
        isolate=series.points[0].result.specimen.isolate.display or series.isolate,
        cells=tuple(tuple(by_column.get(column, ())) for column in columns),
    )
