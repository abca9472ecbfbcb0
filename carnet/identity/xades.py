"""What the signer says of the signature itself: SigningTime and SigningCertificate (XAdES v1.1.1, v1.2.2, v1.3.2).

Only the SignedProperties whose digest is in SignedInfo are read: properties that merely stand beside a signature prove nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography import x509

from carnet.clock import HOUR, from_datetime
from carnet.crypto.signature_structure import DS
from carnet.crypto.xml_signature import Policy, VerifiedReference
from carnet.errors import SignatureInvalid
from carnet.identity.certificate_kind import HolderCertificate
from carnet.identity.signature_manifest import decoded, digest_of

VERSIONS = tuple(f"http://uri.etsi.org/01903/v{version}#" for version in ("1.1.1", "1.2.2", "1.3.2"))
_SIGNED_PROPERTIES = frozenset(f"{{{version}}}SignedProperties" for version in VERSIONS)
_TYPES = frozenset(f"{version}SignedProperties" for version in (*VERSIONS, "http://uri.etsi.org/01903#"))
MAXIMUM_CERTIFICATES = 8
UNKNOWN_ZONE = 14 * HOUR
"""What a SigningTime without zone may be away from UTC: a common signing library writes local time without its offset."""


@dataclass(frozen=True, slots=True)
class SigningTime:
    """When the signer says to have signed, in microseconds UTC, give or take `uncertainty` (0 when the time has its zone)."""

    moment: int
    uncertainty: int = 0


def signed_properties(signature: Any, references: tuple[VerifiedReference, ...]) -> Any:
    """The one SignedProperties element that the signature covers.

    `signature` is only used to refuse a second set of properties, or one that says to qualify another signature.
    """
    found = [one for one in references if one.element.tag in _SIGNED_PROPERTIES and one.type in _TYPES]
    qualifying = list(signature.iter("{*}QualifyingProperties"))
    if len(found) != 1 or len(qualifying) != 1 or len(list(signature.iter("{*}SignedProperties"))) != 1:
        raise SignatureInvalid("The signature does not cover one set of XAdES properties.")
    if not signature.get("Id") or qualifying[0].get("Target") != f"#{signature.get('Id')}":
        raise SignatureInvalid("The XAdES properties do not qualify this signature.")
    return found[0].element


def signing_time(properties: Any) -> SigningTime:
    """SigningTime (xsd:dateTime). Raises SignatureInvalid when it is missing or unreadable."""
    elements = _descend(properties, "SignedSignatureProperties", "SigningTime")
    try:
        (element,) = elements
        moment = dt.datetime.fromisoformat((element.text or "").strip())
    except ValueError as error:
        raise SignatureInvalid("The signature does not say when it was made.") from error
    if moment.tzinfo is None:
        return SigningTime(from_datetime(moment.replace(tzinfo=dt.UTC)), UNKNOWN_ZONE)
    return SigningTime(from_datetime(moment))


def check_signing_certificate(properties: Any, holder: HolderCertificate, policy: Policy) -> None:
    """Raises SignatureInvalid unless SigningCertificate or SigningCertificateV2 names the holder's certificate by its digest."""
    named = [
        one
        for name in ("SigningCertificate", "SigningCertificateV2")
        for one in _descend(properties, "SignedSignatureProperties", name, "Cert")
    ]
    if not 1 <= len(named) <= MAXIMUM_CERTIFICATES:
        raise SignatureInvalid("The signature does not name its certificate.")
    if not any(_names(one, holder.der, holder.certificate.serial_number, policy) for one in named):
        raise SignatureInvalid("The signature names another certificate than the one it was made with.")


def check_validity(time: SigningTime, certificate: x509.Certificate) -> None:
    """Raises SignatureInvalid when the certificate was not valid at the time of signing."""
    begins, ends = from_datetime(certificate.not_valid_before_utc), from_datetime(certificate.not_valid_after_utc)
    if time.moment + time.uncertainty < begins or time.moment - time.uncertainty > ends:
        raise SignatureInvalid("The signature was made outside its certificate's validity.")


def _names(cert: Any, der: bytes, serial: int, policy: Policy) -> bool:
    methods, values = _descend(cert, "CertDigest", "DigestMethod"), _descend(cert, "CertDigest", "DigestValue")
    if len(methods) != 1 or len(values) != 1:
        raise SignatureInvalid("The signature does not name its certificate.")
    serials = [(one.text or "").strip() for one in _descend(cert, "IssuerSerial", "X509SerialNumber")]
    same = decoded(values[0]) == digest_of(der, methods[0].get("Algorithm", ""), policy)
    return same and all(one == str(serial) for one in serials)


def _descend(element: Any, *names: str) -> list[Any]:
    """Descendants by local name, one step a name, in the namespace of XAdES or of XMLDSig: the versions differ in which one."""
    found = [element]
    for name in names:
        tags = _tags(name)
        found = [child for one in found for child in one if child.tag in tags]
    return found


@lru_cache(maxsize=64)
def _tags(name: str) -> frozenset[str]:
    return frozenset(f"{{{namespace}}}{name}" for namespace in (*VERSIONS, DS))
