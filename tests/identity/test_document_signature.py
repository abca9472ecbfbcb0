"""The signature that a document carries itself: around a plain CDA, or at the end of a self-presenting one, written by another's library."""

from __future__ import annotations

import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import methods
from signxml.xades import XAdESSigner

from carnet import hardened_xml
from carnet.clock import DAY
from carnet.crypto import signature_structure
from carnet.crypto.xml_signature import Policy
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.pki import TestAuthority
from carnet.errors import MalformedMessage, SignatureInvalid
from carnet.identity.certificate_kind import classify
from carnet.identity.document_signature import is_signed, verify_document_signature

NOW = 1_790_000_000_000_000
DS = "http://www.w3.org/2000/09/xmldsig#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return TestAuthority.create(tmp_path_factory.mktemp("pki"), NOW - 400 * DAY, shared_keys=2)


@pytest.fixture(scope="module")
def card(authority):
    return authority.professional("899970000016", "MONTRIEUX", "ALIZE", "10").signature


@pytest.fixture(scope="module")
def plain():
    return documents.level_3(Draft(NOW, unique_id="2.25.901"))


def by_signxml(content, credential, method):
    """Signed as a library of another hand does it (XAdES of signxml)."""
    signer = XAdESSigner(method=method, c14n_algorithm=INCLUSIVE, signature_algorithm="rsa-sha256")
    root = hardened_xml.parse(content)
    signed = signer.sign(root, key=credential.key, cert=[credential.certificate], always_add_key_value=False)
    return etree.tostring(signed, xml_declaration=True, encoding="UTF-8")


@pytest.fixture(scope="module")
def enveloped(plain, card):
    return by_signxml(documents.self_presenting(plain), card, methods.enveloped)


@pytest.fixture(scope="module")
def enveloping(plain, card):
    return by_signxml(plain, card, methods.enveloping)


def verify(content, policy=Policy()):  # noqa: B008
    return verify_document_signature(content, lambda der: classify(x509.load_der_x509_certificate(der)), policy)


def verdict(content):
    """valid, invalid (the cryptography says no), or of a form that is not verified."""
    try:
        verify(content)
    except SignatureInvalid as error:
        return "of another form" if getattr(error, "__notes__", ()) else "invalid"
    return "valid"


def test_what_another_s_library_signed_verifies_around_a_document_and_at_its_end(enveloped, enveloping):
    for content in (enveloped, enveloping):
        assert is_signed(content)
        signer = verify(content)
        assert signer.holder.name == "ALIZE MONTRIEUX"
        assert signer.signing_time > NOW - 400 * DAY


def test_a_document_without_a_signature_carries_none(plain):
    assert not is_signed(plain)
    assert not is_signed(b"%PDF-1.7 http://www.w3.org/2000/09/xmldsig#")


@pytest.mark.parametrize("which", ["enveloped", "enveloping"])
def test_a_changed_value_title_digest_or_value_of_the_signature_is_not_valid(which, request):
    content = request.getfixturevalue(which)
    changes = [
        (b'value="3.5"', b'value="8.5"'),
        (b"<title>Biochimie", b"<title>Biochimia"),
        (b"<statusCode", b"<statuscode"),
        (b"SignatureValue>", b"SignatureValue>AAAA"),
    ]
    found = [verdict(content.replace(*change, 1)) for change in changes]
    digest = re.search(rb"DigestValue>(.)", content).start(1)
    flipped = b"A" if content[digest : digest + 1] != b"A" else b"B"
    found.append(verdict(content[:digest] + flipped + content[digest + 1 :]))
    assert found == ["invalid"] * 5


@pytest.mark.parametrize("which", ["enveloped", "enveloping"])
def test_a_comment_that_is_not_signed_may_stand_between_elements_and_not_in_a_text(which, request):
    """A comment in a text would let `3<!-- -->5` be read as 3, under a signature that holds."""
    content = request.getfixturevalue(which)
    assert b"<!-- fictif -->" in content
    assert verdict(content.replace(b"<!-- fictif -->", b"<!-- autre -->")) == "valid"
    assert verdict(content.replace(b"<title>Bio", b"<title>Bio<!-- -->")) == "of another form"
    assert verdict(content.replace(b"<title>", b"<title><!-- -->", 1)) == "of another form"


def test_a_certificate_changed_for_another_s_is_not_valid(authority, enveloped):
    other = authority.professional("899970000024", "AUTRE", "PERSONNE", "10").signature
    der = other.certificate.public_bytes(Encoding.PEM).decode().split("-----")[2]
    swapped = re.sub(rb"(X509Certificate>)[^<]*", lambda found: found[1] + der.encode(), enveloped, count=1)
    assert verdict(swapped) in {"invalid", "of another form"}
    with pytest.raises(SignatureInvalid):
        verify(swapped)


def test_a_signature_over_something_else_than_the_document_is_not_taken(enveloped, enveloping):
    elsewhere = enveloped.replace(b'<ds:Reference URI=""', b'<ds:Reference URI="#autre"', 1)
    twice = enveloped.replace(
        b"</xsl:stylesheet>",
        re.search(rb"<ds:Signature .*</ds:Signature>", enveloped, re.DOTALL)[0] + b"</xsl:stylesheet>",
    )
    inside = enveloped.replace(b"</xsl:stylesheet>", b"<xsl:text>x</xsl:text></xsl:stylesheet>")
    emptied = enveloping.replace(b"ClinicalDocument", b"OtherDocument")
    assert [verdict(one) for one in (elsewhere, twice, inside)] == ["of another form"] * 3
    assert verdict(emptied) != "valid"


def test_without_the_check_of_comments_the_attack_gets_through(monkeypatch, enveloping):
    attacked = enveloping.replace(b"<title>Bio", b"<title>Bio<!-- -->")
    kept = tuple(one for one in signature_structure.ENVELOPING_CHECKS if one[0] != "no comment in a text")
    assert len(kept) == len(signature_structure.ENVELOPING_CHECKS) - 1
    monkeypatch.setattr("carnet.identity.document_signature.ENVELOPING_CHECKS", kept)
    assert verdict(attacked) == "valid"


def test_xades_is_asked_for(enveloped):
    bare = re.sub(rb"xades:SignedProperties", b"xades:OtherProperties", enveloped)
    assert verdict(bare) != "valid"


def test_what_is_no_xml_is_refused():
    with pytest.raises(MalformedMessage):
        verify(b"<x")
