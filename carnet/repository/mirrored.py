"""A directory of files written twice: here, and in a second directory on another disk or another machine's. Both before the answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from carnet.repository.file_system import FileSystem


class Mirrored:
    """FileSystem whose changes are made in two directories; what is read is the first one's. What fails in one has failed."""

    def __init__(self, files: FileSystem, directory: Path, replica: Path) -> None:
        self._files = files
        self._directory = directory
        self._replica = replica
        self._twins: dict[int, int] = {}
        self._second = ThreadPoolExecutor(max_workers=1, thread_name_prefix="replica")

    def make_directory(self, directory: Path) -> None:
        """See FileSystem. The second directory is never made: one that is missing is a disk that is not mounted."""
        self._files.make_directory(directory)

    def create(self, path: Path) -> int:
        """See FileSystem."""
        handle = self._files.create(path)
        try:
            self._twins[handle] = self._files.create(self._twin(path))
        except OSError:
            with contextlib.suppress(OSError):
                self._files.close(handle)
                self._files.unlink(path)
            raise
        return handle

    def open(self, path: Path) -> int:
        """See FileSystem."""
        return self._files.open(path)

    def write(self, handle: int, parts: Sequence[bytes], offset: int) -> None:
        """See FileSystem."""
        self._files.write(handle, parts, offset)
        if handle in self._twins:
            self._files.write(self._twins[handle], parts, offset)

    def read(self, handle: int, length: int, offset: int) -> bytes:
        """See FileSystem."""
        return self._files.read(handle, length, offset)

    def truncate(self, handle: int, length: int) -> None:
        """See FileSystem."""
        self._files.truncate(handle, length)
        if handle in self._twins:
            self._files.truncate(self._twins[handle], length)

    def sync(self, handle: int) -> None:
        """See FileSystem. Both at once: it takes as long as the slower disk."""
        twin = self._twins.get(handle)
        self._both(lambda: self._files.sync(handle), None if twin is None else lambda: self._files.sync(twin))

    def sync_directory(self, directory: Path) -> None:
        """See FileSystem."""
        second = None
        if directory == self._directory:
            second = lambda: self._files.sync_directory(self._replica)  # noqa: E731 - one of two works
        self._both(lambda: self._files.sync_directory(directory), second)

    def close(self, handle: int) -> None:
        """See FileSystem."""
        twin = self._twins.pop(handle, None)
        try:
            self._files.close(handle)
        finally:
            if twin is not None:
                self._files.close(twin)

    def unlink(self, path: Path) -> None:
        """See FileSystem."""
        self._files.unlink(path)
        if path.parent == self._directory:
            with contextlib.suppress(FileNotFoundError):
                self._files.unlink(self._twin(path))

    def has_name(self, handle: int) -> bool:
        """See FileSystem."""
        return self._files.has_name(handle)

    def size(self, path: Path) -> int:
        """See FileSystem."""
        return self._files.size(path)

    def list(self, directory: Path) -> list[str]:
        """See FileSystem."""
        return self._files.list(directory)

    def free(self, directory: Path) -> int:
        """See FileSystem. What the fuller of both disks has."""
        room = self._files.free(directory)
        return min(room, self._files.free(self._replica)) if directory == self._directory else room

    def is_held(self, path: Path) -> bool:
        """See FileSystem."""
        return self._files.is_held(path)

    def _twin(self, path: Path) -> Path:
        return self._replica / path.name

    def _both(self, first: Callable[[], None], second: Callable[[], None] | None) -> None:
        if second is None:
            first()
            return
        other = self._second.submit(second)
        try:
            first()
        finally:
            other.result()
