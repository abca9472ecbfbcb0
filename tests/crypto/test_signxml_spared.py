"""What signxml is spared changes nothing of what it says: the same messages verify, and the same bytes come back."""

from __future__ import annotations

import pytest
from lxml import etree
from signxml import XMLVerifier

from carnet import hardened_xml
from carnet.client.vihf import Signing, sign
from carnet.crypto import xml_signature
from tests.crypto.test_xml_signature import C14N, DETACHED_ATTACKS, EXC, XADES, detached, enveloped, seals

assert seals  # a fixture

DECLARED = "<!-- before --><?xml-stylesheet href='x'?>"
METHODS = (C14N, f"{C14N}#WithComments", "http://www.w3.org/2006/12/xml-c14n11", EXC)


def inside(seal, content: str, prolog: str = "", attributes: str = "") -> bytes:
    plain = f'<a xmlns:n="urn:n" ID="_1"{attributes}>{content}</a>'
    signature = sign(plain.encode(), "_1", Signing(seal.certificate, seal.key))
    return f"{prolog}{plain.replace('</a>', f'{signature} tail</a>')}".encode()


INSIDE = {
    "as it is": enveloped,
    "after remarks": lambda seal: DECLARED.encode() + enveloped(seal),
    "namespaces": lambda seal: inside(seal, '<n:b xmlns:m="urn:m"><m:c n:ID="x"/></n:b>').replace(b" tail", b""),
    "prefixes of the root": lambda seal: inside(seal, "<b/>", attributes=' xml:lang="fr" xmlns="urn:d"').replace(
        b" tail", b""
    ),
    "text after the signature": lambda seal: inside(seal, "<b/>"),
    "a comment within": lambda seal: inside(seal, "<b>one<!-- two -->three</b>").replace(b" tail", b""),
    "the identifier twice": lambda seal: inside(seal, '<b n:ID="_1"/>').replace(b" tail", b""),
    "the identifier under another name": lambda seal: inside(seal, '<b name="_1"/>').replace(b" tail", b""),
    "another reference": lambda seal: enveloped(seal).replace(b'"#_1"', b'"##_1"'),
    "a pointer": lambda seal: enveloped(seal).replace(b'"#_1"', b'"#xpointer(/)"'),
    "changed": lambda seal: enveloped(seal).replace(b"text", b"test"),
}


def around(signature) -> None:
    """Namespaces that are in scope and not used, an xml: attribute, and texts that a copy could spoil."""
    etree.SubElement(signature[-1][0], "{urn:z}z").text = " \r\n<&>\u00e9 "
    signature[-1].set("{http://www.w3.org/XML/1998/namespace}lang", "fr")
    signature[-1][0].tail = "\r\n "


OVER_OBJECTS = {f"{method} as {transform}": (method, transform) for method in METHODS for transform in METHODS}


def said(verifier, data, seal, id_attribute) -> list[bytes] | str:
    count = etree.fromstring(data).xpath("count(//*[local-name()='SignedInfo']/*[local-name()='Reference'])")
    try:
        found = verifier().verify(
            data if verifier is XMLVerifier else xml_signature._Parsed.of(data, hardened_xml.parse(data)),
            x509_cert=seal.certificate,
            expect_config=xml_signature._configuration(XADES, int(count)),
            id_attribute=id_attribute,
            validate_schema=False,
            parser=hardened_xml.parser(),
        )
    except Exception as error:  # noqa: BLE001 - which it is, is what is compared
        return type(error).__name__
    return [etree.tostring(one.signed_xml) + one.signed_data for one in (found if isinstance(found, list) else [found])]


def test_the_same_is_said_of_a_signature_inside_what_it_signs(seals):
    answers = {}
    for name, make in INSIDE.items():
        data = make(seals[0])
        answers[name] = said(xml_signature._Verifier, data, seals[0], "ID")
        assert answers[name] == said(XMLVerifier, data, seals[0], "ID"), name
    assert {name for name, answer in answers.items() if isinstance(answer, list)} == {
        "as it is",
        "after remarks",
        "namespaces",
        "prefixes of the root",
        "the identifier under another name",
    }


@pytest.mark.parametrize("name", OVER_OBJECTS)
def test_the_same_is_said_of_a_signature_over_its_objects(seals, name):
    method, transform = OVER_OBJECTS[name]
    data = DECLARED.encode() + etree.tostring(detached(seals[0], method=method, transforms=(transform,)))
    answer = said(xml_signature._Verifier, data, seals[0], None)
    assert isinstance(answer, list)
    assert answer == said(XMLVerifier, data, seals[0], None)


def test_the_same_is_said_of_text_after_an_object(seals):
    def tail(signature):
        signature[-1][0].tail = "text"

    data = etree.tostring(detached(seals[0], tail, transforms=(EXC,)))
    answer = said(xml_signature._Verifier, data, seals[0], None)
    assert isinstance(answer, str)
    assert answer == said(XMLVerifier, data, seals[0], None)


@pytest.mark.parametrize("attack", [one for one in DETACHED_ATTACKS if one != "inclusive for all"])
def test_the_same_is_said_of_an_attack(seals, attack):
    data = etree.tostring(DETACHED_ATTACKS[attack](seals[0]))
    assert said(xml_signature._Verifier, data, seals[0], None) == said(XMLVerifier, data, seals[0], None)


def test_a_verifier_that_looks_at_no_tail_says_something_else(seals):
    class Careless(xml_signature._Verifier):
        def _tostring(self, xml_node, **_kwargs):
            return xml_node

    data = INSIDE["text after the signature"](seals[0])
    assert said(Careless, data, seals[0], "ID") != said(XMLVerifier, data, seals[0], "ID")


def test_a_verifier_that_takes_the_first_of_two_says_something_else(seals):
    class Careless(xml_signature._Verifier):
        def _resolve_reference(self, doc_root, _reference, uri_resolver=None):
            return doc_root

    data = INSIDE["the identifier twice"](seals[0])
    assert said(Careless, data, seals[0], "ID") != said(XMLVerifier, data, seals[0], "ID")
