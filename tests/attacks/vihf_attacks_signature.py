"""Attacks on the signature: wrapping, tampering, weak methods (rows 1 to 34 and 57 to 60 of the attack suite)."""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from vihf_forge import (
    DOCTOR,
    DS,
    ENVELOPED,
    EXC,
    FORMER_STRUCTURE,
    INC,
    MORE,
    SAML,
    Built,
    Message,
    World,
    attack,
    by_doctor,
    by_hospital,
    canonical,
    direct,
    evil_twin,
    indirect,
    seal_again,
    sealed,
)

XPATH, XSLT = "http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/TR/1999/REC-xslt-19991116"
DSIG11 = "http://www.w3.org/2009/xmldsig11#"
SIGNATURE = f"{{{DS}}}Signature"
Edit = Callable[[Message], Any]


def signed(title: str, **options: Any) -> None:
    """An attack that is the hospital's good assertion signed in a way that is not accepted."""

    def build(world: World) -> Built:
        message = Message(world, indirect(world))
        message.sign(world.hospital.seal, **options)
        return by_hospital(message)

    attack(title)(build)


def altered(title: str, edit: Edit, *, seal_it_again: bool = False) -> None:
    """An attack that is the hospital's sealed message, changed afterwards; SignedInfo perhaps sealed again as it then stands."""

    def build(world: World) -> Built:
        message = sealed(world)
        edit(message)
        if seal_it_again:
            seal_again(message.assertion.find(SIGNATURE), world.hospital.seal)
        return by_hospital(message)

    attack(title)(build)


def ds(message: Message, name: str) -> Any:
    return message.find(name, DS)


def set_text(element: Any, text: str) -> None:
    element.text = text


def with_comment(element: Any) -> None:
    comment = etree.Comment("x")
    comment.tail, element.text = element.text[4:], element.text[:4]
    element.append(comment)


def after(element: Any, other: Any) -> None:
    element.addnext(other)


def without(element: Any) -> None:
    element.getparent().remove(element)


# --- tampering ------------------------------------------------------------------------------------------------------


def _with_a_fitting_digest(message: Message) -> None:
    message.find("NameID").text = DOCTOR
    alone = copy.deepcopy(message.assertion)
    alone.remove(alone.find(SIGNATURE))
    ds(message, "DigestValue").text = base64.b64encode(hashlib.sha256(canonical(alone, EXC)).digest()).decode()


altered("01 NameID changed after signing", lambda m: set_text(m.find("NameID"), DOCTOR))
altered(
    "01 role changed after signing",
    lambda m: m.attribute("urn:oasis:names:tc:xacml:2.0:subject:role")[0][0].set("code", "60"),
)
altered("01 value changed and its digest recomputed", _with_a_fitting_digest)


# --- wrapping -------------------------------------------------------------------------------------------------------


def _wrap(message: Message, identifier: str, place: Callable[[Any, Any, Any], None]) -> None:
    """Puts an evil assertion in the place of the genuine one; `place(evil, genuine, signature)` hides the genuine one in it."""
    genuine, evil = message.assertion, evil_twin(message, identifier=identifier)
    message.security.replace(genuine, evil)
    place(evil, genuine, genuine.find(SIGNATURE))


def _in_the_object(evil: Any, genuine: Any, signature: Any) -> None:
    evil.insert(1, signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(genuine)


def _in_the_advice(evil: Any, genuine: Any, _: Any) -> None:
    advice = etree.Element(f"{{{SAML}}}Advice")
    advice.append(genuine)
    evil.insert(2, advice)


altered("02 evil assertion first, signed one second", lambda m: m.security.insert(0, evil_twin(m)))
altered("02 signed assertion first, evil one second", lambda m: m.security.append(evil_twin(m)))
altered("03 signature moved to an evil root, the original in its Object", lambda m: _wrap(m, "_evil", _in_the_object))
altered(
    "03 evil root with the ID of the original, which stands in its Object",
    lambda m: _wrap(m, "_a1", _in_the_object),
)
altered(
    "03 something in an Object of a good signature",
    lambda m: etree.SubElement(m.assertion.find(SIGNATURE), f"{{{DS}}}Object"),
)
altered("04 signed assertion inside the Advice of an evil one", lambda m: _wrap(m, "_evil", _in_the_advice))
altered("05 two siblings with one ID", lambda m: m.security.append(evil_twin(m, identifier="_a1")))
altered("06 one ID, the original nested", lambda m: _wrap(m, "_a1", lambda evil, genuine, _: evil.append(genuine)))
altered("27 signature not a child of the assertion", lambda m: m.find("Subject").append(m.assertion.find(SIGNATURE)))
altered("27 signature beside the assertion", lambda m: m.security.append(m.assertion.find(SIGNATURE)))


# --- comments, instructions, document types -------------------------------------------------------------------------


def _document_type(title: str, declaration: str) -> None:
    def build(world: World) -> Built:
        data, certificate = by_hospital(sealed(world))
        head, _, rest = data.partition(b"?>")
        return head + f"?><!DOCTYPE x [{declaration}]>".encode() + rest, certificate

    attack(title)(build)


altered("07 comment inside a signed NameID", lambda m: with_comment(m.find("NameID")))
altered("07 comment between the assertion and its header", lambda m: m.security.insert(0, etree.Comment("x")))
altered(
    "08 processing instruction inside NameID", lambda m: m.find("NameID").append(etree.ProcessingInstruction("x", "y"))
)
_document_type("09 document type with an entity", '<!ENTITY e "8">')
_document_type("10 document type with a default attribute", '<!ATTLIST saml2:Assertion ID CDATA "_a1">')
altered("25 comment inside DigestValue", lambda m: with_comment(ds(m, "DigestValue")))


@attack("07 comment inside an unsigned NameID")
def _(world: World) -> Built:
    message = Message(world, direct(world))
    with_comment(message.find("NameID"))
    return by_doctor(message)


# --- methods, references, transforms --------------------------------------------------------------------------------


def _filter(expression: str) -> dict[str, str]:
    return {XPATH: f'<ds:XPath xmlns:ds="{DS}" xmlns:s="{SAML}">{expression}</ds:XPath>'}


signed("11 RSA-SHA1", signature_method=f"{DS}rsa-sha1")
signed("12 SHA-1 digest", digest_method=f"{DS}sha1")
signed("13 inclusive canonicalization of SignedInfo", c14n=INC)
signed("14 inclusive canonicalization as a transform", transforms=(ENVELOPED, INC))
signed("14 transforms in the other order", transforms=(EXC, ENVELOPED))
signed("14 no canonicalization among the transforms", transforms=(ENVELOPED,))
signed("15 SignedInfo canonicalized with comments", c14n=f"{EXC}WithComments")
signed("15 transform with comments", transforms=(ENVELOPED, f"{EXC}WithComments"))
signed("16 reference to the whole document", uri="")
signed("16 reference by XPointer", uri="#xpointer(/)")
signed(
    "17 XPath transform that changes nothing",
    transforms=(ENVELOPED, XPATH, EXC),
    transform_content=_filter("true()"),
)
signed("19 two references", references=2)
signed("20 HMAC keyed with the public certificate", signature_method=f"{MORE}hmac-sha256")
signed("31 XSLT transform", transforms=(ENVELOPED, XSLT, EXC))
signed("31 base64 transform", transforms=(ENVELOPED, f"{DS}base64", EXC))
for _uri in ("http://carnet.example/x", "file:///etc/hostname", "cid:1@carnet.example", "#_other"):
    signed(f"32 reference to {_uri}", uri=_uri)
signed("60 thirty namespace prefixes", prefixes=" ".join(f"p{number}" for number in range(30)))


@attack("12 SHA-1 of a client whose exception is over")
def _(world: World) -> Built:
    seal = world.former.seal
    message = Message(world, indirect(world, name_id=DOCTOR, structure=FORMER_STRUCTURE, issuer=seal.certificate))
    message.sign(seal, signature_method=f"{DS}rsa-sha1", digest_method=f"{DS}sha1")
    return message.bytes(), world.former.authentication.der


@attack("18 XPath transform that hides Subject, and Subject changed")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    hidden = copy.deepcopy(message.assertion)
    hidden.remove(hidden.find(f"{{{SAML}}}Subject"))
    content = _filter("not(ancestor-or-self::s:Subject)")
    message.sign(world.hospital.seal, transforms=(ENVELOPED, XPATH, EXC), transform_content=content, digest_of=hidden)
    message.find("NameID").text = DOCTOR
    return by_hospital(message)


def _endless_prefixes(message: Message) -> None:
    listed = etree.SubElement(ds(message, "CanonicalizationMethod"), f"{{{EXC}}}InclusiveNamespaces")
    listed.set("PrefixList", " ".join(f"p{number}" for number in range(150_000)))


altered("60 a megabyte of namespace prefixes", _endless_prefixes, seal_it_again=True)
altered("weak digest SHA-224", lambda m: ds(m, "DigestMethod").set("Algorithm", f"{MORE}sha224"), seal_it_again=True)
altered(
    "signature cut short by HMACOutputLength",
    lambda m: set_text(etree.SubElement(ds(m, "SignatureMethod"), f"{{{DS}}}HMACOutputLength"), "8"),
    seal_it_again=True,
)


# --- missing, empty, doubled ----------------------------------------------------------------------------------------


def _emptied(message: Message) -> None:
    signature = message.assertion.find(SIGNATURE)
    for child in list(signature):
        signature.remove(child)


@attack("22 no signature where it must be")
def _(world: World) -> Built:
    return by_hospital(Message(world, indirect(world)))


altered("22 an empty Signature", _emptied)
altered("23 empty SignatureValue", lambda m: set_text(ds(m, "SignatureValue"), ""))
altered("24 no Reference", lambda m: without(ds(m, "Reference")), seal_it_again=True)
altered("24 two SignedInfo", lambda m: after(ds(m, "SignedInfo"), copy.deepcopy(ds(m, "SignedInfo"))))
altered(
    "24 two signatures, side by side",
    lambda m: after(m.assertion.find(SIGNATURE), copy.deepcopy(m.assertion.find(SIGNATURE))),
)
altered("24 a signature over a signature", lambda m: m.sign(m.world.hospital.seal))


# --- keys -----------------------------------------------------------------------------------------------------------


def _other_key_value(message: Message) -> None:
    key = etree.SubElement(etree.SubElement(ds(message, "KeyInfo"), f"{{{DS}}}KeyValue"), f"{{{DS}}}RSAKeyValue")
    etree.SubElement(key, f"{{{DS}}}Modulus").text = "qrvM"
    etree.SubElement(key, f"{{{DS}}}Exponent").text = "AQAB"


def _encoded_key_value(message: Message) -> None:
    key = message.world.hospital.seal.certificate.public_key()
    encoded = base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    set_text(etree.SubElement(ds(message, "KeyInfo"), f"{{{DSIG11}}}DEREncodedKeyValue"), encoded)


altered("33 RetrievalMethod", lambda m: etree.SubElement(ds(m, "KeyInfo"), f"{{{DS}}}RetrievalMethod", URI="#_a1"))
altered("33 KeyInfoReference", lambda m: etree.SubElement(ds(m, "KeyInfo"), f"{{{DSIG11}}}KeyInfoReference"))
altered("34 KeyValue of another key", _other_key_value)
altered("34 DEREncodedKeyValue", _encoded_key_value)


# --- forms of values ------------------------------------------------------------------------------------------------


def elliptic(title: str, edit: Edit) -> None:
    """An attack that starts from a good signature with an elliptic key."""

    def build(world: World) -> Built:
        message = Message(world, indirect(world))
        message.sign(world.odd["elliptic"], signature_method=f"{MORE}ecdsa-sha256")
        edit(message)
        return by_hospital(message)

    attack(title)(build)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


elliptic(
    "57 ECDSA signature of the wrong length",
    lambda m: set_text(ds(m, "SignatureValue"), _encoded(b"\x30\x06\x02\x01\x00\x02\x01\x00")),
)
elliptic("57 ECDSA signature of zeros", lambda m: set_text(ds(m, "SignatureValue"), _encoded(bytes(64))))
elliptic("57 RSA method with an elliptic key", lambda m: ds(m, "SignatureMethod").set("Algorithm", f"{MORE}rsa-sha256"))


def _foreign(element: Any, character: str) -> None:
    element.text = element.text[:20] + character + element.text[20:]


altered("58 foreign characters in base64", lambda m: _foreign(ds(m, "SignatureValue"), "!*"))
altered("58 foreign characters in the certificate", lambda m: _foreign(ds(m, "X509Certificate"), "-"))


# --- namespaces and encryption --------------------------------------------------------------------------------------


def _relative(data: bytes) -> bytes:
    return data.replace(b"<saml2:Subject>", b'<saml2:Subject xmlns:void="void">')


@attack("26 relative namespace, signed")
def _(world: World) -> Built:
    data, certificate = by_hospital(sealed(world))
    return _relative(data), certificate


@attack("26 relative namespace, unsigned")
def _(world: World) -> Built:
    data, certificate = by_doctor(Message(world, direct(world)))
    return _relative(data), certificate


altered(
    "encrypted assertion", lambda m: m.security.replace(m.assertion, etree.Element(f"{{{SAML}}}EncryptedAssertion"))
)
