"""Frames that were read from the object store, kept on this machine's disk: encrypted as they came, within a bound of bytes.

One file a frame, preceded by its SHA-256: what a power cut left torn is not there. All workers of the machine share the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

_DIGEST = 32


class FrameCache:
    """The cache of one worker, of at most its share of `bound` bytes above what the last tidying left. It never raises: it is not needed."""

    def __init__(self, folder: Path, bound: int, *, workers: int = 1) -> None:
        self._folder = folder
        self._bound = bound
        # Each worker tidies to seven eighths after it wrote its part of the last eighth: together they stay within the bound.
        self._allowance = bound // (8 * workers)
        self._written = self._allowance
        if bound:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def read(self, segment: str, offset: int, length: int) -> bytes | None:
        """The frame, if it is kept and whole."""
        if not self._bound:
            return None
        path = self._path(segment, offset)
        try:
            kept = path.read_bytes()
            if len(kept) != _DIGEST + length or hashlib.sha256(kept[_DIGEST:]).digest() != kept[:_DIGEST]:
                path.unlink(missing_ok=True)
                return None
            os.utime(path)
        except OSError:
            return None
        return kept[_DIGEST:]

    def keep(self, segment: str, offset: int, frame: bytes) -> None:
        """Keeps a frame that was opened: only what is whole is worth it."""
        size = len(frame) + _DIGEST
        if size > self._allowance:
            return
        if self._written + size > self._allowance:
            self._tidy()
        self._written += size
        with contextlib.suppress(OSError):
            path = self._path(segment, offset)
            new = path.with_name(f"{secrets.token_hex(8)}.new")
            try:
                new.write_bytes(hashlib.sha256(frame).digest() + frame)
                new.rename(path)
            finally:
                new.unlink(missing_ok=True)

    def _path(self, segment: str, offset: int) -> Path:
        return self._folder / f"{segment}.{offset:x}"

    def _tidy(self) -> None:
        """Removes what was used longest ago, down to seven eighths of the bound."""
        self._written = 0
        files: list[tuple[float, int, str]] = []
        with contextlib.suppress(OSError), os.scandir(self._folder) as found:
            for one in found:
                with contextlib.suppress(OSError):
                    about = one.stat()
                    files.append((about.st_mtime, about.st_size, one.path))
        excess = sum(size for _, size, _ in files) - self._bound * 7 // 8
        for _, size, path in sorted(files):
            if excess <= 0:
                return
            Path(path).unlink(missing_ok=True)
            excess -= size
