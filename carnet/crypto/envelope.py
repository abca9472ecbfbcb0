"""Envelope encryption: a patient's key seals values and wraps one random key per stored document (AES-256-GCM throughout).

A sealed value is `scheme (1 byte, 1) | key version (2 bytes, big endian) | nonce (12 bytes) | ciphertext and tag`. What the value is and
whose it is stand in the associated data, so that a sealed value moved to another place, person or key version does not open.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carnet.errors import IntegrityFailure

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
_SCHEME = b"\x01"
_HEADER_BYTES = 3
_SHORTEST = _HEADER_BYTES + NONCE_BYTES + TAG_BYTES
OVERHEAD = _SHORTEST
"""Bytes that sealing adds."""


@dataclass(frozen=True, slots=True)
class PatientKey:
    """One version of a person's key, or of the key for what belongs to no person (pseudonym `@audit`).

    `secret` is 32 random bytes. Nonces are random: one key serves safely for 2^32 values (NIST SP 800-38D, 8.3).
    Safe to use from several threads.
    """

    pseudonym: str
    version: int
    secret: bytes = field(repr=False)
    _cipher: AESGCM = field(init=False, repr=False, compare=False)
    _header: bytes = field(init=False, repr=False, compare=False)
    _owner: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError("a patient key has 32 bytes")
        if not self.pseudonym or "|" in self.pseudonym:
            raise ValueError("a pseudonym is not empty and has no vertical bar: it stands in the associated data")
        object.__setattr__(self, "_cipher", AESGCM(self.secret))
        object.__setattr__(self, "_header", _SCHEME + self.version.to_bytes(2, "big"))
        object.__setattr__(self, "_owner", f"|{self.pseudonym}|{self.version}".encode())

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypts `plain` for one place, which `context` names (`entry|urn:uuid:…`, `traits`, `audit` …)."""
        nonce = os.urandom(NONCE_BYTES)
        return self._header + nonce + self._cipher.encrypt(nonce, plain, context.encode() + self._owner)

    def open(self, sealed: bytes, context: str) -> bytes:
        """The plain bytes sealed under the same context.

        Raises IntegrityFailure for altered bytes, another context, another person's key or another version of the key.
        """
        if not isinstance(sealed, bytes) or len(sealed) < _SHORTEST or sealed[:_HEADER_BYTES] != self._header:
            raise IntegrityFailure("A sealed value is not of this key, or is cut short.")
        nonce = sealed[_HEADER_BYTES : _HEADER_BYTES + NONCE_BYTES]
        body = sealed[_HEADER_BYTES + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, body, context.encode() + self._owner)
        except InvalidTag:
            raise IntegrityFailure("A sealed value does not match its seal.") from None

    def new_document_key(self, object_id: str) -> tuple[bytes, bytes]:
        """A random 256-bit key for one stored object, in clear and wrapped under this key for that object."""
        key = os.urandom(KEY_BYTES)
        return key, self.seal(key, f"dek|{object_id}")

    def open_document_key(self, wrapped: bytes, object_id: str) -> bytes:
        """The key of a stored object. Raises IntegrityFailure, also for the wrapped key of another object."""
        return self.open(wrapped, f"dek|{object_id}")
