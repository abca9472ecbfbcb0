"""Segment files open for reading, the last used ones kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from carnet.errors import OutOfResources
from carnet.repository.file_system import FileSystem
from carnet.repository.object_store import Absent

OPEN_FILES = 64


class _Handle:
    """A file open for reading, closed when nobody holds it any more: a thread may read what another has just put out."""

    __slots__ = ("_files", "number")

    def __init__(self, files: FileSystem, path: Path) -> None:
        self._files = files
        self.number = files.open(path)

    def __del__(self) -> None:
        if hasattr(self, "number"):
            self._files.close(self.number)


class Readers:
    """Reads parts of the files of one directory; safe with several threads."""

    def __init__(self, files: FileSystem, directory: Path) -> None:
        self._files = files
        self._directory = directory
        self._open: OrderedDict[str, _Handle] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Up to `length` bytes; fewer at the end. Raises Absent for a missing file, OutOfResources when reading fails."""
        try:
            # Held until the end: another thread may put the file out meanwhile.
            handle = self._handle(name)
            return self._files.read(handle.number, length, offset)
        except FileNotFoundError:
            raise Absent(name) from None
        except OSError as error:
            raise OutOfResources("A stored document cannot be read now.") from error

    def let_go(self) -> None:
        """Gives back files that were removed meanwhile, by whichever process: the disk keeps their room as long as they are open."""
        with self._lock:
            for name in [name for name, handle in self._open.items() if not self._files.has_name(handle.number)]:
                del self._open[name]

    def clear(self) -> None:
        """Gives the files back."""
        with self._lock:
            self._open.clear()

    def _handle(self, name: str) -> _Handle:
        with self._lock:
            handle = self._open.get(name)
            if handle is not None:
                self._open.move_to_end(name)
                return handle
            handle = self._open[name] = _Handle(self._files, self._directory / name)
            if len(self._open) > OPEN_FILES:
                self._open.popitem(last=False)
            return handle
