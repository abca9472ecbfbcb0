"""Signing in at an identity provider: what is right is accepted, and each way of being wrong is refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import sys
import warnings
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey

from carnet.errors import SignInFailed, Unavailable
from carnet.identity import oidc_claims
from carnet.identity.oidc_client import BY_ASSERTION, Begun, IdentityProvider
from carnet.identity.oidc_issuer import read_keys
from carnet.identity.oidc_tokens import LONGEST, Opener

sys.path.insert(0, str(Path(__file__).parent))

from oidc_forge import (
    ACCESS,
    CLIENT,
    ISSUER,
    NOW,
    OURS,
    OURS_RSA,
    RETURN,
    STRANGER,
    THEIRS,
    THEIRS_RSA,
    Forge,
    arrive,
    at_hash,
    b64,
    encrypted,
    raw_jws,
    signed,
    twisted,
)


def url_of(forge: Forge, begun: Begun, **changes) -> dict[str, list[str]]:
    url = asyncio.run(forge.provider(**changes).authorization_url(begun))
    assert url.startswith(f"{ISSUER}/authorize?")
    return parse_qs(urlsplit(url).query)


# --- what is right -------------------------------------------------------------------------------------------------

RIGHT = {
    "as FranceConnect+ does it": {},
    "a list of one audience": {"id_claims": {"aud": [CLIENT]}},
    "a higher level than asked": {"acr": "eidas3"},
    "our own azp": {"id_claims": {"azp": CLIENT}},
    "no at_hash": {"id_claims": {"at_hash": ...}},
    "a clock ahead by a minute": {"id_claims": {"iat": NOW + 60, "exp": NOW + 120, "nbf": NOW + 60}},
    "issued five minutes ago": {"id_claims": {"iat": NOW - 300}},
    "authenticated an hour ago, which nobody asked about": {"id_claims": {"auth_time": NOW - 3600}},
    "signed by RSA": {"id_token": lambda claims: encrypted(signed(claims, THEIRS_RSA, alg="RS256"))},
    "encrypted for RSA": {"id_token": lambda claims: encrypted(signed(claims), OURS_RSA, alg="RSA-OAEP-256")},
    "the type said": {
        "id_token": lambda claims: encrypted(signed(claims, header={"typ": "JWT"}), header={"typ": "JWT"})
    },
    "no kid where one key fits": {"id_token": lambda claims: encrypted(signed(claims, header={"kid": None}))},
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_a_provider_may_say_is_accepted(name):
    forge = Forge(**RIGHT[name])
    arrival = arrive(forge)
    assert (arrival.who.issuer, arrival.who.subject) == (ISSUER, "sub-of-pat-trois")
    assert arrival.pivot["family_name"] == "PAT-TROIS"
    signer = THEIRS_RSA if name == "signed by RSA" else THEIRS
    assert b"sub-of-pat-trois" in jws.deserialize_compact(arrival.id_token, signer).payload


def test_the_browser_is_sent_with_all_that_protects_the_code():
    begun = Begun.new()
    asked = url_of(Forge(), begun, maximum_age=300)
    assert asked["code_challenge_method"] == ["S256"]
    digest = hashlib.sha256(begun.verifier.encode()).digest()
    assert asked["code_challenge"] == [base64.urlsafe_b64encode(digest).rstrip(b"=").decode()]
    assert (asked["state"], asked["nonce"]) == ([begun.state], [begun.nonce])
    assert asked["acr_values"] == ["eidas2"]
    assert asked["redirect_uri"] == [RETURN]
    assert asked["max_age"] == ["300"]
    assert set(asked["scope"][0].split()) == {
        "openid", "given_name", "family_name", "birthdate", "gender", "birthplace", "birthcountry",
    }  # fmt: skip


def test_values_of_a_sign_in_are_long_and_never_the_same():
    made = [Begun.new() for _ in range(50)]
    values = [value for one in made for value in (one.state, one.nonce, one.verifier)]
    assert len(set(values)) == len(values)
    assert min(map(len, values)) == 43


def test_the_code_goes_with_its_verifier_and_the_access_token_is_revoked():
    forge, begun = Forge(), Begun.new()
    arrive(forge, begun=begun)
    assert forge.verifier_of == {"the-code": begun.verifier}
    assert forge.asked[-1] == "/revoke"


def test_we_show_who_we_are_by_a_signed_assertion_where_we_have_a_key():
    forge, key = Forge(), ECKey.generate_key("P-256", {"kid": "client"}, private=True)
    forms = []

    def token(request: httpx.Request) -> httpx.Response:
        forms.append({name: values[0] for name, values in parse_qs(request.content.decode()).items()})
        body = {"access_token": ACCESS, "token_type": "Bearer", "id_token": forge.made_id_token()}
        return httpx.Response(200, json=body)

    forge.answers["/token"] = token
    arrive(forge, forge.provider(secret="", signing_key=key))
    form = forms[0]
    assert form["client_assertion_type"] == BY_ASSERTION
    assert "client_secret" not in form
    claims = jwt.decode(form["client_assertion"], key, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, f"{ISSUER}/token")
    assert claims["exp"] - claims["iat"] == 60


# --- the claims of an ID token -------------------------------------------------------------------------------------

WRONG_CLAIMS = {
    # what is wrong: (the check that must catch it, the claims)
    "another issuer": ("iss", {"iss": "https://evil.example"}),
    "the issuer with a slash": ("iss", {"iss": f"{ISSUER}/"}),
    "a token for another client": ("aud", {"aud": "another-client"}),
    "for us and another": ("aud", {"aud": [CLIENT, "another-client"]}),
    "no audience": ("aud", {"aud": ...}),
    "given to another party": ("azp", {"azp": "another-client"}),
    "expired": ("exp", {"iat": NOW - 120, "exp": NOW}),
    "for ever": ("exp", {"exp": NOW + 400_000_000}),
    "without end": ("exp", {"exp": ...}),
    "an end that is text": ("exp", {"exp": str(NOW + 60)}),
    "an end that is true": ("exp", {"iat": NOW, "exp": True}),
    "issued in the future": ("iat", {"iat": NOW + 61, "exp": NOW + 200}),
    "issued long ago": ("iat", {"iat": NOW - 301}),
    "not yet good": ("nbf", {"nbf": NOW + 61}),
    "authenticated in the future": ("auth_time", {"auth_time": NOW + 61}),
    "another sign-in's nonce": ("nonce", {"nonce": Begun.new().nonce}),
    "no nonce": ("nonce", {"nonce": ...}),
    "an empty nonce": ("nonce", {"nonce": ""}),
    "a nonce that is a list": ("nonce", {"nonce": ["x"]}),
    "a lower level": ("acr", {"acr": "eidas1"}),
    "no level": ("acr", {"acr": ...}),
    "a level that nobody knows": ("acr", {"acr": "eidas4"}),
    "no subject": ("sub", {"sub": ...}),
    "an empty subject": ("sub", {"sub": ""}),
    "a subject that is a number": ("sub", {"sub": 7}),
    "a subject with a line end": ("sub", {"sub": "a\nb"}),
    "a subject too long": ("sub", {"sub": "x" * 256}),
    "another access token": ("at_hash", {"at_hash": at_hash("another")}),
}


def without(name: str) -> IdentityProvider:
    """A build of the client in which one check of the ID token is removed."""
    checks = {one: check for one, check in oidc_claims.ID_TOKEN.items() if one != name}
    provider = Forge().provider()
    provider.id_token_checks = checks
    return provider


@pytest.mark.parametrize("name", WRONG_CLAIMS)
def test_an_id_token_that_says_something_wrong_is_refused_by_its_check_alone(name):
    check, claims = WRONG_CLAIMS[name]
    with pytest.raises(SignInFailed) as refused:
        arrive(Forge(id_claims=claims))
    assert refused.value.message == f"the token's {check} cannot be accepted"


@pytest.mark.parametrize("check", oidc_claims.ID_TOKEN)
def test_control_with_any_check_removed_what_it_catches_gets_through(check):
    for caught_by, claims in WRONG_CLAIMS.values():
        if caught_by == check:
            whole = Forge(id_claims=claims, nonce="n").claims() | {"nonce": "n"} | claims
            whole = {name: value for name, value in whole.items() if value is not ...}
            expected = oidc_claims.Expected(ISSUER, CLIENT, NOW, nonce="n", access_token=ACCESS)
            left = {name: one for name, one in oidc_claims.ID_TOKEN.items() if name != check}
            oidc_claims.check(whole, expected, left)
            with pytest.raises(SignInFailed):
                oidc_claims.check(whole, expected, oidc_claims.ID_TOKEN)
            break
    else:
        pytest.fail(f"no attack is caught by {check} alone")


def test_a_person_who_authenticated_too_long_ago_is_refused_where_that_was_asked():
    for claims in ({}, {"auth_time": NOW - 361}, {"auth_time": "now"}):
        forge = Forge(id_claims=claims)
        with pytest.raises(SignInFailed, match="auth_time"):
            arrive(forge, forge.provider(maximum_age=300))
    forge = Forge(id_claims={"auth_time": NOW - 300})
    assert arrive(forge, forge.provider(maximum_age=300)).who.subject


def test_the_level_asked_is_the_level_required():
    forge = Forge(acr="eidas2")
    with pytest.raises(SignInFailed, match="acr"):
        arrive(forge, forge.provider(acr="eidas3"))


# --- the token itself ----------------------------------------------------------------------------------------------

PUBLIC_PEM = THEIRS.as_pem(private=False)
WEAK_RSA = {**THEIRS_RSA.as_dict(private=False), "n": b64(b"\xc3" * 128), "kid": "weak"}


def altered_signature(claims):
    token = signed(claims)
    head, body, signature = token.split(".")
    flipped = "A" if signature[0] != "A" else "B"
    return f"{head}.{body}.{flipped}{signature[1:]}"


def other_claims(claims):
    head, _body, signature = signed(claims).split(".")
    return f"{head}.{b64(json.dumps(claims | {'sub': 'somebody-else'}).encode())}.{signature}"


def json_form(claims):
    parts = signed(claims).split(".")
    return json.dumps({"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]})


def by_hmac(claims):
    """The confusion of old libraries: the issuer's public key, which everybody has, taken for a shared secret."""
    token = raw_jws({"alg": "HS256", "kid": "theirs"}, claims)
    body = token.removesuffix(".")
    return f"{body}.{b64(hmac.digest(PUBLIC_PEM, body.encode(), 'sha256'))}"


def by_rsa_1_5(claims):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return encrypted(signed(claims), OURS_RSA, alg="RSA1_5")


def damaged(place):
    def make(claims):
        parts = encrypted(signed(claims)).split(".")
        parts[place] = ("A" if parts[place][:1] != "A" else "B") + parts[place][1:]
        return ".".join(parts)

    return make


WRONG_TOKENS = {
    "not encrypted": signed,
    "not signed, in a good envelope": lambda claims: encrypted(raw_jws({"alg": "none"}, claims)),
    "alg none in capitals": lambda claims: encrypted(raw_jws({"alg": "NONE"}, claims, b"x")),
    "alg none with a signature": lambda claims: encrypted(raw_jws({"alg": "none"}, claims, b"x")),
    "an empty signature": lambda claims: encrypted(raw_jws({"alg": "ES256", "kid": "theirs"}, claims)),
    "no alg": lambda claims: encrypted(raw_jws({"kid": "theirs"}, claims, b"x")),
    "alg as a list": lambda claims: encrypted(raw_jws({"alg": ["ES256"], "kid": "theirs"}, claims, b"x")),
    "HMAC keyed with the public key": lambda claims: encrypted(by_hmac(claims)),
    "signed by a stranger under the same kid": lambda claims: encrypted(signed(claims, STRANGER)),
    "signed by a stranger, its key in the header": lambda claims: encrypted(
        twisted(claims, jwk=STRANGER.as_dict(private=False))
    ),
    "a key to be fetched elsewhere": lambda claims: encrypted(twisted(claims, jku="https://evil.example/jwks")),
    "a certificate of its own": lambda claims: encrypted(twisted(claims, x5c=["MIIB"])),
    "a critical parameter": lambda claims: encrypted(twisted(claims, crit=["exp"])),
    "an unencoded payload": lambda claims: encrypted(twisted(claims, b64=False)),
    "another kind of algorithm than the key": lambda claims: encrypted(twisted(claims, alg="RS256")),
    "RSA-PSS, which was not agreed": lambda claims: encrypted(
        signed(claims, THEIRS_RSA, alg="PS256", header={"kid": "theirs-rsa"})
    ),
    "a kid that nobody knows": lambda claims: encrypted(twisted(claims, kid="unknown")),
    "a kid that is a path": lambda claims: encrypted(twisted(claims, kid="../../dev/null")),
    "a logout token in its place": lambda claims: encrypted(signed(claims, header={"typ": "logout+jwt"})),
    "an access token in its place": lambda claims: encrypted(signed(claims, header={"typ": "at+jwt"})),
    "the signature altered": lambda claims: encrypted(altered_signature(claims)),
    "the claims replaced": lambda claims: encrypted(other_claims(claims)),
    "the JSON form, with signatures": lambda claims: encrypted(json_form(claims)),
    "the header says alg twice": lambda claims: encrypted(
        raw_jws(b'{"alg":"none","alg":"ES256","kid":"theirs"}', claims, b"x")
    ),
    "the claims say sub twice": lambda claims: encrypted(
        signed(json.dumps(claims).encode()[:-1] + b', "sub": "somebody-else"}')
    ),
    "claims that are a list": lambda _claims: encrypted(signed(b"[1]")),
    "claims that are no JSON": lambda _claims: encrypted(signed(b"{")),
    "claims with NaN": lambda claims: encrypted(signed(json.dumps(claims | {"exp": float("nan")}).encode())),
    "claims nested without end": lambda _claims: encrypted(signed(b'{"a":' + b"[" * 4000 + b"]" * 4000 + b"}")),
    "encrypted for somebody else": lambda claims: encrypted(
        signed(claims), ECKey.generate_key("P-256", {"kid": "ours-ec"}, private=True)
    ),
    "encrypted by RSA1_5": by_rsa_1_5,
    "encrypted by RSA-OAEP with SHA-1": lambda claims: encrypted(signed(claims), OURS_RSA, alg="RSA-OAEP"),
    "encrypted by a key wrapped": lambda claims: encrypted(signed(claims), OURS, alg="ECDH-ES+A256KW"),
    "encrypted by CBC": lambda claims: encrypted(signed(claims), enc="A256CBC-HS512"),
    "encrypted by a shorter key": lambda claims: encrypted(signed(claims), enc="A128GCM"),
    "encrypted by dir": lambda claims: encrypted(
        signed(claims), OctKey.import_key(b"k" * 32, {"kid": "ours-ec"}), alg="dir"
    ),
    "compressed": lambda claims: encrypted(signed(claims), header={"zip": "DEF"}),
    "a compressed bomb": lambda claims: encrypted(signed(claims) + "." * 10_000_000, header={"zip": "DEF"}),
    "encrypted for a kid of ours that is none": lambda claims: encrypted(signed(claims), header={"kid": "other"}),
    "an envelope of another kind": lambda claims: encrypted(signed(claims), header={"cty": "text"}),
    "an envelope with a URL": lambda claims: encrypted(signed(claims), header={"jku": "https://evil.example"}),
    "two envelopes": lambda claims: encrypted(encrypted(signed(claims))),
    "the ciphertext altered": damaged(3),
    "the tag altered": damaged(4),
    "too long": lambda claims: encrypted(signed(claims | {"filling": "x" * LONGEST})),
    "megabytes": lambda _claims: "a" * 5_000_000,
    "four parts": lambda claims: encrypted(signed(claims)).rpartition(".")[0],
    "no ASCII": lambda claims: encrypted(signed(claims)) + "é",
    "an empty text": lambda _claims: "",
    "dots": lambda _claims: "....",
}


@pytest.mark.parametrize("where", ["id_token", "user_token"])
@pytest.mark.parametrize("name", WRONG_TOKENS)
def test_a_token_that_is_not_what_was_agreed_is_refused(name, where):
    forge = Forge(**{where: WRONG_TOKENS[name]})
    with pytest.raises((SignInFailed, Unavailable)):
        arrive(forge)
    assert "/token" in forge.asked


def test_an_algorithm_that_is_not_the_issuers_is_refused_though_we_know_it():
    forge = Forge(id_token=lambda claims: encrypted(signed(claims, THEIRS_RSA, alg="RS256")))
    with pytest.raises(SignInFailed, match="not the issuer's"):
        arrive(forge, forge.provider(opener=Opener((OURS,), frozenset({"ES256"}))))


def test_keys_that_are_weak_secret_or_for_something_else_are_no_keys_of_the_issuer():
    listed = [
        WEAK_RSA,
        THEIRS.as_dict(private=True),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "x"},
        ECKey.generate_key("P-384", private=True).as_dict(private=False),
        {**THEIRS.as_dict(private=False), "use": "enc"},
        {"kty": "EC", "crv": "P-256"},
        "text",
    ]
    assert read_keys({"keys": listed}) == ()
    assert [one.kid for one in read_keys({"keys": [*listed, THEIRS.as_dict(private=False)]})] == ["theirs"]


# --- the person's identity -----------------------------------------------------------------------------------------

WRONG_IDENTITIES = {
    "another subject": {"sub": "somebody-else"},
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another-client"},
    "no audience": {"aud": ...},
    "expired": {"exp": NOW},
}


@pytest.mark.parametrize("name", WRONG_IDENTITIES)
def test_an_identity_of_another_token_is_refused(name):
    with pytest.raises(SignInFailed, match="cannot be accepted"):
        arrive(Forge(user_claims=WRONG_IDENTITIES[name]))


@pytest.mark.parametrize("check", oidc_claims.USER_INFO)
def test_control_with_a_check_of_the_identity_removed_another_one_gets_through(check):
    claims = next(one for one in WRONG_IDENTITIES.values() if check in one)
    forge = Forge(user_claims=claims)
    provider = forge.provider()
    provider.user_info_checks = {name: one for name, one in oidc_claims.USER_INFO.items() if name != check}
    assert arrive(forge, provider).pivot["family_name"] == "PAT-TROIS"


def test_an_identity_in_clear_is_not_read():
    forge = Forge()
    forge.answers["/userinfo"] = httpx.Response(200, json=forge.user())
    with pytest.raises(Unavailable):
        arrive(forge)


# --- logout --------------------------------------------------------------------------------------------------------


def logout(forge, token):
    return asyncio.run(forge.provider().logout_claims(token))


def said(**changes):
    usual = {
        "iss": ISSUER,
        "aud": CLIENT,
        "iat": NOW,
        "exp": NOW + 60,
        "jti": "once",
        "sub": "sub-of-pat-trois",
        "events": {oidc_claims.LOGOUT_EVENT: {}},
    }
    return {name: value for name, value in (usual | changes).items() if value is not ...}


def test_a_logout_token_is_read_encrypted_or_not():
    for token in (
        signed(said(), header={"typ": "logout+jwt"}),
        signed(said(sub=..., sid="s-1")),
        encrypted(signed(said())),
    ):
        assert logout(Forge(), token)["jti"] == "once"


WRONG_LOGOUTS = {
    "of another issuer": ("iss", {"iss": "https://evil.example"}),
    "for another client": ("aud", {"aud": "another"}),
    "old": ("iat", {"iat": NOW - 121}),
    "of the future": ("iat", {"iat": NOW + 61}),
    "expired": ("exp", {"exp": NOW}),
    "an ID token in its place": ("events", {"events": ...}),
    "another event": ("events", {"events": {"http://example.org/event": {}}}),
    "with a nonce": ("nonce", {"nonce": "n"}),
    "of nobody": ("sub", {"sub": ...}),
    "of a number": ("sub", {"sub": 7}),
    "without a name": ("jti", {"jti": ...}),
}


@pytest.mark.parametrize("name", WRONG_LOGOUTS)
def test_a_logout_token_that_says_something_wrong_is_refused(name):
    check, changes = WRONG_LOGOUTS[name]
    with pytest.raises(SignInFailed, match=f"the token's {check} cannot"):
        logout(Forge(), signed(said(**changes)))


@pytest.mark.parametrize("check", oidc_claims.LOGOUT_TOKEN)
def test_control_with_a_check_of_logout_removed_a_wrong_one_gets_through(check):
    changes = next(one for caught_by, one in WRONG_LOGOUTS.values() if caught_by == check)
    forge = Forge()
    provider = forge.provider()
    provider.logout_checks = {name: one for name, one in oidc_claims.LOGOUT_TOKEN.items() if name != check}
    assert asyncio.run(provider.logout_claims(signed(said(**changes))))


def test_a_logout_token_signed_by_a_stranger_is_refused():
    with pytest.raises(SignInFailed):
        logout(Forge(), signed(said(), STRANGER))


def test_the_browser_is_sent_to_sign_out_there_too():
    url = asyncio.run(Forge().provider().logout_url("the.id.token", "state"))
    asked = parse_qs(urlsplit(url).query)
    assert asked == {
        "id_token_hint": ["the.id.token"],
        "post_logout_redirect_uri": ["https://espace.example/"],
        "state": ["state"],
    }
    assert asyncio.run(Forge(metadata={"end_session_endpoint": ""}).provider().logout_url("t", "s")) == ""
