"""What an approver signs: canonical JSON that names the act, the version with its digest and moment, who proposed it and who signs.

It names the installation too (the origin of its trace), so that an approval given to one cannot be carried to another.
"""

from __future__ import annotations

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from carnet.clock import to_iso
from carnet.errors import ConfigurationError, SignatureInvalid
from carnet.rulebook.ledger import Version

_ENCODER = msgspec.json.Encoder(order="sorted")


def approval_text(installation: str, version: Version, approver: str) -> bytes:
    """What an approver of a version signs."""
    return _text("approve rule data", installation, version, approver, "")


def withdrawal_text(installation: str, version: Version, approver: str, reason: str) -> bytes:
    """What an approver signs who takes an approved version back before its moment."""
    return _text("withdraw rule data", installation, version, approver, reason)


def sign(private_pem: bytes, text: bytes) -> bytes:
    """The Ed25519 signature (64 bytes). Raises ConfigurationError when the PEM is no plain Ed25519 private key."""
    try:
        key = load_pem_private_key(private_pem, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError("The key file holds no private key that can be read without a password.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError("The key file does not hold an Ed25519 key.")
    return key.sign(text)


def verify(public_key: bytes, signature: bytes, text: bytes) -> None:
    """Raises SignatureInvalid unless the raw Ed25519 key (32 bytes) verifies the signature."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except (InvalidSignature, ValueError) as error:
        raise SignatureInvalid("The signature is not the approver's, or is of another text.") from error


def _text(act: str, installation: str, version: Version, approver: str, reason: str) -> bytes:
    return _ENCODER.encode(
        {
            "act": act,
            "installation": installation,
            "kind": version.kind,
            "version": version.version,
            "digest": version.digest,
            "effective_from": to_iso(version.effective_from),
            "proposed_by": version.proposed_by,
            "proposed_at": to_iso(version.proposed_at),
            "approver": approver,
            "reason": reason,
        }
    )
