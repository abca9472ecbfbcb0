"""An answer in the pieces in which it is sent, and the headers before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from carnet.soap.door import Answer

AT_ONCE = 64 * 1024
"""Bytes that are put together before they are sent: one piece of a megabyte would be fresh memory for each answer."""


def put_together(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What is sent at once: short chunks together, up to AT_ONCE bytes; a longer one alone, as it is."""
    waiting: list[bytes] = []
    size = 0
    for chunk in chunks:
        if waiting and size + len(chunk) > AT_ONCE:
            yield b"".join(waiting)
            waiting, size = [], 0
        waiting.append(chunk)
        size += len(chunk)
    yield b"".join(waiting)


def headers_of(answer: Answer, *, closing: bool = False) -> list[tuple[bytes, bytes]]:
    """The headers of an answer; `closing` is that its connection ends with it."""
    headers = [
        (b"content-type", answer.content_type.encode("latin-1")),
        (b"content-length", b"%d" % sum(map(len, answer.chunks))),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if closing:
        headers.append((b"connection", b"close"))
    if answer.retry_after:
        headers.append((b"retry-after", b"%d" % answer.retry_after))
    return headers
