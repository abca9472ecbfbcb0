"""Makes SOAP messages with assertions, good or bad, signed in any way one may think of. Loaded by conftest."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from carnet.client.vihf import Vihf, build_vihf, security_header
from carnet.clock import DAY, HOUR, to_datetime
from carnet.config import ClientPolicy, Settings
from carnet.demo import certificate_profile as profiles
from carnet.demo.pki import ORGANIZATIONS, PERSONS, CardPair, Credential, OrganizationPair, TestAuthority, new_key
from carnet.identity.certificates import CertificateStore
from carnet.metadata import Code, PatientIdentifier
from carnet.requester import Authentication
from carnet.soap import envelope
from carnet.soap.security import VihfRules

SAML, DS, HL7 = "urn:oasis:names:tc:SAML:2.0:assertion", "http://www.w3.org/2000/09/xmldsig#", "urn:hl7-org:v3"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SOAP11, SOAP12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
INC = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = f"{DS}enveloped-signature"
MORE, ENC = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2001/04/xmlenc#"
RSA_SHA256, SHA256 = f"{MORE}rsa-sha256", f"{ENC}sha256"
PSS_SHA256 = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"

STRUCTURE, OTHER_STRUCTURE = "1750100125", "1920100131"
STRICT_STRUCTURE, OLD_STRUCTURE, FORMER_STRUCTURE = "1690100142", "1330100157", "1310100163"
AUDIENCE = "https://carnet.example/vihf"
DOCTOR, OTHER_DOCTOR, CLERK = "899700000012", "899700000023", "3750100125/1453"
PATIENT = PatientIdentifier("207058575627097", "1.2.250.1.213.1.4.10")
ROLES = (
    Code("10", "1.2.250.1.71.1.2.7", "Médecin"),
    Code("SM26", "1.2.250.1.71.4.2.5", "Qualifié en Médecine Générale (SM)"),
)
G15, R01, G05, DMP_ROLES = "1.2.250.1.71.1.2.7", "1.2.250.1.71.4.2.5", "1.2.250.1.71.4.2.6", "1.2.250.1.213.1.1.4.6"
KNOWN_ROLES = {
    ("10", G15),
    ("21", G15),
    ("60", G15),
    ("SM26", R01),
    ("A", G05),
    ("AUTOMATE", DMP_ROLES),
    ("SECRETARIAT_MEDICAL", DMP_ROLES),
}
KNOWN_SECTORS = {("SA01", "1.2.250.1.71.4.2.4"), ("SA07", "1.2.250.1.71.4.2.4")}


@dataclass
class World:
    """A test PKI with the people and structures of the attacks, and the rules of a server that trusts it."""

    authority: TestAuthority
    now: int
    settings: Settings
    rules: VihfRules
    doctor: CardPair
    other_doctor: CardPair
    clerk: Credential
    clerk_signature: Credential
    hospital: OrganizationPair
    other_hospital: OrganizationPair
    strict: OrganizationPair
    old: OrganizationPair
    former: OrganizationPair
    odd: dict[str, Credential] = field(default_factory=dict)


def settings_of(base: Settings) -> Settings:
    """The settings that the attacks and the good variants suppose."""
    return replace(
        base,
        vihf_audience=AUDIENCE,
        approved_software=("CARNET-REFERENCE",),
        clients=(
            ClientPolicy(STRICT_STRUCTURE, profile="xua-strict"),
            ClientPolicy(OLD_STRUCTURE, sha1_until="2100-01-01", inclusive_c14n_until="2100-01-01"),
            ClientPolicy(FORMER_STRUCTURE, sha1_until="2020-01-01", inclusive_c14n_until="2020-01-01"),
        ),
    )


def make_world(directory: Path, now: int) -> World:
    """Builds the PKI in `directory`, with every odd certificate that an attack needs."""
    authority = TestAuthority.create(directory, now, shared_keys=6)
    world = World(
        authority=authority,
        now=now,
        settings=settings_of(Settings()),
        rules=None,
        doctor=authority.professional(DOCTOR, "ROSSIGNOL", "Élise", "10"),
        other_doctor=authority.professional(OTHER_DOCTOR, "LEGRAND", "Paul", "10"),
        clerk=authority.employee(CLERK, STRUCTURE, "HOPITAL DEMO", "MARTIN", "Zoé"),
        clerk_signature=authority.issue(
            PERSONS, profiles.employee_name(CLERK, STRUCTURE, "HOPITAL DEMO", "MARTIN", "Zoé"), "card signature"
        ),
        hospital=authority.organization(STRUCTURE, "HOPITAL DEMO"),
        other_hospital=authority.organization(OTHER_STRUCTURE, "CLINIQUE DEMO"),
        strict=authority.organization(STRICT_STRUCTURE, "CENTRE STRICT"),
        old=authority.organization(OLD_STRUCTURE, "CENTRE ANCIEN"),
        former=authority.organization(FORMER_STRUCTURE, "CENTRE QUI FUT ANCIEN"),
    )
    _make_odd_certificates(world)
    store = CertificateStore(
        directory / "trust", directory / "crl", environment="test", grace=0, clock=lambda: world.now
    )
    world.rules = VihfRules(
        world.settings,
        store,
        roles=lambda code, system: (code, system) in KNOWN_ROLES,
        sectors=lambda code, system: (code, system) in KNOWN_SECTORS,
    )
    return world


def _make_odd_certificates(world: World) -> None:
    authority, now, odd = world.authority, world.now, world.odd
    subject = profiles.organization_name(STRUCTURE, "HOPITAL DEMO", "DOSSIER PATIENT")

    def seal(name: str, issuer: str = ORGANIZATIONS, **options: Any) -> None:
        odd[name] = authority.issue(issuer, subject, "organization seal", **options)

    seal("expired", not_before=now - 400 * DAY, not_after=now - DAY)
    seal("not yet valid", not_before=now + DAY, not_after=now + 400 * DAY)
    seal("weak", key=new_key(1024))
    seal("exponent three", key=rsa.generate_private_key(public_exponent=3, key_size=2048))
    seal("revoked")
    for name, folder in (
        ("revoked authority", "revoquee"),
        ("authority without list", "sans-liste"),
        ("stale list", "liste-perimee"),
        ("list of a sister", "liste-de-soeur"),
        ("list signed by another", "liste-fausse"),
    ):
        authority.add_intermediate(folder, f"TEST AC CARNET {folder.upper()} ORGANISATIONS")
        seal(name, issuer=folder)
    odd["server"] = authority.server()
    odd["elliptic"] = _elliptic(authority, subject, ec.SECP256R1())
    odd["small curve"] = _elliptic(authority, subject, ec.SECP224R1())
    odd["self-signed"] = _self_signed(world.hospital.seal.certificate, now)
    odd["false authority"] = _false_authority(authority, world.hospital.seal.certificate, now)
    authority.revoked[ORGANIZATIONS][odd["revoked"].certificate.serial_number] = now - 2 * HOUR
    authority.revoke("revoquee", now=now - 2 * HOUR)
    authority.write_crls()
    crl = authority.directory / "crl"
    (crl / "sans-liste.crl").unlink()
    (crl / "liste-perimee.crl").write_bytes(authority.crl("liste-perimee", now=now - 30 * DAY, days=7))
    (crl / "liste-de-soeur.crl").write_bytes(authority.crl(PERSONS, now=now, number=authority.crl_number))
    (crl / "liste-fausse.crl").write_bytes(authority.crl("liste-fausse", now=now, signer=PERSONS))


def _elliptic(authority: TestAuthority, subject: x509.Name, curve: ec.EllipticCurve) -> Credential:
    return authority.issue(ORGANIZATIONS, subject, "organization seal", key=ec.generate_private_key(curve))


def _copy_of(genuine: x509.Certificate, issuer: x509.Name, signer: Any, key: Any, now: int) -> x509.Certificate:
    """A certificate that says what a genuine one says, of another's making."""
    builder = x509.CertificateBuilder(issuer, genuine.subject, key.public_key(), genuine.serial_number)
    builder = builder.not_valid_before(to_datetime(now - DAY)).not_valid_after(to_datetime(now + DAY))
    for extension in genuine.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(signer, hashes.SHA256())


def _self_signed(genuine: x509.Certificate, now: int) -> Credential:
    key = new_key()
    return Credential(_copy_of(genuine, genuine.subject, key, key, now), key, (), ORGANIZATIONS)


def _false_authority(authority: TestAuthority, genuine: x509.Certificate, now: int) -> Credential:
    key, false = new_key(), new_key()
    return Credential(_copy_of(genuine, genuine.issuer, false, key, now), key, (), ORGANIZATIONS)


class Message:
    """A SOAP message under construction: `root` is its tree, `assertion` the assertion in it."""

    def __init__(self, world: World, vihf: Vihf, *, body: bytes = b"<x xmlns='urn:x'/>", at: int | None = None) -> None:
        self.world = world
        data = build_vihf(vihf, world.now if at is None else at, identifier="_a1")
        document = envelope.write_request("urn:x", "urn:uuid:m1", body, security=security_header(data))
        self.root = etree.fromstring(document)

    @property
    def security(self) -> Any:
        return self.root.find(f".//{{{WSSE}}}Security")

    @property
    def header(self) -> Any:
        return self.root[0]

    @property
    def body(self) -> Any:
        return self.root[1]

    @property
    def assertion(self) -> Any:
        return self.root.find(f".//{{{SAML}}}Assertion")

    def find(self, name: str, namespace: str = SAML) -> Any:
        return self.assertion.find(f".//{{{namespace}}}{name}")

    def attribute(self, name: str) -> Any:
        """The saml:Attribute of this name."""
        return next(one for one in self.assertion.iter(f"{{{SAML}}}Attribute") if one.get("Name") == name)

    def set_text(self, name: str, text: str) -> None:
        """Gives an attribute another text value."""
        value = self.attribute(name)[0]
        for child in value:
            value.remove(child)
        value.text = text

    def drop(self, name: str) -> None:
        """Takes an attribute away."""
        attribute = self.attribute(name)
        attribute.getparent().remove(attribute)

    def add_attribute(self, name: str, *values: str) -> Any:
        """Adds a text attribute at the end."""
        attribute = etree.SubElement(self.find("AttributeStatement"), f"{{{SAML}}}Attribute", Name=name)
        for value in values:
            etree.SubElement(attribute, f"{{{SAML}}}AttributeValue").text = value
        return attribute

    def sign(self, credential: Credential, **options: Any) -> Any:
        """Signs the assertion where it stands; see `sign`."""
        return sign(self.assertion, credential, **options)

    def bytes(self) -> bytes:
        return etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")


def indirect(world: World, **changes: Any) -> Vihf:
    """What the hospital's server says for its employee 1453."""
    base = Vihf(
        name_id=CLERK,
        issuer=world.hospital.seal.certificate,
        structure=STRUCTURE,
        sector="SA01",
        roles=ROLES,
        mode=Authentication.INDIRECT,
        name="Zoé MARTIN",
        patient=PATIENT,
    )
    return replace(base, **changes)


def direct(world: World, **changes: Any) -> Vihf:
    """What a doctor's software says with the doctor's card."""
    base = Vihf(
        name_id=DOCTOR,
        issuer=world.doctor.signature.certificate,
        structure="499700000012000",
        sector="SA07",
        roles=ROLES,
        mode=Authentication.DIRECT,
        patient=PATIENT,
    )
    return replace(base, **changes)


def strict(world: World, **changes: Any) -> Vihf:
    """What a structure held to the strict profile says."""
    return indirect(
        world,
        **{
            "issuer": world.strict.seal.certificate,
            "structure": STRICT_STRUCTURE,
            "name_id": DOCTOR,
            "lifetime": 300,
            "audience": AUDIENCE,
            "bearer": True,
        }
        | changes,
    )


def canonical(element: Any, algorithm: str, prefixes: str = "") -> bytes:
    alone = etree.fromstring(etree.tostring(element, with_tail=False))
    return _c14n(alone, algorithm, prefixes)


def _c14n(element: Any, algorithm: str, prefixes: str = "") -> bytes:
    return etree.tostring(
        element,
        method="c14n",
        exclusive=algorithm.startswith(EXC),
        with_comments=algorithm.endswith("WithComments"),
        inclusive_ns_prefixes=prefixes.split() or None,
    )


_DIGESTS = {
    SHA256: hashlib.sha256,
    f"{MORE}sha384": hashlib.sha384,
    f"{ENC}sha512": hashlib.sha512,
    f"{DS}sha1": hashlib.sha1,
}


def sign(
    root: Any,
    credential: Credential,
    *,
    identifier: str | None = None,
    uri: str | None = None,
    c14n: str = EXC,
    transforms: tuple[str, ...] = (ENVELOPED, EXC),
    transform_content: dict[str, str] | None = None,
    signature_method: str = RSA_SHA256,
    digest_method: str = SHA256,
    prefixes: str = "",
    digest_of: Any = None,
    references: int = 1,
    position: int = 1,
    parent: Any = None,
    certificate: x509.Certificate | None = None,
) -> Any:
    """Puts a ds:Signature into `parent` (the root itself by default) at `position`; returns it.

    The digest is of `digest_of` (the root by default) as it stands; whatever is odd is taken as told.
    """
    last = next((one for one in reversed(transforms) if one.startswith((EXC, "http://www.w3.org/TR/"))), INC)
    digest = _DIGESTS[digest_method](canonical(root if digest_of is None else digest_of, last, prefixes)).digest()
    uri = f"#{identifier or root.get('ID')}" if uri is None else uri
    listed = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{prefixes}"/>' if prefixes else ""
    written = "".join(
        f'<ds:Transform Algorithm="{one}">{(transform_content or {}).get(one, listed if one.startswith(EXC) else "")}'
        "</ds:Transform>"
        for one in transforms
    )
    reference = (
        f'<ds:Reference URI="{uri}"><ds:Transforms>{written}</ds:Transforms><ds:DigestMethod Algorithm="{digest_method}"/>'
        f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue></ds:Reference>"
    )
    shown = base64.b64encode((certificate or credential.certificate).public_bytes(Encoding.DER)).decode()
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{c14n}"/>'
        f'<ds:SignatureMethod Algorithm="{signature_method}"/>{reference * references}</ds:SignedInfo>'
        f"<ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{shown}</ds:X509Certificate></ds:X509Data>"
        "</ds:KeyInfo></ds:Signature>"
    )
    (root if parent is None else parent).insert(position, signature)
    seal_again(signature, credential, signature_method, c14n)
    return signature


def seal_again(signature: Any, credential: Credential, method: str = RSA_SHA256, c14n: str = EXC) -> None:
    """Computes SignatureValue anew over SignedInfo as it stands."""
    alone = etree.fromstring(etree.tostring(signature, with_tail=False))
    data = _c14n(alone.find(f"{{{DS}}}SignedInfo"), c14n)
    value = raw_signature(credential, data, method)
    signature.find(f"{{{DS}}}SignatureValue").text = base64.b64encode(value).decode()


def raw_signature(credential: Credential, data: bytes, method: str) -> bytes:
    if "hmac" in method:
        return hmac.new(credential.certificate_pem, data, "sha256").digest()
    digest = next(algorithm for name, algorithm in _HASHES.items() if name in method)
    if isinstance(credential.key, ec.EllipticCurvePrivateKey):
        r, s = utils.decode_dss_signature(credential.key.sign(data, ec.ECDSA(digest)))
        size = (credential.key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if "MGF1" in method:
        return credential.key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    return credential.key.sign(data, padding.PKCS1v15(), digest)


_HASHES = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def evil_twin(message: Message, name_id: str = DOCTOR, identifier: str = "_evil") -> Any:
    """A copy of the assertion, unsigned, that names somebody else."""
    twin = copy.deepcopy(message.assertion)
    for signature in twin.findall(f"{{{DS}}}Signature"):
        twin.remove(signature)
    twin.set("ID", identifier)
    twin.find(f".//{{{SAML}}}NameID").text = name_id
    return twin


Built = tuple[bytes, bytes | None]
"""A SOAP message and the certificate, in DER, of the connection that brings it."""

ATTACKS: dict[str, Callable[[World], Built]] = {}
GOOD: dict[str, Callable[[World], tuple[bytes, bytes, dict[str, Any]]]] = {}


def attack(name: str) -> Callable[[Callable[[World], Built]], Callable[[World], Built]]:
    """Enters a bad message in the table under a name that starts with its row in the security notes, if it has one."""

    def enter(build: Callable[[World], Built]) -> Callable[[World], Built]:
        assert name not in ATTACKS
        ATTACKS[name] = build
        return build

    return enter


def good(name: str) -> Callable[[Callable[[World], Any]], Callable[[World], Any]]:
    """Enters a good message, with what the Requester must say."""

    def enter(build: Callable[[World], Any]) -> Callable[[World], Any]:
        assert name not in GOOD
        GOOD[name] = build
        return build

    return enter


def by_hospital(message: Message) -> Built:
    """Over the connection of the hospital's server."""
    return message.bytes(), message.world.hospital.authentication.der


def by_doctor(message: Message) -> Built:
    """Over the connection of the doctor's card."""
    return message.bytes(), message.world.doctor.authentication.der


def sealed(world: World, **changes: Any) -> Message:
    """The hospital's good message, sealed."""
    message = Message(world, indirect(world, **changes))
    message.sign(world.hospital.seal)
    return message
