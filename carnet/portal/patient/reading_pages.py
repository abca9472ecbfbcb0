"""Reading a document in the space: our own view of it, that says it is ours, with the signed original beside.

A CDA stands in a frame without permissions, under a policy by which nothing runs; a file becomes pictures made in an enclosed process, or text.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import partial
from typing import Literal

from starlette.responses import HTMLResponse, Response

from carnet.cda.contents import contents_of
from carnet.cda.rendering import PAGE_POLICY, page_of
from carnet.cda.section_model import Contents
from carnet.errors import InvalidDocument
from carnet.portal.visit import Visit
from carnet.record.own_documents import OwnDocuments, SpaceDocument
from carnet.record.retrieval import fetch
from carnet.viewing.refusals import SENTENCES, NotShown
from carnet.viewing.showing import Drawing, shown
from carnet.viewing.shown import Pages, Text
from carnet.viewing.side_room import ROOM

AT_ONCE = 3
"""Pages of a file that one page of ours shows."""


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows: a frame, pictures (as data), a text, or why none of them."""

    kind: Literal["frame", "pages", "text", "nothing"]
    pictures: tuple[tuple[int, str, int, int], ...] = ()
    first: int = 1
    count: int = 0
    text: str = ""
    cut: bool = False
    why: str = ""


async def read(visit: Visit) -> Response:
    """Our view of a document."""
    content, about = await _content(visit)
    first = visit.request.query_params.get("page", "1")
    number = int(first) if first.isascii() and first.isdigit() and len(first) < 6 else 1
    view = await ROOM.look(partial(view_of, content, number, visit.language))
    return visit.page("reading.html", about=about, view=view, at_once=AT_ONCE)


async def frame(visit: Visit) -> Response:
    """The CDA alone, for the frame of our page. Raises InvalidDocument for what is none."""
    content, _about = await _content(visit)
    text = await ROOM.look(partial(framed, content, visit.language))
    headers = {"content-security-policy": PAGE_POLICY, "x-frame-options": "SAMEORIGIN"}
    return HTMLResponse(text, headers=headers)


def framed(content: bytes, language: str) -> str:
    """The CDA as a page of ours for the frame. Raises InvalidDocument for what is none."""
    return page_of(contents_of(content, Drawing(), language=language), language=language)


async def _content(visit: Visit) -> tuple[bytes, SpaceDocument]:
    located, about = visit.desk(OwnDocuments).original(visit.patient, visit.request.path_params["document"])
    return await fetch(visit.space.gate.platform, located), about


def view_of(content: bytes, number: int, language: str) -> View:
    """How a document is shown: a CDA with sections in a frame, the file that another wraps, or the file that it is."""
    try:
        contents: Contents | None = contents_of(content, _not_drawn, language=language)
    except InvalidDocument:
        contents = None
    if contents is not None and contents.wrapped is None:
        return View("frame")
    return _file(contents.wrapped.content if contents is not None and contents.wrapped else content, number, language)


def _not_drawn(_content: bytes) -> None:
    """No picture is made to learn what a document is."""


def _file(content: bytes, number: int, language: str) -> View:
    try:
        found = shown(content, first=number, most=AT_ONCE)
    except NotShown as refusal:
        return View("nothing", why=SENTENCES[language][refusal.cause])
    if isinstance(found, Text):
        return View("text", text=found.text, cut=found.cut)
    return _pages(found, number)


def _pages(found: Pages, number: int) -> View:
    pictures = tuple(
        (
            one.number,
            f"data:{one.picture.media_type};base64,{base64.b64encode(one.picture.content).decode()}",
            one.picture.width,
            one.picture.height,
        )
        for one in found.pages
    )
    return View("pages", pictures=pictures, first=number, count=found.count)
