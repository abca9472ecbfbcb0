"""What the script of the adding pages asks for: a file sent in parts, each tried again until it is there. Answers are JSON.

Without the script the same files come with the plain form, and end in the same act.
"""

from __future__ import annotations

import re

from starlette.responses import JSONResponse, Response

from carnet.errors import MalformedMessage
from carnet.portal.file_forms import SentFile, read_part
from carnet.portal.patient.adding_pages import here, taken
from carnet.portal.visit import Visit
from carnet.record.own_drafts import About, Full, OwnDrafts
from carnet.record.sent_parts import Arrived, OwnParts

PART_BYTES = 1024 * 1024
MOST_PARTS = 64
TOKEN_HEADER = "x-jeton"  # noqa: S105 - the name of a header
_FILE = re.compile(r"[0-9a-f]{32}")


async def begin(visit: Visit) -> Response:
    """Begins a document, for files that will come in parts."""
    _check(visit)
    try:
        draft_id = visit.desk(OwnDrafts).begin(visit.patient, About())
    except Full as full:
        return JSONResponse({"cause": full.limit}, status_code=422)
    return JSONResponse({"draft": here(draft_id)})


async def held(visit: Visit) -> Response:
    """Which parts of a file are there already, and whether it was taken in: its last answer may have been lost."""
    file_id, _number, _count = _asked(visit)
    found = visit.desk(OwnParts).held(visit.patient, visit.request.path_params["draft"], file_id)
    return JSONResponse(_told(visit, found))


async def take(visit: Visit) -> Response:
    """Keeps a part; with the last one the file is taken in, or the answer says why not (`cause`, a name of refusals)."""
    _check(visit)
    file_id, number, count = _asked(visit)
    if not 0 <= number < count <= MOST_PARTS:
        raise MalformedMessage("This is no part of a file.")
    with visit.space.landing.berth():
        data = await read_part(visit.request, PART_BYTES)
    desk, draft_id = visit.desk(OwnParts), visit.request.path_params["draft"]
    try:
        arrived = desk.take(visit.patient, draft_id, file_id, number, data, count=count)
    except Full as full:
        desk.forget(visit.patient, draft_id, file_id)
        return JSONResponse({"cause": full.limit}, status_code=422)
    if arrived.content is None:
        return JSONResponse(_told(visit, arrived))
    return await _whole(visit, draft_id, file_id, arrived.content)


def _told(visit: Visit, arrived: Arrived) -> dict[str, object]:
    done = {"done": True, "draft": here(visit.request.path_params["draft"])} if arrived.done else {}
    return {"held": list(arrived.held), **done}


async def _whole(visit: Visit, draft_id: str, file_id: str, content: bytes) -> Response:
    new, wrong = await taken([SentFile("", content)])
    cause = wrong[0].cause if wrong else ""
    try:
        if new:
            visit.desk(OwnDrafts).add(visit.patient, draft_id, new, file_id=file_id)
    except Full as full:
        cause = full.limit
    if cause:
        visit.desk(OwnParts).forget(visit.patient, draft_id, file_id)
        return JSONResponse({"cause": cause}, status_code=422)
    return JSONResponse({"done": True, "draft": here(draft_id)})


def _check(visit: Visit) -> None:
    visit.space.check_token(visit.request, visit.handle, visit.request.headers.get(TOKEN_HEADER, ""))


def _asked(visit: Visit) -> tuple[str, int, int]:
    asked = visit.request.query_params
    file_id = asked.get("fichier", "")
    if not _FILE.fullmatch(file_id):
        raise MalformedMessage("This names no file.")
    try:
        return file_id, int(asked.get("partie", "0")[:6]), int(asked.get("parties", "0")[:6])
    except ValueError as error:
        raise MalformedMessage("This is no part of a file.") from error
