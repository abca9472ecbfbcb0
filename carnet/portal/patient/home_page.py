"""The first page: what is new since the last visit; and whose record is open."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from carnet.errors import RecordClosed
from carnet.portal.patient.result_words import shown_result
from carnet.portal.visit import RECORD_COOKIE, Visit, handle_of, see_other
from carnet.record.homecoming import Homecoming


async def show(visit: Visit) -> Response:
    """What is new, the newest documents, or the first useful things to do; of a record that is not open, the way to another."""
    handle = partial(handle_of, visit.person)
    try:
        arrival = visit.desk(Homecoming).arrive(visit.patient)
    except RecordClosed:
        if visit.open.kind:
            return see_other("/proches")
        return visit.page("not_open.html", status=403, handle=handle)
    compared = arrival.lines.result
    points = (compared.last, compared.before) if compared else ()
    last, before = [shown_result(one.result, visit.language, final=True) for one in points] or (None, None)
    return visit.page("home.html", arrival=arrival, last=last, before=before, handle=handle)


async def switch(visit: Visit) -> Response:
    """Opens another of the person's records; a name that is none of them opens nothing."""
    fields = await visit.form()
    wanted = next((one for one in visit.records if handle_of(visit.person, one) == fields.get("dossier")), None)
    response = see_other("/")
    if wanted is not None:
        visit.space.set_cookie(response, RECORD_COOKIE, handle_of(visit.person, wanted))
    return response
