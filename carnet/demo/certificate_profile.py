"""The shapes of the certificates that the demonstration's authorities issue: names, key usages, purposes (IGC-Santé's shapes)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_TITLES = {"10": "Médecin", "21": "Pharmacien", "40": "Chirurgien-Dentiste", "50": "Sage-Femme", "60": "Infirmier"}
"""TRE_G15-ProfessionSante (1.2.250.1.71.1.2.7), those the demonstration plays; another code stands for itself."""

_CLIENT, _SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
_EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION

PROFILES: dict[str, tuple[frozenset[str], tuple[x509.ObjectIdentifier, ...]]] = {
    "card authentication": (frozenset({"digital_signature", "key_encipherment"}), (_CLIENT,)),
    "card signature": (frozenset({"digital_signature", "content_commitment"}), ()),
    "organization authentication": (frozenset({"digital_signature", "key_encipherment"}), (_CLIENT,)),
    "organization seal": (frozenset({"digital_signature"}), (_EMAIL,)),
    "server": (frozenset({"digital_signature", "key_encipherment"}), (_SERVER,)),
}
"""KeyUsage and ExtendedKeyUsage of each product of the authorities."""

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)

Rdn = Sequence[tuple[x509.ObjectIdentifier, str]]
"""One relative distinguished name: one attribute, or several for a multi-valued one."""


def key_usage(names: Iterable[str]) -> x509.KeyUsage:
    """The KeyUsage extension with these bits set."""
    wanted = frozenset(names)
    return x509.KeyUsage(**{usage: usage in wanted for usage in _USAGES})


def distinguished_name(*rdns: Rdn) -> x509.Name:
    """A name from its relative names in the order of the encoding (country first)."""
    return x509.Name(
        [x509.RelativeDistinguishedName([x509.NameAttribute(oid, value) for oid, value in rdn]) for rdn in rdns]
    )


def authority_name(common_name: str) -> x509.Name:
    """The subject of an authority of the demonstration."""
    return distinguished_name(
        [(NameOID.COUNTRY_NAME, "FR")],
        [(NameOID.ORGANIZATION_NAME, "CARNET TEST")],
        [(NameOID.COMMON_NAME, common_name)],
    )


def professional_name(ps_idnat: str, family: str, given: str, profession_code: str) -> x509.Name:
    """The subject of a CPS: identifier, surname and given name share one relative name."""
    return distinguished_name(
        [(NameOID.COUNTRY_NAME, "FR")],
        [(NameOID.ORGANIZATION_NAME, "TEST")],
        [(NameOID.TITLE, _TITLES.get(profession_code, profession_code))],
        [(NameOID.COMMON_NAME, ps_idnat), (NameOID.SURNAME, family), (NameOID.GIVEN_NAME, given)],
    )


def employee_name(ps_idnat: str, struct_idnat: str, organization: str, family: str, given: str) -> x509.Name:
    """The subject of a CPE; without `family` the card names nobody."""
    person = [(NameOID.SURNAME, family), (NameOID.GIVEN_NAME, given)] if family else []
    return distinguished_name(
        [(NameOID.COUNTRY_NAME, "FR")],
        [(NameOID.ORGANIZATION_NAME, organization)],
        [(NameOID.ORGANIZATIONAL_UNIT_NAME, struct_idnat)],
        [(NameOID.COMMON_NAME, ps_idnat), *person],
    )


def organization_name(struct_idnat: str, name: str, service: str) -> x509.Name:
    """The subject of a structure's certificates: OU is its Struct_IdNat, CN the service that uses them."""
    return distinguished_name(
        [(NameOID.COUNTRY_NAME, "FR")],
        [(NameOID.STATE_OR_PROVINCE_NAME, "Paris (75)")],
        [(NameOID.ORGANIZATION_NAME, name)],
        [(NameOID.ORGANIZATIONAL_UNIT_NAME, struct_idnat)],
        [(NameOID.COMMON_NAME, service)],
    )


def server_name(host: str) -> x509.Name:
    """The subject of a TLS server certificate."""
    return distinguished_name([(NameOID.COUNTRY_NAME, "FR")], [(NameOID.COMMON_NAME, host)])


def alternative_name(host: str) -> x509.GeneralName:
    """A host name or an address as a subjectAltName."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
