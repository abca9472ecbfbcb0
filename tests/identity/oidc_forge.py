"""An identity provider that says whatever a test wants, honest until told otherwise: over httpx's own transport, with joserfc's keys."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwe, jws
from joserfc.jwk import ECKey, RSAKey

from carnet.clock import SECOND
from carnet.identity.oidc_client import Begun, IdentityProvider, Registration
from carnet.identity.oidc_fetch import Fetcher
from carnet.identity.oidc_issuer import Issuer
from carnet.identity.oidc_tokens import Opener

ISSUER = "https://fcp.example/api/v2"
CLIENT = "carnet-client"
NOW = 1_790_000_000
ACCESS = "access-token-of-this-sign-in"
RETURN = "https://espace.example/connexion/retour"
PIVOT = {
    "family_name": "PAT-TROIS",
    "given_name": "DOMINIQUE MARIE-LOUISE",
    "gender": "female",
    "birthdate": "1979-03-28",
    "birthplace": "51215",
    "birthcountry": "99100",
}

OURS = ECKey.generate_key("P-256", {"kid": "ours-ec"}, private=True)
OURS_RSA = RSAKey.generate_key(2048, {"kid": "ours-rsa"}, private=True)
THEIRS = ECKey.generate_key("P-256", {"kid": "theirs", "use": "sig"}, private=True)
THEIRS_RSA = RSAKey.generate_key(2048, {"kid": "theirs-rsa", "use": "sig"}, private=True)
STRANGER = ECKey.generate_key("P-256", {"kid": "theirs", "use": "sig"}, private=True)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def at_hash(token: str) -> str:
    return b64(hashlib.sha256(token.encode()).digest()[:16])


def signed(claims, key=THEIRS, *, alg="ES256", header=None):
    whole = {"alg": alg, "kid": key.kid} | (header or {})
    whole = {name: value for name, value in whole.items() if value is not None}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jws.serialize_compact(whole, payload, key, algorithms=[alg])


def encrypted(inside, key=OURS, *, alg="ECDH-ES", enc="A256GCM", header=None):
    whole = {"alg": alg, "enc": enc, "kid": key.kid, "cty": "JWT"} | (header or {})
    whole = {name: value for name, value in whole.items() if value is not None}
    return jwe.encrypt_compact(whole, inside, key, algorithms=[alg, enc, "DEF"])


def raw_jws(header, claims, signature=b""):
    """A token put together by hand: what no library would make."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return f"{b64(text)}.{b64(json.dumps(claims).encode())}.{b64(signature)}"


@dataclass
class Forge:
    """The provider. `id_claims` and `user_claims` change what its tokens say; `id_token` and `user_token` replace them."""

    now: int = NOW
    subject: str = "sub-of-pat-trois"
    acr: str = "eidas2"
    nonce: str = ""
    verifier_of: dict = field(default_factory=dict)
    id_claims: dict = field(default_factory=dict)
    user_claims: dict = field(default_factory=dict)
    id_token: object = None
    user_token: object = None
    metadata: dict = field(default_factory=dict)
    keys: list = field(default_factory=lambda: [THEIRS, THEIRS_RSA])
    token_answer: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    clock_at: int = NOW * SECOND

    def clock(self):
        return self.clock_at

    def provider(self, **changes) -> IdentityProvider:
        fetcher = Fetcher(transport=httpx.MockTransport(self.answer))
        usual = {
            "client_id": CLIENT,
            "redirect_uri": RETURN,
            "logout_uri": "https://espace.example/",
            "secret": "s3cret",
        }
        registration = Registration(**({**usual, "opener": Opener((OURS, OURS_RSA))} | changes))
        return IdentityProvider(Issuer(ISSUER, fetcher, self.clock), registration, self.clock)

    def claims(self, begun=None):
        return {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": self.subject,
            "iat": self.now,
            "exp": self.now + 60,
            "nonce": begun.nonce if begun else self.nonce,
            "acr": self.acr,
            "amr": ["pwd", "mfa"],
            "at_hash": at_hash(ACCESS),
        } | self.id_claims

    def user(self):
        return {"iss": ISSUER, "aud": CLIENT, "sub": self.subject, **PIVOT} | self.user_claims

    def made_id_token(self):
        claims = {name: value for name, value in self.claims().items() if value is not ...}
        return self.id_token(claims) if callable(self.id_token) else encrypted(signed(claims))

    def made_user_token(self):
        claims = {name: value for name, value in self.user().items() if value is not ...}
        return self.user_token(claims) if callable(self.user_token) else encrypted(signed(claims))

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = urlsplit(str(request.url)).path.removeprefix("/api/v2")
        self.asked.append(path)
        if path in self.answers:
            given = self.answers[path]
            return given(request) if callable(given) else given
        if path == "/.well-known/openid-configuration":
            return httpx.Response(200, json=self.document())
        if path == "/jwks":
            return httpx.Response(200, json={"keys": [one.as_dict(private=False) for one in self.keys]})
        if path == "/token":
            form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
            self.verifier_of[form["code"]] = form["code_verifier"]
            tokens = {
                "access_token": ACCESS,
                "token_type": "Bearer",
                "expires_in": 60,
                "id_token": self.made_id_token(),
            }
            return httpx.Response(200, json={**tokens, **self.token_answer})
        if path == "/userinfo":
            assert request.headers["authorization"] == f"Bearer {ACCESS}"
            return httpx.Response(200, text=self.made_user_token(), headers={"content-type": "application/jwt"})
        if path == "/revoke":
            return httpx.Response(200, json={})
        return httpx.Response(404)

    def document(self):
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "userinfo_endpoint": f"{ISSUER}/userinfo",
            "jwks_uri": f"{ISSUER}/jwks",
            "end_session_endpoint": f"{ISSUER}/session/end",
            "revocation_endpoint": f"{ISSUER}/revoke",
        } | self.metadata


def arrive(forge: Forge, provider: IdentityProvider | None = None, *, issuer=None, begun=None):
    """One sign-in, from the code that came back."""
    begun = begun or Begun.new()
    forge.nonce = forge.nonce or begun.nonce
    provider = provider or forge.provider()

    return asyncio.run(provider.arrive(begun, "the-code", issuer))


def twisted(claims, **changes):
    """A genuine token whose header is replaced after it was signed."""
    head, body, signature = signed(claims).split(".")
    del head
    return f"{b64(json.dumps({'alg': 'ES256', 'kid': 'theirs'} | changes).encode())}.{body}.{signature}"
