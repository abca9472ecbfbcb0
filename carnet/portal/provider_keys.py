"""What we show an identity provider, and open its tokens with: secrets and private keys of files."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey, RSAKey

from carnet.config import Settings
from carnet.errors import ConfigurationError
from carnet.identity.oidc_issuer import SMALLEST_RSA
from carnet.identity.oidc_tokens import Key


def shared_secret(settings: Settings, file: str) -> str:
    """The secret on the first line of a file of the home, '' where none is named. Raises ConfigurationError."""
    if not file:
        return ""
    try:
        text = (settings.home / file).read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text:
        raise ConfigurationError(f"The file {file} of the secret shared with the provider cannot be read, or is empty.")
    return text


def private_key(settings: Settings, name: str, use: str) -> Key:
    """A private key of a file, for `enc` or `sig`; its `kid` is its thumbprint (RFC 7638)."""
    try:
        raw = (settings.home / name).read_bytes()
        key = load_pem_private_key(raw, None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"The key file {name} cannot be read.") from error
    made: Key
    if isinstance(key, RSAPrivateKey) and key.key_size >= SMALLEST_RSA:
        made = RSAKey.import_key(raw, {"use": use})
    elif isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        made = ECKey.import_key(raw, {"use": use})
    else:
        raise ConfigurationError(f"The key of {name} is neither P-256 nor RSA of {SMALLEST_RSA} bits or more.")
    made.ensure_kid()
    return made
