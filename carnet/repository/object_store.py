"""What Carnet asks of an object store: few calls, each of which may be done twice. No network here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

PIECE = 8 * 1024 * 1024
"""Bytes that are held at once while a whole segment is sent or read back."""


class Absent(Exception):
    """The store answered, and has no object of this name, or a shorter one than was asked for."""


class ObjectStore(Protocol):
    """Objects by name. A put is whole or not at all; putting the same bytes again, late or twice, changes nothing.

    Every call may raise OutOfResources: the store is away, slow, or refuses. Whether a put that ended so was done is then unknown.
    Safe with several threads.
    """

    def put(self, name: str, content: bytes) -> None:
        """Puts an object of a few megabytes."""
        ...

    def put_pieces(self, name: str, pieces: Iterator[bytes]) -> None:
        """Puts a large object, which appears when the last piece is there; what `pieces` raises leaves no object."""
        ...

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Exactly `length` bytes. Raises Absent."""
        ...

    def size(self, name: str) -> int:
        """Bytes of an object. Raises Absent."""
        ...

    def first_from(self, folder: str, name: str) -> tuple[str, int] | None:
        """Name (below `folder`) and bytes of the first object at or after `name` in the order of names, if any."""
        ...

    def names(self, folder: str) -> Iterator[str]:
        """Names of the objects of a folder, with the folder's."""
        ...

    def remove(self, names: Sequence[str]) -> None:
        """Removes objects; those that are not there do not matter."""
        ...
