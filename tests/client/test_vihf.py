"""The reference client's assertions, read by the server's own eyes and by another's."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from carnet.client.vihf import SAML, WSSE, Signing, Vihf, build_vihf, security_header
from carnet.clock import system_clock
from carnet.demo.pki import TestAuthority
from carnet.metadata import Code

DS = "http://www.w3.org/2000/09/xmldsig#"


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    authority = TestAuthority.create(tmp_path_factory.mktemp("pki"), system_clock(), shared_keys=2)
    return authority.professional("899700000012", "D'ÉTÉ & <fils>", "Élise", "10")


def a_vihf(card, **changes) -> Vihf:
    roles = (Code("10", "1.2.250.1.71.1.2.7", 'Médecin "<&>"'), Code("SM26", "1.2.250.1.71.4.2.5"))
    return Vihf("899700000012", card.signature.certificate, "499700000012000", "SA07", roles, **changes)


def test_names_are_escaped(card):
    root = etree.fromstring(build_vihf(a_vihf(card, name='"<&>"'), system_clock()))
    assert "D'ÉTÉ & <fils>".replace("<", "\\<").replace(">", "\\>") in root.findtext(f"{{{SAML}}}Issuer")


@pytest.mark.parametrize(("last", "position"), [(False, 1), (True, -1)])
def test_the_signature_stands_where_it_is_asked(card, last, position):
    signing = Signing(card.signature.certificate, card.signature.key, last=last)
    root = etree.fromstring(build_vihf(a_vihf(card), system_clock(), signing))
    assert root[position].tag == f"{{{DS}}}Signature"


def test_an_identifier_is_never_the_same_twice(card):
    now = system_clock()
    assert build_vihf(a_vihf(card), now) != build_vihf(a_vihf(card), now)


def test_the_header_holds_the_assertion_alone(card):
    header = etree.fromstring(security_header(build_vihf(a_vihf(card), system_clock())))
    assert header.tag == f"{{{WSSE}}}Security"
    assert [child.tag for child in header] == [f"{{{SAML}}}Assertion"]


@pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="the second opinion needs the xmlsec1 program")
@pytest.mark.parametrize("last", [False, True])
def test_xmlsec_verifies_what_the_client_signs(card, tmp_path, last):
    signing = Signing(card.signature.certificate, card.signature.key, last=last)
    (tmp_path / "vihf.xml").write_bytes(build_vihf(a_vihf(card), system_clock(), signing))
    (tmp_path / "card.pem").write_bytes(card.signature.certificate.public_bytes(Encoding.PEM))
    command = ["xmlsec1", "--verify", "--id-attr:ID", f"{SAML}:Assertion", "--pubkey-cert-pem", "card.pem", "vihf.xml"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
