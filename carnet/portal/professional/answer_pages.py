"""What a professional answers for: the history of accesses to a record, their own journal day by day; and the map of keys."""

from __future__ import annotations

import datetime as dt

from starlette.responses import Response

from carnet.clock import to_datetime
from carnet.portal.dates_in_words import PARIS
from carnet.portal.languages import language_of
from carnet.portal.professional.caller_visit import CallerVisit
from carnet.portal.professional.pro_documents import number
from carnet.portal.professional.pro_space import KEYS_COOKIE
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.visit import see_other
from carnet.record.answering import access_history
from carnet.record.pro_journal import MOST_LINES, MOST_RECORDS, journal_of_day

YEAR = dt.timedelta(days=365)
ONE_DAY = dt.timedelta(days=1)


async def history(visit: ProVisit) -> Response:
    """The accesses to this record: everybody's for the médecin traitant, one's own for others."""
    return visit.page("pro_history.html", told=await visit.perform(access_history(visit.language)))


async def journal(visit: CallerVisit) -> Response:
    """One day of one's own accesses, in the sentences that the patients read."""
    today = to_datetime(visit.space.gate.platform.clock()).astimezone(PARIS).date()
    day = _asked_day(visit.request.query_params.get("jour", ""), today)
    offset = number(visit.request.query_params.get("depuis", ""))
    told = await visit.perform(journal_of_day(day, language_of(visit.request), offset=offset))
    before = day - ONE_DAY if day > today - YEAR else None
    after = day + ONE_DAY if day < today else None
    return visit.page(
        "pro_journal.html",
        told=told,
        day=day,
        before=before,
        after=after,
        today=today,
        onward=offset + MOST_RECORDS,
        most=MOST_LINES,
    )


async def keys(visit: CallerVisit) -> Response:
    """The help, with the map of keys."""
    return visit.page("pro_help.html")


async def turn_keys(visit: CallerVisit) -> Response:
    """Turns single keys off or on in this browser (WCAG 2.1.4)."""
    fields = await visit.form()
    response = see_other("/pro/aide")
    said = "non" if fields.get("raccourcis") == "non" else "oui"
    visit.space.set_cookie(response, KEYS_COOKIE, said, seconds=YEAR // dt.timedelta(seconds=1))
    return response


def _asked_day(text: str, today: dt.date) -> dt.date:
    """A day of the year that is over, today for anything else."""
    try:
        asked = dt.date.fromisoformat(text)
    except ValueError:
        return today
    return asked if today - YEAR <= asked <= today else today
