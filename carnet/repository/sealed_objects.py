"""Segments that were closed, whole in the object store: sent, compared byte by byte, read in part."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from carnet.errors import IntegrityFailure
from carnet.repository.object_store import PIECE, Absent, ObjectStore

FOLDER = "segments"


class SealedObjects:
    """The sealed segments of all machines."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def upload(self, segment: str, pieces: Iterator[bytes], sha256: bytes) -> None:
        """Puts a segment. Raises IntegrityFailure, and puts nothing, when the pieces are not those of that digest."""
        self._store.put_pieces(_name(segment), _only_whole(pieces, sha256))

    def holds(self, segment: str, size: int, sha256: bytes, go_on: Callable[[], None]) -> bool:
        """Reads the whole object back and compares it: what the store says of itself is not believed.

        Raises OutOfResources, and what `go_on` raises, which is called before each piece.
        """
        try:
            if self._store.size(_name(segment)) != size:
                return False
            digest = hashlib.sha256()
            for offset in range(0, size, PIECE):
                go_on()
                digest.update(self._store.read(_name(segment), offset, min(PIECE, size - offset)))
        except Absent:
            return False
        return digest.digest() == sha256

    def is_there(self, segment: str, size: int) -> bool:
        """Whether the store has an object of this name and size now. Raises OutOfResources."""
        try:
            return self._store.size(_name(segment)) == size
        except Absent:
            return False

    def read(self, segment: str, offset: int, length: int) -> bytes:
        """Raises Absent, OutOfResources."""
        return self._store.read(_name(segment), offset, length)

    def remove(self, segment: str) -> None:
        """Removes a segment in which nothing can be read any more."""
        self._store.remove([_name(segment)])


def _name(segment: str) -> str:
    return f"{FOLDER}/{segment}"


def _only_whole(pieces: Iterator[bytes], sha256: bytes) -> Iterator[bytes]:
    """The pieces; the last one only when all of them together have the digest."""
    digest, last = hashlib.sha256(), None
    for piece in pieces:
        if last is not None:
            yield last
        digest.update(piece)
        last = piece
    if last is None or digest.digest() != sha256:
        raise IntegrityFailure("A segment is not what it was when it was closed.")
    yield last
