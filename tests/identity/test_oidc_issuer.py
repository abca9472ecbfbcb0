"""The provider as it describes itself, answers and renews its keys: who it must be, and what its absence does."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey

from carnet.clock import HOUR, MINUTE, SECOND
from carnet.errors import SignInFailed, Unavailable

sys.path.insert(0, str(Path(__file__).parent))

from oidc_forge import (
    ISSUER,
    STRANGER,
    THEIRS_RSA,
    Forge,
    arrive,
    encrypted,
    signed,
    twisted,
)

# --- mix-up, and the provider's own answers ------------------------------------------------------------------------


def test_a_code_of_another_issuer_is_not_redeemed():
    forge = Forge()
    with pytest.raises(SignInFailed, match="another issuer"):
        arrive(forge, issuer="https://evil.example")
    assert "/token" not in forge.asked
    assert arrive(Forge(), issuer=ISSUER).who.subject


def test_a_provider_that_names_itself_always_does():
    forge = Forge(metadata={"authorization_response_iss_parameter_supported": True})
    with pytest.raises(SignInFailed, match="another issuer"):
        arrive(forge)
    forge.nonce = ""
    assert arrive(forge, issuer=ISSUER).who.subject


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "https://evil.example/token"},
        {"token_endpoint": "https://fcp.example.evil.example/token"},
        {"token_endpoint": "https://fcp.example@evil.example/token"},
        {"token_endpoint": "https://fcp.example:8443/token"},
        {"jwks_uri": "http://fcp.example/jwks"},
        {"userinfo_endpoint": ""},
        {"jwks_uri": None},
        {"revocation_endpoint": "https://evil.example/revoke"},
        {"end_session_endpoint": ["x"]},
    ],
    ids=repr,
)
def test_a_document_that_sends_elsewhere_is_not_used(metadata):
    forge = Forge(metadata=metadata)
    with pytest.raises(Unavailable):
        arrive(forge)
    assert forge.asked == ["/.well-known/openid-configuration"]


ANSWERS = {
    "a redirection": httpx.Response(302, headers={"location": "https://evil.example"}),
    "an error": httpx.Response(500),
    "too many requests": httpx.Response(429),
    "a page": httpx.Response(200, text="<html>", headers={"content-type": "text/html"}),
    "a list": httpx.Response(200, json=[1]),
    "no JSON": httpx.Response(200, text="{", headers={"content-type": "application/json"}),
    "megabytes": httpx.Response(200, content=b" " * 3_000_000, headers={"content-type": "application/json"}),
}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/token"])
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_none_says_that_the_provider_is_away(name, path):
    forge = Forge()
    answer = ANSWERS[name]
    forge.answers[path] = lambda _request: httpx.Response(
        answer.status_code,
        content=answer.content,
        headers={k: v for k, v in answer.headers.items() if k != "content-length"},
    )
    with pytest.raises(Unavailable):
        arrive(forge)


def test_a_provider_that_does_not_answer_is_away_and_not_asked_again_at_once():
    forge = Forge()

    def gone(request):
        raise httpx.ConnectError("gone", request=request)

    forge.answers["/.well-known/openid-configuration"] = gone
    provider = forge.provider()
    for _ in range(5):
        with pytest.raises(Unavailable):
            arrive(forge, provider)
    assert len(forge.asked) == 1
    forge.clock_at += 5 * SECOND
    del forge.answers["/.well-known/openid-configuration"]
    forge.nonce = ""
    assert arrive(forge, provider).who.subject


def test_a_code_that_the_provider_refuses_is_a_failed_sign_in():
    forge = Forge()
    forge.answers["/token"] = httpx.Response(400, json={"error": "invalid_grant"})
    with pytest.raises(SignInFailed, match="400"):
        arrive(forge)


@pytest.mark.parametrize(
    "answer", [{"token_type": "DPoP"}, {"id_token": ""}, {"access_token": 7}, {"id_token": None}], ids=repr
)
def test_an_answer_that_lacks_a_token_is_refused(answer):
    with pytest.raises(SignInFailed):
        arrive(Forge(token_answer=answer))


# --- the issuer's keys ---------------------------------------------------------------------------------------------


def test_keys_are_fetched_once_and_again_when_the_issuer_renews_them():
    forge = Forge()
    provider = forge.provider()
    for _ in range(3):
        forge.nonce = ""
        arrive(forge, provider)
    assert forge.asked.count("/jwks") == 1
    forge.keys = [STRANGER]
    renewed = ECKey.generate_key("P-256", {"kid": "renewed", "use": "sig"}, private=True)
    forge.keys, forge.id_token = [renewed], lambda claims: encrypted(signed(claims, renewed))
    forge.user_token = forge.id_token
    forge.nonce, forge.clock_at = "", forge.clock_at + MINUTE
    forge.now += 60
    assert arrive(forge, provider).who.subject
    assert forge.asked.count("/jwks") == 2


def test_tokens_that_name_unknown_keys_fetch_no_more_than_once_a_minute():
    forge = Forge(id_token=lambda claims: encrypted(twisted(claims, kid="unknown")))
    provider = forge.provider()
    for _ in range(20):
        with pytest.raises(SignInFailed):
            arrive(forge, provider)
    assert forge.asked.count("/jwks") == 1
    forge.clock_at += MINUTE
    for _ in range(20):
        with pytest.raises(SignInFailed):
            arrive(forge, provider)
    assert forge.asked.count("/jwks") == 2


def test_keys_that_were_withdrawn_are_no_longer_used_after_an_hour():
    forge = Forge()
    provider = forge.provider()
    arrive(forge, provider)
    forge.keys, forge.nonce = [THEIRS_RSA], ""
    forge.clock_at += HOUR + SECOND
    forge.now += 3601
    with pytest.raises(SignInFailed):
        arrive(forge, provider)
