"""Metadata and wire forms made small before they are sealed: most of what they say is the same in every document.

A compacted value is `sample (1 byte) | zstd frame`. The sample is a fictitious submission in all its forms, against which values are compressed
(`data/metadata-N.txt`, N being that byte). What was written against a sample can be read only with it: a file that was once released is
never changed, a better one gets the next number.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

import zstandard

from carnet.errors import IntegrityFailure

SAMPLE = 1
"""The sample that new values are compressed against."""
MAXIMUM_BYTES = 64 * 1024 * 1024
_LEVEL = 3
_MARK = SAMPLE.to_bytes(1, "big")


class _Zstd(threading.local):
    """A compressor used by two threads at once brings the process down: each thread has its own."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL, dict_data=_sample(SAMPLE), write_dict_id=False)
        self.decompressors: dict[int, zstandard.ZstdDecompressor] = {}

    def decompressor(self, sample: int) -> zstandard.ZstdDecompressor:
        if sample not in self.decompressors:
            self.decompressors[sample] = zstandard.ZstdDecompressor(dict_data=_sample(sample))
        return self.decompressors[sample]


@cache
def _sample(number: int) -> zstandard.ZstdCompressionDict:
    try:
        text = (Path(__file__).parent / "data" / f"metadata-{number}.txt").read_bytes()
    except FileNotFoundError:
        raise IntegrityFailure(
            "A registered object was compacted against a sample that this version has not."
        ) from None
    made = zstandard.ZstdCompressionDict(text, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    made.precompute_compress(level=_LEVEL)
    return made


_ZSTD = _Zstd()


def compact(plain: bytes) -> bytes:
    """The compacted form of a value, in any thread."""
    return _MARK + _ZSTD.compressor.compress(plain)


def restore(compacted: bytes) -> bytes:
    """The value again. Raises IntegrityFailure for what `compact` did not make, and beyond MAXIMUM_BYTES."""
    if not compacted:
        raise IntegrityFailure("A registered object is empty.")
    sample, frame = compacted[0], compacted[1:]
    try:
        # The library reserves what the frame announces, whatever limit it is given: the two are compared first.
        if zstandard.frame_content_size(frame) > MAXIMUM_BYTES:
            raise IntegrityFailure("A registered object is too large to be one.")
        return _ZSTD.decompressor(sample).decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise IntegrityFailure("A registered object cannot be decompressed.") from error
