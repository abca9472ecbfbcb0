"""Results: the newest of each examination, and one examination over time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.responses import Response

from carnet.cda.comparability import REASONS, Reason, is_final
from carnet.errors import UnknownDocument
from carnet.portal.patient.extract_waiting import filled
from carnet.portal.patient.result_curves import drawn_reading, lonely_readings, shown_apart, shown_series
from carnet.portal.patient.result_words import ShownResult, shown_result
from carnet.portal.visit import Visit
from carnet.record.own_results import LatestResult, OwnResults

Line = tuple[LatestResult, tuple[ShownResult, ...]]
SHORT, FEW = 6, 2
"""Lines of the first family, and of another's rest, that are not folded."""
ROWS = 60
"""Lines of a table before the rest is a link away."""


async def overview(visit: Visit) -> Response:
    """The newest result of each examination, by family."""
    desk = visit.desk(OwnResults)
    found = await filled(visit, partial(desk.overview, visit.patient))
    families = [
        (one.title, [(latest, in_words(latest, visit.language)) for latest in one.latest]) for one in found.families
    ]
    every = [latest for one in found.families for latest in one.latest]
    return visit.page(
        "results.html",
        found=found,
        families=families,
        folds=folds,
        compared=any(one.dates > 1 for one in every),
        fresh=sum(one.origin.new for one in every),
        examinations=len(every),
    )


def folds(latest: Sequence[Line], first: bool) -> list[tuple[bool, list[Line]]]:
    """The lines of a family in the order in which they stand: what is new or out of its reference open, the rest folded (True).

    The first family is open as far as SHORT goes, and so is one whose rest is a line or two: a fold would save nothing.
    """
    urgent = [one for one in latest if is_urgent(*one)]
    rest = [one for one in latest if not is_urgent(*one)]
    if len(latest) <= SHORT if first else len(rest) <= FEW:
        return [(False, list(latest))]
    return [(folded, some) for folded, some in ((False, urgent), (True, rest)) if some]


def is_urgent(latest: LatestResult, results: Sequence[ShownResult]) -> bool:
    """Whether a line is to be seen at once: new since the last visit, outside the laboratory's reference, flagged by it, or not final."""
    return latest.origin.new or any(one.outside or one.flags or not one.final for one in results)


def in_words(latest: LatestResult, language: str) -> tuple[ShownResult, ...]:
    """The results of one line."""
    return tuple(shown_result(one, language, final=is_final(one)) for one in latest.results)


async def history(visit: Visit) -> Response:
    """One examination: curve, values, what is not compared and why."""
    key, language = visit.request.path_params["examen"], visit.language
    desk = visit.desk(OwnResults)
    found = await filled(visit, partial(desk.history, visit.patient, key))
    if not found.origins:
        raise UnknownDocument("No such examination among what is read.", subject=key)
    own = [drawn_reading(one) for one in found.own]
    everything = visit.request.query_params.get("tout") == "oui"
    return visit.page(
        "result_history.html",
        found=found,
        series=shown_series(found, own, language, most=None if everything else ROWS),
        lonely=lonely_readings(found, own, language),
        apart=shown_apart(found, language),
        other_code=REASONS[language][Reason.OTHER_CODE],
        everything=everything,
        most=ROWS,
    )
