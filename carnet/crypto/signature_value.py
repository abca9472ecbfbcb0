"""SignatureValue against a key, by the one algorithm that SignatureMethod names (XMLDSig Core §4.3, §6.4; RFC 6931 §2.3)."""

from __future__ import annotations

import base64
from enum import StrEnum
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from carnet.errors import SignatureInvalid

_DS = "http://www.w3.org/2000/09/xmldsig#"
_DS11 = "http://www.w3.org/2009/xmldsig11#"
_EC = f"{{{_DS11}}}ECKeyValue"
_RSA_PARTS = ("Modulus", "Exponent")
_CURVES = {"secp256r1": "urn:oid:1.2.840.10045.3.1.7", "secp384r1": "urn:oid:1.3.132.0.34"}


class Scheme(StrEnum):
    """How a key signs."""

    PKCS1 = "RSASSA-PKCS1-v1_5"
    PSS = "RSASSA-PSS"
    """MGF1 with the digest of the message, a salt as long as it (RFC 6931 §2.3.9)."""
    ECDSA = "ECDSA"


class SignatureMethod(NamedTuple):
    """A SignatureMethod: what kind of key signs, and what digest it signs."""

    scheme: Scheme
    digest: hashes.HashAlgorithm


def verify_value(key: Any, value: bytes, signed: bytes, method: SignatureMethod) -> None:
    """Raises SignatureInvalid for a key of another kind than the method's, InvalidSignature (of cryptography) for another value."""
    scheme, digest = method
    if scheme is Scheme.ECDSA and isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(_der_of(value, (key.key_size + 7) // 8), signed, ec.ECDSA(digest))
    elif scheme is Scheme.PKCS1 and isinstance(key, rsa.RSAPublicKey):
        key.verify(value, signed, padding.PKCS1v15(), digest)
    elif scheme is Scheme.PSS and isinstance(key, rsa.RSAPublicKey):
        key.verify(value, signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    else:
        raise SignatureInvalid("The signature's method is not one for the certificate's key.")


def _der_of(value: bytes, size: int) -> bytes:
    """An ECDSA value, `r` and `s` each in `size` octets (§6.4.3), in the form of cryptography."""
    if len(value) != 2 * size:
        raise SignatureInvalid("The signature value has not the length of two numbers of the curve.")
    return encode_dss_signature(int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big"))


def check_key_value(element: Any, key: Any, method: SignatureMethod) -> None:
    """Raises SignatureInvalid unless a KeyValue (§4.5.2) is the certificate's key, so that it says nothing more.

    Beside RSASSA-PSS none is taken: nobody is known to write one there.
    """
    if method.scheme is Scheme.PKCS1:
        numbers = key.public_numbers()
        said = [int.from_bytes(_decoded(element, f"{{{_DS}}}RSAKeyValue/{{{_DS}}}{one}")) for one in _RSA_PARTS]
        same = said == [numbers.n, numbers.e]
    elif method.scheme is Scheme.ECDSA:
        curve = element.find(f"{_EC}/{{{_DS11}}}NamedCurve").get("URI")
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        same = curve == _CURVES[key.curve.name] and _decoded(element, f"{_EC}/{{{_DS11}}}PublicKey") == point
    else:
        same = False
    if not same:
        raise SignatureInvalid("The KeyValue of the signature is not the key of its certificate.")


def _decoded(element: Any, path: str) -> bytes:
    return base64.b64decode(element.findtext(path, ""))
