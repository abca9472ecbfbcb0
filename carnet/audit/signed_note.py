"""Signed notes (C2SP signed-note): a text, an empty line, and lines of signatures; and the keys that verify them.

A signature line is `— name base64(key id, 4 bytes | signature)`. The key id is the beginning of SHA-256(name | 0x0A | kind | public key):
kind 0x01 signs the text with Ed25519, kind 0x04 is the Ed25519 co-signature of a witness.
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
ED25519 = b"\x01"
COSIGNATURE = b"\x04"
_KEY_ID = 4
_DASH = "\u2014 "
_NOT_A_NOTE = "A checkpoint of the trace is not of the form of one."


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A name and a raw Ed25519 public key (32 bytes); `kind` is ED25519 or COSIGNATURE."""

    name: str
    public_key: bytes
    kind: bytes = ED25519

    @property
    def key_id(self) -> bytes:
        """The four bytes that name the key in a signature line."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public_key).digest()[:_KEY_ID]

    def encoded(self) -> str:
        """`name+key id in hexadecimal+base64(kind | public key)`, as others are given it."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(self.kind + self.public_key)}"

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether the key made this signature (64 bytes) of the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line below a note: whose name it bears, the key id, and what follows that."""

    name: str
    key_id: bytes
    signature: bytes

    def is_of(self, key: VerifierKey) -> bool:
        """Whether the line claims to be of this key."""
        return (self.name, self.key_id) == (key.name, key.key_id)

    def written(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.signature)}\n"


def read_verifier_key(text: str, kind: bytes) -> VerifierKey:
    """Reads `VerifierKey.encoded`. Raises ConfigurationError when the text is not such a key, or of another kind."""
    name, _, rest = text.strip().partition("+")
    try:
        material = from_base64(rest.partition("+")[2])
        key = VerifierKey(check_name(name), material[1:], material[:1])
        valid = len(key.public_key) == 32 and key.kind == kind and key.encoded() == text.strip()
    except IntegrityFailure:
        valid = False
    if not valid:
        raise ConfigurationError(
            "This is not a verifier key of the kind needed: name+key id+base64 (C2SP signed note)."
        )
    return key


def check_name(name: str) -> str:
    """The name of a key. Raises ConfigurationError for one that no signature line can bear."""
    if not name or "+" in name or any(map(str.isspace, name)):
        raise ConfigurationError(
            "The name of a key has no blanks and no plus signs, and is not empty (C2SP signed note)."
        )
    return name


def write_note(text: str, key: VerifierKey, sign: Sign) -> str:
    """Signs a text, which ends with a newline. The signature is as good as `sign`: read it back before it is used."""
    return f"{text}\n{SignatureLine(key.name, key.key_id, sign(text.encode())).written()}"


def read_note(note: str) -> tuple[str, tuple[SignatureLine, ...]]:
    """The text with its last newline, and the signature lines, none of them verified. Raises IntegrityFailure for another form."""
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise IntegrityFailure(_NOT_A_NOTE)
    return text + "\n", tuple(read_signature_line(line) for line in lines.removesuffix("\n").split("\n"))


def read_signature_line(line: str) -> SignatureLine:
    """Reads one line without its newline. Raises IntegrityFailure."""
    dash, name, encoded = line[:2], *line[2:].partition(" ")[::2]
    if dash != _DASH or not name:
        raise IntegrityFailure(_NOT_A_NOTE)
    data = from_base64(encoded)
    return SignatureLine(name, data[:_KEY_ID], data[_KEY_ID:])


def open_note(note: str, key: VerifierKey) -> str:
    """The text of a note that the key signed. Raises IntegrityFailure when it did not; signatures of others are passed over."""
    text, lines = read_note(note)
    for line in lines:
        if line.is_of(key):
            if not key.verify(line.signature, text.encode()):
                raise IntegrityFailure("The signature of a checkpoint of the trace does not verify.")
            return text
    raise IntegrityFailure("A checkpoint of the trace is not signed by the trace's key.")


def to_base64(data: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(data).decode()


def from_base64(text: str) -> bytes:
    """Base64 in its one canonical form, of at least one byte. Raises IntegrityFailure."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or to_base64(data) != text:
        raise IntegrityFailure(_NOT_A_NOTE)
    return data
