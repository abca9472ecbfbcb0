"""Imaging: examinations with their reports, and where the images are."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from carnet.portal.patient.extract_waiting import filled
from carnet.portal.visit import Visit
from carnet.record.own_imaging import PAGE, OwnImaging

MAXIMUM_OFFSET = 1_000_000


async def examinations(visit: Visit) -> Response:
    """The examinations, twenty a page."""
    offset = visit.request.query_params.get("depuis", "0")
    start = min(int(offset), MAXIMUM_OFFSET) if offset.isascii() and offset.isdigit() and len(offset) < 9 else 0
    start -= start % PAGE
    found = await filled(visit, partial(visit.desk(OwnImaging).examinations, visit.patient, start))
    return visit.page("imaging.html", found=found, offset=start, page_size=PAGE)
