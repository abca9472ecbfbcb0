"""Results compared: a grid of examinations by day and laboratory, as text to copy too, and one examination over time."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from carnet.cda.comparability import REASONS, Reason
from carnet.errors import UnknownDocument
from carnet.portal.patient.result_curves import shown_apart, shown_series
from carnet.portal.professional.pro_days import short_day
from carnet.portal.professional.pro_grid import as_text, chapter_titles, shown_grid
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.professional.pro_waiting import filled
from carnet.record.pro_results import Compared, result_history, result_table

ROWS = 60
"""Lines of a table before the rest is a link away."""


async def table(visit: ProVisit) -> Response:
    """The grid. What is compared stands in the address: `examen` (several), `chapitre`, `depuis` and `jusqu` (days of the reports)."""
    asked = compared_in(visit)
    found = await filled(visit, partial(result_table, asked))
    grid = shown_grid(found, visit.language)
    return visit.page(
        "pro_comparison.html",
        base=visit.path(),
        found=found,
        grid=grid,
        asked=asked,
        text=as_text(grid, visit.language),
        chapters=tuple(chapter_titles(found.examinations).values()),
        short=partial(short_day, language=visit.language),
    )


def compared_in(visit: ProVisit) -> Compared:
    """What the address asks for; a day that is none asks for nothing."""
    query = visit.request.query_params
    keys = tuple(dict.fromkeys(query.getlist("examen")))
    return Compared(keys, query.get("chapitre", ""), _day(query.get("depuis", "")), _day(query.get("jusqu", "")))


def _day(text: str) -> str:
    """`2026-11-22` as YYYYMMDD."""
    plain = text.replace("-", "")
    return plain if len(plain) == 8 and plain.isascii() and plain.isdigit() else ""


async def history(visit: ProVisit) -> Response:
    """One examination: curve, values, what is not compared and why."""
    key, language = visit.request.path_params["examen"], visit.language
    found = await filled(visit, partial(result_history, key))
    if not found.origins:
        raise UnknownDocument("No such examination among what is read.", subject=key)
    return visit.page(
        "pro_result_history.html",
        base=visit.path(),
        found=found,
        series=shown_series(found, (), language),
        apart=shown_apart(found, language),
        other_code=REASONS[language][Reason.OTHER_CODE],
        everything=visit.request.query_params.get("tout") == "oui",
        most=ROWS,
        short=partial(short_day, language=language),
    )
