"""Building the sign-in of one worker out of the settings: keys read, provider named, pages chosen. Without an origin nobody signs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey, RSAKey

from carnet.config import Settings
from carnet.errors import ConfigurationError
from carnet.identity.oidc_client import IdentityProvider, Registration
from carnet.identity.oidc_fetch import Fetcher, origin
from carnet.identity.oidc_issuer import SMALLEST_RSA, Issuer
from carnet.identity.oidc_tokens import SIGNATURES, Key, Opener
from carnet.identity.passkeys import Party
from carnet.portal.patient.activation_pages import activation_routes
from carnet.portal.patient.card_door import card_routes
from carnet.portal.patient.device_pages import device_routes
from carnet.portal.patient.sign_in_door import SignInDoor
from carnet.portal.patient.sign_in_pages import sign_in_routes
from carnet.portal.person import NoSessions, Sessions
from carnet.record.gate import Gate


def open_sign_in(gate: Gate, address_of: Callable[[Any], str]) -> Sessions:
    """What says who is signed in, by the settings. Raises ConfigurationError for a key that cannot be read or is weak."""
    settings = gate.platform.settings
    if not settings.space_origin:
        return NoSessions()
    host = settings.space_origin.partition("://")[2].partition(":")[0]
    party = Party(host, settings.space_origin, settings.notice_service_name)
    provider = provider_of(gate) if settings.oidc_issuer else None
    return SignInDoor(
        gate, party, provider, address_of, [sign_in_routes, activation_routes, device_routes, card_routes]
    )


def provider_of(gate: Gate) -> IdentityProvider:
    """The identity provider of the settings, and our registration with it."""
    settings, clock = gate.platform.settings, gate.platform.clock
    if not origin(settings.oidc_issuer):
        raise ConfigurationError("oidc_issuer is not the address of an issuer.")
    authorities = str(settings.path("oidc_authorities")) if settings.oidc_authorities else ""
    opener = Opener(
        tuple(private_key(settings, name, "enc") for name in settings.oidc_decryption_keys),
        frozenset(settings.oidc_signature_algorithms) or SIGNATURES,
    )
    registration = Registration(
        client_id=settings.oidc_client_id,
        redirect_uri=f"{settings.space_origin}/connexion/retour",
        logout_uri=f"{settings.space_origin}/connexion",
        opener=opener,
        acr=settings.oidc_acr,
        maximum_age=settings.oidc_maximum_age,
        secret=_secret(settings),
        signing_key=private_key(settings, settings.oidc_signing_key, "sig") if settings.oidc_signing_key else None,
    )
    return IdentityProvider(Issuer(settings.oidc_issuer, Fetcher(authorities), clock), registration, clock)


def _secret(settings: Settings) -> str:
    if not settings.oidc_client_secret_file:
        return ""
    try:
        text = settings.path("oidc_client_secret_file").read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text:
        raise ConfigurationError("The file that oidc_client_secret_file names cannot be read, or is empty.")
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
