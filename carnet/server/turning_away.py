"""Refusing at the connection: what would be refused in its turn is told so before a task, a route or a future is made for it.

Under three times the load that a worker can do, two of three requests are refused, and what that costs is taken from those that are served
(docs/decisions/0050-costs-of-a-request.md). Who is refused is `Admission`'s to say, here as in the endpoint; what is anything but an ordinary
small SOAP request is left to the endpoint, whatever it is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from carnet.config import Settings
from carnet.errors import Busy, CarnetError
from carnet.server.admission import COME_BACK, NOBODY, Admission
from carnet.server.bodies import BodyRoom
from carnet.server.operation import Operation
from carnet.server.pieces import headers_of
from carnet.server.transport import caller_certificate
from carnet.server.urgency import LARGE, claims_urgency, in_multipart, transaction_of
from carnet.soap.door import URGENT, SoapDoor, new_message_id

_MESSAGE_ID = re.compile(rb"urn:uuid:[0-9a-f-]{36}")
_OTHERWISE = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade"})
"""Headers of a request that the endpoint is to judge."""


@dataclass(slots=True)
class Held:
    """A request whose head says that it may be refused, unless its body claims that it must not wait.

    What came of the body counts as held until `let_go`.
    """

    service: str
    said: str
    client: bytes
    room: BodyRoom
    began: float = field(default_factory=time.perf_counter)
    _body: list[bytes] = field(default_factory=list)
    _size: int = 0

    def take(self, piece: bytes) -> bool:
        """Keeps a piece of the body; False, and nothing is kept of it, when there is no room for it among the others."""
        if not self.room.room_for(self.client, len(piece)):
            return False
        self._body.append(piece)
        self._size += len(piece)
        self.room.hold(self.client, len(piece))
        return True

    def let_go(self) -> bytes:
        """What came of the body, which counts no longer."""
        self.room.hold(self.client, -self._size)
        self._size = 0
        return self._body[0] if len(self._body) == 1 else b"".join(self._body)


class TurningAway:
    """Who is refused at the connection, in one worker."""

    def __init__(
        self, settings: Settings, services: Iterable[str], admission: Admission, operation: Operation, door: SoapDoor
    ) -> None:
        self._settings = settings
        self._services = {f"{settings.base_path}/{name}".encode(): name for name in services}
        self._admission, self._operation, self._door = admission, operation, door
        self._written = lru_cache(maxsize=64)(self._write)

    @property
    def begins(self) -> bool:
        """Whether anybody may be refused now; otherwise nothing needs to be looked at."""
        return bool(len(self._admission.room)) and not self._operation.stopping

    def held(self, scope: Any, method: bytes, target: bytes) -> Held | None:
        """By its head, a request that may be refused as an ordinary one when its end has come; None for every other."""
        service = self._services.get(target)
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        if service is None or method != b"POST" or not length.isdigit() or int(length) > LARGE:
            return None
        said = transaction_of(headers.get(b"content-type", b""))
        if said in URGENT or not _OTHERWISE.isdisjoint(headers):
            return None
        try:
            client = caller_certificate(self._settings, scope) or NOBODY
        except CarnetError:
            return None
        bodies = self._admission.bodies
        if not bodies.room_for(client, int(length)):
            return None
        return Held(service, said, client, bodies)

    def refusal(self, held: Held, body: bytes) -> tuple[list[tuple[bytes, bytes]], bytes] | None:
        """The headers and the body of a refusal, counted and measured; None when a request is to go its way all the same."""
        if not self._admission.would_refuse(held.client):
            self._admission.comes(held.client)
            return None
        if held.client != NOBODY and claims_urgency(held.service, held.said, body):
            return None
        try:
            self._admission.refuse_early(held.client)
        except Busy as busy:
            headers, (first, *others) = self._written(in_multipart(held.said), busy.retry_after)
            self._operation.measure(held.said or "unknown", "error", time.perf_counter() - held.began)
            return headers, b"".join([first, *(piece for one in others for piece in (_fresh(), one))])
        return None

    def _write(self, multipart: bool, seconds: int) -> tuple[list[tuple[bytes, bytes]], list[bytes]]:
        """A refusal as the door writes it, cut where its message identifier stands."""
        answer = self._door.refuse(Busy(COME_BACK, retry_after=seconds), multipart=multipart)
        return headers_of(answer), _MESSAGE_ID.split(b"".join(answer.chunks))


def _fresh() -> bytes:
    return new_message_id().encode()
