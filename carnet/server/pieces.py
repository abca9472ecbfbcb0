"""An answer in the pieces in which it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
