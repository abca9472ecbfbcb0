"""The timeline: episodes of one year, the years as a strip whose height is how much there is, and gaps that say that they are gaps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

from starlette.responses import Response

from carnet.portal.professional.pro_days import short_day
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.professional.pro_waiting import filled
from carnet.record.document_families import Family
from carnet.record.pro_timeline import PAGE, UNDATED, Episode, Span, timeline

GAP_DAYS = 90
"""Days without anything accessible from which on the page says so."""
TALLEST = 40
"""Units of height of the year with the most documents."""


@dataclass(frozen=True, slots=True)
class ShownEpisode:
    """An episode, and the whole months before it in which nothing is accessible (0: no gap that is worth a word)."""

    episode: Episode
    gap_months: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One year of the strip: `height` of `TALLEST`, at least 1 where there is a document."""

    year: str
    count: int
    height: int


async def show(visit: ProVisit) -> Response:
    """One year of the timeline. What is shown stands in the address: `annee`, `famille`, `structure`, `depuis`."""
    span = span_in(visit)
    found = await filled(visit, partial(timeline, span))
    return visit.page(
        "pro_timeline.html",
        base=visit.path(),
        found=found,
        span=span,
        episodes=shown_episodes(found.episodes),
        bars=bars(found.years),
        tallest=TALLEST,
        undated=UNDATED,
        page_size=PAGE,
        short=partial(short_day, language=visit.language),
    )


def span_in(visit: ProVisit) -> Span:
    """What the address asks for; what makes no sense asks for nothing."""
    query = visit.request.query_params
    year, family, offset = query.get("annee", ""), query.get("famille", ""), query.get("depuis", "")
    return Span(
        year=year if year == UNDATED or (len(year) == 4 and year.isascii() and year.isdigit()) else "",
        family=family if family in set(Family) else "",
        structure=query.get("structure", ""),
        offset=int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 6 else 0,
    )


def shown_episodes(episodes: Sequence[Episode]) -> list[ShownEpisode]:
    """Episodes, the newest first, each with the gap that parts it from the older one below."""
    return [ShownEpisode(one, _gap(one, older)) for one, older in zip_longest(episodes, episodes[1:])]


def _gap(one: Episode, older: Episode | None) -> int:
    later, earlier = _date(one.first), _date(older.last) if older is not None else None
    if later is None or earlier is None or (later - earlier).days < GAP_DAYS:
        return 0
    return (later - earlier).days // 30


def _date(day: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(day, "%Y%m%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None


def bars(years: Sequence[tuple[str, int]]) -> list[Bar]:
    """The strip: heights in proportion to the year with the most documents."""
    most = max((count for _, count in years), default=1) or 1
    return [Bar(year, count, -(-count * TALLEST // most)) for year, count in years]
