"""What is done to a document's bytes before they are stored, needing no facts: digests and compression; and its undoing."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field

import zstandard

from carnet.errors import IntegrityFailure

ZSTD_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document's bytes made ready before the gate. `stored` is what will be encrypted: as they came, or compressed."""

    size: int
    sha1: bytes
    sha256: bytes
    stored: bytes = field(repr=False)
    compression: str


class _Zstd(threading.local):
    """A compressor used by two threads at once brings the process down: each thread has its own."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_ZSTD = _Zstd()


def prepare(content: bytes) -> Prepared:
    """Digests and compresses (zstd level 3, when that makes it smaller). Safe in any thread; call it before the gate."""
    squeezed = _ZSTD.compressor.compress(content)
    smaller = len(squeezed) < len(content)
    return Prepared(
        size=len(content),
        sha1=hashlib.sha1(content, usedforsecurity=False).digest(),
        sha256=hashlib.sha256(content).digest(),
        stored=squeezed if smaller else content,
        compression="zstd" if smaller else "none",
    )


def expand(stored: bytes, compression: str, size: int) -> bytes:
    """The content again, never more than `size` bytes. Raises IntegrityFailure when it is not of exactly that size."""
    content = _decompressed(stored, size) if compression == "zstd" else stored
    if len(content) != size:
        raise IntegrityFailure("A stored document has not the size that was registered.")
    return content


def _decompressed(stored: bytes, size: int) -> bytes:
    try:
        # The library reserves what the data announces, whatever limit it is given: the two are compared first.
        if zstandard.frame_content_size(stored) == size:
            return _ZSTD.decompressor.decompress(stored, max_output_size=size, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise IntegrityFailure("A stored document cannot be decompressed.") from error
    raise IntegrityFailure("A stored document has not the size that was registered.")
