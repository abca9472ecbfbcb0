"""Frames that are not on this machine: read in part from the object store, kept in the cache once they were opened."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from carnet.errors import Busy
from carnet.repository.frame_cache import FrameCache
from carnet.repository.object_store import Absent
from carnet.repository.sealed_objects import SealedObjects
from carnet.repository.unsealed_objects import UnsealedObjects

T = TypeVar("T")
WAITING = 8
"""For each connection to the store, how many readings may wait for it."""


class FarFrames:
    """What all machines put into the store. `connections` readings run at once, beside the event loop."""

    def __init__(
        self, sealed: SealedObjects, unsealed: UnsealedObjects, cache: FrameCache, *, connections: int
    ) -> None:
        self._sealed = sealed
        self._unsealed = unsealed
        self._cache = cache
        self._room = threading.BoundedSemaphore(connections * (WAITING + 1))
        self._readers = ThreadPoolExecutor(max_workers=connections, thread_name_prefix="far-frames")

    def read(self, segment: str, offset: int, length: int) -> bytes:
        """Raises Absent, OutOfResources.

        A segment that is still written stands in objects of its own, which are removed once the whole is there: between the two looks.
        """
        for look in (self._sealed.read, self._unsealed.read):
            try:
                return look(segment, offset, length)
            except Absent:
                continue
        return self._sealed.read(segment, offset, length)

    def read_kept(self, segment: str, offset: int, length: int) -> bytes:
        """The frame from the cache. Raises Absent."""
        kept = self._cache.read(segment, offset, length)
        if kept is None:
            raise Absent(segment)
        return kept

    def keep(self, segment: str, offset: int, frame: bytes) -> None:
        """Keeps a frame that was opened."""
        self._cache.keep(segment, offset, frame)

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Runs a reading in a thread. Raises Busy when too many wait for the store already."""
        if not self._room.acquire(blocking=False):
            raise Busy("Too many documents are being fetched; try again in a moment.")
        try:
            future = self._readers.submit(work)
        except BaseException:
            self._room.release()
            raise
        future.add_done_callback(lambda _: self._room.release())
        return future

    def close(self) -> None:
        """Ends the readers; what they read now is of no use to anybody."""
        self._readers.shutdown(wait=False, cancel_futures=True)
