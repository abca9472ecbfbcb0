"""Signed statements of the trace's size and root: a C2SP tlog-checkpoint in a C2SP signed note, Ed25519.

    origin ⏎ size in decimal ⏎ root in base64 ⏎ ⏎ — origin base64(key id, 4 bytes | signature, 64 bytes) ⏎

The name of the key is the origin. Witnesses add lines of their own below.
"""

from __future__ import annotations

from dataclasses import dataclass

from carnet.audit.signed_note import Sign, VerifierKey, from_base64, open_note, to_base64, write_note
from carnet.errors import ConfigurationError, IntegrityFailure

__all__ = ["Checkpoint", "Sign", "checkpoint_text", "read_checkpoint", "sign_checkpoint", "verify_note"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` entries of the trace `origin` have this root hash; `note` is the signed text."""

    origin: str
    size: int
    root: bytes
    note: str

    @property
    def text(self) -> str:
        """What is signed, by the trace and by its witnesses."""
        return checkpoint_text(self.origin, self.size, self.root)


def sign_checkpoint(origin: str, size: int, root: bytes, sign: Sign, public_key: bytes) -> Checkpoint:
    """Signs, and verifies what was signed. `public_key` is the raw Ed25519 key (32 bytes) of `sign`.

    Raises ConfigurationError for an origin that cannot name a key, IntegrityFailure when the signature does not verify.
    """
    if not origin or "+" in origin or any(map(str.isspace, origin)):
        raise ConfigurationError("audit_origin must have a value without blanks or plus signs (C2SP signed note).")
    key = VerifierKey(origin, public_key)
    return verify_note(write_note(checkpoint_text(origin, size, root), key, sign), origin, public_key)


def verify_note(note: str, origin: str, public_key: bytes) -> Checkpoint:
    """Reads a note and checks the signature of this origin's key; signatures of others (witnesses) are passed over.

    Raises IntegrityFailure when the text is not a checkpoint of this origin in its one canonical form, or is not signed by the key.
    """
    found = read_checkpoint(note)
    if found.origin != origin:
        raise IntegrityFailure("A checkpoint is of another trace, or not in canonical form.")
    open_note(note, VerifierKey(origin, public_key))
    return found


def read_checkpoint(note: str) -> Checkpoint:
    """What a note says, its signatures not verified. Raises IntegrityFailure when it is not a checkpoint in its one canonical form."""
    text, separator, _ = note.rpartition("\n\n")
    lines = text.split("\n")
    if not separator or len(lines) != 3 or not lines[1].isdecimal():
        raise IntegrityFailure("A checkpoint of the trace is not of the form of one.")
    size, root = int(lines[1]), from_base64(lines[2])
    if text + "\n" != checkpoint_text(lines[0], size, root):
        raise IntegrityFailure("A checkpoint is of another trace, or not in canonical form.")
    return Checkpoint(lines[0], size, root, note)


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """The three lines of a checkpoint."""
    return f"{origin}\n{size}\n{to_base64(root)}\n"
