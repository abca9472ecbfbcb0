"""Tokens of an identity provider: a signed JWT inside an encrypted one (JWE of JWS), opened with nothing left to the token's choice.

The header is read by eye before any key is used: one algorithm of encryption for our key, one of the signature algorithms of the issuer,
no parameter that we do not know, none that brings a key or compresses. What is returned was decrypted and verified. Spec §5.5.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from carnet.errors import SignInFailed

LONGEST = 16 * 1024
"""Characters of a token, and bytes of what is in it."""
CONTENT = "A256GCM"
KEY_ALGORITHMS: Mapping[str, str] = {"RSA": "RSA-OAEP-256", "EC": "ECDH-ES"}
"""By the kind of our key: it opens nothing that was encrypted in another way."""
SIGNATURES = frozenset({"ES256", "RS256"})
_KIND_OF_SIGNATURE = {"ES256": "EC", "RS256": "RSA"}
_OUTER = frozenset({"alg", "enc", "kid", "cty", "typ", "epk", "apu", "apv"})
_INNER = frozenset({"alg", "kid", "typ"})
_TYPES = frozenset({"", "jwt"})

Key = RSAKey | ECKey


@dataclass(frozen=True, slots=True)
class Opener:
    """What a token is opened with: our private keys, and the signature algorithms that the issuer may use."""

    private_keys: Sequence[Key]
    signature_algorithms: frozenset[str] = SIGNATURES

    def decrypt(self, token: str) -> str:
        """The signed token inside an encrypted one. Raises SignInFailed."""
        parts = _parts(token, 5)
        header = _header(parts[0], _OUTER, "the encrypted token")
        if header.get("cty", "JWT").upper() != "JWT" or header.get("typ", "").lower() not in _TYPES:
            deny("the encrypted token holds no token")
        key = self._private_key(header)
        try:
            opened = jwe.decrypt_compact(token, key, algorithms=[KEY_ALGORITHMS[key.key_type], CONTENT])
        except (JoseError, ValueError, TypeError, KeyError) as error:
            deny(f"the token is not encrypted for us: {type(error).__name__}", error)
        inside = opened.plaintext
        if inside is None or len(inside) > LONGEST:
            deny("what the token holds is too long")
        try:
            return inside.decode("ascii")
        except UnicodeDecodeError as error:
            deny("the token holds no token", error)

    def _private_key(self, header: Mapping[str, Any]) -> Key:
        if header.get("enc") != CONTENT:
            deny("the token's content encryption is not A256GCM")
        fitting = [one for one in self.private_keys if KEY_ALGORITHMS[one.key_type] == header["alg"]]
        if not fitting:
            deny("the token's key encryption is none of ours")
        if "kid" not in header:
            return fitting[0]
        named = [one for one in fitting if one.kid == header["kid"]]
        return named[0] if named else deny("the token is encrypted for a key that is not ours")

    def verify(self, token: str, public_keys: Sequence[Key], *, kinds: frozenset[str] = _TYPES) -> dict[str, Any]:
        """The claims of a signed token, once one of the issuer's keys verified it; `kinds` are the `typ` it may have, in lower case.

        Raises SignInFailed, UnknownSigner where the token names a key that is not among these.
        """
        header = signed_header(token)
        if header["alg"] not in self.signature_algorithms:
            deny("the token's signature algorithm is not the issuer's")
        if header.get("typ", "").lower() not in kinds:
            deny("the token is of another type")
        key = signer(header, public_keys)
        try:
            payload = jws.deserialize_compact(token, key, algorithms=[header["alg"]]).payload
        except (JoseError, ValueError, TypeError, KeyError) as error:
            deny(f"the token's signature is not good: {type(error).__name__}", error)
        return whole_object(payload, "the token's claims")


class UnknownSigner(SignInFailed):
    """The token names a key that the issuer's key set, as we have it, does not hold: it may have been renewed."""


def signed_header(token: str) -> dict[str, Any]:
    """The header of a signed token, of which nothing is believed yet. Raises SignInFailed for one that is not signed or names more."""
    parts = _parts(token, 3)
    if not parts[2]:
        deny("the token is not signed")
    return _header(parts[0], _INNER, "the signed token")


def signer(header: Mapping[str, Any], public_keys: Sequence[Key]) -> Key:
    """The issuer's key that a header names, or the only one that fits. Raises UnknownSigner."""
    kind = _KIND_OF_SIGNATURE.get(header["alg"])
    fitting = [one for one in public_keys if one.key_type == kind]
    if "kid" in header:
        fitting = [one for one in fitting if one.kid == header["kid"]]
    if len(fitting) != 1:
        raise UnknownSigner("the token's signature names no key of the issuer")
    return fitting[0]


def deny(reason: str, error: BaseException | None = None) -> NoReturn:
    """Raises SignInFailed, for the trace alone."""
    raise SignInFailed(reason) from error


def _parts(token: str, count: int) -> list[str]:
    if not isinstance(token, str) or len(token) > LONGEST or not token.isascii():
        deny("the token is too long, or no text")
    parts = token.split(".")
    if len(parts) != count:
        deny("the token is not " + ("encrypted" if count == 5 else "signed") + " in the compact form")
    return parts


def _header(part: str, known: frozenset[str], what: str) -> dict[str, Any]:
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        deny(f"the header of {what} cannot be read", error)
    header = whole_object(raw, f"the header of {what}")
    if set(header) - known:
        deny(f"the header of {what} says more than is understood")
    texts = [value for name, value in header.items() if name != "epk"]
    if not all(isinstance(value, str) for value in texts) or "alg" not in header:
        deny(f"the header of {what} is not well formed")
    return header


def whole_object(raw: bytes, what: str) -> dict[str, Any]:
    """A JSON object in which no name stands twice: readers differ on which one counts. Raises SignInFailed naming `what`."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name stands twice")
        return found

    try:
        value = json.loads(raw, object_pairs_hook=once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        deny(f"{what} cannot be read", error)
    return value if isinstance(value, dict) else deny(f"{what} are no object")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
