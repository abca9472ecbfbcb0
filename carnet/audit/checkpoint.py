"""Signed statements of the trace's size and root: a C2SP tlog-checkpoint in a C2SP signed note, Ed25519.

    origin ⏎ size in decimal ⏎ root in base64 ⏎ ⏎ — origin base64(key id, 4 bytes | signature, 64 bytes) ⏎

The key id is the beginning of SHA-256(name | 0x0A | 0x01 | public key). The name of the key is the origin.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from carnet.errors import ConfigurationError, IntegrityFailure

Sign = Callable[[bytes], bytes]
_ED25519 = b"\x01"
_KEY_ID = 4
_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` entries of the trace `origin` have this root hash; `note` is the signed text."""

    origin: str
    size: int
    root: bytes
    note: str


def sign_checkpoint(origin: str, size: int, root: bytes, sign: Sign, public_key: bytes) -> Checkpoint:
    """Signs, and verifies what was signed. `public_key` is the raw Ed25519 key (32 bytes) of `sign`.

    Raises ConfigurationError for an origin that cannot name a key, IntegrityFailure when the signature does not verify.
    """
    if not origin or "+" in origin or any(map(str.isspace, origin)):
        raise ConfigurationError("audit_origin must have a value without blanks or plus signs (C2SP signed note).")
    text = _text(origin, size, root)
    signature = _key_id(origin, public_key) + sign(text.encode())
    return verify_note(f"{text}\n{_DASH}{origin} {_base64(signature)}\n", origin, public_key)


def verify_note(note: str, origin: str, public_key: bytes) -> Checkpoint:
    """Reads a note and checks the signature of this origin's key; signatures of others (witnesses) are passed over.

    Raises IntegrityFailure when the text is not a checkpoint of this origin in its one canonical form, or is not signed by the key.
    """
    text, separator, signatures = note.rpartition("\n\n")
    lines = text.split("\n")
    if not separator or len(lines) != 3 or not lines[1].isdecimal() or not signatures.endswith("\n"):
        raise IntegrityFailure("A checkpoint of the trace is not of the form of one.")
    size, root = int(lines[1]), _bytes(lines[2])
    if lines[0] != origin or text + "\n" != _text(origin, size, root):
        raise IntegrityFailure("A checkpoint is of another trace, or not in canonical form.")
    for line in signatures.removesuffix("\n").split("\n"):
        dash, name, encoded = line[:2], *line[2:].partition(" ")[::2]
        if dash != _DASH or not name:
            raise IntegrityFailure("A checkpoint of the trace is not of the form of one.")
        signature = _bytes(encoded)
        if name == origin and signature[:_KEY_ID] == _key_id(origin, public_key):
            _verify(signature[_KEY_ID:], text + "\n", public_key)
            return Checkpoint(origin, size, root, note)
    raise IntegrityFailure("A checkpoint of the trace is not signed by the trace's key.")


def _verify(signature: bytes, text: str, public_key: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text.encode())
    except InvalidSignature:
        raise IntegrityFailure("The signature of a checkpoint of the trace does not verify.") from None


def _text(origin: str, size: int, root: bytes) -> str:
    return f"{origin}\n{size}\n{_base64(root)}\n"


def _key_id(name: str, public_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:_KEY_ID]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    """Base64 in its one canonical form."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or _base64(data) != text:
        raise IntegrityFailure("A checkpoint of the trace is not of the form of one.")
    return data
