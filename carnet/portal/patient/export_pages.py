"""Taking the whole record away: what it will hold, one button, and the file, sent while it is made."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from functools import partial

from starlette.responses import Response, StreamingResponse

from carnet.cda.contents import contents_of
from carnet.cda.rendering import page_of
from carnet.clock import MINUTE, SECOND, to_datetime
from carnet.errors import CarnetError, InvalidDocument, UnknownDocument
from carnet.identity.sessions import Level
from carnet.portal.dates_in_words import PARIS
from carnet.portal.export_archive import BUNDLE, MANIFEST, Archive, sent
from carnet.portal.languages import LANGUAGES
from carnet.portal.patient.document_pages import file_name
from carnet.portal.space import file_of
from carnet.portal.visit import Visit, see_other
from carnet.record.document_reference import document_reference
from carnet.record.own_documents import SpaceDocument
from carnet.record.own_export import TOGETHER, Overview, OwnExport, TakenAway
from carnet.record.own_trail import OwnTrail
from carnet.record.retrieval import fetch
from carnet.record.step_up import Assurance
from carnet.viewing.kinds import EXTENSIONS, kind_of
from carnet.viewing.refusals import NotShown
from carnet.viewing.showing import Drawing
from carnet.viewing.side_room import SideRoom

TRAIL = "historique/historique.jsonl"
SENTENCES = "historique/historique.txt"
ALL_LINES = 1_000_000
INDEX_STYLE = """\
body{max-width:60rem;margin:0 auto;padding:1rem;font:1.1rem/1.5 system-ui,sans-serif;color:#16211F;background:#F4F6F5}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.5rem .75rem .5rem 0;border-top:1px solid #C9D2CF}
a{color:#0F5C5C}.quiet{color:#4A5754}code{overflow-wrap:anywhere}
"""
"""Of the index, which stands alone on the person's own machine."""
AT_ONCE = 2
"""Exports under way in a worker."""
READING = SideRoom(at_once=1, most=AT_ONCE)
"""Where their documents are made readable: not in the way of those who look at one."""
WHEN_IT_BEGAN = Assurance(Level.STRONG, 2**62)
"""An export that `OwnExport.begin` let begin goes on to its end, however long it takes: what was shown then is not asked again."""
_LOG = logging.getLogger("carnet.portal")


@dataclass(frozen=True, slots=True)
class Listed:
    """A document as the index of an export lists it; `original` and `readable` are paths in it, '' where there is none."""

    about: SpaceDocument
    original: str
    readable: str


async def show(visit: Visit) -> Response:
    """What the file will hold."""
    return _showing(visit)


def _showing(visit: Visit, *, status: int = 200, expired: bool = False) -> Response:
    overview = visit.desk(OwnExport).overview(visit.patient)
    minutes = visit.space.gate.platform.settings.export_minutes
    return visit.page("export.html", status=status, overview=overview, minutes=minutes, expired=expired)


async def ask(visit: Visit) -> Response:
    """Leads to the file, at an address that is this session's and lives for a while: a broken download is begun again."""
    await visit.form()
    visit.desk(OwnExport).ask(visit.patient)
    until = visit.space.gate.platform.clock() + visit.space.gate.platform.settings.export_minutes * MINUTE
    return see_other(f"/export/{ticket(visit, until // SECOND)}")


def ticket(visit: Visit, until: int) -> str:
    """The name of an export of the open record until a second, which only this session can use."""
    proof = hmac.new(visit.person.form_key, f"export|{visit.handle}|{until}".encode(), hashlib.sha256).hexdigest()
    return f"{until}-{proof[:32]}"


async def fetch_export(visit: Visit) -> Response:
    """The file. Raises UnknownDocument for an address that is not this session's; says so when it has expired."""
    file_of(visit.request, "/export")
    given = visit.request.path_params["ticket"]
    until = given.partition("-")[0]
    known = until.isascii() and until.isdigit() and len(until) < 12
    if not known or not hmac.compare_digest(given.encode(), ticket(visit, int(until)).encode()):
        raise UnknownDocument("No such export.")
    now = visit.space.gate.platform.clock()
    if now > int(until) * SECOND:
        return _showing(visit, status=410, expired=True)
    visit.space.departures.check()
    desk = visit.desk(OwnExport)
    course = Course(visit, desk.overview(visit.patient), desk.begin(visit.patient))
    body = sent(now, (course.documents, course.trail, course.index), visit.space.departures.counted())
    day = to_datetime(now).astimezone(PARIS).date().isoformat()
    headers = {
        "content-disposition": f'attachment; filename="carnet-{day}.zip"',
        "content-encoding": "identity",  # it is compressed as far as that is worth; nothing packs it again
    }
    return StreamingResponse(body, media_type="application/zip", headers=headers)


@dataclass(slots=True)
class Course:
    """One export under way: its steps, and what they leave for the index."""

    visit: Visit
    overview: Overview
    unique_ids: tuple[str, ...]
    listed: list[Listed] = field(default_factory=list)

    async def documents(self, archive: Archive) -> AsyncIterator[bytes]:
        """Every document as signed, a view of it that needs nothing but a browser, and its DocumentReference."""
        desk = replace(self.visit.desk(OwnExport), assurance=WHEN_IT_BEGAN)
        for start in range(0, len(self.unique_ids), TOGETHER):
            for one in desk.documents(self.visit.patient, self.unique_ids[start : start + TOGETHER]):
                content = await self._content(one)
                name = f"{len(self.listed) + 1:05}-{file_name(one.about, one.entry.mime_type)}"
                original = readable = ""
                if content is not None:
                    original = f"documents/{name}"
                    yield archive.add(original, content)
                    extension, view = await READING.look(partial(readable_of, content, self.visit.language))
                    if extension:
                        readable = f"lisible/{name.rpartition('.')[0]}.{extension}"
                        yield archive.add(readable, view)
                service = self.visit.space.gate.platform.settings.notice_service_name
                archive.keep_resource(document_reference(one.entry, url=original, custodian=service))
                self.listed.append(Listed(one.about, original, readable))
        for chunk in archive.bundle():
            yield chunk

    async def _content(self, one: TakenAway) -> bytes | None:
        """The bytes of a document; None when they cannot be read, which the index says and the log tells why."""
        if one.located is None:
            return None
        try:
            return await fetch(self.visit.space.gate.platform, one.located)
        except CarnetError as error:
            _LOG.warning("a document is missing from an export", extra={"reason": type(error).__name__})
            return None

    async def trail(self, archive: Archive) -> AsyncIterator[bytes]:
        """The trail in sentences and, for the holder, as the file that proves itself."""
        desk = replace(self.visit.desk(OwnTrail), assurance=WHEN_IT_BEGAN)
        told = desk.told(self.visit.patient, self.visit.language, who="all", limit=ALL_LINES)
        lines = sorted((*told.emergencies, *told.lines), key=lambda line: line.at, reverse=True)
        text = "\n".join(line.sentence for line in lines)
        yield archive.add(SENTENCES, f"{text}\n".encode())
        if self.overview.whole_trail:
            yield archive.add(TRAIL, desk.export(self.visit.patient))

    async def index(self, archive: Archive) -> AsyncIterator[bytes]:
        """The pages that one opens first, in both languages."""
        yield archive.add("index.css", INDEX_STYLE.encode())
        for language in LANGUAGES:
            name = "index.html" if language == self.visit.language else f"index-{language}.html"
            values = {
                "whose": self.visit.open,
                "at": archive.at,
                "listed": self.listed,
                "paths": {"trail": TRAIL, "sentences": SENTENCES, "bundle": BUNDLE, "manifest": MANIFEST},
                "whole_trail": self.overview.whole_trail,
                "other": next(one for one in LANGUAGES if one != language),
                "chosen": self.visit.language,
            }
            yield archive.add(name, self.visit.space.templates.render(language, "export_index.html", values).encode())


def readable_of(content: bytes, language: str) -> tuple[str, bytes]:
    """A view of a document that a browser shows by itself: the file that it wraps, or our page of it; ("", b"") where there is none."""
    try:
        contents = contents_of(content, Drawing(), language=language)
    except InvalidDocument:
        return "", b""
    if contents.wrapped is None:
        return "html", page_of(contents, language=language).encode()
    try:
        return EXTENSIONS[kind_of(contents.wrapped.content)], contents.wrapped.content
    except NotShown:
        return "", b""
