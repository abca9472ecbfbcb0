"""The spaces of the portal under admission: each page begins in its turn, beside the requests of care software, or is told when to come back.

A person waits in their own line, whatever device or network they come by; whoever is not known yet, in that of their address. Which person a
browser is of is learnt from the pages that it was answered before: it names a line, and opens nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import re
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from carnet.errors import Busy, CarnetError
from carnet.portal.assets import PREFIX
from carnet.portal.form_protection import MAXIMUM_FORM
from carnet.portal.mishaps import mishap_of
from carnet.portal.person import Person
from carnet.portal.professional.caller import Caller
from carnet.portal.professional.pro_mounting import is_professional
from carnet.portal.security_headers import SecurityHeaders
from carnet.portal.shell import Shell
from carnet.requester import AccessMode
from carnet.server.admission import Admission
from carnet.server.bodies import Body, read_body
from carnet.server.operation import Operation
from carnet.server.shares import Metered
from carnet.server.transport import caller_address, is_gone
from carnet.server.waiting_room import Waiter

K = TypeVar("K")
V = TypeVar("V")
AT_ONCE = 6
"""Pages of one person under way or in line: as many as a browser asks for at once."""
REMEMBERED = 10_000
"""Browsers whose person is remembered, those answered last."""
STRANGERS = 16
"""Lines of those who are not known, by their addresses: however many addresses somebody has, they are not more clients than these."""
NAME, PRO = "space", "pro"
"""What the figures call a page of either space, and the beginning of the names of its lines."""
_HIDES_OR_BLOCKS = re.compile(r"/documents/[^/]+/masquer|/acces/(?:professionnel|choix)")
_PROFESSIONAL_HIDES = re.compile(r"/pro/patients/[^/]+/(?:documents/[^/]+/changer|depots/[^/]+/masquer)")
_WHAT = b"quoi"
"""The field of a professional's form that says which change it makes."""
_OF_RECORD = re.compile(r"/pro/patients/(?P<handle>[^/]+)(?:/.*)?")
_MODES = tuple(mode.value.encode() for mode in AccessMode if mode is not AccessMode.NORMAL)


def claims_urgency(scope: Scope, body: bytes = b"") -> bool:
    """Whether a request says that it hides a document, keeps somebody out, writes a general choice or breaks the glass; nothing of it is proved."""
    if scope["method"] != "POST":
        return False
    path = scope["path"]
    enters = _OF_RECORD.fullmatch(path) is not None and path.endswith("/entree")
    return _hides_or_blocks(path, body) or (enters and any(mode in body for mode in _MODES))


def _hides_or_blocks(path: str, body: bytes) -> bool:
    if _PROFESSIONAL_HIDES.fullmatch(path) is not None:
        return path.endswith("/masquer") or dict(parse_qsl(body)).get(_WHAT) == b"masquer"
    return _HIDES_OR_BLOCKS.fullmatch(path) is not None


@dataclass(slots=True)
class Lines:
    """In whose line a request waits."""

    address_of: Callable[[Scope], str]
    name: str = NAME
    _known: OrderedDict[bytes, bytes] = field(default_factory=OrderedDict)
    _salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    _emergencies: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def person(self, scope: Scope) -> bytes:
        """The line of the person whose browser this was when it was last answered, b'' when that is not known."""
        return self._known.get(_browser(scope), b"")

    def stranger(self, scope: Scope) -> bytes:
        """The line of an address: one of a few, which nobody can choose."""
        number = hashlib.sha256(self._salt + neighbourhood(self.address_of(scope)).encode()).digest()[0] % STRANGERS
        return f"{self.name}|stranger {number}".encode()

    def learn(self, scope: Scope) -> None:
        """Remembers who a browser is of, when the page that was just made found that out."""
        state = scope.get("state", {})
        name, browser = _name(state.get("person")), _browser(scope)
        if name and browser:
            _keep(self._known, browser, self.name.encode() + b"|" + hashlib.sha256(name.encode()).digest())
        if name and state.get("emergency"):
            _keep(self._emergencies, state["emergency"], None)

    def in_emergency(self, scope: Scope) -> bool:
        """Whether a page is of a record that was in an emergency mode when this worker was last asked for a page of it."""
        found = _OF_RECORD.fullmatch(scope["path"])
        return found is not None and found["handle"] in self._emergencies


def _name(somebody: object) -> str:
    """What tells one who is signed in from another, '' for nobody."""
    if isinstance(somebody, Caller):
        return somebody.requester.identifier
    return somebody.identifier.cx() if isinstance(somebody, Person) else ""


def _keep(found: OrderedDict[K, V], key: K, value: V) -> None:
    found[key] = value
    found.move_to_end(key)
    while len(found) > REMEMBERED:
        found.popitem(last=False)


def _browser(scope: Scope) -> bytes:
    """What tells browsers apart without keeping what they show."""
    cookies = [value for name, value in scope["headers"] if name == b"cookie"]
    return hashlib.sha256(b"; ".join(cookies)).digest() if cookies else b""


def neighbourhood(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address, which one subscriber has whole."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)


class SpaceInTurn:
    """One space of one worker, as the server asks it. `begun` is called when a page begins: it will not come to the gate's queue."""

    def __init__(
        self,
        space: Starlette,
        admission: Admission,
        operation: Operation,
        begun: Callable[[], None] = lambda: None,
        name: str = NAME,
    ) -> None:
        self.app = space
        self.space: Shell = space.state.space
        self.name = name
        self.admission = admission
        self.operation = operation
        self.in_progress = 0
        settings = operation.platform.settings
        self.largest = max(settings.maximum_document_bytes, settings.upload_file_bytes) + MAXIMUM_FORM
        self.lines = Lines(lambda scope: caller_address(settings, scope), name)
        self._begun = begun
        self._of_person: Counter[bytes] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call. What a page is dressed with needs no turn."""
        if scope["type"] != "http" or scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        statuses: list[int] = []
        async with contextlib.AsyncExitStack() as stack:

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])
                    self.operation.measure(self.name, _outcome(message["status"]), time.perf_counter() - began)
                await send(message)

            try:
                body, turn = await self._let_in(scope, receive, stack)
            except CarnetError as error:
                await self._turned_away(scope, receive, sending, error)
                return

            async def answered(message: Message) -> None:
                """The page is made: the turn is over, however slowly it is read."""
                if message["type"] == "http.response.start":
                    self.lines.learn(scope)
                    turn.true = turn.claimed and message["status"] < 400 and self._bears_out(scope)
                    await stack.aclose()
                await sending(message)

            turn.work = Metered(self.app(scope, _again(body, receive), answered))
            await turn.work

    async def _let_in(self, scope: Scope, receive: Receive, stack: contextlib.AsyncExitStack) -> tuple[bytes, Waiter]:
        """Reads the body, waits for a turn. Raises Busy, TooLarge, MalformedMessage. Who is not known sends nothing larger than a form."""
        person = self.lines.person(scope)
        line = person or self.lines.stranger(scope)
        if person:
            self._count(person, stack)
        held = stack.enter_context(Body(self.admission.bodies, line))
        limit = self.largest if person or self._is_somebody(scope) else MAXIMUM_FORM
        body = await read_body(receive, dict(scope["headers"]), limit, held)
        urgent = claims_urgency(scope, body) or bool(person and self.lines.in_emergency(scope))
        turn = await stack.enter_async_context(self.admission.turn(line, urgent=urgent, gone=is_gone(scope)))
        self.in_progress += 1
        stack.callback(self._leave)
        self._begun()
        return body, turn

    def _is_somebody(self, scope: Scope) -> bool:
        """Whether who sends more than a form has a session, though this worker was not asked for a page by that browser yet."""
        length = dict(scope["headers"]).get(b"content-length", b"")
        if scope["method"] != "POST" or (length.isdigit() and len(length) < 12 and int(length) <= MAXIMUM_FORM):
            return False
        with contextlib.suppress(CarnetError):
            return self.space.somebody(Request(scope)) is not None
        return False

    def _bears_out(self, scope: Scope) -> bool:
        """Whether an answer proves the claim to be urgent: somebody is there, and a professional hid a document or has the record open in an emergency."""
        of_emergency = bool(scope.get("state", {}).get("emergency"))
        hides = _PROFESSIONAL_HIDES.fullmatch(scope["path"]) is not None
        return bool(self.lines.person(scope)) and (self.name != PRO or of_emergency or hides)

    def _leave(self) -> None:
        self.in_progress -= 1

    def _count(self, person: bytes, stack: contextlib.AsyncExitStack) -> None:
        if self._of_person[person] >= AT_ONCE:
            self.operation.refused("ordinary", "full")
            raise Busy("Too many pages are asked for at once; try again in a moment.", retry_after=1)
        self._of_person[person] += 1
        stack.callback(self._uncount, person)

    def _uncount(self, person: bytes) -> None:
        self._of_person[person] -= 1
        if not self._of_person[person]:
            del self._of_person[person]

    async def _turned_away(self, scope: Scope, receive: Receive, send: Send, error: CarnetError) -> None:
        """A page that says so, for which nobody is asked who it is."""
        request = Request(scope)
        request.state.person = None
        response: Response
        if isinstance(error, Busy):
            response = self.space.busy(request, error.retry_after)
        else:
            response = self.space.mishap(request, mishap_of(error))
        await SecurityHeaders(response)(scope, receive, send)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read once more, then whatever comes after it."""
    given = False

    async def receiving() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


def _outcome(status: int) -> str:
    return "success" if status < 400 else "refused" if status < 500 else "error"


class Portal:
    """What answers whatever no other door does: the professional's pages at their paths, the patient's space at every other."""

    def __init__(self, patient: SpaceInTurn, professional: SpaceInTurn) -> None:
        self.patient, self.professional = patient, professional

    @property
    def in_progress(self) -> int:
        """Pages that began and are not answered yet."""
        return self.patient.in_progress + self.professional.in_progress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call."""
        of_professionals = scope["type"] == "http" and is_professional(scope["path"])
        await (self.professional if of_professionals else self.patient)(scope, receive, send)
