"""Reading the body of a request within limits: its own, and what all bodies and large answers under way may hold together in one worker."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from starlette.types import Receive

from carnet.errors import Busy, MalformedMessage, TooLarge

SHARE = 0.5
"""How much of the whole one client may hold."""


class BodyRoom:
    """The memory for bodies of one worker: what was received of them until they are answered, in all and for each client."""

    def __init__(self, limit: int, largest: int) -> None:
        self.limit = limit
        self.share = max(largest, int(limit * SHARE))
        self.held = 0
        self._of_client: dict[bytes, int] = {}

    def room_for(self, client: bytes, size: int) -> bool:
        """Whether so many more bytes of a client have room now."""
        return self.held + size <= self.limit and self._of_client.get(client, 0) + size <= self.share

    def hold(self, client: bytes, size: int) -> None:
        """Counts bytes that were received; negative when they are given back."""
        self.held += size
        mine = self._of_client.get(client, 0) + size
        if mine:
            self._of_client[client] = mine
        else:
            self._of_client.pop(client, None)


class Body:
    """The body of one request, whose bytes count as held from their receipt to the end of the `with`."""

    def __init__(self, room: BodyRoom, client: bytes) -> None:
        self._room = room
        self._client = client
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._room.hold(self._client, -self._size)

    def expect(self, size: int) -> None:
        """Raises Busy when a body of a declared size has no room now."""
        if not self._room.room_for(self._client, size - self._size):
            raise Busy("Too much is being received; try again in a moment.")

    def received(self, size: int) -> None:
        """Counts what came. Raises Busy when there is no room for it."""
        self.expect(self._size + size)
        self.keep(size)

    def keep(self, size: int) -> None:
        """Counts what is there whether there is room or not: an answer, which nobody can refuse any more."""
        self._room.hold(self._client, size)
        self._size += size


def declared_length(headers: dict[bytes, bytes], limit: int) -> int | None:
    """The declared length of a body in bytes; None when none is. Raises TooLarge beyond `limit`, MalformedMessage for a compressed body."""
    declared = headers.get(b"content-length")
    length = int(declared) if declared is not None and declared.isdigit() else None
    if length is not None and length > limit:
        raise TooLarge(f"The request is larger than {limit} bytes.")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise MalformedMessage("Compressed requests are not accepted.")
    return length


async def read_body(receive: Receive, headers: dict[bytes, bytes], limit: int, body: Body) -> bytes:
    """The whole body, refused with TooLarge as soon as it is known to pass `limit` bytes; a broken one is a MalformedMessage.

    Raises Busy as soon as there is no room for it among the others.
    """
    length = declared_length(headers, limit)
    if length is not None:
        body.expect(length)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedMessage("The connection was closed before the request was complete.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The request is larger than {limit} bytes.")
        body.received(len(chunk))
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
