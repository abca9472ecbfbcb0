"""The shell of the patient's space: who is signed in, how a page is made, and what every endpoint goes through."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from carnet.portal.assets import Assets
from carnet.portal.file_forms import FileForm, Landing, read_file_form
from carnet.portal.form_protection import FIELD, check, check_origin, form_fields, token
from carnet.portal.languages import language_of
from carnet.portal.mishaps import FAILED, TOLD, Mishap, mishap_of
from carnet.portal.person import Person, Sessions
from carnet.portal.templating import Templates
from carnet.record.gate import Gate

SIGN_IN = "/connexion"
SIGN_OUT = "/deconnexion"
FORM_COOKIE = "formulaire"
TRY_AGAIN_AFTER = 5
"""Seconds that a page says to wait when something is away for a moment."""
Endpoint = Callable[[Request], Awaitable[Response]]
_LOG = logging.getLogger("carnet.portal")


class SignInNeeded(Exception):
    """Nobody is signed in, and the page is somebody's."""


@dataclass(slots=True)
class Space:
    """Everything that pages share in one worker."""

    gate: Gate
    sessions: Sessions
    assets: Assets = field(default_factory=Assets)
    landing: Landing = field(default_factory=Landing)
    departures: Landing = field(default_factory=lambda: Landing(most=2))
    templates: Templates = field(init=False)
    _busy: dict[tuple[str, bool, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.templates = Templates(self.assets)

    @property
    def secure(self) -> bool:
        """Whether browsers reach this by TLS, ours or a declared proxy's: a cookie is then sent by TLS alone."""
        settings = self.gate.platform.settings
        return settings.tls_enabled or bool(settings.declared_proxies)

    @property
    def sign_out(self) -> str:
        """Where one signs out, '' where the sessions have no such page."""
        paths = {getattr(one, "path", "") for one in self.sessions.routes()}
        return SIGN_OUT if SIGN_OUT in paths else ""

    def cookie(self, name: str) -> str:
        """The name of a cookie as the browser keeps it: `__Host-` says that no neighbour could have set it."""
        return f"__Host-{name}" if self.secure else name

    def set_cookie(self, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
        """Sets a cookie that no script reads and no other site sends, for this browser session or for some seconds."""
        response.set_cookie(
            self.cookie(name), value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def current_person(self, request: Request) -> Person:
        """Who is signed in. Raises SignInNeeded, which `page` answers with the way to `/connexion` and back."""
        person = self.person_or_nobody(request)
        if person is None:
            raise SignInNeeded
        return person

    def person_or_nobody(self, request: Request) -> Person | None:
        """Who is signed in, asked once a request."""
        if not hasattr(request.state, "person"):
            request.state.person = self.sessions.person(request)
        found: Person | None = request.state.person
        return found

    def form_key(self, request: Request) -> bytes:
        """What signs the forms of this browser: the session's secret, or before any session that of a cookie."""
        person = self.person_or_nobody(request)
        if person is not None:
            return person.form_key
        if not hasattr(request.state, "form_secret"):
            request.state.form_secret = request.cookies.get(self.cookie(FORM_COOKIE), "") or secrets.token_urlsafe(32)
        return str(request.state.form_secret).encode()

    async def form(self, request: Request, record: str = "") -> dict[str, str]:
        """The fields of a form that one of our pages made for this record, '' for none. Raises ForeignForm, OtherRecord, MalformedMessage."""
        check_origin(request)
        fields = await form_fields(request)
        check(self.form_key(request), record, fields.pop(FIELD, ""))
        return fields

    async def file_form(self, request: Request, record: str, limit: int) -> FileForm:
        """The same of a form with files of at most `limit` bytes together. Raises TooLarge and Busy too."""
        check_origin(request)
        with self.landing.berth():
            form = await read_file_form(request, limit)
        check(self.form_key(request), record, form.fields.pop(FIELD, ""))
        return form

    def check_token(self, request: Request, record: str, given: str) -> None:
        """Whether a script of ours on a page made for this record sends this; `given` is the page's token. Raises ForeignForm, OtherRecord."""
        check_origin(request)
        check(self.form_key(request), record, given)

    async def plain_form(self, request: Request) -> dict[str, str]:
        """The fields of what another service sends by itself: no page of ours made it, and no browser's session is behind it."""
        return await form_fields(request)

    def page(
        self, request: Request, template: str, *, status: int = 200, record: str = "", **values: Any
    ) -> HTMLResponse:
        """A page of a template, with what every page needs. `record` is the handle of the record that its forms are for."""
        person = self.person_or_nobody(request)
        key = self.form_key(request)
        shared: Mapping[str, Any] = {
            "path": page_path(request),
            "signed_in": person is not None,
            "token": token(key, record),
            "token_field": FIELD,
            "sign_out": self.sign_out,
        }
        around: Mapping[str, Any] = getattr(request.state, "around", {})
        text = self.templates.render(language_of(request), template, {**shared, **around, **values})
        response = HTMLResponse(text, status_code=status, headers={"vary": "cookie, accept-language, hx-request"})
        if person is None and self.cookie(FORM_COOKIE) not in request.cookies:
            self.set_cookie(response, FORM_COOKIE, key.decode())
        return response

    def endpoint(self, work: Endpoint) -> Endpoint:
        """An endpoint that always answers with a page: what it raises becomes a sentence, the cause of which is in the log alone."""

        async def answered(request: Request) -> Response:
            try:
                return await work(request)
            except SignInNeeded:
                return self._to_sign_in(request)
            except TOLD as error:
                return self.mishap(request, mishap_of(error))
            except Exception:  # noqa: BLE001 - whatever it is, the person gets a page that says so
                _LOG.exception("a page failed")
                return self.mishap(request, FAILED)

        return answered

    def mishap(self, request: Request, told: Mishap) -> Response:
        """The page of what went wrong: its cause, the next step, and a reference that the log has too."""
        reference = secrets.token_hex(4)
        if told.status >= 500:
            _LOG.error("a page could not be shown", extra={"reason": f"{told.name} {reference}"})
        values: dict[str, Any] = {"status": told.status, "told": told.name, "reference": reference}
        try:
            response = self.page(request, "mishap.html", **values)
        except Exception:  # noqa: BLE001 - who is signed in cannot be known: the page is nobody's
            request.state.person, request.state.around = None, {}
            response = self.page(request, "mishap.html", **values)
        if told.status == 503:
            response.headers["retry-after"] = str(TRY_AGAIN_AFTER)
        return response

    def busy(self, request: Request, seconds: int) -> HTMLResponse:
        """The page of a request that was not begun. It costs hardly anything: it is nobody's, and made once for each wait and language."""
        language, sent = language_of(request), request.method not in {"GET", "HEAD"}
        text = self._busy.get((language, sent, seconds))
        if text is None:
            values = {"path": "/", "signed_in": False, "sign_out": "", "sent": sent, "seconds": seconds}
            text = self._busy[language, sent, seconds] = self.templates.render(language, "busy.html", values)
        headers = {"retry-after": str(seconds), "vary": "accept-language, cookie"}
        return HTMLResponse(text, status_code=503, headers=headers)

    def _to_sign_in(self, request: Request) -> Response:
        back = request.url.path if request.method == "GET" and request.url.path != "/" else ""
        return RedirectResponse(f"{SIGN_IN}?suite={quote(back)}" if back else SIGN_IN, status_code=303)


def page_path(request: Request) -> str:
    """The path of the page that a person looks at: of an answer to a form, that of the page where it stood; of a file, what `file_of` said."""
    page: str = getattr(request.state, "page", "")
    if page:
        return page
    if request.method == "GET":
        return request.url.path
    from_page = urlsplit(request.headers.get("referer", ""))
    ours = from_page.netloc.lower() == request.headers.get("host", "").lower()
    return safe_path(from_page.path) if ours else "/"


def file_of(request: Request, page: str) -> None:
    """Says that a request is for a file which a page offers: what goes wrong leads back to that page."""
    request.state.page = page


def safe_path(path: str) -> str:
    """A path of ours to go back to, '/' for anything that could lead elsewhere."""
    inside = path.startswith("/") and not path.startswith("//") and not set(path) & set("\\\r\n\t")
    return path if inside and path.isascii() and path.isprintable() else "/"
