"""What must not wait behind reads: masks, blocks, emergencies. What is known of that before a message is read, and who is believed.

The action of the Content-Type tells ITI-57 and TD0.3. An emergency stands in the assertion alone: a look at the bytes finds its word. Both are
claims. They move a request forward, never back, and each client has few of them under way at once; one that proves false is not given back
for a while, so that a liar uses up his own and nobody else's (docs/decisions/0023-overload.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from carnet.errors import MalformedMessage
from carnet.requester import AccessMode
from carnet.soap.content_type import media_type
from carnet.soap.door import ALWAYS_MULTIPART, URGENT
from carnet.soap.operations import BY_TRANSACTION

LARGE = 256 * 1024
"""Bytes. What is larger carries a document, and is neither a mask nor an emergency's search or reading."""
LOOKED_AT = 64 * 1024
"""Bytes at the beginning of a message, where its header and the name of its request stand."""
CLAIMS = 8
"""Urgent requests that one client may have waiting or under way, or false claims that it has in hand."""
REGAINED_AFTER = 10.0
"""Seconds after which one false claim is forgotten."""
_STRETCH = 16 * 1024
"""Bytes of one look: beyond 30,000 CPython searches by another algorithm, which takes five times as long for these words."""
_MODES = tuple(mode.value.encode() for mode in AccessMode if mode is not AccessMode.NORMAL)
_WORDS: dict[str, tuple[bytes, ...]] = {
    # service (last segment of the path): what a message says somewhere when it must not wait
    "registry": (*_MODES, b"SubmitObjectsRequest"),
    "habilitations": (*_MODES, b"setAuthorization"),
}
_BY_ACTION = {one.action: one.transaction for one in BY_TRANSACTION.values()}


def transaction_of(content_type: bytes) -> str:
    """The transaction that the action of a Content-Type names (SOAP 1.2 Part 2 §7.1.4), '' when it names none of ours, or is unreadable.

    Where one action carries several transactions any of them is named.
    """
    try:
        _, parameters = media_type(content_type.decode("latin-1"))
        action = parameters.get("action") or media_type(parameters.get("start-info", ""))[1].get("action", "")
    except MalformedMessage:
        return ""
    return _BY_ACTION.get(action, "")


def in_multipart(transaction: str) -> bool:
    """Whether a refusal of this transaction goes out in MTOM."""
    return transaction in ALWAYS_MULTIPART


def claims_urgency(service: str, transaction: str, body: bytes) -> bool:
    """Whether a request says that it is a mask, a block or an emergency; nothing of it is proved."""
    if transaction in URGENT:
        return True
    return len(body) <= LARGE and any(_says(body, word) for word in _WORDS.get(service, _MODES))


def _says(body: bytes, word: bytes) -> bool:
    """Whether a word stands in the bytes that are looked at."""
    end = min(len(body), LOOKED_AT)
    return any(body.find(word, at, min(end, at + _STRETCH + len(word) - 1)) >= 0 for at in range(0, end, _STRETCH))


class Credit:
    """How far each client's claims are believed. Remembers only clients that have some under way, or said what was not so."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used: dict[bytes, tuple[int, float]] = {}

    def take(self, client: bytes) -> bool:
        """Takes one claim of a client; False when it has none left."""
        used, since = self._now(client)
        if used >= CLAIMS:
            return False
        self._used[client] = (used + 1, since)
        return True

    def settle(self, client: bytes, *, true: bool) -> None:
        """What came of a claim that was taken: one that was true is given back at once, another with time."""
        used, since = self._now(client)
        if true and used:
            self._used[client] = (used - 1, since)
        if self._used.get(client, (0, 0.0))[0] == 0:
            self._used.pop(client, None)

    def _now(self, client: bytes) -> tuple[int, float]:
        used, since = self._used.get(client, (0, self._clock()))
        regained = int((self._clock() - since) / REGAINED_AFTER)
        if not regained:
            return used, since
        found = (max(0, used - regained), since + regained * REGAINED_AFTER)
        self._used[client] = found
        return found
