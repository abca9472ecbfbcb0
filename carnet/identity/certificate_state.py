"""What has become of the certificate behind a signature that was made some time ago."""

from __future__ import annotations

from enum import StrEnum

from cryptography import x509

from carnet.clock import from_datetime
from carnet.errors import CertificateInvalid
from carnet.identity.certificate_kind import HolderCertificate, classify, refused
from carnet.identity.certificates import PURPOSES, CertificateStore, Purpose
from carnet.identity.revocation import REVOKED


class CertificateState(StrEnum):
    """Of a certificate now."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """It cannot be said: a list is missing, or the authority is not known here any more."""


def holder_then(store: CertificateStore, der: bytes, at: int) -> HolderCertificate:
    """Whom a certificate for signing named, with its path to a pinned root at a moment (microseconds UTC); revocation is not looked at.

    Raises CertificateInvalid.
    """
    holder = classify(store.path(der, at)[-1])
    if holder.kind not in PURPOSES[Purpose.SIGNATURE]:
        raise refused("the certificate is not one for signing")
    return holder


def state_now(store: CertificateStore, der: bytes, now: int) -> CertificateState:
    """What it is now (`now` in microseconds UTC)."""
    try:
        store.check(der, purpose=Purpose.SIGNATURE)
    except CertificateInvalid as refusal:
        return _why(der, refusal, now)
    return CertificateState.VALID


def _why(der: bytes, refusal: CertificateInvalid, now: int) -> CertificateState:
    if REVOKED in getattr(refusal, "__notes__", ()):
        return CertificateState.REVOKED
    try:
        ends = from_datetime(x509.load_der_x509_certificate(der).not_valid_after_utc)
    except ValueError:
        return CertificateState.UNKNOWN
    return CertificateState.EXPIRED if ends < now else CertificateState.UNKNOWN
