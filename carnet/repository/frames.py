"""How one object stands in a segment file: a header that a scan can recognise, then encrypted chunks. No input or output here.

    segment = "CARNETSG" | version 1 (4 bytes) | zeros (4 bytes) | frame …
    frame   = header | chunk …
    header  = "OBJ1" | length of all chunks (8 bytes) | compression (1 byte: 0 none, 1 zstd) | nonce prefix (7 bytes)
              | SHA-256 of the object id | SHA-256 of the object's key (commitment) | CRC-32 of what precedes
    chunk   = AES-256-GCM of at most 1 MiB, and its tag (16 bytes)

Integers are big endian. The nonce of a chunk is prefix | its number (4 bytes) | 1 for the last, else 0 (the STREAM construction): chunks
cannot be dropped, reordered or cut off. The associated data is the object id and the header. The prefix is random, so that a key used
twice by mistake does not repeat a nonce.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carnet.errors import IntegrityFailure

SEGMENT_HEADER = b"CARNETSG" + struct.pack(">II", 1, 0)
CHUNK = 1 << 20
_TAG = 16
_MAGIC = b"OBJ1"
_FIELDS = struct.Struct(">4sQB7s32s32s")
_CHECK = struct.Struct(">I")
HEADER_BYTES = _FIELDS.size + _CHECK.size
_COMPRESSIONS = ("none", "zstd")


class Header(NamedTuple):
    """What a frame says of itself before its key is known. `length` is that of the whole frame, header included."""

    length: int
    compression: str
    prefix: bytes
    object_digest: bytes
    commitment: bytes


def frame_length(stored: int) -> int:
    """Bytes of the frame of an object of `stored` bytes after compression."""
    return HEADER_BYTES + stored + _TAG * max(1, -(-stored // CHUNK))


def seal_frame(stored: bytes, compression: str, key: bytes, object_id: str) -> list[bytes]:
    """The parts of a frame, to be written one after the other. `key` is 32 bytes used for this object alone."""
    prefix = os.urandom(7)
    name = object_id.encode()
    fields = _FIELDS.pack(
        _MAGIC,
        frame_length(len(stored)) - HEADER_BYTES,
        _COMPRESSIONS.index(compression),
        prefix,
        hashlib.sha256(name).digest(),
        hashlib.sha256(key).digest(),
    )
    header = fields + _CHECK.pack(zlib.crc32(fields))
    cipher, bound = AESGCM(key), name + header
    if len(stored) <= CHUNK:
        return [header, cipher.encrypt(_nonce(prefix, 0, last=True), stored, bound)]
    parts, view, count = [header], memoryview(stored), -(-len(stored) // CHUNK)
    for number in range(count):
        chunk = view[number * CHUNK : (number + 1) * CHUNK]
        parts.append(cipher.encrypt(_nonce(prefix, number, last=number == count - 1), chunk, bound))
    return parts


def open_frame(frame: bytes, key: bytes, object_id: str) -> tuple[bytes, str]:
    """The stored bytes of a frame and how they are compressed, after every check but the plain content's digest.

    Raises IntegrityFailure for a torn, altered or foreign frame, or another key.
    """
    header = read_header(frame)
    name = object_id.encode()
    if header.length != len(frame) or header.object_digest != hashlib.sha256(name).digest():
        raise IntegrityFailure("Another object, or a part of one, stands in the document's place.")
    if header.commitment != hashlib.sha256(key).digest():
        raise IntegrityFailure("The document's key is not the one it was stored with.")
    cipher, bound = AESGCM(key), name + frame[:HEADER_BYTES]
    try:
        return _open_chunks(memoryview(frame)[HEADER_BYTES:], cipher, header.prefix, bound), header.compression
    except InvalidTag:
        raise IntegrityFailure("The stored document does not match its seal.") from None


def read_header(data: bytes) -> Header:
    """The header at the start of `data`. Raises IntegrityFailure when there is none, or a damaged one."""
    if len(data) < HEADER_BYTES:
        raise IntegrityFailure("A stored document is cut short.")
    magic, length, compression, prefix, digest, commitment = _FIELDS.unpack_from(data)
    (check,) = _CHECK.unpack_from(data, _FIELDS.size)
    whole = check == zlib.crc32(memoryview(data)[: _FIELDS.size])
    if magic != _MAGIC or not whole or compression >= len(_COMPRESSIONS):
        raise IntegrityFailure("No document stands where one was stored.")
    return Header(HEADER_BYTES + length, _COMPRESSIONS[compression], prefix, digest, commitment)


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def _open_chunks(body: memoryview, cipher: AESGCM, prefix: bytes, bound: bytes) -> bytes:
    sealed = CHUNK + _TAG
    if len(body) <= sealed:
        return cipher.decrypt(_nonce(prefix, 0, last=True), body, bound)
    count = -(-len(body) // sealed)
    return b"".join(
        cipher.decrypt(
            _nonce(prefix, number, last=number == count - 1), body[number * sealed : (number + 1) * sealed], bound
        )
        for number in range(count)
    )
