"""The reference client's VIHF: a SAML 2.0 assertion as care software writes it, signed or not (protocol notes §2.1 and §2.2)."""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass, field
from html import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from carnet import hardened_xml
from carnet.clock import to_datetime
from carnet.metadata import Code, PatientIdentifier
from carnet.requester import AccessMode, Authentication, Software

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_AUTHENTICATION_CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
_NAME_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
_SECTORS = "1.2.250.1.71.4.2.4"
_ACCESS_MODES = "1.2.250.1.213.1.1.4.248"


@dataclass(frozen=True, slots=True)
class Signing:
    """With what to sign: the card's signature certificate or the structure's seal, and its key (RSA, SHA-256)."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey = field(repr=False)
    last: bool = False
    """Writes the Signature after everything else, as some clients do, and not after Issuer as SAML has it."""


@dataclass(frozen=True, slots=True)
class Vihf:
    """What a VIHF says. `issuer` is the certificate that vouches for it; `sector` is `SAxx`; `roles` profession, then specialty.

    `authentication_class` is the last part of the SAML class (`SmartcardPKI`, `Password`…), deduced from the mode when ''.
    `lifetime` in seconds adds Conditions with NotBefore and NotOnOrAfter; 0 leaves them out, as the DMP's samples do.
    """

    name_id: str
    issuer: x509.Certificate
    structure: str
    sector: str
    roles: tuple[Code, ...]
    mode: Authentication | None = Authentication.DIRECT
    name: str = ""
    patient: PatientIdentifier | None = None
    purpose: AccessMode = AccessMode.NORMAL
    reason: str = ""
    secret_connection: bool = False
    software: Software = field(default=Software("Carnet", "1", "reference", "CARNET-REFERENCE"))
    version: str = "3.0"
    authentication_class: str = ""
    lifetime: int = 0
    audience: str = ""
    bearer: bool = False


def build_vihf(vihf: Vihf, now: int, signing: Signing | None = None, *, identifier: str = "") -> bytes:
    """The assertion, UTF-8, without an XML declaration; signed when `signing` is given.

    `now` (microseconds UTC) becomes IssueInstant and AuthnInstant; `identifier` its ID, random when ''.
    """
    identifier = identifier or f"_{uuid.uuid4()}"
    issuer = f'<saml2:Issuer Format="{_NAME_FORMAT}">{escape(vihf.issuer.subject.rfc4514_string())}</saml2:Issuer>'
    opening = (
        f'<saml2:Assertion xmlns:saml2="{SAML}" ID="{identifier}" IssueInstant="{_instant(now)}" Version="2.0">{issuer}'
    )
    rest = _subject(vihf, now) + _conditions(vihf, now) + _statement(vihf, now) + _attributes(vihf)
    closing = "</saml2:Assertion>"
    unsigned = (opening + rest + closing).encode()
    if signing is None:
        return unsigned
    signature = sign(unsigned, identifier, signing)
    parts = (opening, rest, signature, closing) if signing.last else (opening, signature, rest, closing)
    return "".join(parts).encode()


def security_header(assertion: bytes) -> bytes:
    """The assertion in its wsse:Security header, ready for the SOAP envelope."""
    return f'<wsse:Security xmlns:wsse="{WSSE}">'.encode() + assertion + b"</wsse:Security>"


def sign(unsigned: bytes, identifier: str, signing: Signing) -> str:
    """The ds:Signature of an assertion: enveloped, exclusive canonicalization, RSA-SHA256."""
    canonical = etree.tostring(hardened_xml.parse(unsigned, what="assertion"), method="c14n", exclusive=True)
    digest = base64.b64encode(hashlib.sha256(canonical).digest()).decode()
    signed_info = (
        f'<ds:SignedInfo xmlns:ds="{DS}">'
        f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"></ds:CanonicalizationMethod>'
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
        f'<ds:Reference URI="#{identifier}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{DS}enveloped-signature"></ds:Transform>'
        f'<ds:Transform Algorithm="{EXCLUSIVE}"></ds:Transform></ds:Transforms>'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
    value = base64.b64encode(signing.key.sign(signed_info.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    certificate = base64.b64encode(signing.certificate.public_bytes(Encoding.DER)).decode()
    return (
        f'<ds:Signature xmlns:ds="{DS}">{signed_info}<ds:SignatureValue>{value}</ds:SignatureValue>'
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        "</ds:Signature>"
    )


def _instant(moment: int) -> str:
    return to_datetime(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def _subject(vihf: Vihf, now: int) -> str:
    confirmation = ""
    if vihf.bearer:
        end = f' NotOnOrAfter="{_instant(now + vihf.lifetime * 1_000_000)}"' if vihf.lifetime else ""
        confirmation = (
            '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f"<saml2:SubjectConfirmationData{end}/></saml2:SubjectConfirmation>"
        )
    return f"<saml2:Subject><saml2:NameID>{escape(vihf.name_id)}</saml2:NameID>{confirmation}</saml2:Subject>"


def _conditions(vihf: Vihf, now: int) -> str:
    if not vihf.lifetime and not vihf.audience:
        return ""
    end = _instant(now + vihf.lifetime * 1_000_000)
    window = f' NotBefore="{_instant(now)}" NotOnOrAfter="{end}"' if vihf.lifetime else ""
    audience = f"<saml2:Audience>{escape(vihf.audience)}</saml2:Audience>"
    restriction = f"<saml2:AudienceRestriction>{audience}</saml2:AudienceRestriction>" if vihf.audience else ""
    return f"<saml2:Conditions{window}>{restriction}</saml2:Conditions>"


def _statement(vihf: Vihf, now: int) -> str:
    indirect = vihf.mode in {Authentication.INDIRECT, Authentication.REINFORCED}
    declared = _AUTHENTICATION_CLASS + (vihf.authentication_class or ("Password" if indirect else "SmartcardPKI"))
    reinforced = vihf.mode is Authentication.REINFORCED
    declaration = "<saml2:AuthnContextDecl>APP_BROWSER_AUTH</saml2:AuthnContextDecl>" if reinforced else ""
    return (
        f'<saml2:AuthnStatement AuthnInstant="{_instant(now)}"><saml2:AuthnContext>'
        f"<saml2:AuthnContextClassRef>{declared}</saml2:AuthnContextClassRef>{declaration}"
        "</saml2:AuthnContext></saml2:AuthnStatement>"
    )


def _attributes(vihf: Vihf) -> str:
    software = vihf.software
    texts = (
        ("VIHF_Version", vihf.version),
        ("Authentification_Mode", vihf.mode.value if vihf.mode else ""),
        ("Identifiant_Structure", vihf.structure),
        ("Secteur_Activite", f"{vihf.sector}^{_SECTORS}"),
        ("urn:oasis:names:tc:xspa:1.0:subject:subject-id", vihf.name),
        ("urn:oasis:names:tc:xacml:2.0:resource:resource-id", vihf.patient.cx() if vihf.patient else ""),
        ("Ressource_URN", "urn:dmp"),
        ("Mode_Acces_Raison", vihf.reason),
        (
            "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code",
            "INVISIBLE_REPRESENTANTS_LEGAUX" if vihf.secret_connection else "",
        ),
        ("LPS_ID", software.instance),
        ("LPS_Nom", software.name),
        ("LPS_Version", software.version),
        ("LPS_ID_HOMOLOGATION_DMP", software.approval),
    )
    purpose = Code(vihf.purpose.value, _ACCESS_MODES, vihf.purpose.value)
    written = [_attribute(name, escape(text)) for name, text in texts if text]
    written.append(
        _attribute("urn:oasis:names:tc:xacml:2.0:subject:role", *(_coded("Role", role) for role in vihf.roles))
    )
    written.append(_attribute("urn:oasis:names:tc:xspa:1.0:subject:purposeofuse", _coded("PurposeOfUse", purpose)))
    return f"<saml2:AttributeStatement>{''.join(written)}</saml2:AttributeStatement>"


def _attribute(name: str, *values: str) -> str:
    written = "".join(f"<saml2:AttributeValue>{value}</saml2:AttributeValue>" for value in values)
    return f'<saml2:Attribute Name="{name}">{written}</saml2:Attribute>'


def _coded(name: str, code: Code) -> str:
    return (
        f'<{name} xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CE" '
        f'code="{escape(code.code)}" codeSystem="{escape(code.system)}" displayName="{escape(code.display)}"/>'
    )
