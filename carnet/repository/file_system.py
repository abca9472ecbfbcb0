"""The few calls that segments make on files, so that a test can stand between and cut the power at any of them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class FileSystem(Protocol):
    """Files of one directory, by handle. Every call may raise OSError; offsets and lengths are in bytes."""

    def make_directory(self, directory: Path) -> None:
        """Makes a directory (mode 0700), unless it exists, and its name durable in any case: who made it may not have waited for that."""
        ...

    def create(self, path: Path) -> int:
        """Makes a new file (mode 0600) for writing, held until it is closed; FileExistsError when there is one."""
        ...

    def open(self, path: Path) -> int:
        """Opens a file for reading."""
        ...

    def write(self, handle: int, parts: Sequence[bytes], offset: int) -> None:
        """Writes all parts one after the other from `offset`; after an OSError some of them may be written."""
        ...

    def read(self, handle: int, length: int, offset: int) -> bytes:
        """Up to `length` bytes; fewer at the end of the file."""
        ...

    def truncate(self, handle: int, length: int) -> None:
        """Cuts a file."""
        ...

    def sync(self, handle: int) -> None:
        """Makes what was written to a file durable (fdatasync)."""
        ...

    def sync_directory(self, directory: Path) -> None:
        """Makes the names of new files durable (fsync of the directory)."""
        ...

    def close(self, handle: int) -> None:
        """Gives a handle back."""
        ...

    def unlink(self, path: Path) -> None:
        """Removes a file."""
        ...

    def has_name(self, handle: int) -> bool:
        """Whether the file of a handle was not removed."""
        ...

    def size(self, path: Path) -> int:
        """Bytes of a file."""
        ...

    def list(self, directory: Path) -> list[str]:
        """Names of the files of a directory, sorted."""
        ...

    def free(self, directory: Path) -> int:
        """Bytes that this process may still write on the disk of a directory."""
        ...

    def is_held(self, path: Path) -> bool:
        """Whether a process that lives has the file open for writing. Raises FileNotFoundError."""
        ...


class OperatingSystem:
    """FileSystem on the real one."""

    def make_directory(self, directory: Path) -> None:
        """See FileSystem."""
        made = [directory, *(parent for parent in directory.parents if not parent.exists())]
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for one in made:
            self.sync_directory(one.parent)

    def create(self, path: Path) -> int:
        """See FileSystem. The lock goes with the process, however it ends."""
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            os.close(handle)
            raise
        return handle

    def open(self, path: Path) -> int:
        """See FileSystem."""
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def write(self, handle: int, parts: Sequence[bytes], offset: int) -> None:
        """See FileSystem. One system call, unless it stops short."""
        total = sum(map(len, parts))
        done = os.pwritev(handle, parts, offset)
        if done < total:
            rest = memoryview(b"".join(parts))
            while done < total:
                done += os.pwrite(handle, rest[done:], offset + done)

    def read(self, handle: int, length: int, offset: int) -> bytes:
        """See FileSystem."""
        return os.pread(handle, length, offset)

    def truncate(self, handle: int, length: int) -> None:
        """See FileSystem."""
        os.ftruncate(handle, length)

    def sync(self, handle: int) -> None:
        """See FileSystem."""
        os.fdatasync(handle)

    def sync_directory(self, directory: Path) -> None:
        """See FileSystem."""
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def close(self, handle: int) -> None:
        """See FileSystem."""
        os.close(handle)

    def unlink(self, path: Path) -> None:
        """See FileSystem."""
        path.unlink()

    def has_name(self, handle: int) -> bool:
        """See FileSystem."""
        return os.fstat(handle).st_nlink > 0

    def size(self, path: Path) -> int:
        """See FileSystem."""
        return path.stat().st_size

    def list(self, directory: Path) -> list[str]:
        """See FileSystem."""
        return sorted(path.name for path in directory.iterdir())

    def free(self, directory: Path) -> int:
        """See FileSystem."""
        found = os.statvfs(directory)
        return found.f_bavail * found.f_frsize

    def is_held(self, path: Path) -> bool:
        """See FileSystem."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False
