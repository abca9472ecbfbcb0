"""One request of a signed-in person: who they are, whose record is open, and how acts and pages are made for both."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from carnet.errors import CarnetError
from carnet.metadata import PatientIdentifier
from carnet.portal.file_forms import FileForm
from carnet.portal.languages import Language, language_of
from carnet.portal.person import Person
from carnet.portal.space import Endpoint, SignInNeeded, Space
from carnet.record.own_card import opaque
from carnet.record.own_circle import Whose, whose_records
from carnet.record.patient_room import PatientDesk

OPERATOR = "carnet:space"
"""Who writes in the trace for the person: the space, not somebody of the service."""
RECORD_COOKIE = "dossier"
D = TypeVar("D", bound=PatientDesk)


@dataclass(frozen=True, slots=True)
class Visit:
    """The request, the person, the records that the person may open, and the one that is open."""

    space: Space
    request: Request
    person: Person
    records: tuple[Whose, ...]
    open: Whose

    @property
    def language(self) -> Language:
        """Fr or en."""
        return language_of(self.request)

    @property
    def patient(self) -> PatientIdentifier:
        """Whose record is open."""
        return self.open.identifier

    @property
    def handle(self) -> str:
        """What names the open record in this session and nowhere else."""
        return handle_of(self.person, self.open)

    @property
    def keeper(self) -> str:
        """What names the person who is signed in to the scripts of this device, the same in each of their sessions."""
        return opaque(self.space.gate, "keeper", self.person.identifier.cx())

    def desk(self, kind: type[D]) -> D:
        """The acts of one kind, for this person on the open record."""
        acting = self.person.identifier if self.open.kind else None
        return kind(self.space.gate, OPERATOR, acting, self.person.assurance)

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page about the open record; the banner says whose it is where that is somebody else's."""
        return self.space.page(
            self.request,
            template,
            status=status,
            record=self.handle,
            done=self.request.query_params.get("fait", ""),
            **values,
        )

    async def form(self) -> dict[str, str]:
        """The fields of a form that was made for the open record. Raises ForeignForm, OtherRecord, MalformedMessage."""
        return await self.space.form(self.request, self.handle)

    async def files(self) -> FileForm:
        """The fields and files of a form that was made for the open record. Raises TooLarge and Busy too."""
        limit = self.space.gate.platform.settings.upload_file_bytes
        return await self.space.file_form(self.request, self.handle, limit)


Page = Callable[[Visit], Awaitable[Response]]


def handle_of(person: Person, whose: Whose) -> str:
    """A name for a record that nobody can guess or carry to another session."""
    text = f"record|{whose.identifier.cx()}".encode()
    return hmac.new(person.form_key, text, hashlib.sha256).hexdigest()[:32]


def visiting(space: Space, page: Page) -> Endpoint:
    """An endpoint for a signed-in person: who is not signed in is led to sign in, what fails is a sentence."""

    async def visited(request: Request) -> Response:
        return await page(open_visit(space, request))

    return space.endpoint(visited)


def open_visit(space: Space, request: Request) -> Visit:
    """The record that the person chose, proved anew to be theirs to open; their own where it is not, or not any more.

    From here on every page of this request says whose it is, one that tells of a mishap too.
    """
    person = space.current_person(request)
    records = whose_records(PatientDesk(space.gate, OPERATOR), person.identifier)
    wanted = request.cookies.get(space.cookie(RECORD_COOKIE), "")
    chosen = next((one for one in records if hmac.compare_digest(handle_of(person, one), wanted)), records[0])
    visit = Visit(space, request, person, records, chosen)
    request.state.around = {"whose": chosen, "records": records, "keeper": visit.keeper}
    return visit


def look_around(space: Space, request: Request) -> None:
    """Lets a page that is about no record say all the same whose is open, to somebody who is signed in."""
    with contextlib.suppress(CarnetError, SignInNeeded):
        open_visit(space, request)


def see_other(path: str) -> Response:
    """The page to read after a form was taken."""
    return RedirectResponse(path, status_code=303)
