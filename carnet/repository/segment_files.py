"""What is done with the bytes of closed segments: digest, upload, comparison, removal. It knows no database; each step may be done again."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from carnet.errors import IntegrityFailure, OutOfResources
from carnet.repository.file_system import FileSystem
from carnet.repository.frames import SEGMENT_HEADER
from carnet.repository.object_store import PIECE
from carnet.repository.sealed_objects import SealedObjects
from carnet.repository.segments import NAME
from carnet.repository.unsealed_objects import UnsealedObjects


@dataclass(frozen=True, slots=True)
class Digested:
    """A file's size in bytes and its SHA-256."""

    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class SegmentFiles:
    """The segments of one machine's directory, and the object store where there is one (`sealed`, `unsealed`)."""

    files: FileSystem
    directory: Path
    replica: Path | None = None
    sealed: SealedObjects | None = None
    unsealed: UnsealedObjects | None = None
    stopping: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Ends what another thread does here at its next piece: it raises OutOfResources, and is done again some other time."""
        self.stopping.set()

    def names(self) -> list[str]:
        """The segments of this machine's directory, the oldest name first within each worker."""
        return [name for name in self.files.list(self.directory) if NAME.fullmatch(name)]

    def local_bytes(self) -> int:
        """Bytes of the segments of this machine's directory."""
        total = 0
        for name in self.names():
            with contextlib.suppress(FileNotFoundError):
                total += self.files.size(self.directory / name)
        return total

    def is_closed(self, name: str) -> bool:
        """Whether the file is here, holds a frame, and nobody writes it any more.

        In this order: who writes holds the file before its first byte, so that one with a frame that nobody holds has had its last.
        """
        path = self.directory / name
        try:
            return self._reaches(path, len(SEGMENT_HEADER)) and not self.files.is_held(path)
        except FileNotFoundError:
            return False

    def digest(self, name: str) -> Digested | None:
        """Of this machine's file; None when there is none. Raises OutOfResources when it cannot be read."""
        return self._digest(self.directory / name)

    def make_durable(self, name: str) -> None:
        """Syncs a file that was closed, or that a crash left: what is digested is what a power cut leaves."""
        try:
            handle = self.files.open(self.directory / name)
            try:
                self.files.sync(handle)
            finally:
                self.files.close(handle)
            self.files.sync_directory(self.directory)
        except OSError as error:
            raise OutOfResources("A segment cannot be made durable.") from error

    def upload(self, name: str, sha256: bytes) -> None:
        """Sends this machine's file whole. Raises OutOfResources; IntegrityFailure when it is not the one that was closed."""
        if self.sealed is None:
            return
        try:
            self.sealed.upload(name, self._pieces(self.directory / name), sha256)
        except FileNotFoundError:
            raise IntegrityFailure("The file of a segment is missing.") from None
        except OSError as error:
            raise OutOfResources("A segment cannot be read.") from error

    def stands(self, name: str, digested: Digested) -> bool:
        """Whether the store's copy, read back whole, is this one. Raises OutOfResources."""
        return self.sealed is not None and self.sealed.holds(name, digested.size, digested.sha256, self._go_on)

    def sweep(self, name: str, digested: Digested) -> None:
        """Removes what stood in for a segment until it was in the store whole: objects of its groups, its replica.

        Raises OutOfResources; IntegrityFailure when one of them says otherwise than the segment: the digest was then perhaps taken of a
        file that had rotted already, and what says otherwise is all that is left of a document.
        """
        if self.unsealed is not None and self.sealed is not None:
            self.unsealed.compare(name, partial(self.sealed.read, name), self._go_on)
        if self.replica is not None and self._digest(self.replica / name) not in {None, digested}:
            raise IntegrityFailure("The replica of a segment is not the segment.")
        self._remove_stand_ins(name)

    def _remove_stand_ins(self, name: str) -> None:
        if self.unsealed is not None:
            self.unsealed.sweep(name)
        if self.replica is not None:
            self._unlink(self.replica / name)

    def is_there(self, name: str, size: int) -> bool:
        """Whether the store says now that it has the segment. Raises OutOfResources."""
        return self.sealed is not None and self.sealed.is_there(name, size)

    def drop(self, name: str, digested: Digested) -> bool:
        """Removes this machine's file, if the store's copy, read back whole now, is the segment: it may have rotted since it was confirmed.

        Raises OutOfResources; IntegrityFailure when the file holds more than the store was given.
        """
        if not self.stands(name, digested):
            return False
        with contextlib.suppress(FileNotFoundError):
            if self._reaches(self.directory / name, digested.size):
                raise IntegrityFailure("A segment grew after it was closed.")
        self._unlink(self.directory / name)
        return True

    def set_aside(self, name: str) -> None:
        """Removes a damaged file of this machine: the store has a whole one."""
        self._unlink(self.directory / name)

    def destroy(self, name: str) -> None:
        """Removes a segment everywhere that is reached from here. Raises OutOfResources."""
        if self.sealed is not None:
            self.sealed.remove(name)
        self._remove_stand_ins(name)
        self._unlink(self.directory / name)

    def _reaches(self, path: Path, offset: int) -> bool:
        """Whether a byte stands at an offset."""
        handle = self.files.open(path)
        try:
            return bool(self.files.read(handle, 1, offset))
        finally:
            self.files.close(handle)

    def _digest(self, path: Path) -> Digested | None:
        digest, size = hashlib.sha256(), 0
        try:
            for piece in self._pieces(path):
                digest.update(piece)
                size += len(piece)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutOfResources("A segment cannot be read.") from error
        return Digested(size, digest.digest())

    def _pieces(self, path: Path, first: int = 0) -> Iterator[bytes]:
        handle = self.files.open(path)
        try:
            offset = first
            while piece := self.files.read(handle, PIECE, offset):
                self._go_on()
                yield piece
                offset += len(piece)
        finally:
            self.files.close(handle)

    def _unlink(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.files.unlink(path)

    def _go_on(self) -> None:
        if self.stopping.is_set():
            raise OutOfResources("The service is being stopped.")
