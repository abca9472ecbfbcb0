"""One request of a professional in one open record: whose it is, in which mode, and how acts, pages and forms are made for it alone.

The record is named by the handle in the address, so two tabs on two patients act each on its own; a form carries the handle's token, so what
was made for one patient never acts on another.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from carnet.clock import to_datetime
from carnet.portal.dates_in_words import PARIS
from carnet.portal.file_forms import FileForm
from carnet.portal.languages import Language, language_of
from carnet.portal.professional.caller import Caller
from carnet.portal.professional.pro_space import NotOpenHere, ProSpace
from carnet.portal.shell import Endpoint, safe_path
from carnet.portal.visit import see_other
from carnet.record.act import Act
from carnet.record.open_records import Opening, opening_of
from carnet.requester import Requester

T = TypeVar("T")
ROOT = "/pro/patients"
TABS = (
    "",
    "/documents",
    "/resultats",
    "/chronologie",
    "/deposer",
    "/synthese",
    "/examens-deja-faits",
    "/equipe",
    "/acces",
)
"""Paths that the banner links, in this order, those of them that are pages. The first is where an open record begins."""
WITHOUT_READING = ("/entree", "/identite", "/quitter", "/deposer", "/depots", "/acces", "/equipe")
"""Paths of pages for whom the record's documents are not open to: entering, feeding (R1111-47 CSP), one's own traces."""
FEEDING = ("/deposer", "/synthese/brouillon", "/synthese/lignes", "/synthese/parties", "/synthese/relire")
"""Paths of pages that prepare or make a document: the person's identity is to have been checked first (RNIV), before any work is done in vain.

Correcting one's own deposits is not among them: what was deposited for a wrong person is taken away by whoever doubts who it is.
"""
ENTRY, IDENTITY = "/entree", "/identite"
WISH = "suite"
"""The field of an address that says where in the record to go on."""
LONGEST_WISH = 1000


@dataclass(frozen=True, slots=True)
class ProVisit:
    """The request, the professional, and the record that is open in the session under the handle of the address."""

    space: ProSpace
    request: Request
    caller: Caller
    opening: Opening
    tabs: tuple[str, ...] = ()
    """Those of TABS that are pages."""

    @property
    def language(self) -> Language:
        """Fr or en."""
        return language_of(self.request)

    @property
    def handle(self) -> str:
        """What names the open record in this session and nowhere else."""
        return self.opening.handle

    @property
    def requester(self) -> Requester:
        """The professional, asking about this patient, in the mode and with the reason of the opening."""
        one = self.opening
        return replace(
            self.caller.requester, patient=one.patient, mode=one.mode, reason=one.reason, secret_connection=one.secret
        )

    async def perform(self, act: Act[T]) -> T:
        """Does one act of theirs in this record through the gate."""
        return await self.space.gate.perform(self.requester, act)

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page in this record, under its banner; its forms act on it alone."""
        return self.space.page(
            self.request,
            template,
            status=status,
            record=self.handle,
            opening=self.opening,
            tabs=self.tabs,
            root=self.path(),
            here=self.here,
            done=self.request.query_params.get("fait", ""),
            onward=aside("", self.wish),
            emergency_reason=self.opening.stated_reason(self.language),
            age=age_of(
                self.opening.traits.birth_date, to_datetime(self.space.gate.platform.clock()).astimezone(PARIS).date()
            ),
            **values,
        )

    async def form(self) -> dict[str, str]:
        """The fields of a form that was made for this record. Raises ForeignForm, OtherRecord, MalformedMessage."""
        return await self.space.form(self.request, self.handle)

    async def files(self) -> FileForm:
        """The fields and files of a form that was made for this record. Raises TooLarge and Busy too."""
        limit = self.space.gate.platform.settings.upload_file_bytes
        return await self.space.file_form(self.request, self.handle, limit)

    def path(self, rest: str = "") -> str:
        """The address of a page in this record; `rest` is '' or begins with a slash."""
        return f"{ROOT}/{self.handle}{rest}"

    @property
    def here(self) -> str:
        """The path of this page within the record."""
        return str(self.request.scope["path"]).removeprefix(self.path())

    @property
    def wish(self) -> str:
        """The page of this record to which who was led aside wanted to go, '' for none: what follows the root, query and fragment included."""
        wished = self.request.query_params.get(WISH, "")
        inside = wished.startswith(("/", "#", "?")) and ".." not in unquote(wished)
        return wished if inside and len(wished) <= LONGEST_WISH and safe_path(self.path(wished), "") else ""

    @property
    def destination(self) -> str:
        """Where who may read goes on: the page that was wished for, by itself the one where an open record begins."""
        return self.path(self.wish or (self.tabs[0] if self.tabs else ENTRY))


@dataclass(frozen=True, slots=True)
class Age:
    """Whole years and whole months since birth; None where the day of birth is not known."""

    years: int | None
    months: int | None


def age_of(birth_date: str, today: dt.date) -> Age:
    """The age of somebody born on a date of 8 digits."""
    try:
        born = dt.datetime.strptime(birth_date, "%Y%m%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return Age(None, None)
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    return Age(months // 12, months) if months >= 0 else Age(None, None)


ProPage = Callable[[ProVisit], Awaitable[Response]]


def aside(page: str, wish: str) -> str:
    """The path within a record of a page that comes first, which says where to go on from there; '' for nowhere else."""
    return f"{page}?{WISH}={quote(wish, safe='')}" if wish else page


def _under(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in roots)


def visiting_record(space: ProSpace, page: ProPage, tabs: tuple[str, ...], path: str) -> Endpoint:
    """An endpoint in an open record; `path` is that of its route. A handle of another session, ended or unknown is answered like one that never was.

    Who may not read the documents is led to the ways of entering; who has not checked the person's identity, to that before feeding. Both lead back.
    """
    reads, feeds = not _under(path, WITHOUT_READING), _under(path, FEEDING)

    async def visited(request: Request) -> Response:
        visit = open_visit(space, request, tabs)
        query = request.url.query
        asked = (f"{visit.here}?{query}" if query else visit.here) if request.method == "GET" else ""
        if reads and not visit.opening.may_read:
            return see_other(visit.path(aside(ENTRY, asked)))
        if feeds and not visit.opening.identity_checked:
            return see_other(visit.path(aside(IDENTITY, asked)))
        return await page(visit)

    return space.endpoint(visited)


def open_visit(space: ProSpace, request: Request, tabs: tuple[str, ...]) -> ProVisit:
    """The record that the address names. Raises SignInNeeded, and NotOpenHere."""
    caller = space.current_caller(request)
    handle = str(request.path_params["handle"])
    opening = opening_of(space.gate, caller.requester, caller.session_id, handle)
    if opening is None:
        raise NotOpenHere("No such record is open in this session.")
    if opening.in_emergency:
        space.in_emergency(request, handle)
    return ProVisit(space, request, caller, opening, tabs)
