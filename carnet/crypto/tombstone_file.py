"""The tombstones outside every database and backup: one signed line a destroyed pseudonym, in a file that is only appended to.

A backup of database and keys together knows nothing of what was destroyed after it; this file does. It names no person: pseudonyms are
random, and nothing but the database ties them to anybody.
"""

from __future__ import annotations

import base64
import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from carnet.errors import IntegrityFailure

_DOMAIN = b"carnet tombstone v1\n"
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A pseudonym whose key was destroyed at a moment (microseconds UTC); `cause` is a code."""

    pseudonym: str
    at: int
    cause: str


class TombstoneFile:
    """The file of one installation. `sign` and `public_key` are those of the trace's keeper (Ed25519, 64 and 32 bytes)."""

    def __init__(self, path: Path, sign: Callable[[bytes], bytes], public_key: bytes) -> None:
        self._path = path
        self._sign = sign
        self._public_key = Ed25519PublicKey.from_public_bytes(public_key)

    def add(self, stone: Tombstone) -> None:
        """Appends one line and makes it durable; what was left of a last line that was cut short goes first. Raises OSError."""
        body = f"{stone.pseudonym} {stone.at} {stone.cause}"
        line = f"{body} {base64.b64encode(self._sign(_DOMAIN + body.encode())).decode()}\n"
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            os.ftruncate(handle, _end_of_lines(handle))
            _write_whole(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self, path: Path | None = None) -> tuple[Tombstone, ...]:
        """Every tombstone of this file, or of a copy kept elsewhere; none when there is no file.

        A last line that was cut short is passed over. Raises IntegrityFailure naming the first line that we did not sign.
        """
        source = path or self._path
        if not source.exists():
            return ()
        whole, _, _rest = source.read_text(encoding="utf-8", errors="replace").rpartition("\n")
        return tuple(self._lines(whole))

    def _lines(self, text: str) -> Iterator[Tombstone]:
        for number, line in enumerate(text.split("\n") if text else (), start=1):
            try:
                body, _, written = line.rpartition(" ")
                signature = base64.b64decode(written, validate=True)
                if base64.b64encode(signature).decode() != written:
                    raise InvalidSignature  # noqa: TRY301 - two ways to write one signature
                self._public_key.verify(signature, _DOMAIN + body.encode())
                pseudonym, at, cause = body.split(" ")
                yield Tombstone(pseudonym, int(at), cause)
            except (InvalidSignature, ValueError):
                raise IntegrityFailure(f"Line {number} of the tombstones is not one that was signed here.") from None


def _end_of_lines(handle: int) -> int:
    """Where the last whole line ends, 0 when there is none: bytes after it are of a line that a power cut or a full disk tore."""
    end = os.fstat(handle).st_size
    while end:
        start = max(0, end - _BLOCK)
        found = os.pread(handle, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _write_whole(handle: int, line: bytes) -> None:
    written = 0
    while written < len(line):
        written += os.write(handle, line[written:])
