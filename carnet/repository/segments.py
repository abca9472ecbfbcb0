"""Documents' bytes in append-only segment files: one file at a time per worker process, synced once for all who wait.

The order that makes an answer safe: append, sync, then the commit that names the place, then the answer. What was appended and never
named is unreachable, and harmless. A file is never reopened for writing: after a restart a new one begins.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from carnet.clock import SECOND, Clock, system_clock
from carnet.errors import IntegrityFailure, OutOfResources
from carnet.kill_points import reached
from carnet.repository.far_frames import FarFrames
from carnet.repository.file_system import FileSystem, OperatingSystem
from carnet.repository.frame_reading import FrameReading, Place, Sought, Source
from carnet.repository.frames import HEADER_BYTES, SEGMENT_HEADER, frame_length, read_header, seal_frame
from carnet.repository.object_store import Absent
from carnet.repository.preparation import Prepared, prepare
from carnet.repository.readers import Readers
from carnet.repository.unsealed_objects import UnsealedObjects

__all__ = ["Mark", "Place", "Prepared", "SegmentStore", "prepare"]

_START = len(SEGMENT_HEADER)
NAME = re.compile(r"[A-Za-z0-9_]+-[0-9a-f]+-[0-9a-f]{8}\.seg")
"""What a segment file is called: its worker, when it was begun (microseconds UTC, hexadecimal), eight random digits."""
_WORKER = re.compile(r"[A-Za-z0-9_]+")
FIRST_PAUSE = SECOND
LONGEST_PAUSE = 30 * SECOND
"""Microseconds without a new file after a file was given up; doubled each time until a sync succeeds."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def begun_at(name: str) -> int:
    """When a segment file was begun, by the clock of its machine (microseconds UTC)."""
    return int(name.split("-")[1], 16)


@dataclass(frozen=True, slots=True)
class Mark:
    """An end of the store that one may go back to; segment '' is the time before the first file."""

    segment: str
    offset: int


@dataclass(slots=True)
class _Segment:
    """A file that this process writes: `end` is where the next frame goes, `durable` what a power cut cannot take."""

    name: str
    handle: int
    begun: int
    end: int = 0
    durable: int = 0
    given_up: bool = False

    @property
    def waiting(self) -> bool:
        """Whether frames wait for a sync; an empty file does not count."""
        return self.end > max(self.durable, _START)


class SegmentStore:
    """The documents of one directory, as one worker process writes and reads them.

    Append, sync, mark and roll back from one thread at a time; read from any. After a failed write or sync nobody knows what the disk
    holds of the files that were written: they are given up, what they held and nobody was told of stays unreachable, and after a pause,
    longer each time, a new file is begun (docs/decisions/0022-failed-syncs.md). Reading goes on. A full disk met while appending is
    no such failure: the frame is taken back, and a later append may succeed at once.

    `segment_seconds` is the age at which `close_old` closes a file, 0 for never. Frames may also be read from `beside` (on this machine)
    and `far` (in the object store). With `through`, what is synced is in the object store too before `sync` returns; one that is away
    refuses documents while it is.
    """

    def __init__(
        self,
        directory: Path,
        worker: str,
        segment_bytes: int = 128 * 1024 * 1024,
        *,
        segment_seconds: int = 0,
        reserved_bytes: int = 0,
        file_system: FileSystem | None = None,
        clock: Clock = system_clock,
        beside: Sequence[Source] = (),
        far: FarFrames | None = None,
        through: UnsealedObjects | None = None,
    ) -> None:
        if not _WORKER.fullmatch(worker):
            raise ValueError("a worker's name is of letters, digits and underscores: it begins the names of its files")
        self._directory = directory
        self._worker = worker
        self._segment_bytes = segment_bytes
        self._segment_age = segment_seconds * 1_000_000
        self._reserved_bytes = reserved_bytes
        self._files = file_system or OperatingSystem()
        self._clock = clock
        self._written: list[_Segment] = []
        self._pause = 0
        self._refuses_until = 0
        self._readers = Readers(self._files, directory)
        self._reading = FrameReading([Source("disk", self._readers.read, self._readers), *beside], far)
        self._through = through
        self._files.make_directory(directory)

    # --- writing ---------------------------------------------------------------------------------------------------

    def append(self, prepared: Prepared, dek: bytes, object_id: str) -> Place:
        """Encrypts a document and writes it to the operating system; it is durable after the next `sync`.

        `dek` is the document's own 32-byte key. Raises OutOfResources when there is no room or the disk failed (nothing is kept).
        """
        self._check()
        return self._append(seal_frame(prepared.stored, prepared.compression, dek, object_id))

    def copy(self, place: Place, object_id: str) -> Place:
        """Appends the frame of another place as it is, to be synced like any other.

        Raises IntegrityFailure when it is not the frame of that object, which alone is compared: compare the segment first.
        """
        self._check()
        frame = self._reading.sealed_frame(place)
        header = read_header(frame)
        if header.length != len(frame) or header.object_digest != hashlib.sha256(object_id.encode()).digest():
            raise IntegrityFailure("Another object, or a part of one, stands in the document's place.")
        return self._append([frame])

    def _check(self) -> None:
        if 0 < self._refuses_until - self._clock() <= LONGEST_PAUSE:  # more: the clock was put back
            raise _refusal()
        if self._through is not None:
            self._through.check()

    def _append(self, parts: list[bytes]) -> Place:
        length = sum(map(len, parts))
        self._leave_room(length)
        segment = self._segment_for(length)
        self._write(segment, parts)
        place = Place(segment.name, segment.end, length)
        segment.end += length
        reached("document-appended")
        return place

    def sync(self) -> None:
        """Makes all that was appended durable, names of new files included; does nothing when nothing waits.

        Raises OutOfResources when that fails, or when something waits in a file that was given up: until it is rolled back.
        """
        waiting = [segment for segment in self._written if segment.waiting]
        if not waiting:
            return
        if any(segment.given_up for segment in waiting):
            raise _refusal()
        try:
            sent = [self._send(self._through, segment) for segment in waiting] if self._through is not None else []
            for segment in waiting:
                self._files.sync(segment.handle)
            reached("segments-synced")
            if not all(segment.durable for segment in waiting):
                self._files.sync_directory(self._directory)
        except OSError as error:
            self._give_up(*waiting)
            raise _refusal() from error
        for segment in waiting:
            # Never cut again: what was sent may arrive late, and nothing else may stand there.
            segment.durable = segment.end
        self._pause = 0
        self._retire()
        if self._through is not None:
            self._through.confirm(sent)

    def close_old(self) -> None:
        """Closes the file of this process when it is old, or begun in what is now the future, and all of it is durable: the next document begins another."""
        if not self._segment_age or not self._written or self._written[-1].given_up:
            return
        last = self._written[-1]
        if last.durable == last.end > _START and not 0 <= self._clock() - last.begun < self._segment_age:
            self._retire(keep=0)

    def mark(self) -> Mark:
        """The current end, to go back to when an act is refused."""
        return Mark(self._written[-1].name, self._written[-1].end) if self._written else Mark("", 0)

    def rollback_to(self, mark: Mark) -> None:
        """Takes back what was appended after a mark and not synced. Marks are gone back to last first.

        Raises nothing: a file that cannot be cut is given up.
        """
        for segment in reversed(self._written):
            floor = mark.offset if segment.name == mark.segment else _START
            keep = max(floor, segment.durable)
            if keep < segment.end:
                self._cut(segment, keep)
            if segment.name == mark.segment:
                return

    def close(self) -> None:
        """Gives the files back; what was not synced may be lost."""
        for segment in self._written:
            with contextlib.suppress(OSError):
                self._files.close(segment.handle)
        self._written.clear()
        self._reading.close()
        if self._through is not None:
            self._through.close()

    def _leave_room(self, length: int) -> None:
        """Documents do not take the room that the database needs to trace reading and to change masks."""
        try:
            short = self._reserved_bytes and self._files.free(self._directory) - length < self._reserved_bytes
        except OSError as error:
            raise _refusal() from error
        if short:
            raise _no_room()

    def _segment_for(self, length: int) -> _Segment:
        if self._written:
            current = self._written[-1]
            fits = current.end + length <= self._segment_bytes or current.end == _START
            if fits and not current.given_up:
                return current
        self._let_go()
        begun = self._clock()
        name = f"{self._worker}-{begun:x}-{secrets.token_hex(4)}.seg"
        try:
            segment = _Segment(name, self._files.create(self._directory / name), begun)
        except OSError as error:
            raise OutOfResources("No file could be opened for documents; try again later.") from error
        reached("segment-created")
        self._write(segment, [SEGMENT_HEADER])
        segment.end = _START
        self._written.append(segment)
        return segment

    def _write(self, segment: _Segment, parts: list[bytes]) -> None:
        try:
            self._files.write(segment.handle, parts, segment.end)
        except OSError as error:
            if segment.end and error.errno in _NO_ROOM:
                self._cut(segment, segment.end)
            elif segment.end:
                self._give_up(segment)
            else:
                self._remove(segment)
            raise _no_room() from error

    def _cut(self, segment: _Segment, length: int) -> None:
        """Shortens a file; one that was given up is left alone: what stands in it past its end is named nowhere."""
        try:
            if not segment.given_up:
                self._files.truncate(segment.handle, length)
        except OSError:
            self._give_up(segment)
        segment.end = length

    def _give_up(self, *segments: _Segment) -> None:
        """No byte is ever written to these files again, and none to another before a pause is over."""
        for segment in segments:
            segment.given_up = True
        self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
        self._refuses_until = self._clock() + self._pause

    def _let_go(self) -> None:
        """Closes the files that were given up and have nothing left that waits."""
        for segment in [one for one in self._written if one.given_up and not one.waiting]:
            self._written.remove(segment)
            with contextlib.suppress(OSError):
                self._files.close(segment.handle)

    def _remove(self, segment: _Segment) -> None:
        """Removes a file that has not even its header; one that cannot be removed holds nothing, and is not written again."""
        with contextlib.suppress(OSError):
            self._files.close(segment.handle)
        try:
            self._files.unlink(self._directory / segment.name)
        except OSError:
            self._give_up(segment)

    def _retire(self, keep: int = 1) -> None:
        """Closes the files that are full, now that all is durable; the newest `keep` stay open."""
        done = self._written[: len(self._written) - keep]
        for segment in done:
            with contextlib.suppress(OSError):
                self._files.close(segment.handle)
        del self._written[: len(done)]

    def _send(self, through: UnsealedObjects, segment: _Segment) -> Future[None]:
        content = self._files.read(segment.handle, segment.end - segment.durable, segment.durable)
        if len(content) != segment.end - segment.durable:
            raise OSError(errno.EIO, "what was written cannot be read")
        return through.send(segment.name, segment.durable, content)

    # --- reading ---------------------------------------------------------------------------------------------------

    def read(self, place: Place, dek: bytes, object_id: str, *, size: int, sha256: bytes) -> bytes:
        """The document's content, after its seal, its size and its SHA-256 were checked.

        Raises IntegrityFailure when anything differs or the file is missing, OutOfResources when disk or object store cannot be read.
        """
        return self._reading.read(_checked(Sought(place, dek, object_id, size, sha256)))

    async def fetch(self, place: Place, dek: bytes, object_id: str, *, size: int, sha256: bytes) -> bytes:
        """The same without holding up the event loop when the object store has to be asked. Raises Busy too."""
        return await self._reading.fetch(_checked(Sought(place, dek, object_id, size, sha256)))

    def let_go(self) -> None:
        """Gives back the room of files that were removed since they were read. For every worker, every few seconds."""
        self._reading.let_go()

    def scan(self, segment: str) -> Iterator[tuple[Place, bytes]]:
        """Every frame of a segment, in order, with the SHA-256 of its object id; stops at the first thing that is not a frame.

        The last frame of a file that a crash cut may be incomplete. Raises IntegrityFailure when the file is not a segment, OutOfResources when it cannot be read.
        """
        try:
            begins = self._readers.read(segment, 0, _START) if NAME.fullmatch(segment) else b""
        except Absent:
            raise IntegrityFailure("The file of a stored document is missing.") from None
        if begins != SEGMENT_HEADER:
            raise IntegrityFailure("A file of the store is not a segment.")
        offset = _START
        while True:
            try:
                header = read_header(self._readers.read(segment, offset, HEADER_BYTES))
            except IntegrityFailure:
                return
            yield Place(segment, offset, header.length), header.object_digest
            offset += header.length

    def segments(self) -> list[str]:
        """The names of all segment files of the directory, of every worker, sorted."""
        return [name for name in self._files.list(self._directory) if NAME.fullmatch(name)]


def _no_room() -> OutOfResources:
    return OutOfResources("There is no room for the document; try again later.")


def _refusal() -> OutOfResources:
    return OutOfResources("Documents could not be made durable; try again later.")


def _checked(sought: Sought) -> Sought:
    # No content of this size makes a longer frame: a damaged length does not reserve memory.
    place = sought.place
    possible = HEADER_BYTES <= place.length <= frame_length(sought.size) and place.offset >= _START
    if not possible or not NAME.fullmatch(place.segment):
        raise IntegrityFailure("A document's place is not a possible one.")
    return sought
