"""Assertions that real software sends and that must be accepted, with what the Requester must say."""

from __future__ import annotations

import base64
import re
import textwrap
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from vihf_attacks_meaning import PATIENT_ATTRIBUTE, hold_key
from vihf_forge import (
    AUDIENCE,
    CLERK,
    DMP_ROLES,
    DOCTOR,
    DS,
    ENC,
    ENVELOPED,
    G05,
    G15,
    INC,
    MORE,
    OLD_STRUCTURE,
    PATIENT,
    PSS_SHA256,
    ROLES,
    SOAP11,
    SOAP12,
    STRUCTURE,
    WSU,
    Authentication,
    Code,
    Message,
    World,
    direct,
    good,
    indirect,
    strict,
)

from carnet.metadata import PatientIdentifier
from carnet.requester import AccessMode, CardClass

INDIRECT = {
    "identifier": CLERK,
    "name": "Zoé MARTIN",
    "organization_id": STRUCTURE,
    "authentication": Authentication.INDIRECT,
    "card": CardClass.ORGANIZATION,
    "patient": PATIENT,
}
DIRECT = {
    "identifier": DOCTOR,
    "name": "Élise ROSSIGNOL",
    "authentication": Authentication.DIRECT,
    "card": CardClass.PROFESSIONAL,
    "patient": PATIENT,
}


def sent(
    title: str, edit=lambda message: None, after=lambda data: data, expect: Any = None, signing: Any = None, **changes
):
    """A good variant sealed and sent by the hospital: changed content, an edit before sealing, one of the bytes after."""

    def build(world: World):
        message = Message(world, indirect(world, **changes))
        edit(message)
        message.sign(world.hospital.seal, **(signing or {}))
        return after(message.bytes()), world.hospital.authentication.der, INDIRECT | (expect or {})

    good(title)(build)


def by_card(title: str, edit=lambda message: None, signing: Any = None, expect: Any = None, **changes):
    """A good variant of the doctor's, signed with the card when `signing` is given."""

    def build(world: World):
        message = Message(world, direct(world, **changes))
        edit(message)
        if signing is not None:
            message.sign(world.doctor.signature, **signing)
        return message.bytes(), world.doctor.authentication.der, DIRECT | (expect or {})

    good(title)(build)


def issuer(rewrite):
    """An edit of Issuer's text."""

    def edit(message: Message) -> None:
        element = message.find("Issuer")
        element.text = rewrite(element.text)

    return edit


def in_hexadecimal(text: str) -> str:
    def write(found: re.Match[str]) -> str:
        value = found[2].encode()
        return f"{found[1]}=#0c{len(value):02x}{value.hex()}"

    return re.sub(r"(2\.5\.4\.4|2\.5\.4\.42)=([^+,]+)", write, text)


def in_the_default_namespace(message: Message) -> None:
    written = etree.tostring(message.assertion, with_tail=False).decode()
    for prefixed, plain in (("<saml2:", "<"), ("</saml2:", "</"), ("xmlns:saml2=", "xmlns=")):
        written = written.replace(prefixed, plain)
    message.security.replace(message.assertion, etree.fromstring(written))


sent("indirect, version 3.0, no audience")
sent("indirect, version 2.0", version="2.0")
sent("indirect, version 4.0", version="4.0")
sent("mode not stated, by a structure", mode=None)
sent("mode's name in lower case", lambda m: m.attribute("Authentification_Mode").set("Name", "Authentification_mode"))
sent(
    "issuer format spelt as in the mapping table",
    lambda m: m.find("Issuer").set("Format", "urn:oasis:names:tc:SAML:1.1:nameidformat:X509SubjectName"),
)
sent("issuer from the other end", issuer(lambda text: ",".join(reversed(text.split(",")))))
sent(
    "issuer with blanks and small letters", issuer(lambda text: text.replace(",", " , ").replace("HOPITAL", "hopital"))
)
sent("issuer with S for ST", issuer(lambda text: text.replace("ST=", "S=")))
sent("signature last", signing={"position": 5})
sent("SHA-512", signing={"signature_method": f"{MORE}rsa-sha512", "digest_method": f"{ENC}sha512"})
sent("SHA-384", signing={"signature_method": f"{MORE}rsa-sha384", "digest_method": f"{MORE}sha384"})
sent("RSA-PSS", signing={"signature_method": PSS_SHA256})
sent("a list of prefixes", signing={"prefixes": "ds saml #default xsi"})
sent(
    "base64 broken into lines, with carriage returns",
    after=lambda data: re.sub(
        rb"(<ds:(SignatureValue|X509Certificate)>)([^<]+)",
        lambda found: found[1] + "&#13;\n".join(textwrap.wrap(found[3].decode(), 64)).encode(),
        data,
    ),
)
sent("CX.7 in the patient identifier", lambda m: m.set_text(PATIENT_ATTRIBUTE, f"{PATIENT.cx()}^^20260101"))
sent(
    "a label damaged by Latin-1",
    roles=(Code("10", G15, "MÃ©decin"), Code("SM26", ROLES[1].system, "QualifiÃ© \ufffd")),
)
sent("unknown attributes", lambda m: m.add_attribute("LPS_Type", "x"))
sent("our audience", audience=AUDIENCE)
sent("a window", lifetime=600)
sent("no patient", patient=None, expect={"patient": None})
sent("a reason", purpose=AccessMode.BRIS_DE_GLACE, reason="Coma", expect={"mode": "bris_de_glace", "reason": "Coma"})
sent("an empty reason", lambda m: m.add_attribute("Mode_Acces_Raison", ""), expect={"reason": ""})
sent("regulation centre", purpose=AccessMode.CENTRE_15, expect={"mode": AccessMode.CENTRE_15})
sent("secret connection", secret_connection=True, expect={"secret_connection": True})
sent("an automaton", roles=(Code("AUTOMATE", DMP_ROLES),), authentication_class="unspecified")
sent("a pharmacist", roles=(Code("21", G15), Code("A", G05)), expect={"specialty": Code("A", G05)})
sent("a nurse", roles=(Code("60", G15),), expect={"specialty": None})
sent("a professional by national identifier", name_id=DOCTOR, expect={"identifier": DOCTOR})
sent(
    "a patient by NIA",
    patient=PatientIdentifier("207058575627097", "1.2.250.1.213.1.4.9"),
    expect={"patient": PatientIdentifier("207058575627097", "1.2.250.1.213.1.4.9")},
)
sent(
    "reinforced",
    mode=Authentication.REINFORCED,
    authentication_class="MobileTwoFactorUnregistered",
    expect={"authentication": Authentication.REINFORCED},
)
sent(
    "Security header marked and addressed to the last node",
    lambda m: m.security.attrib.update(
        {f"{{{SOAP12}}}mustUnderstand": "true", f"{{{SOAP12}}}role": f"{SOAP12}/role/ultimateReceiver"}
    ),
)
sent("a timestamp beside the assertion", lambda m: etree.SubElement(m.security, f"{{{WSU}}}Timestamp"))
sent("indented", lambda m: etree.indent(m.assertion))
sent(
    "typed attribute values",
    lambda m: m.attribute("LPS_Nom")[0].set("{http://www.w3.org/2001/XMLSchema-instance}type", "xs:string"),
)
sent("SOAP 1.1", after=lambda data: data.replace(SOAP12.encode(), SOAP11.encode()))
sent("assertion in the default namespace", in_the_default_namespace)
by_card("card, unsigned")
by_card("card, signed", signing={})
by_card("card, signature last", signing={"position": 5})
by_card("card, mode not stated", mode=None)
by_card("card, names in hexadecimal", issuer(in_hexadecimal), signing={})
by_card("card, GN and G", issuer(lambda text: text.replace("2.5.4.42=", "GN=").replace("2.5.4.4=", "SN=")))
by_card("card, from the other end", issuer(lambda text: ", ".join(reversed(text.split(",")))))


@good("an employee's card, unsigned")
def _(world: World):
    message = Message(world, direct(world, name_id=CLERK, structure=STRUCTURE, issuer=world.clerk.certificate))
    expect = {"identifier": CLERK, "name": "Zoé MARTIN", "card": CardClass.EMPLOYEE, "organization_id": STRUCTURE}
    return message.bytes(), world.clerk.der, expect


@good("an employee's card, signed")
def _(world: World):
    message = Message(world, direct(world, name_id=CLERK, structure=STRUCTURE, issuer=world.clerk.certificate))
    message.sign(world.clerk_signature)
    return message.bytes(), world.clerk.der, {"identifier": CLERK, "card": CardClass.EMPLOYEE}


@good("an elliptic seal")
def _(world: World):
    message = Message(world, indirect(world))
    message.sign(world.odd["elliptic"], signature_method=f"{MORE}ecdsa-sha256")
    return message.bytes(), world.hospital.authentication.der, INDIRECT


@good("the same key twice, as KeyValue too")
def _(world: World):
    message = Message(world, indirect(world))
    message.sign(world.hospital.seal)
    key = world.hospital.seal.certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    modulus = base64.b64encode(key.public_numbers().n.to_bytes(256, "big")).decode()
    value = etree.fromstring(
        f'<ds:KeyValue xmlns:ds="{DS}"><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus>'
        "<ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    )
    message.find("KeyInfo", DS).append(value)
    return message.bytes(), world.hospital.authentication.der, INDIRECT


@good("the seal and its authority in KeyInfo")
def _(world: World):
    message = Message(world, indirect(world))
    message.sign(world.hospital.seal)
    first = message.find("X509Certificate", DS)
    second = etree.SubElement(first.getparent(), f"{{{DS}}}X509Certificate")
    second.text = base64.b64encode(world.hospital.seal.chain[0].public_bytes(Encoding.DER)).decode()
    return message.bytes(), world.hospital.authentication.der, INDIRECT


@good("the strict profile")
def _(world: World):
    message = Message(world, strict(world))
    message.sign(world.strict.seal)
    return message.bytes(), world.strict.authentication.der, {"identifier": DOCTOR}


@good("the strict profile, by holder of key, without a target")
def _(world: World):
    message = Message(world, strict(world))
    message.drop("Ressource_URN")
    hold_key(message, world.strict.authentication)
    message.sign(world.strict.seal)
    return message.bytes(), world.strict.authentication.der, {"identifier": DOCTOR}


def _old(world: World, **options: Any):
    changes = {"structure": OLD_STRUCTURE, "name_id": DOCTOR, "issuer": world.old.seal.certificate}
    message = Message(world, indirect(world, **changes))
    message.sign(world.old.seal, **options)
    return message.bytes(), world.old.authentication.der, {"identifier": DOCTOR, "organization_id": OLD_STRUCTURE}


@good("SHA-1 of a client for whom it is open")
def _(world: World):
    return _old(world, signature_method=f"{DS}rsa-sha1", digest_method=f"{DS}sha1")


@good("inclusive canonicalization of a client for whom it is open")
def _(world: World):
    return _old(world, c14n=INC, transforms=(ENVELOPED, INC))
