"""Building the sign-in of one worker out of the settings: keys read, provider named, pages chosen. Without an origin nobody signs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from carnet.errors import ConfigurationError
from carnet.identity.oidc_client import IdentityProvider, Registration
from carnet.identity.oidc_fetch import Fetcher, origin
from carnet.identity.oidc_issuer import Issuer
from carnet.identity.oidc_tokens import SIGNATURES, Opener
from carnet.identity.passkeys import Party
from carnet.portal.patient.activation_pages import activation_routes
from carnet.portal.patient.card_door import card_routes
from carnet.portal.patient.device_pages import device_routes
from carnet.portal.patient.sign_in_door import SignInDoor
from carnet.portal.patient.sign_in_pages import sign_in_routes
from carnet.portal.person import NoSessions, Sessions
from carnet.portal.provider_keys import private_key, shared_secret
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
        secret=shared_secret(settings, settings.oidc_client_secret_file),
        signing_key=private_key(settings, settings.oidc_signing_key, "sig") if settings.oidc_signing_key else None,
    )
    return IdentityProvider(Issuer(settings.oidc_issuer, Fetcher(authorities), clock), registration, clock)
