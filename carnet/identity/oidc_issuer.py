"""What is known of an identity provider: its endpoints and its public keys, fetched from itself, kept for a time, never fetched in a storm."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from carnet.clock import HOUR, MINUTE, SECOND, Clock
from carnet.errors import CarnetError, Unavailable
from carnet.identity.oidc_fetch import AWAY, Fetcher, json_object, origin
from carnet.identity.oidc_tokens import Key

DISCOVERY = "/.well-known/openid-configuration"
KEPT = HOUR
"""Microseconds for which endpoints and keys are used before they are asked for again."""
BETWEEN_FETCHES = MINUTE
"""Microseconds between two fetches of the keys at least, whatever tokens name."""
AFTER_A_FAILURE = 5 * SECOND
"""Microseconds during which a provider that did not answer is not asked again: those who come meanwhile are told at once."""
MOST_KEYS = 20
SMALLEST_RSA = 2_048
REQUIRED = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
FOR_BROWSERS = "authorization_endpoint"
OPTIONAL = ("end_session_endpoint", "revocation_endpoint")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the provider answers; the optional ones are '' where it has none. `names_itself`: it sends `iss` with each code (RFC 9207)."""

    authorization: str
    token: str
    userinfo: str
    keys: str
    end_session: str = ""
    revocation: str = ""
    names_itself: bool = False


@dataclass(slots=True)
class Issuer:
    """One provider as this worker knows it. `browser_origin` is where browsers are sent, '' for the issuer's own origin."""

    identifier: str
    fetcher: Fetcher
    clock: Clock
    browser_origin: str = ""
    _endpoints: Endpoints | None = None
    _endpoints_at: int = 0
    _keys: tuple[Key, ...] = ()
    _keys_at: int | None = None
    _failed_at: int | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def endpoints(self) -> Endpoints:
        """Where it answers, by its own discovery document. Raises Unavailable when it cannot be read or is of another issuer."""
        async with self._turn:
            if self._endpoints is None or self.clock() - self._endpoints_at > KEPT:
                document = await self._fetched(self.identifier.rstrip("/") + DISCOVERY, frozenset({"application/json"}))
                self._endpoints, self._endpoints_at = (
                    read_endpoints(document, self.identifier, self.browser_origin),
                    self.clock(),
                )
            return self._endpoints

    async def keys(self, *, renewed: bool = False) -> tuple[Key, ...]:
        """Its public keys. `renewed` asks for them again, unless that was done less than a minute ago."""
        place = (await self.endpoints()).keys
        async with self._turn:
            age = None if self._keys_at is None else self.clock() - self._keys_at
            if age is None or age > KEPT or (renewed and age >= BETWEEN_FETCHES):
                kinds = frozenset({"application/json", "application/jwk-set+json"})
                self._keys, self._keys_at = read_keys(await self._fetched(place, kinds)), self.clock()
            return self._keys

    async def _fetched(self, url: str, kinds: frozenset[str]) -> dict[str, Any]:
        if self._failed_at is not None and self.clock() - self._failed_at < AFTER_A_FAILURE:
            raise Unavailable(AWAY)
        try:
            return json_object(await self.fetcher.get(url, kinds=kinds))
        except CarnetError as error:
            self._failed_at = self.clock()
            raise Unavailable(AWAY) from error


def read_endpoints(document: Mapping[str, Any], issuer: str, browser_origin: str = "") -> Endpoints:
    """Raises Unavailable for a document of another issuer, or that sends elsewhere: each endpoint is of the issuer's own origin.

    The authorization endpoint, to which the browser alone goes, may be of `browser_origin` too.
    """
    if document.get("issuer") != issuer:
        raise Unavailable("The identity provider's document is of another issuer.")
    found = {name: document.get(name, "") for name in (*REQUIRED, *OPTIONAL)}
    for name, url in found.items():
        allowed = {origin(issuer)} | ({browser_origin} if browser_origin and name == FOR_BROWSERS else set())
        if not isinstance(url, str) or ((url or name in REQUIRED) and origin(url) not in allowed):
            raise Unavailable(f"The identity provider's {name} is not of its own origin.")
    return Endpoints(
        authorization=found["authorization_endpoint"],
        token=found["token_endpoint"],
        userinfo=found["userinfo_endpoint"],
        keys=found["jwks_uri"],
        end_session=found["end_session_endpoint"],
        revocation=found["revocation_endpoint"],
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def read_keys(document: Mapping[str, Any]) -> tuple[Key, ...]:
    """The keys of a set that can verify signatures: P-256, and RSA of 2048 bits and more. What else is in the set is passed over."""
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise Unavailable("The identity provider's key set cannot be read.")
    return tuple(key for one in listed if (key := _public_key(one)) is not None)


def _public_key(one: Any) -> Key | None:
    if not isinstance(one, dict) or one.get("use", "sig") != "sig" or "d" in one or "k" in one:
        return None
    try:
        if one.get("kty") == "EC" and one.get("crv") == "P-256":
            return ECKey.import_key(one)
        if (
            one.get("kty") == "RSA"
            and int.from_bytes(base64.urlsafe_b64decode(f"{one['n']}===")).bit_length() >= SMALLEST_RSA
        ):
            return RSAKey.import_key(one)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return None
