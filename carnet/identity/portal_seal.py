"""The seal by which the professional's portal signs what is deposited there (protocols §7.4): the service's own, in the place of a card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from carnet.errors import CertificateInvalid, ConfigurationError
from carnet.identity.certificate_kind import CertificateKind, HolderCertificate, classify
from carnet.identity.set_signing import sign_submission
from carnet.identity.signature_writing import Pen
from carnet.metadata import Submission

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PortalSeal:
    """An organization's seal with its key. Whether it may be believed now is asked each time that it signs."""

    pen: Pen = field(repr=False)
    holder: HolderCertificate

    def sign(self, submission: Submission, now: int) -> Submission:
        """The submission with its signature added (`Signature01`); `now` in microseconds UTC."""
        return sign_submission(submission, self.pen.certificate, self.pen.key, now, chain=self.pen.chain)


def load_portal_seal(certificate: Path, key: Path) -> PortalSeal:
    """Reads the seal: PEM, the certificate first and the authorities above it after, the RSA key without a passphrase.

    Raises ConfigurationError when a file cannot be read, the key is another's, or the certificate is not an organization's seal.
    """
    first, *chain = _read(certificate, x509.load_pem_x509_certificates)
    private = _read(key, _private_key)
    if not isinstance(private, rsa.RSAPrivateKey) or _spki(private.public_key()) != _spki(first.public_key()):
        raise ConfigurationError("portal_seal_key is not the RSA key of portal_seal_certificate.")
    try:
        holder = classify(first)
    except CertificateInvalid as error:
        raise ConfigurationError("portal_seal_certificate is of none of the authorities of health.") from error
    if holder.kind is not CertificateKind.ORGANIZATION_SEAL:
        raise ConfigurationError("portal_seal_certificate is not an organization's seal.")
    return PortalSeal(Pen(first, private, tuple(chain)), holder)


@lru_cache(maxsize=1)
def _private_key(content: bytes) -> PrivateKeyTypes:
    """The key, proved whole once a process for one content of its file: that takes longer than all else that a start opens."""
    return serialization.load_pem_private_key(content, None)


def _read(path: Path, load: Callable[[bytes], T]) -> T:
    try:
        return load(path.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{path} cannot be read: the portal's seal is not there.") from error


def _spki(key: object) -> bytes:
    encode = getattr(key, "public_bytes", None)
    return b"" if encode is None else bytes(encode(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
