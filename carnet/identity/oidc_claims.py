"""What the claims of an identity provider's tokens must say before anybody is signed in: one literal table of checks for each token.

A check that raises refuses. Times in tokens are seconds UTC. Spec §5.5; OpenID Connect Core 3.1.3.7, Back-Channel Logout 2.6.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from carnet.errors import SignInFailed

FUTURE = 60
"""Seconds that the provider's clock may be ahead of ours."""
ISSUED_WITHIN = 300
"""Seconds since a token was issued, at most."""
LONGEST_LIFE = 3_600
"""Seconds between iat and exp, at most."""
LOGOUT_WITHIN = 120
LEVELS: Mapping[str, int] = MappingProxyType({"eidas1": 1, "eidas2": 2, "eidas3": 3})
"""acr of FranceConnect+; the higher satisfies the lower."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LONGEST_SUBJECT = 255
LONGEST_SESSION = 1_024


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token is held against. `now` in seconds UTC; `maximum_age` in seconds since the person authenticated, 0 when it was not asked.

    `accepted` are the levels (acr) that may be returned, where they have no order that we know; else the one asked, or a higher one.
    """

    issuer: str
    client_id: str
    now: int
    nonce: str = ""
    acr: str = "eidas2"
    maximum_age: int = 0
    access_token: str = ""
    subject: str = ""
    accepted: frozenset[str] = frozenset()


Claims = Mapping[str, Any]
Check = Callable[[Claims, Expected], bool]


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _seconds(claims: Claims, name: str) -> int:
    """A moment. Raises TypeError for what is absent or no number: the check that asked refuses."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(name)
    return int(value)


def _issuer(claims: Claims, expected: Expected) -> bool:
    return _text(claims, "iss") == expected.issuer


def _audience(claims: Claims, expected: Expected) -> bool:
    return bool(claims.get("aud") in (expected.client_id, [expected.client_id]))


def _authorised_party(claims: Claims, expected: Expected) -> bool:
    return bool(claims.get("azp", expected.client_id) == expected.client_id)


def _expiry(claims: Claims, expected: Expected) -> bool:
    ends = _seconds(claims, "exp")
    return expected.now < ends <= _seconds(claims, "iat") + LONGEST_LIFE


def _issued(claims: Claims, expected: Expected) -> bool:
    return expected.now - ISSUED_WITHIN <= _seconds(claims, "iat") <= expected.now + FUTURE


def _not_before(claims: Claims, expected: Expected) -> bool:
    return "nbf" not in claims or _seconds(claims, "nbf") <= expected.now + FUTURE


def _authenticated(claims: Claims, expected: Expected) -> bool:
    if "auth_time" not in claims and not expected.maximum_age:
        return True
    moment = _seconds(claims, "auth_time")
    oldest = expected.now - expected.maximum_age - FUTURE if expected.maximum_age else 0
    return oldest <= moment <= expected.now + FUTURE


def _nonce(claims: Claims, expected: Expected) -> bool:
    return bool(expected.nonce) and hmac.compare_digest(
        _text(claims, "nonce").encode("utf-8", "surrogatepass"), expected.nonce.encode()
    )


def _level(claims: Claims, expected: Expected) -> bool:
    returned = _text(claims, "acr")
    return returned in expected.accepted if expected.accepted else LEVELS.get(returned, 0) >= LEVELS[expected.acr]


def _subject(claims: Claims, expected: Expected) -> bool:
    subject = _text(claims, "sub")
    well_formed = 0 < len(subject) <= LONGEST_SUBJECT and subject.isascii() and subject.isprintable()
    return well_formed and (not expected.subject or subject == expected.subject)


def _access_token(claims: Claims, expected: Expected) -> bool:
    if "at_hash" not in claims:
        return True
    half = hashlib.sha256(expected.access_token.encode()).digest()[:16]
    wanted = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    return bool(expected.access_token) and _text(claims, "at_hash") == wanted


def _logout_event(claims: Claims, _expected: Expected) -> bool:
    events = claims.get("events")
    return isinstance(events, dict) and events.get(LOGOUT_EVENT) == {}


def _no_nonce(claims: Claims, _expected: Expected) -> bool:
    return "nonce" not in claims


def _whom(claims: Claims, _expected: Expected) -> bool:
    given = [claims[name] for name in ("sub", "sid") if name in claims]
    return bool(given) and all(isinstance(one, str) and 0 < len(one) <= LONGEST_SESSION for one in given)


def _logout_issued(claims: Claims, expected: Expected) -> bool:
    return expected.now - LOGOUT_WITHIN <= _seconds(claims, "iat") <= expected.now + FUTURE


def _not_expired(claims: Claims, expected: Expected) -> bool:
    return "exp" not in claims or expected.now < _seconds(claims, "exp")


def _named(claims: Claims, _expected: Expected) -> bool:
    return 0 < len(_text(claims, "jti")) <= LONGEST_SUBJECT


ID_TOKEN: Mapping[str, Check] = MappingProxyType(
    {
        "iss": _issuer,
        "aud": _audience,
        "azp": _authorised_party,
        "exp": _expiry,
        "iat": _issued,
        "nbf": _not_before,
        "auth_time": _authenticated,
        "nonce": _nonce,
        "acr": _level,
        "sub": _subject,
        "at_hash": _access_token,
    }
)
USER_INFO: Mapping[str, Check] = MappingProxyType(
    {"iss": _issuer, "aud": _audience, "exp": _not_expired, "sub": _subject}
)
PLAIN_USER_INFO: Mapping[str, Check] = MappingProxyType({"sub": _subject})
"""Of an identity that the provider itself answered over TLS, in no token (OpenID Connect Core 5.3.2)."""
LOGOUT_TOKEN: Mapping[str, Check] = MappingProxyType(
    {
        "iss": _issuer,
        "aud": _audience,
        "iat": _logout_issued,
        "exp": _not_expired,
        "events": _logout_event,
        "nonce": _no_nonce,
        "sub": _whom,
        "jti": _named,
    }
)


@dataclass(frozen=True, slots=True)
class Identified:
    """Who an ID token says signed in, and how well. `session` is the provider's own (`sid`), '' when it has none."""

    issuer: str
    subject: str
    acr: str
    methods: tuple[str, ...] = ()
    session: str = ""


def check(claims: Claims, expected: Expected, checks: Mapping[str, Check]) -> None:
    """Raises SignInFailed with the names of the claims that are not right."""
    wrong = [name for name, one in checks.items() if not _passes(one, claims, expected)]
    if wrong:
        raise SignInFailed(f"the token's {', '.join(wrong)} cannot be accepted")


def identified(claims: Claims, expected: Expected, checks: Mapping[str, Check] = ID_TOKEN) -> Identified:
    """Reads a verified ID token. Raises SignInFailed."""
    check(claims, expected, checks)
    methods = claims.get("amr")
    named = tuple(one for one in methods if isinstance(one, str)) if isinstance(methods, list) else ()
    return Identified(
        _text(claims, "iss"),
        _text(claims, "sub"),
        _text(claims, "acr"),
        named[:8],
        _session(claims),
    )


def _session(claims: Claims) -> str:
    """The provider's own session; one too long to be one is none."""
    found = _text(claims, "sid")
    return found if len(found) <= LONGEST_SESSION else ""


def _passes(one: Check, claims: Claims, expected: Expected) -> bool:
    try:
        return one(claims, expected) is True
    except (ValueError, TypeError, OverflowError):
        return False
