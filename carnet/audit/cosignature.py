"""What a witness signs: that at a time it saw this checkpoint, the largest of its trace so far, and a proof that it continues the one before.

C2SP tlog-cosignature, Ed25519 (`cosignature/v1`): the signature is a moment in seconds (8 bytes, big-endian) and 64 bytes over

    cosignature/v1 ⏎ time seconds ⏎ the text of the checkpoint
"""

from __future__ import annotations

from carnet.audit.signed_note import COSIGNATURE, Sign, SignatureLine, VerifierKey, read_signature_line
from carnet.errors import IntegrityFailure

_TIME_BYTES = 8
_LATEST = (1 << 63) - 1


def cosign(text: str, key: VerifierKey, sign: Sign, *, seconds: int) -> str:
    """The signature line (with its newline) of a checkpoint's text; `seconds` since 1970, UTC. Verified before it is given."""
    signature = seconds.to_bytes(_TIME_BYTES, "big") + sign(_message(text, seconds))
    line = SignatureLine(key.name, key.key_id, signature).written()
    verify_cosignature(text, line, key)
    return line


def verify_cosignature(text: str, line: str, key: VerifierKey) -> int:
    """When the witness signed this checkpoint's text, in seconds since 1970, UTC; `key` is of kind COSIGNATURE.

    Raises IntegrityFailure when the line is not of this key, or does not verify.
    """
    found = read_signature_line(line.removesuffix("\n"))
    if key.kind != COSIGNATURE or not found.is_of(key):
        raise IntegrityFailure("A co-signature is not of the witness's key.")
    seconds = int.from_bytes(found.signature[:_TIME_BYTES], "big")
    if seconds > _LATEST or not key.verify(found.signature[_TIME_BYTES:], _message(text, seconds)):
        raise IntegrityFailure("The co-signature of a witness does not verify.")
    return seconds


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
