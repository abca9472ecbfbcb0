"""What a certificate of the health authorities stands for: a card or a structure, for connecting or for signing.

Read from its issuer, KeyUsage, ExtendedKeyUsage and the shape of its subject (protocol notes of the IGC-Santé's products).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from carnet.clock import from_datetime
from carnet.errors import CertificateInvalid
from carnet.identity.distinguished_name import DistinguishedName, from_certificate
from carnet.requester import CardClass

REFUSAL = "The certificate is not valid for this use."


def refused(reason: str) -> CertificateInvalid:
    """The uniform error; `reason` goes to the log as a note and carries nothing of the certificate's holder."""
    error = CertificateInvalid(REFUSAL)
    error.add_note(reason)
    return error


class CertificateKind(StrEnum):
    """The products of the health authorities that Carnet meets."""

    CPS_AUTHENTICATION = "CPS authentication"
    CPS_SIGNATURE = "CPS signature"
    CPE_AUTHENTICATION = "CPE authentication"
    CPE_SIGNATURE = "CPE signature"
    ORGANIZATION_AUTHENTICATION = "organization authentication"
    ORGANIZATION_SEAL = "organization seal"


CARD_CLASSES = {
    CertificateKind.CPS_AUTHENTICATION: CardClass.PROFESSIONAL,
    CertificateKind.CPS_SIGNATURE: CardClass.PROFESSIONAL,
    CertificateKind.CPE_AUTHENTICATION: CardClass.EMPLOYEE,
    CertificateKind.CPE_SIGNATURE: CardClass.EMPLOYEE,
    CertificateKind.ORGANIZATION_AUTHENTICATION: CardClass.ORGANIZATION,
    CertificateKind.ORGANIZATION_SEAL: CardClass.ORGANIZATION,
}

_PROFESSIONAL = re.compile(r"8[0-9]{11}|0[0-9A-Z]{9,11}")
"""PS_IdNat of a professional: 8 and RPPS, or 0 and ADELI. Those of employees have other prefixes and a slash."""
_STRUCTURE = re.compile(r"[0-9A-Z]{5,20}")
"""Struct_IdNat: a prefix digit and a FINESS, SIREN, SIRET or RPPS rank, or a technical identifier without prefix."""
_NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class HolderCertificate:
    """A certificate that was checked, and whom it names.

    `identifier` is the PS_IdNat of a card or the Struct_IdNat of a structure; `organization_id` a Struct_IdNat, '' for a CPS.
    `fingerprint` is SHA-256 of `der`, the certificate's encoding, in lower-case hexadecimal; `not_after` is in microseconds UTC.
    """

    kind: CertificateKind
    identifier: str
    organization_id: str
    name: str
    subject: DistinguishedName
    fingerprint: str
    not_after: int
    certificate: x509.Certificate = field(repr=False)
    der: bytes = field(repr=False)

    @property
    def card(self) -> CardClass:
        """CPS, CPE or ORG."""
        return CARD_CLASSES[self.kind]


def classify(certificate: x509.Certificate) -> HolderCertificate:
    """Whom a certificate names and what for; its validity is not looked at. Raises CertificateInvalid when it is none of ours."""
    issuer = _one(certificate.issuer, NameOID.COMMON_NAME).upper().split()
    family = issuer[-1] if issuer else ""
    if family == "PERSONNES":
        return _card(certificate)
    if family == "ORGANISATIONS":
        return _structure(certificate)
    raise refused("the certificate comes from an authority of another kind")


def _card(certificate: x509.Certificate) -> HolderCertificate:
    subject = certificate.subject
    identifier, surname = _one(subject, NameOID.COMMON_NAME), _one(subject, NameOID.SURNAME)
    signs = _usage(certificate, "content_commitment")
    purposes = _purposes(certificate)
    if not (
        signs or (_usage(certificate, "digital_signature") and purposes <= _CLIENT | _LOGON and purposes & _CLIENT)
    ):
        raise refused("a card's certificate has usages that are neither authentication nor signature")
    if not identifier:
        raise refused("a card's certificate names no PS_IdNat")
    if surname and _PROFESSIONAL.fullmatch(identifier):
        kind = CertificateKind.CPS_SIGNATURE if signs else CertificateKind.CPS_AUTHENTICATION
        return _holder(certificate, kind, identifier, "", f"{_one(subject, NameOID.GIVEN_NAME)} {surname}".strip())
    kind = CertificateKind.CPE_SIGNATURE if signs else CertificateKind.CPE_AUTHENTICATION
    structure = _one(subject, NameOID.ORGANIZATIONAL_UNIT_NAME)
    given = _one(subject, NameOID.GIVEN_NAME) or _NOT_IN_A_NAME.sub("-", identifier)
    name = f"{given} {surname or _one(subject, NameOID.ORGANIZATION_NAME)}"
    return _holder(certificate, kind, identifier, structure if _STRUCTURE.fullmatch(structure) else "", name)


def _structure(certificate: x509.Certificate) -> HolderCertificate:
    structure = _one(certificate.subject, NameOID.ORGANIZATIONAL_UNIT_NAME)
    if _STRUCTURE.fullmatch(structure) is None:
        raise refused("a structure's certificate names no Struct_IdNat")
    purposes = _purposes(certificate)
    signs = _usage(certificate, "digital_signature") or _usage(certificate, "content_commitment")
    kind = _STRUCTURE_KINDS.get(purposes) if signs else None
    if kind is None:
        raise refused("a structure's certificate has usages that are neither authentication nor seal")
    return _holder(certificate, kind, structure, structure, _one(certificate.subject, NameOID.ORGANIZATION_NAME))


_CLIENT = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH})
_LOGON = frozenset({ExtendedKeyUsageOID.SMARTCARD_LOGON})
_STRUCTURE_KINDS = {
    _CLIENT: CertificateKind.ORGANIZATION_AUTHENTICATION,
    frozenset({ExtendedKeyUsageOID.EMAIL_PROTECTION}): CertificateKind.ORGANIZATION_SEAL,
}


def _holder(
    certificate: x509.Certificate, kind: CertificateKind, identifier: str, structure: str, name: str
) -> HolderCertificate:
    try:
        subject = from_certificate(certificate.subject)
    except ValueError as error:
        raise refused("the subject of the certificate cannot be read") from error
    return HolderCertificate(
        kind=kind,
        identifier=identifier,
        organization_id=structure,
        name=name,
        subject=subject,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        not_after=from_datetime(certificate.not_valid_after_utc),
        certificate=certificate,
        der=certificate.public_bytes(Encoding.DER),
    )


def _one(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    """The only value of this attribute, '' when there is none or several."""
    values = name.get_attributes_for_oid(oid)
    return str(values[0].value) if len(values) == 1 else ""


def _usage(certificate: x509.Certificate, bit: str) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return bool(getattr(usage, bit))


def _purposes(certificate: x509.Certificate) -> frozenset[x509.ObjectIdentifier]:
    try:
        return frozenset(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return frozenset()
