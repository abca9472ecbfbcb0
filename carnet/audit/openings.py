"""Salted commitments and their openings.

An opening is the canonical JSON `["salt",value]`, with 18 random bytes of salt in base64; the commitment is its SHA-256 in base64.
"""

from __future__ import annotations

import hashlib
import os
from binascii import b2a_base64
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from carnet.audit.canonical_json import encode
from carnet.errors import IntegrityFailure

CONTEXT = "audit"
"""The context under which openings are sealed. Which entry they belong to is proved by the entry, which holds their digest."""

_SALT_BYTES = 18
_SALT_CHARACTERS = 24
_DECODER = msgspec.json.Decoder(dict[str, tuple[str, Any]])


class SealingKey(Protocol):
    """The key of the patient, or of the trace for events of no patient."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypts."""
        ...


class OpeningKey(Protocol):
    """The same, for reading."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypts. Raises IntegrityFailure."""
        ...


def commit(values: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
    """Commitments by name, and the openings to be sealed: canonical JSON of name: [salt, value]."""
    salts = _base64(os.urandom(_SALT_BYTES * len(values)))
    committed: dict[str, str] = {}
    openings: dict[str, msgspec.Raw] = {}
    start = 0
    for name, value in values.items():
        opening = encode((salts[start : start + _SALT_CHARACTERS], value))
        start += _SALT_CHARACTERS
        committed[name] = digest(opening)
        openings[name] = msgspec.Raw(opening)
    return committed, encode(openings)


def reveal(committed: Mapping[str, str], sealed: bytes, key: OpeningKey) -> dict[str, Any]:
    """The plain values by name, each of them proved by its commitment. Raises IntegrityFailure as `unseal` does."""
    return {name: value for name, (_salt, value) in unseal(committed, sealed, key).items()}


def unseal(committed: Mapping[str, str], sealed: bytes, key: OpeningKey) -> dict[str, tuple[str, Any]]:
    """The openings themselves, salt and value by name, each of them proved by its commitment.

    Raises IntegrityFailure when the seal does not open, a value is missing or added, or one is not what was committed to.
    """
    try:
        openings = _DECODER.decode(key.open(sealed, CONTEXT))
        found = {name: digest(encode_opening(opening)) for name, opening in openings.items()}
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise IntegrityFailure("The sealed values of a line of the trace cannot be read.") from error
    if found != committed:
        raise IntegrityFailure("The sealed values of a line of the trace are not those that it commits to.")
    return openings


def encode_opening(opening: tuple[str, Any]) -> bytes:
    """The canonical bytes whose digest is the commitment."""
    return encode(opening)


def digest(data: bytes) -> str:
    """SHA-256 in base64."""
    return _base64(hashlib.sha256(data).digest())


def encode_hash(data: bytes) -> str:
    """A hash as entries write it: base64."""
    return _base64(data)


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()
