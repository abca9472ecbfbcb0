"""The page that opens a record: allergies, problems, treatments, last results, letters, vaccinations, and what is new, on one screen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from carnet.cda.comparability import is_final
from carnet.cda.problems import REFUTED, Problem
from carnet.cda.results_over_time import plain_name
from carnet.portal.patient.result_words import ShownResult, shown_result
from carnet.portal.professional.pro_days import short_day, short_stamp
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.professional.pro_waiting import filled
from carnet.record.pro_last_results import LastResult
from carnet.record.pro_summary import summary

OLD_DAYS = 365
"""A synthesis is to be written anew at least once a year (rules §3.1, A5): an older one says so."""


@dataclass(frozen=True, slots=True)
class ShownLast:
    """One examination: its results in words, of the document that tells them; `outside`: one of them lies outside its laboratory's range."""

    key: str
    results: tuple[ShownResult, ...]
    unique_id: str
    outside: bool


async def show(visit: ProVisit) -> Response:
    """The summary of the record that is open."""
    found = await filled(visit, summary)
    language = visit.language
    return visit.page(
        "pro_summary.html",
        base=visit.path(),
        found=found,
        results=shown_results(found.results, language),
        name_of=name_of,
        detail_of=detail_of,
        doubts_of=doubts_of,
        beyond=beyond,
        short=partial(short_day, language=language),
        short_stamp=partial(short_stamp, language=language),
        old_days=OLD_DAYS,
    )


def shown_results(found: tuple[LastResult, ...], language: str) -> list[ShownLast]:
    """Of each day, what lies outside its range first: it is what must not be looked over."""
    made = [(one.moment[:8], _last(one, language)) for one in found]
    days = {day: place for place, day in enumerate(dict.fromkeys(day for day, _ in made))}
    made.sort(key=lambda one: (days[one[0]], not one[1].outside))
    return [shown for _, shown in made]


def _last(one: LastResult, language: str) -> ShownLast:
    results = tuple(shown_result(result, language, final=is_final(result)) for result in one.results)
    return ShownLast(one.key, results, one.unique_id, any(result.outside for result in results))


def name_of(one: Problem) -> str:
    """What a statement is about. An answer without a code (`oui`) is told with its question, which its nature is."""
    nature = one.nature.display
    if one.code.code or not nature or nature.casefold() == one.label.casefold():
        return one.label
    return f"{nature} : {one.label}"


def detail_of(one: Problem) -> str:
    """The author's own words where they say something that the name does not, and how an allergy showed itself."""
    own, label = plain_name(one.text), plain_name(one.label)
    known = own in (plain_name(one.nature.display), "oui", "non") or label.startswith(own)
    said = "" if known else beyond(one.text, one.label)
    said = "" if one.code.code and one.code.code in said and said.startswith("(") else said  # the code once more
    return " ; ".join(filter(None, (said, ", ".join(one.reactions))))


def doubts_of(one: Problem) -> list[str]:
    """What its author says against a statement that stands as one: that it is over, or not sure, in their words."""
    told = (
        (one.standing, one.standing.code in ("", "active")),
        (one.certainty, one.certainty.code in ("", "confirmed", REFUTED)),
    )
    return [code.display or code.code for code, plain in told if not plain]


def beyond(text: str, name: str) -> str:
    """What a text says after it has said the name once more."""
    same = name and text.casefold().startswith(name.casefold())
    return text[len(name) :].strip(" ,;:-") if same else text
