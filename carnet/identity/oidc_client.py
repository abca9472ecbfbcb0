"""This service as a client of an identity provider: authorization code with PKCE, the person's identity, logout. Spec §5.5.

Nothing here remembers anything between two requests: what a sign-in needs at its end is `Begun`, which the caller keeps and uses once.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt

from carnet.clock import SECOND, Clock
from carnet.errors import CarnetError, SignInFailed
from carnet.identity import oidc_claims
from carnet.identity.oidc_claims import Check, Expected, Identified, check, identified
from carnet.identity.oidc_fetch import Fetcher, json_object
from carnet.identity.oidc_issuer import Issuer
from carnet.identity.oidc_tokens import KEY_ALGORITHMS, Key, Opener, UnknownSigner, deny, whole_object

PIVOT = "openid given_name family_name birthdate gender birthplace birthcountry"
"""Scopes of the pivot identity, no more: neither address nor e-mail is asked for."""
LOGOUT_TYPES = frozenset({"", "jwt", "logout+jwt"})
ASSERTION_SECONDS = 60
BY_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Registration:
    """What the provider and we agreed on. With `signing_key` we show who we are by a signed assertion, else by `secret`.

    `acr` is the level that is asked; `accepted` those that may be returned, none for that one or a higher one. `maximum_age` in seconds,
    0 for none asked. `encrypts`: the provider encrypts its tokens for us, and its word on the person is such a token; else tokens are signed
    alone, and that word may be plain JSON (Pro Santé Connect).
    """

    client_id: str
    redirect_uri: str
    logout_uri: str
    opener: Opener
    acr: str = "eidas2"
    maximum_age: int = 0
    secret: str = ""
    signing_key: Key | None = None
    scope: str = PIVOT
    prompt: str = "login consent"
    accepted: frozenset[str] = frozenset()
    encrypts: bool = True


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that was begun: random values of 256 bits each, for one browser and one use."""

    state: str
    nonce: str
    verifier: str

    @staticmethod
    def new() -> Begun:
        """Fresh values."""
        return Begun(*(secrets.token_urlsafe(32) for _ in range(3)))

    @property
    def challenge(self) -> str:
        """The PKCE challenge of method S256 (RFC 7636)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody whom the provider identified: the claims of their identity, and the ID token that a logout shows."""

    who: Identified
    pivot: Mapping[str, Any]
    id_token: str


@dataclass(slots=True)
class IdentityProvider:
    """One provider, and our registration with it. Raises Unavailable where it does not answer, SignInFailed for what it may not say."""

    issuer: Issuer
    registration: Registration
    clock: Clock
    id_token_checks: Mapping[str, Check] = field(default_factory=lambda: oidc_claims.ID_TOKEN)
    user_info_checks: Mapping[str, Check] = field(default_factory=lambda: oidc_claims.USER_INFO)
    plain_user_info_checks: Mapping[str, Check] = field(default_factory=lambda: oidc_claims.PLAIN_USER_INFO)
    logout_checks: Mapping[str, Check] = field(default_factory=lambda: oidc_claims.LOGOUT_TOKEN)

    @property
    def fetcher(self) -> Fetcher:
        """How it is asked."""
        return self.issuer.fetcher

    async def authorization_url(self, begun: Begun, *, again: bool = False) -> str:
        """Where the browser is sent to sign in. `again` asks that the person show anew who they are, whatever session they have there."""
        wanted = {
            "response_type": "code",
            "client_id": self.registration.client_id,
            "redirect_uri": self.registration.redirect_uri,
            "scope": self.registration.scope,
            "acr_values": self.registration.acr,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": begun.challenge,
            "code_challenge_method": "S256",
        }
        prompt = "login" if again else self.registration.prompt
        if prompt:
            wanted["prompt"] = prompt
        if again or self.registration.maximum_age:
            wanted["max_age"] = "0" if again else str(self.registration.maximum_age)
        return _with((await self.issuer.endpoints()).authorization, wanted)

    async def arrive(self, begun: Begun, code: str, issuer: str | None, *, within: int = 0) -> Arrival:
        """Whom a code is of. `issuer` is the `iss` parameter that came with it, None without one (RFC 9207: against mix-up).

        `within` is for how many seconds at most the person may have been authenticated there, 0 for what is registered.
        """
        endpoints = await self.issuer.endpoints()
        if (issuer is not None or endpoints.names_itself) and issuer != self.issuer.identifier:
            deny("the code comes from another issuer")
        tokens = await self._redeem(endpoints.token, begun, code)
        access_token = _text(tokens, "access_token")
        try:
            id_token = _text(tokens, "id_token")
            signed = self.registration.opener.decrypt(id_token) if self.registration.encrypts else id_token
            expected = replace(self._expected(), nonce=begun.nonce, access_token=access_token)
            expected = replace(expected, maximum_age=within or expected.maximum_age)
            who = identified(await self._verified(signed), expected, self.id_token_checks)
            pivot = await self._user_info(endpoints.userinfo, access_token, who.subject)
        finally:
            await self._revoke(endpoints.revocation, access_token)
        return Arrival(who, pivot, signed)

    async def logout_url(self, id_token: str, state: str) -> str:
        """Where the browser is sent to sign out there too, '' where the provider has no such place (RP-Initiated Logout 1.0)."""
        place = (await self.issuer.endpoints()).end_session
        wanted = {"id_token_hint": id_token, "post_logout_redirect_uri": self.registration.logout_uri, "state": state}
        return _with(place, wanted) if place else ""

    async def logout_claims(self, token: str) -> dict[str, Any]:
        """The claims of a logout token that the provider sent by itself, signed and encrypted or signed alone (Back-Channel Logout 1.0)."""
        signed = self.registration.opener.decrypt(token) if token.count(".") == 4 else token
        claims = await self._verified(signed, kinds=LOGOUT_TYPES)
        check(claims, self._expected(), self.logout_checks)
        return claims

    def published_keys(self) -> list[dict[str, Any]]:
        """Our public keys as a JWK set lists them: those that the provider encrypts for, and the one that we sign with."""
        ours = self.registration
        opening = [
            {**one.as_dict(private=False), "alg": KEY_ALGORITHMS[one.key_type]} for one in ours.opener.private_keys
        ]
        return [*opening, *([ours.signing_key.as_dict(private=False)] if ours.signing_key is not None else [])]

    def _expected(self) -> Expected:
        ours = self.registration
        now = self.clock() // SECOND
        return Expected(
            self.issuer.identifier,
            ours.client_id,
            now,
            acr=ours.acr,
            maximum_age=ours.maximum_age,
            accepted=ours.accepted,
        )

    async def _redeem(self, place: str, begun: Begun, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.registration.redirect_uri,
            "code_verifier": begun.verifier,
            **self._ourselves(place),
        }
        tokens = json_object(await self.fetcher.post(place, form))
        if _text(tokens, "token_type").lower() != "bearer":
            deny("the access token is of another type")
        return tokens

    def _ourselves(self, place: str) -> dict[str, str]:
        ours = self.registration
        if ours.signing_key is None:
            return {"client_id": ours.client_id, "client_secret": ours.secret}
        now = self.clock() // SECOND
        claims = {"iss": ours.client_id, "sub": ours.client_id, "aud": place, "jti": secrets.token_urlsafe(24)}
        algorithm = "ES256" if ours.signing_key.key_type == "EC" else "RS256"
        header = {"alg": algorithm} | ({"kid": ours.signing_key.kid} if ours.signing_key.kid else {})
        times = {"iat": now, "exp": now + ASSERTION_SECONDS}
        assertion = jwt.encode(header, claims | times, ours.signing_key, algorithms=[algorithm])
        return {"client_id": ours.client_id, "client_assertion_type": BY_ASSERTION, "client_assertion": assertion}

    async def _user_info(self, place: str, access_token: str, subject: str) -> dict[str, Any]:
        encrypts, expected = self.registration.encrypts, replace(self._expected(), subject=subject)
        kinds = frozenset({"application/jwt"} if encrypts else {"application/jwt", "application/json"})
        body = await self.fetcher.get(place, bearer=access_token, kinds=kinds)
        if not encrypts and body.lstrip().startswith(b"{"):
            plain = whole_object(body, "the identity")
            check(plain, expected, self.plain_user_info_checks)
            return plain
        try:
            token = body.decode("ascii").strip()
        except UnicodeDecodeError as error:
            deny("the identity is no token", error)
        claims = await self._verified(self.registration.opener.decrypt(token) if encrypts else token)
        check(claims, expected, self.user_info_checks)
        return claims

    async def _verified(self, signed: str, **kinds: frozenset[str]) -> dict[str, Any]:
        """Verified by a key of the issuer; its keys are fetched again, within bounds, when the token names one that we do not have."""
        opener = self.registration.opener
        try:
            return opener.verify(signed, await self.issuer.keys(), **kinds)
        except UnknownSigner:
            return opener.verify(signed, await self.issuer.keys(renewed=True), **kinds)

    async def _revoke(self, place: str, access_token: str) -> None:
        """Best done, never waited for by the person: the token lives a minute."""
        if place and access_token:
            with contextlib.suppress(CarnetError):
                await self.fetcher.post(place, {"token": access_token, **self._ourselves(place)})


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise SignInFailed(f"the provider gave no {name}")
    return value


def _with(place: str, wanted: Mapping[str, str]) -> str:
    return f"{place}{'&' if '?' in place else '?'}{urlencode(wanted)}"
