"""Frames of segments that are still written, put into the object store a group at a time before the group is acknowledged.

One object is what one sync made durable: bytes `start` and following of a segment file. Its name counts down, so that of all objects of a
segment the first at or after a place's own name is the one in which the place stands. Bytes that were sent are never sent otherwise: what
comes late or twice changes nothing.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from carnet.errors import IntegrityFailure, OutOfResources
from carnet.repository.object_store import Absent, ObjectStore

FOLDER = "unsealed"
_LAST = (1 << 48) - 1
QUIET = 1.0
"""Seconds, at least, after a failed put in which no document is taken: what only reads is not kept waiting for one put after the other."""
QUIET_TIMES = 5
"""How many times as long as the failed put was waited for it is quiet."""
_LOG = logging.getLogger("carnet.repository")


def _name(offset: int) -> str:
    return f"{_LAST - offset:012x}"


class UnsealedObjects:
    """The objects of all machines' open segments."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._senders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="unsealed")
        self._quiet_until = 0.0

    def check(self) -> None:
        """Raises OutOfResources when a put has just failed."""
        if time.monotonic() < self._quiet_until:
            raise _away()

    def send(self, segment: str, start: int, content: bytes) -> Future[None]:
        """Begins to put what stands in a segment from `start`; `confirm` waits for it."""
        return self._senders.submit(self._store.put, f"{FOLDER}/{segment}/{_name(start)}", content)

    def confirm(self, sent: Sequence[Future[None]]) -> None:
        """Waits until all is put. Raises OutOfResources when anything is not, or may not be."""
        began = time.monotonic()
        try:
            for future in sent:
                future.result()
        except Exception as error:
            waited = time.monotonic() - began
            self._quiet_until = began + waited + max(QUIET, QUIET_TIMES * waited)
            _LOG.error("documents could not be written through to the object store")
            raise _away() from error

    def read(self, segment: str, offset: int, length: int) -> bytes:
        """Raises Absent, OutOfResources."""
        folder = f"{FOLDER}/{segment}"
        found = self._store.first_from(folder, _name(offset))
        if found is None:
            raise Absent(segment)
        start = _LAST - int(found[0], 16)
        return self._store.read(f"{folder}/{found[0]}", offset - start, length)

    def compare(self, segment: str, read: Callable[[int, int], bytes], go_on: Callable[[], None]) -> None:
        """Compares each object of a segment with what `read` (offset, length) gives of the whole; `go_on` is called before each.

        Raises IntegrityFailure when one says otherwise, OutOfResources, what `go_on` raises.
        """
        for name in list(self._store.names(f"{FOLDER}/{segment}")):
            go_on()
            with contextlib.suppress(Absent):  # another keeper removed it
                content = self._store.read(name, 0, self._store.size(name))
                if content != _from_whole(read, _LAST - int(name.rpartition("/")[2], 16), len(content)):
                    raise IntegrityFailure("What was written through of a segment is not in the segment.")

    def sweep(self, segment: str) -> int:
        """Removes the objects of a segment, once it is in the store whole; returns how many."""
        names = list(self._store.names(f"{FOLDER}/{segment}"))
        if names:
            self._store.remove(names)
        return len(names)

    def close(self) -> None:
        """Ends the senders."""
        self._senders.shutdown(wait=False, cancel_futures=True)


def _from_whole(read: Callable[[int, int], bytes], offset: int, length: int) -> bytes:
    try:
        return read(offset, length)
    except Absent:
        raise IntegrityFailure("A segment is shorter than what was written through of it.") from None


def _away() -> OutOfResources:
    return OutOfResources("Documents cannot be made safe now: their store does not answer. Try again later.")
