"""Building the sign-in of professionals in one worker out of the settings. Without a provider and without cards nobody signs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from carnet.errors import ConfigurationError
from carnet.identity.oidc_claims import LEVELS
from carnet.identity.oidc_client import IdentityProvider, Registration
from carnet.identity.oidc_fetch import Fetcher, origin
from carnet.identity.oidc_issuer import Issuer
from carnet.identity.oidc_tokens import SIGNATURES, Opener
from carnet.portal.professional.caller import Callers, NoCallers
from carnet.portal.professional.direct_access_pages import direct_routes
from carnet.portal.professional.pro_door import ProDoor
from carnet.portal.professional.pro_sign_in_pages import pro_sign_in_routes
from carnet.portal.professional.pro_situation_pages import situation_routes
from carnet.portal.provider_keys import private_key, shared_secret
from carnet.record.gate import Gate

SCOPE = "openid scope_all"
"""The scopes of Pro Santé Connect (protocols §8.5)."""


def open_pro_sign_in(
    gate: Gate, address_of: Callable[[Any], str], certificate_of: Callable[[Any], bytes | None]
) -> Callers:
    """What says which professional is signed in, by the settings.

    `address_of` and `certificate_of` tell of a request's scope the network address and the client certificate (DER), a declared proxy's word
    included. Raises ConfigurationError for a key that cannot be read or is weak.
    """
    settings = gate.platform.settings
    if not settings.pro_oidc_issuer and not settings.pro_cards:
        return NoCallers()
    provider = pro_provider_of(gate) if settings.pro_oidc_issuer else None
    pages = [pro_sign_in_routes, situation_routes, direct_routes]
    return ProDoor(gate, provider, address_of, certificate_of, pages)


def pro_provider_of(gate: Gate) -> IdentityProvider:
    """Pro Santé Connect by the settings, and our registration with it."""
    settings, clock = gate.platform.settings, gate.platform.clock
    if not origin(settings.pro_oidc_issuer):
        raise ConfigurationError("pro_oidc_issuer is not the address of an issuer.")
    signing = settings.pro_oidc_signing_key
    registration = Registration(
        client_id=settings.pro_oidc_client_id,
        redirect_uri=f"{settings.space_origin}/pro/connexion/retour",
        logout_uri=f"{settings.space_origin}/pro/connexion",
        opener=Opener((), frozenset(settings.pro_oidc_signature_algorithms) or SIGNATURES),
        acr=settings.pro_oidc_acr,
        secret=shared_secret(settings, settings.pro_oidc_client_secret_file),
        signing_key=private_key(settings, signing, "sig") if signing else None,
        scope=SCOPE,
        prompt="",
        accepted=frozenset(settings.pro_oidc_accepted_acr) or frozenset(LEVELS),
        encrypts=False,
    )
    authorities = str(settings.path("pro_oidc_authorities")) if settings.pro_oidc_authorities else ""
    browsers = origin(settings.pro_oidc_authorization_origin)
    issuer = Issuer(settings.pro_oidc_issuer, Fetcher(authorities), clock, browsers)
    return IdentityProvider(issuer, registration, clock)
