"""What the spaces of the portal share: how a page is made, how its forms are checked, and what every endpoint goes through."""

from __future__ import annotations

import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from carnet.portal.assets import Assets
from carnet.portal.file_forms import FileForm, Landing, read_file_form
from carnet.portal.form_protection import FIELD, check, check_origin, form_fields, token
from carnet.portal.languages import language_of
from carnet.portal.mishaps import FAILED, TOLD, Mishap, mishap_of
from carnet.portal.templating import Templates
from carnet.record.gate import Gate

TRY_AGAIN_AFTER = 5
"""Seconds that a page says to wait when something is away for a moment."""
Endpoint = Callable[[Request], Awaitable[Response]]
_LOG = logging.getLogger("carnet.portal")


class SignInNeeded(Exception):
    """Nobody is signed in, and the page is somebody's."""


class Somebody(Protocol):
    """Who is signed in, as far as the shell needs to know: the secret of the session, which signs forms and is never sent as it is."""

    @property
    def form_key(self) -> bytes:
        """The secret."""
        ...


@dataclass(slots=True)
class Shell(ABC):
    """Everything that the pages of one space share in one worker. What differs between spaces stands in the class."""

    gate: Gate
    assets: Assets = field(default_factory=Assets, kw_only=True)
    landing: Landing = field(default_factory=Landing, kw_only=True)
    departures: Landing = field(default_factory=lambda: Landing(most=2), kw_only=True)
    templates: Templates = field(init=False)
    _busy: dict[tuple[str, bool, int], str] = field(default_factory=dict, init=False)

    HOME: ClassVar[str]
    """The path of the space's first page, to which a sign-in leads by itself."""
    SIGN_IN: ClassVar[str]
    FORM_COOKIE: ClassVar[str]
    """The cookie whose secret signs forms before anybody is signed in."""
    MISHAP: ClassVar[str]
    FRAME: ClassVar[str]
    """Templates: what went wrong, and the frame of every page."""

    def __post_init__(self) -> None:
        self.templates = Templates(self.assets)

    @abstractmethod
    def somebody(self, request: Request) -> Somebody | None:
        """Who is signed in, asked once a request and kept in its state as `person`."""

    @property
    @abstractmethod
    def sign_out(self) -> str:
        """Where one signs out, '' where the sessions have no such page."""

    def told(self, error: Exception) -> Mishap:
        """How an error is told in this space."""
        return mishap_of(error)

    def values(self, request: Request | None) -> Mapping[str, Any]:
        """What the templates of this space find besides; of no request, what they find on a page that is nobody's."""
        del request
        return {}

    def look_around(self, request: Request) -> None:
        """Called before a page that is about nobody's record: a space may find out whose is open, for `values`. It raises nothing."""
        del request

    @property
    def secure(self) -> bool:
        """Whether browsers reach this by TLS, ours or a declared proxy's: a cookie is then sent by TLS alone."""
        settings = self.gate.platform.settings
        return settings.tls_enabled or bool(settings.declared_proxies)

    def cookie(self, name: str) -> str:
        """The name of a cookie as the browser keeps it: `__Host-` says that no neighbour could have set it."""
        return f"__Host-{name}" if self.secure else name

    def set_cookie(self, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
        """Sets a cookie that no script reads and no other site sends, for this browser session or for some seconds."""
        response.set_cookie(
            self.cookie(name), value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def cookie_of(self, request: Request, name: str) -> str:
        """The value of one of our cookies, '' for none."""
        return request.cookies.get(self.cookie(name), "")

    def forget_cookies(self, response: Response, *names: str) -> Response:
        """Takes cookies back."""
        for name in names:
            response.delete_cookie(self.cookie(name), path="/", secure=self.secure, httponly=True, samesite="lax")
        return response

    def form_key(self, request: Request) -> bytes:
        """What signs the forms of this browser: the session's secret, or before any session that of a cookie."""
        person = self.somebody(request)
        if person is not None:
            return person.form_key
        if not hasattr(request.state, "form_secret"):
            known = self.cookie_of(request, self.FORM_COOKIE)
            request.state.form_secret = known or secrets.token_urlsafe(32)
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
        person = self.somebody(request)
        key = self.form_key(request)
        shared: Mapping[str, Any] = {
            "path": page_path(request, self.HOME),
            "signed_in": person is not None,
            "token": token(key, record),
            "token_field": FIELD,
            "sign_out": self.sign_out,
        }
        text = self.templates.render(language_of(request), template, {**shared, **self.values(request), **values})
        response = HTMLResponse(text, status_code=status, headers={"vary": "cookie, accept-language, hx-request"})
        if person is None and self.cookie(self.FORM_COOKIE) not in request.cookies:
            self.set_cookie(response, self.FORM_COOKIE, key.decode())
        return response

    def endpoint(self, work: Endpoint) -> Endpoint:
        """An endpoint that always answers with a page: what it raises becomes a sentence, the cause of which is in the log alone."""

        async def answered(request: Request) -> Response:
            try:
                return await work(request)
            except SignInNeeded:
                return self._to_sign_in(request)
            except TOLD as error:
                return self.mishap(request, self.told(error))
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
            response = self.page(request, self.MISHAP, **values)
        except Exception:  # noqa: BLE001 - who is signed in cannot be known: the page is nobody's
            request.state.person, request.state.around = None, {}
            response = self.page(request, self.MISHAP, **values)
        if told.status == 503:
            response.headers["retry-after"] = str(TRY_AGAIN_AFTER)
        return response

    def busy(self, request: Request, seconds: int) -> HTMLResponse:
        """The page of a request that was not begun. It costs hardly anything: it is nobody's, and made once for each wait and language."""
        language, sent = language_of(request), request.method not in {"GET", "HEAD"}
        text = self._busy.get((language, sent, seconds))
        if text is None:
            values = {"path": self.HOME, "signed_in": False, "sign_out": "", "sent": sent, "seconds": seconds}
            values |= {"frame": self.FRAME, **self.values(None)}
            text = self._busy[language, sent, seconds] = self.templates.render(language, "busy.html", values)
        headers = {"retry-after": str(seconds), "vary": "accept-language, cookie"}
        return HTMLResponse(text, status_code=503, headers=headers)

    def _to_sign_in(self, request: Request) -> Response:
        back = request.url.path if request.method == "GET" and request.url.path != self.HOME else ""
        return RedirectResponse(f"{self.SIGN_IN}?suite={quote(back)}" if back else self.SIGN_IN, status_code=303)


def answered_by_space(work: Endpoint) -> Endpoint:
    """An endpoint that always answers with a page, for routes that are made before their space is."""

    async def answered(request: Request) -> Response:
        space: Shell = request.app.state.space
        return await space.endpoint(work)(request)

    return answered


def page_path(request: Request, home: str = "/") -> str:
    """The path of the page that a person looks at: of an answer to a form, that of the page where it stood; of a file, what `file_of` said."""
    page: str = getattr(request.state, "page", "")
    if page:
        return page
    if request.method == "GET":
        return request.url.path
    from_page = urlsplit(request.headers.get("referer", ""))
    ours = from_page.netloc.lower() == request.headers.get("host", "").lower()
    return safe_path(from_page.path, home) if ours else home


def file_of(request: Request, page: str) -> None:
    """Says that a request is for a file which a page offers: what goes wrong leads back to that page."""
    request.state.page = page


def safe_path(path: str, home: str = "/") -> str:
    """A path of ours to go back to, `home` for anything that could lead elsewhere."""
    inside = path.startswith("/") and not path.startswith("//") and not set(path) & set("\\\r\n\t")
    return path if inside and path.isascii() and path.isprintable() else home
