"""Reading a document: from the nearest place that has it whole. Nothing that was altered anywhere leaves."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from carnet.errors import CarnetError, IntegrityFailure, OutOfResources
from carnet.repository.far_frames import FarFrames
from carnet.repository.frames import open_frame
from carnet.repository.object_store import Absent
from carnet.repository.preparation import expand
from carnet.repository.readers import Readers

_LOG = logging.getLogger("carnet.repository")


class Missing(IntegrityFailure):
    """No place has anything of a document."""

    def __init__(self) -> None:
        super().__init__("The file of a stored document is missing.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame stands: name of the segment file, offset and length of the frame in bytes."""

    segment: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Sought:
    """A document as the registry knows it: its place, its key, and what its content must be."""

    place: Place
    dek: bytes = field(repr=False)
    object_id: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Source:
    """A place where frames may be. `read` (segment, offset, length) raises Absent or OutOfResources; `files` are those it keeps open."""

    name: str
    read: Callable[[str, int, int], bytes]
    files: Readers | None = None


class FrameReading:
    """The places of one machine, nearest first, and the object store where there is one."""

    def __init__(self, near: Sequence[Source], far: FarFrames | None = None) -> None:
        self._far = far
        self._near = [*near, Source("cache", far.read_kept)] if far is not None else list(near)

    def read(self, sought: Sought) -> bytes:
        """The content, after its seal, its size and its SHA-256 were checked. Waits for the object store.

        Raises IntegrityFailure when no place has it whole, Missing when none has anything of it, OutOfResources when one that may have it does not answer.
        """
        try:
            return self._first_whole(self._near, sought)
        except (IntegrityFailure, OutOfResources) as failure:
            if self._far is None:
                raise
            return self._read_far(self._far, sought, failure)

    async def fetch(self, sought: Sought) -> bytes:
        """The same, the object store beside the event loop. Raises Busy too."""
        try:
            return self._first_whole(self._near, sought)
        except (IntegrityFailure, OutOfResources) as failure:
            if self._far is None:
                raise
            work = partial(self._read_far, self._far, sought, failure)
        return await asyncio.wrap_future(self._far.begin(work))

    def sealed_frame(self, place: Place) -> bytes:
        """A frame as it stands, still encrypted: it is compared with nothing. Raises IntegrityFailure when it is nowhere, OutOfResources."""
        far = [Source("object store", self._far.read)] if self._far is not None else []
        for source in [*self._near, *far]:
            with contextlib.suppress(Absent):
                return source.read(place.segment, place.offset, place.length)
        raise Missing

    def let_go(self) -> None:
        """Gives back files that were removed meanwhile."""
        for files in self._files():
            files.let_go()

    def close(self) -> None:
        """Gives back all files, and ends what reads the object store."""
        for files in self._files():
            files.clear()
        if self._far is not None:
            self._far.close()

    def _files(self) -> list[Readers]:
        return [source.files for source in self._near if source.files is not None]

    def _read_far(self, far: FarFrames, sought: Sought, near: CarnetError) -> bytes:
        """From the object store; when it has nothing, what went wrong near is told."""
        try:
            return self._first_whole([Source("object store", far.read)], sought, keep=far.keep)
        except IntegrityFailure as failure:
            if isinstance(near, OutOfResources) or isinstance(failure, Missing):
                raise near from None
            raise

    def _first_whole(
        self, sources: Sequence[Source], sought: Sought, keep: Callable[[str, int, bytes], None] | None = None
    ) -> bytes:
        place = sought.place
        failure: CarnetError | None = None
        for source in sources:
            try:
                frame = source.read(place.segment, place.offset, place.length)
                content = _opened(frame, sought)
            except Absent:
                continue
            except OutOfResources as error:
                failure = error
            except IntegrityFailure as error:
                failure = failure or error
                about = {"segment": place.segment, "offset": place.offset, "source": source.name}
                _LOG.critical("a stored document is damaged", extra=about)
            else:
                if keep is not None:
                    keep(place.segment, place.offset, frame)
                return content
        raise failure or Missing


def _opened(frame: bytes, sought: Sought) -> bytes:
    content = expand(*open_frame(frame, sought.dek, sought.object_id), sought.size)
    if not hmac.compare_digest(hashlib.sha256(content).digest(), sought.sha256):
        raise IntegrityFailure("A stored document is not the one that was registered.")
    return content
