"""Pro Santé Connect as an identity provider: tokens signed and not encrypted, the person in plain JSON, levels that are named one by one."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey

from carnet.errors import SignInFailed, Unavailable
from carnet.identity import oidc_claims
from carnet.identity.oidc_client import Begun
from carnet.identity.oidc_issuer import read_endpoints
from carnet.identity.oidc_tokens import Opener

sys.path.insert(0, str(Path(__file__).parent))

from oidc_forge import (
    CLIENT,
    ISSUER,
    NOW,
    STRANGER,
    THEIRS_RSA,
    Forge,
    arrive,
    encrypted,
    raw_jws,
    signed,
    twisted,
)

SUBJECT = "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:899970000016"


class Wallet(Forge):
    """A provider shaped like Pro Santé Connect, honest until told otherwise."""

    def __init__(self, *, plain=None, **about):
        super().__init__(**{"subject": SUBJECT, "acr": "eidas1", **about})
        self.id_token = self.id_token or signed
        self.answers["/userinfo"] = lambda _request: httpx.Response(
            200, json={"sub": SUBJECT, "SubjectNameID": "899970000016", **(plain or {})}
        )

    def provider(self, **changes):
        usual = {
            "opener": Opener(()),
            "scope": "openid scope_all",
            "prompt": "",
            "acr": "eidas1",
            "accepted": frozenset({"eidas1", "eidas3"}),
            "encrypts": False,
        }
        return super().provider(**{**usual, **changes})


RIGHT = {
    "as it does it": {},
    "a level that is accepted": {"acr": "eidas3"},
    "signed by RSA": {"id_token": lambda claims: signed(claims, THEIRS_RSA, alg="RS256")},
    "typed": {"id_token": lambda claims: signed(claims, header={"typ": "JWT"})},
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_it_may_say_is_accepted(name):
    arrival = arrive(Wallet(**RIGHT[name]))
    assert arrival.who.subject == SUBJECT
    assert arrival.who.methods == ("pwd", "mfa")
    assert arrival.pivot["SubjectNameID"] == "899970000016"


HOSTILE = {
    "another issuer": {"id_claims": {"iss": "https://evil.example"}},
    "another audience": {"id_claims": {"aud": "somebody"}},
    "two audiences": {"id_claims": {"aud": [CLIENT, "somebody"]}},
    "another party": {"id_claims": {"azp": "somebody"}},
    "another nonce": {"id_claims": {"nonce": "another"}},
    "no nonce": {"id_claims": {"nonce": ...}},
    "expired": {"id_claims": {"iat": NOW - 200, "exp": NOW - 1}},
    "too old": {"id_claims": {"iat": NOW - 400}},
    "to come": {"id_claims": {"iat": NOW + 600, "exp": NOW + 700}},
    "a level that is not accepted": {"acr": "eidas2"},
    "an unknown level": {"acr": "eidas9"},
    "no level": {"id_claims": {"acr": ...}},
    "an access token of somebody else": {"id_claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "no signature": {"id_token": lambda claims: raw_jws({"alg": "none"}, claims)},
    "alg none under a signature": {"id_token": lambda claims: twisted(claims, alg="none")},
    "a secret that everybody has": {
        "id_token": lambda claims: signed(
            claims, OctKey.import_key("s3cret" * 8), alg="HS256", header={"kid": "theirs"}
        )
    },
    "a stranger's key": {"id_token": lambda claims: signed(claims, STRANGER)},
    "a key of its own": {"id_token": lambda claims: twisted(claims, jwk=STRANGER.as_dict(private=False))},
    "a place of keys": {"id_token": lambda claims: twisted(claims, jku="https://evil.example/jwks")},
    "encrypted": {"id_token": lambda claims: encrypted(signed(claims))},
    "another person's identity": {"plain": {"sub": "f:x:899970000024"}},
    "an identity of nobody": {"plain": {"sub": None}},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_it_may_not_say_lets_nobody_in(name):
    with pytest.raises(SignInFailed):
        arrive(Wallet(**HOSTILE[name]))


@pytest.mark.parametrize("name", ["iss", "aud", "nonce", "acr", "at_hash"])
def test_control_each_check_is_needed(name):
    told = {
        "iss": "another issuer",
        "aud": "another audience",
        "nonce": "another nonce",
        "acr": "an unknown level",
        "at_hash": "an access token of somebody else",
    }[name]
    forge = Wallet(**HOSTILE[told])
    provider = forge.provider()
    provider.id_token_checks = {one: check for one, check in oidc_claims.ID_TOKEN.items() if one != name}
    assert arrive(forge, provider).who.subject == SUBJECT


def test_an_identity_in_a_token_is_verified_too():
    forge = Wallet()
    forge.answers["/userinfo"] = lambda _request: httpx.Response(
        200, text=signed(forge.user()), headers={"content-type": "application/jwt"}
    )
    assert arrive(forge).pivot["sub"] == SUBJECT
    forge = Wallet()
    forge.answers["/userinfo"] = lambda _request: httpx.Response(
        200, text=signed(forge.user(), STRANGER), headers={"content-type": "application/jwt"}
    )
    with pytest.raises(SignInFailed):
        arrive(forge)


def test_a_provider_that_encrypts_is_not_believed_in_plain():
    forge = Forge()
    forge.answers["/userinfo"] = lambda _request: httpx.Response(200, json={"sub": forge.subject})
    with pytest.raises(Unavailable):
        arrive(forge)


def test_who_is_asked_again_is_asked_at_once_and_must_have_answered_since():
    url = asyncio.run(Wallet().provider().authorization_url(Begun.new(), again=True))
    asked = parse_qs(urlsplit(url).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    for ago, right in ((30, True), (300, False), (None, False)):
        forge, begun = Wallet(id_claims={"auth_time": NOW - ago} if ago is not None else {}), Begun.new()
        forge.nonce = begun.nonce
        arriving = forge.provider().arrive(begun, "the-code", None, within=20)
        if right:
            assert asyncio.run(arriving).who.subject == SUBJECT
        else:
            with pytest.raises(SignInFailed):
                asyncio.run(arriving)


def test_the_browser_alone_may_be_sent_to_another_host_that_is_declared():
    wallet = "https://wallet.example"
    document = Forge().document() | {"authorization_endpoint": f"{wallet}/auth"}
    assert read_endpoints(document, ISSUER, wallet).authorization == f"{wallet}/auth"
    with pytest.raises(Unavailable):
        read_endpoints(document, ISSUER)
    with pytest.raises(Unavailable):
        read_endpoints(document | {"token_endpoint": f"{wallet}/token"}, ISSUER, wallet)
