import datetime as dt
import re

import pytest

from carnet import hardened_xml
from carnet.clock import DAY, to_iso
from carnet.crypto.xml_signature import Policy
from carnet.demo import documents
from carnet.demo.dicom_manifest import manifest
from carnet.demo.documents import Draft
from carnet.demo.pki import TestAuthority
from carnet.errors import CertificateInvalid, SignatureInvalid
from carnet.identity import dsg, signature_manifest, signature_writing
from carnet.identity.certificate_kind import CertificateKind, classify
from carnet.identity.dsg import verify_submission_signature
from carnet.identity.set_signing import LEGACY, Style
from carnet.identity.signature_writing import C14N_COMMENTS, Pen, signature

NOW = 1_790_000_000_000_000
SET = "2.25.900"
LETTER, REPORT, KOS = "2.25.901", "2.25.902", "2.25.903"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return TestAuthority.create(tmp_path_factory.mktemp("pki"), NOW, shared_keys=3)


@pytest.fixture(scope="module")
def card(authority):
    return authority.professional("899970000016", "MONTRIEUX", "ALIZE", "10")


@pytest.fixture(scope="module")
def structure(authority):
    return authority.organization("1990000028", "CENTRE HOSPITALIER DE VALMORTE")


@pytest.fixture(scope="module")
def contents():
    letter = Draft(NOW, unique_id=LETTER)
    report = Draft(NOW, unique_id=REPORT, type=documents.LAB_REPORT)
    return {
        LETTER: documents.level_1(letter).replace(b"?>\n", b"?>\n<!-- before -->\n<?note outside?>\n", 1),
        REPORT: documents.self_presenting(documents.level_3(report)),
        KOS: manifest(Draft(NOW, unique_id=KOS), "1.2.3"),
    }


def pen(credential):
    return Pen(credential.certificate, credential.key, credential.chain)


def signed(contents, credential, style=Style(), at=NOW):  # noqa: B008
    covered = {unique_id: (content, unique_id != KOS) for unique_id, content in contents.items()}
    return signature("2.25.999", SET, covered, pen(credential), at, style=style)


def believed(der):
    """Stands for the certificate store: classes are real, validity and revocation are tested elsewhere."""
    from cryptography import x509

    return classify(x509.load_der_x509_certificate(der))


def verify(content, contents, *, policy=Policy(), check=believed, **options):  # noqa: B008
    return verify_submission_signature(
        content, submission_set_unique_id=SET, documents=contents, check_certificate=check, policy=policy, **options
    )


def rewriting(monkeypatch, part, old, new, *, count=1):
    """Makes the signing software write `new` for `old` in a part of the signature before it signs it."""
    original = getattr(signature_writing, part)

    def altered(*arguments, **options):
        text = original(*arguments, **options)
        changed = re.sub(old, new, text, count=count, flags=re.DOTALL)
        assert changed != text
        return changed

    monkeypatch.setattr(signature_writing, part, altered)


# --- accepted ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "style",
    [
        Style(),
        Style(digest="sha512"),
        Style(xades="1.1.1"),
        Style(xades="1.2.2"),
        Style(transform="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        Style(transform="http://www.w3.org/2006/12/xml-c14n11"),
        Style(transform="http://www.w3.org/2006/12/xml-c14n11#WithComments"),
        Style(transform=EXCLUSIVE),
        Style(transform=f"{EXCLUSIVE}WithComments"),
        Style(transform=""),
    ],
    ids=lambda style: f"{style.digest} {style.xades} {style.transform[-25:]}",
)
def test_a_signature_over_a_cda_a_self_presenting_one_and_a_dicom_manifest_is_accepted(contents, card, style):
    signer = verify(signed(contents, card.signature, style), contents, now=NOW)
    assert (signer.holder.identifier, signer.holder.kind) == ("899970000016", CertificateKind.CPS_SIGNATURE)
    assert signer.signing_time == NOW


def test_a_structure_seals_for_its_professionals(contents, structure):
    signer = verify(signed(contents, structure.seal), contents)
    assert (signer.holder.organization_id, signer.holder.kind) == ("1990000028", CertificateKind.ORGANIZATION_SEAL)


def test_sha_1_is_refused_unless_it_is_opened_for_the_client(contents, card):
    content = signed(contents, card.signature, LEGACY)
    with pytest.raises(SignatureInvalid):
        verify(content, contents)
    assert verify(content, contents, policy=Policy(allow_sha1=True)).signing_time == NOW


def test_sha_1_is_refused_for_the_documents_when_the_rest_is_newer(contents, card, monkeypatch):
    rewriting(
        monkeypatch,
        "_manifest",
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2000/09/xmldsig#sha1",
        count=0,
    )
    with pytest.raises(SignatureInvalid, match="digest method"):
        verify(signed(contents, card.signature), contents)


def test_documents_that_are_parsed_already_are_not_parsed_again(contents, card, monkeypatch):
    trees = {one: hardened_xml.parse_lean(content) for one, content in contents.items() if one != KOS}
    content = signed(contents, card.signature)
    monkeypatch.setattr(
        signature_manifest.hardened_xml, "parse", refuse_to_parse_documents(signature_manifest.hardened_xml.parse)
    )
    verify(content, contents, trees=trees)
    with pytest.raises(AssertionError):
        verify(content, contents)


def refuse_to_parse_documents(parse):
    def parsing(data, *, what="message", huge_text=False):
        assert what != "document"
        return parse(data, what=what, huge_text=huge_text)

    return parsing


def test_a_time_without_zone_is_accepted_within_the_widest_zones(contents, card, monkeypatch):
    rewriting(monkeypatch, "_signed_properties", r"(SigningTime>[^<]*?)(\.\d+)?Z<", r"\1<")
    assert (
        verify(signed(contents, card.signature), contents, now=NOW - 10 * 3_600_000_000).signing_time
        == NOW - NOW % 1_000_000
    )


def test_a_certificate_may_be_named_the_second_way(contents, card, monkeypatch):
    rewriting(monkeypatch, "_signed_properties", "SigningCertificate>", "SigningCertificateV2>", count=0)
    verify(signed(contents, card.signature), contents)


def test_a_reference_to_the_key_or_to_the_purpose_is_accepted(contents, card, monkeypatch):
    digest = signature_writing._reference(
        "#purpose",
        f'<ds:SignatureProperties xmlns:ds="{signature_writing.DS}" Id="purpose"></ds:SignatureProperties>'.encode(),
        Style(),
        transform=C14N_COMMENTS,
    )
    rewriting(monkeypatch, "_signed_info", "</ds:SignedInfo>", f"{digest}</ds:SignedInfo>")
    content = signed(contents, card.signature)
    content = content.replace(
        b"<ds:Object><ds:Manifest",
        b'<ds:Object><ds:SignatureProperties Id="purpose"/></ds:Object><ds:Object><ds:Manifest',
    )
    verify(content, contents)


# --- what was signed is not what was submitted ---------------------------------------------------------------------


def test_a_document_changed_after_signing_is_refused(contents, card):
    content = signed(contents, card.signature)
    for unique_id, old, new in (
        (LETTER, b"PAT-TROIS", b"PAT-QUATRE"),
        (REPORT, b'"3.5"', b'"9.5"'),
        (KOS, b"1.2.3", b"1.2.4"),
    ):
        changed = contents | {unique_id: contents[unique_id].replace(old, new)}
        assert changed != contents
        with pytest.raises(SignatureInvalid, match="not the one that was signed") as caught:
            verify(content, changed)
        assert caught.value.subject == unique_id


def test_a_comment_changed_after_signing_is_refused_when_comments_are_signed(contents, card):
    changed = contents | {LETTER: contents[LETTER].replace(b"before", b"after")}
    with pytest.raises(SignatureInvalid, match="not the one that was signed"):
        verify(signed(contents, card.signature), changed)
    verify(signed(contents, card.signature, Style(transform=EXCLUSIVE)), changed)


def test_writing_a_document_otherwise_without_changing_it_is_accepted(contents, card):
    changed = contents | {LETTER: contents[LETTER].replace(b' root="', b'   root = "')}
    assert changed != contents
    verify(signed(contents, card.signature), changed)
    with pytest.raises(SignatureInvalid, match="not the one that was signed"):
        verify(signed(contents, card.signature, Style(transform="")), changed)


def test_two_documents_under_each_other_s_identifier_are_refused(contents, card):
    swapped = contents | {LETTER: contents[REPORT], REPORT: contents[LETTER]}
    with pytest.raises(SignatureInvalid, match="not the one that was signed"):
        verify(signed(contents, card.signature), swapped)


def test_a_document_that_the_signature_does_not_cover_is_refused(contents, card):
    partial = {one: contents[one] for one in (LETTER, KOS)}
    with pytest.raises(SignatureInvalid, match="does not cover all") as caught:
        verify(signed(partial, card.signature), contents)
    assert caught.value.subject == REPORT


def test_a_signature_that_covers_more_than_was_submitted_is_refused(contents, card):
    with pytest.raises(SignatureInvalid, match="was not submitted") as caught:
        verify(signed(contents, card.signature), {LETTER: contents[LETTER]})
    assert caught.value.subject in contents


def test_the_signature_of_another_submission_set_is_refused(contents, card):
    with pytest.raises(SignatureInvalid, match="was not submitted"):
        verify_submission_signature(
            signed(contents, card.signature),
            submission_set_unique_id="2.25.1",
            documents=contents,
            check_certificate=believed,
            policy=Policy(),
        )


REFERENCE = r"<ds:Reference URI=.urn:oid:%s.*?</ds:Reference>"
DIGEST = "<ds:DigestValue>[^<]*<"


@pytest.mark.parametrize(
    "case",
    [
        (REFERENCE % SET, "", "does not cover all"),
        (REFERENCE % LETTER, r"\g<0>\g<0>", "twice"),
        (REFERENCE % SET, r"\g<0>\g<0>", "twice"),
        (f"urn:oid:{LETTER}", f"urn:oid:{LETTER}.1", "was not submitted"),
        (f"urn:oid:{LETTER}", f"urn:uuid:{LETTER}", "urn:oid"),
        (f"urn:oid:{LETTER}", "#SignedProperties", "urn:oid"),
        (f"urn:oid:{LETTER}", "file:///etc/passwd", "urn:oid"),
        (f' URI="urn:oid:{LETTER}"', "", "urn:oid"),
        ("AA==", "AQ==", "AA=="),
        (f"({REFERENCE[:-16] % LETTER}.*?{DIGEST[:-6]})[^<]*", r"\g<1>AAAA", "not the one that was signed"),
        (f"({REFERENCE[:-16] % LETTER}.*?{DIGEST[:-6]})[^<]*", r"\g<1>é*", "not base64"),
        ("</ds:Manifest>", "<ds:ManifestExtra></ds:ManifestExtra></ds:Manifest>", "other than references"),
        ("<ds:DigestMethod[^>]*></ds:DigestMethod>", "", "malformed"),
        ("<ds:DigestMethod[^>]*></ds:DigestMethod>", r"\g<0>\g<0>", "malformed|transforms"),
        ("<ds:Transforms>.*?</ds:Transforms>", "<ds:Transforms></ds:Transforms>", "one canonicalization"),
        ("<ds:Transform .*?</ds:Transform>", r"\g<0>\g<0>", "one canonicalization"),
        ("></ds:Transform>", "><ds:XPath>1</ds:XPath></ds:Transform>", "one canonicalization"),
        (
            f'Transform Algorithm="{C14N_COMMENTS}"',
            'Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"',
            "transform",
        ),
        (
            f'Transform Algorithm="{C14N_COMMENTS}"',
            'Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"',
            "transform",
        ),
        (f'Transform Algorithm="{C14N_COMMENTS}"', "Transform", "transform"),
    ],
)
def test_a_manifest_that_was_signed_but_is_not_one_of_this_set_is_refused(contents, card, monkeypatch, case):
    old, new, sentence = case
    rewriting(monkeypatch, "_manifest", old, new)
    content = signed(contents, card.signature)
    with pytest.raises(SignatureInvalid, match=sentence):
        verify(content, contents)
    monkeypatch.setattr(dsg, "verify_manifest", lambda *_: None)
    verify(content, contents)  # the signature itself was good: the comparison alone refused it


def test_a_transform_of_the_set_s_own_reference_is_refused(contents, card, monkeypatch):
    transform = f'<ds:Transforms><ds:Transform Algorithm="{C14N_COMMENTS}"></ds:Transform></ds:Transforms>'
    rewriting(monkeypatch, "_manifest", "<ds:DigestMethod", f"{transform}<ds:DigestMethod")
    with pytest.raises(SignatureInvalid, match="AA=="):
        verify(signed(contents, card.signature), contents)


def test_a_document_that_is_not_xml_cannot_be_canonicalized(contents, card, monkeypatch):
    content = signed(contents, card.signature)
    with pytest.raises(SignatureInvalid, match=r"not well-formed|not XML") as caught:
        verify(content, contents | {LETTER: b"%PDF-1.4"})
    assert caught.value.subject == LETTER


def test_a_document_without_canonical_form_is_refused(contents, card):
    relative = contents[LETTER].replace(b"<realmCode", b'<x xmlns="relative"/><realmCode')
    with pytest.raises(SignatureInvalid):
        verify(signed(contents, card.signature), contents | {LETTER: relative})


# --- the signature itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb"urn:oid:2\.25\.901", b"urn:oid:2.25.904"),
        (rb"SigningTime>2026", b"SigningTime>2025"),
        (rb"(<ds:SignatureValue>)....", rb"\1AAAA"),
        (rb'Type="http://www.w3.org/2000/09/xmldsig#Manifest"', b'Type="urn:other"'),
        (rb"rsa-sha256", b"hmac-sha256"),
        (rb"<ds:KeyInfo>.*</ds:KeyInfo>", b"<ds:KeyInfo></ds:KeyInfo>"),
        (rb"<ds:KeyInfo>.*</ds:KeyInfo>", b""),
        (rb"</ds:Manifest>", b"<!-- --></ds:Manifest>"),
        (rb'Id="IHEManifest"', b'Id="IHEManifest2"'),
        (rb"<ds:Signature ", b'<ds:Signature xmlns:x="relative" '),
    ],
)
def test_a_signature_changed_after_it_was_made_is_refused(contents, card, old, new):
    content = signed(contents, card.signature)
    changed = re.sub(old, new, content, count=1, flags=re.DOTALL)
    assert changed != content
    with pytest.raises(SignatureInvalid):
        verify(changed, contents)


@pytest.mark.parametrize(
    "case",
    [
        ("_signed_info", 'Type="http://www.w3.org/2000/09/xmldsig#Manifest" ', "", "one manifest"),
        ("_signed_info", r'<ds:Reference Type="[^"]*Manifest".*?</ds:Reference>', "", "one manifest"),
        ("_signed_info", r'<ds:Reference Type="[^"]*SignedProperties".*?</ds:Reference>', "", "XAdES properties"),
        ("_signed_info", 'Type="[^"]*SignedProperties"', 'Type="urn:other"', "XAdES properties"),
        ("_signed_properties", "<xad:SigningTime>.*</xad:SigningTime>", "", "when it was made"),
        ("_signed_properties", "(<xad:SigningTime>)[^<]*", r"\1yesterday", "when it was made"),
        ("_signed_properties", "<xad:SigningTime>.*</xad:SigningTime>", r"\g<0>\g<0>", "when it was made"),
        (
            "_signed_properties",
            "<xad:SigningCertificate>.*</xad:SigningCertificate>",
            "",
            "does not name its certificate",
        ),
        ("_signed_properties", "<xad:Cert>.*?</xad:Cert>", "", "another certificate"),
        ("_signed_properties", r"<ds:X509SerialNumber>\d", "<ds:X509SerialNumber>0", "another certificate"),
        ("_signed_properties", "<xad:Cert>.*?</xad:Cert>", r"\g<0>" * 9, "does not name its certificate"),
        ("_signed_properties", "<xad:CertDigest>.*?</xad:CertDigest>", "", "does not name its certificate"),
    ],
)
def test_properties_that_do_not_say_who_and_when_are_refused(contents, card, monkeypatch, case):
    part, old, new, sentence = case
    rewriting(monkeypatch, part, old, new)
    with pytest.raises(SignatureInvalid, match=sentence):
        verify(signed(contents, card.signature), contents)


OTHER_PROPERTIES = (
    b'<ds:Object><xad:QualifyingProperties xmlns:xad="http://uri.etsi.org/01903/v1.3.2#" Target="#id-2.25.999">'
    b"<xad:SignedProperties><xad:SignedSignatureProperties><xad:SigningTime>2020-01-01T00:00:00Z</xad:SigningTime>"
    b"</xad:SignedSignatureProperties></xad:SignedProperties></xad:QualifyingProperties></ds:Object></ds:Signature>"
)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b"</ds:Signature>", OTHER_PROPERTIES, "XAdES properties"),
        (b"</ds:Signature>", b"<ds:Object><ds:Manifest/></ds:Object></ds:Signature>", "one manifest"),
        (b'Target="#id-2.25.999">\n?<xad:Signed', b'Target="#id-2.25.998"><xad:Signed', "do not qualify"),
        (b' Id="id-2.25.999"', b"", "do not qualify"),
    ],
)
def test_properties_beside_those_that_were_signed_are_refused(contents, card, old, new, sentence):
    content = signed(contents, card.signature)
    changed = re.sub(old, new, content, count=1)
    assert changed != content
    with pytest.raises(SignatureInvalid, match=sentence):
        verify(changed, contents)


def test_something_else_covered_by_the_signature_is_refused(contents, card, monkeypatch):
    other = signature_writing._reference(
        "#other",
        f'<ds:Object xmlns:ds="{signature_writing.DS}" Id="other">x</ds:Object>'.encode(),
        Style(),
        transform=C14N_COMMENTS,
    )
    rewriting(monkeypatch, "_signed_info", "</ds:SignedInfo>", f"{other}</ds:SignedInfo>")
    content = signed(contents, card.signature).replace(
        b"</ds:Signature>", b'<ds:Object Id="other">x</ds:Object></ds:Signature>'
    )
    with pytest.raises(SignatureInvalid, match="does not belong"):
        verify(content, contents)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<x/>",
        b"%PDF",
        b'<!DOCTYPE x><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>',
        b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>',
        b'<x><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></x>',
        b"<x>" + b" " * dsg.SIGNATURE_LIMIT + b"</x>",
    ],
)
def test_what_is_no_signature_is_refused(contents, content):
    with pytest.raises(SignatureInvalid):
        verify(content, contents)


# --- the certificate and the time ----------------------------------------------------------------------------------


def test_only_a_card_s_signature_and_a_structure_s_seal_sign(contents, authority, card, structure):
    for credential in (
        card.authentication,
        structure.authentication,
        authority.employee("31990000028/7", "1990000028", "CH"),
    ):
        with pytest.raises(SignatureInvalid, match="card or a structure's seal"):
            verify(signed(contents, credential), contents)


def test_a_certificate_that_is_not_believed_is_refused_without_saying_why(contents, card):
    def revoked(_der):
        raise CertificateInvalid("The certificate is not valid for this use.")

    with pytest.raises(SignatureInvalid, match="not accepted"):
        verify(signed(contents, card.signature), contents, check=revoked)


def test_another_s_certificate_beside_one_s_own_signature_is_refused(contents, card, structure):
    mine, other = signed(contents, card.signature), signed(contents, structure.seal)
    key_info = re.search(rb"<ds:KeyInfo>.*</ds:KeyInfo>", other)[0]
    with pytest.raises(SignatureInvalid, match="does not verify"):
        verify(re.sub(rb"<ds:KeyInfo>.*</ds:KeyInfo>", lambda _: key_info, mine), contents)


def test_two_certificates_of_one_key_are_told_apart(contents, authority, card, monkeypatch):
    twin = authority.issue("personnes", card.signature.certificate.subject, "card signature", key=card.signature.key)
    mine, other = signed(contents, card.signature), signed(contents, twin)
    key_info = re.search(rb"<ds:KeyInfo>.*</ds:KeyInfo>", other)[0]
    changed = re.sub(rb"<ds:KeyInfo>.*</ds:KeyInfo>", lambda _: key_info, mine)
    with pytest.raises(SignatureInvalid, match="another certificate"):
        verify(changed, contents)
    monkeypatch.setattr(dsg, "check_signing_certificate", lambda *_: None)
    verify(changed, contents)


@pytest.mark.parametrize("days", [-2, 3 * 365 + 1])
def test_a_signature_made_outside_the_certificate_s_validity_is_refused(contents, card, days):
    with pytest.raises(SignatureInvalid, match="outside its certificate's validity"):
        verify(signed(contents, card.signature, at=NOW + days * DAY), contents)


def test_a_signature_made_in_the_future_is_refused(contents, card):
    content = signed(contents, card.signature, at=NOW + dsg.CLOCKS + 1)
    with pytest.raises(SignatureInvalid, match="future"):
        verify(content, contents, now=NOW)
    assert verify(content, contents, now=NOW + 1).signing_time == NOW + dsg.CLOCKS + 1


def test_the_zone_of_the_time_is_minded(contents, card, monkeypatch):
    paris = dt.datetime.fromisoformat(to_iso(NOW)).astimezone(dt.timezone(dt.timedelta(hours=2))).isoformat()
    rewriting(monkeypatch, "_signed_properties", "(<xad:SigningTime>)[^<]*", rf"\g<1>{paris}")
    assert verify(signed(contents, card.signature), contents, now=NOW).signing_time == NOW
