"""Signatures inside what they sign, and over their own objects: what is verified is what comes back."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from carnet.client.vihf import Signing, sign
from carnet.clock import system_clock
from carnet.crypto import signature_structure
from carnet.crypto.xml_signature import Policy, signing_certificate, verify_detached_signed_info, verify_enveloped
from carnet.demo.pki import TestAuthority
from carnet.errors import CarnetError, SignatureInvalid

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
XADES = Policy(allow_inclusive_c14n=True)


@pytest.fixture(scope="module")
def seals(tmp_path_factory):
    authority = TestAuthority.create(tmp_path_factory.mktemp("pki"), system_clock(), shared_keys=3)
    return authority.organization("1750100125", "HOPITAL DEMO").seal, authority.organization("1920100131", "B").seal


def enveloped(seal, content: str = "<b>text</b>") -> bytes:
    plain = f'<a ID="_1">{content}</a>'
    signature = sign(plain.encode(), "_1", Signing(seal.certificate, seal.key))
    return plain.replace("</a>", f"{signature}</a>").encode()


def test_what_was_signed_comes_back_without_the_signature(seals):
    verified = verify_enveloped(enveloped(seals[0]), seals[0].certificate, Policy())
    assert etree.tostring(verified) == b'<a ID="_1"><b>text</b></a>'


def test_an_element_of_a_larger_message_is_verified_on_its_own(seals):
    message = etree.fromstring(b"<m xmlns:x='urn:x'>before" + enveloped(seals[0]) + b"after</m>")
    assert verify_enveloped(message[0], seals[0].certificate, Policy()).findtext("b") == "text"


def test_another_certificate_does_not_verify_it(seals):
    with pytest.raises(SignatureInvalid):
        verify_enveloped(enveloped(seals[0]), seals[1].certificate, Policy())


def test_a_change_of_what_is_signed_is_seen(seals):
    with pytest.raises(SignatureInvalid):
        verify_enveloped(enveloped(seals[0]).replace(b"text", b"test"), seals[0].certificate, Policy())


def test_an_element_without_a_signature_is_refused(seals):
    with pytest.raises(SignatureInvalid, match="There is no signature"):
        verify_enveloped(b'<a ID="_1"/>', seals[0].certificate, Policy())


def test_a_refusal_names_the_check_for_the_log(seals):
    data = enveloped(seals[0]).replace(b"#_1", b"#_2")
    with pytest.raises(SignatureInvalid) as refusal:
        verify_enveloped(data, seals[0].certificate, Policy())
    assert refusal.value.__notes__ == ["reference to the assertion"]


def test_the_certificate_of_a_signature_is_read_as_a_claim(seals):
    signature = etree.fromstring(enveloped(seals[0])).find(f"{{{DS}}}Signature")
    assert signing_certificate(signature) == seals[0].der
    signature.find(f".//{{{DS}}}X509Certificate").text = "*"
    with pytest.raises(SignatureInvalid):
        signing_certificate(signature)
    with pytest.raises(SignatureInvalid):
        signing_certificate(etree.Element("x"))


# --- over its own objects -------------------------------------------------------------------------------------------


def detached(
    seal, edit=lambda signature: None, *, method=C14N, transforms=(), uris=("#m", "#p"), last=lambda one: None
):
    """A signature over two objects; `edit` changes it before it is signed, `last` afterwards."""
    written = "".join(f'<ds:Transform Algorithm="{one}"/>' for one in transforms)
    references = "".join(
        f'<ds:Reference URI="{uri}" Type="urn:type:{uri[1:]}">'
        + (f"<ds:Transforms>{written}</ds:Transforms>" if transforms else "")
        + f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue/></ds:Reference>'
        for uri in uris
    )
    certificate = base64.b64encode(seal.der).decode()
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}" Id="s"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{method}"/>'
        f'<ds:SignatureMethod Algorithm="{RSA_SHA256}"/>{references}</ds:SignedInfo><ds:SignatureValue/>'
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        '<ds:Object><ds:Manifest Id="m">one</ds:Manifest></ds:Object>'
        '<ds:Object><q:P xmlns:q="urn:q" Id="p">two</q:P></ds:Object></ds:Signature>'
    )
    edit(signature)
    for reference in signature.iter(f"{{{DS}}}Reference"):
        element = signature.xpath("//*[@Id=$id]", id=reference.get("URI")[1:])
        data = canonical(element[0] if element else signature, (transforms or (C14N,))[-1])
        reference.find(f"{{{DS}}}DigestValue").text = base64.b64encode(hashlib.sha256(data).digest()).decode()
    value = seal.key.sign(canonical(signature[0], method), padding.PKCS1v15(), hashes.SHA256())
    signature.find(f"{{{DS}}}SignatureValue").text = base64.b64encode(value).decode()
    last(signature)
    return signature


def canonical(element, algorithm: str) -> bytes:
    return etree.tostring(
        element, method="c14n", exclusive=algorithm.startswith(EXC), with_comments=algorithm.endswith("WithComments")
    )


def test_each_object_that_a_signature_covers_comes_back(seals):
    manifest, properties = verify_detached_signed_info(detached(seals[0]), seals[0].certificate, XADES)
    assert (manifest.identifier, manifest.type, manifest.element.text) == ("m", "urn:type:m", "one")
    assert (properties.identifier, properties.element.tag, properties.element.text) == ("p", "{urn:q}P", "two")


@pytest.mark.parametrize("method", [C14N, f"{C14N}#WithComments", "http://www.w3.org/2006/12/xml-c14n11", EXC])
def test_canonicalizations_of_the_field_are_taken(seals, method):
    signature = detached(seals[0], method=method, transforms=(method,), uris=("#m",))
    (manifest,) = verify_detached_signed_info(signature, seals[0].certificate, XADES)
    assert manifest.element.text == "one"


def test_inclusive_canonicalization_must_be_opened(seals):
    with pytest.raises(SignatureInvalid):
        verify_detached_signed_info(detached(seals[0]), seals[0].certificate, Policy())


def test_sha1_must_be_opened(seals):
    def old(signature):
        signature.find(f".//{{{DS}}}SignatureMethod").set("Algorithm", f"{DS}rsa-sha1")

    signature = detached(seals[0], old)
    value = seals[0].key.sign(canonical(signature[0], C14N), padding.PKCS1v15(), hashes.SHA1())
    signature.find(f"{{{DS}}}SignatureValue").text = base64.b64encode(value).decode()
    with pytest.raises(SignatureInvalid):
        verify_detached_signed_info(signature, seals[0].certificate, XADES)
    opened = Policy(allow_sha1=True, allow_inclusive_c14n=True)
    assert len(verify_detached_signed_info(signature, seals[0].certificate, opened)) == 2


def change_manifest(signature) -> None:
    signature.find(f".//{{{DS}}}Manifest").text = "other"


def add_comment(signature) -> None:
    signature.find(f".//{{{DS}}}Manifest").append(etree.Comment("x"))


def add_unknown(signature) -> None:
    etree.SubElement(signature, "{urn:evil}X")


def add_twin(signature) -> None:
    etree.SubElement(signature[-1], "{urn:evil}X").set("id", "m")


def add_twins(signature) -> None:
    for _ in range(2):
        etree.SubElement(signature[-1], "{urn:other}X").set("id", "x")


def sixty_prefixes(signature) -> None:
    listed = etree.SubElement(signature[0][0], f"{{{EXC}}}InclusiveNamespaces")
    listed.set("PrefixList", " ".join(f"p{number}" for number in range(60)))


def dirty_value(signature) -> None:
    element = signature.find(f"{{{DS}}}SignatureValue")
    element.text = f"!{element.text}"


DETACHED_ATTACKS = {
    "changed": lambda seal: detached(seal, last=change_manifest),
    "a comment": lambda seal: detached(seal, add_comment),
    "an unknown element": lambda seal: detached(seal, add_unknown),
    "an id twice": lambda seal: detached(seal, add_twin),
    "an id twice that nothing references": lambda seal: detached(seal, add_twins),
    "the whole document": lambda seal: detached(seal, uris=("",)),
    "elsewhere": lambda seal: detached(seal, uris=("http://carnet.example/x",)),
    "nothing of that id": lambda seal: detached(seal, uris=("#x",)),
    "with unknown method": lambda seal: detached(seal, method=f"{DS}enveloped-signature"),
    "transform of another kind": lambda seal: detached(seal, transforms=(f"{DS}base64", C14N)),
    "enveloped": lambda seal: detached(seal, transforms=(f"{DS}enveloped-signature", C14N)),
    "prefixes": lambda seal: detached(seal, sixty_prefixes, method=EXC),
    "base64": lambda seal: detached(seal, last=dirty_value),
    "inclusive for all": lambda seal: detached(seal, method="http://www.w3.org/2006/12/xml-c14n11", uris=()),
}


@pytest.mark.parametrize("attack", DETACHED_ATTACKS)
def test_an_attack_on_a_signature_over_its_objects_is_refused(seals, attack):
    with pytest.raises(SignatureInvalid):
        verify_detached_signed_info(DETACHED_ATTACKS[attack](seals[0]), seals[0].certificate, XADES)


@pytest.mark.parametrize("check", [name for name, _ in signature_structure.DETACHED_CHECKS])
def test_without_one_check_something_gets_in(seals, monkeypatch, check):
    strict_policy = Policy()
    kept = tuple(entry for entry in signature_structure.DETACHED_CHECKS if entry[0] != check)
    monkeypatch.setattr(signature_structure, "DETACHED_CHECKS", kept)

    def gets_in(signature, policy) -> bool:
        try:
            verify_detached_signed_info(signature, seals[0].certificate, policy)
        except CarnetError:
            return False
        return True

    attacks = [(build(seals[0]), XADES) for build in DETACHED_ATTACKS.values()]
    inclusive = detached(seals[0], uris=("#m",), transforms=(EXC,))
    assert any(gets_in(*attack) for attack in [*attacks, (inclusive, strict_policy)])


# --- a second opinion -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="the second opinion needs the xmlsec1 program")
def test_xmlsec_agrees_on_what_verifies(seals, tmp_path):
    def verifies(data: bytes, certificate: x509.Certificate) -> bool:
        (tmp_path / "message.xml").write_bytes(data)
        (tmp_path / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        command = ["xmlsec1", "--verify", "--id-attr:ID", "a", "--pubkey-cert-pem", "certificate.pem", "message.xml"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0

    data = enveloped(seals[0])
    assert verifies(data, seals[0].certificate)
    assert not verifies(data.replace(b"text", b"test"), seals[0].certificate)
    assert not verifies(data, seals[1].certificate)
