import base64
import re

import pytest
from msgspec.structs import replace

from carnet.cda import header as reading
from carnet.cda.header import header_of, parse_document, read_header
from carnet.cda.participants import Identifier
from carnet.demo import documents, payloads
from carnet.errors import InvalidDocument

BOM = b"\xef\xbb\xbf"


def test_every_public_example_is_read_alike_from_its_head_and_from_its_tree(sample):
    content = sample.read_bytes()
    header = read_header(content)
    assert header == header_of(parse_document(content).root)
    assert header.id.root
    assert header.code.code
    assert header.title
    assert header.main_event.start
    assert header.facility.code
    assert header.patient.birth_family
    assert len(header.effective_time) == 14
    assert header.self_presenting == ("utopresentable" in sample.name.replace("-P", "p").replace("oP", "op"))


def test_every_plain_example_is_read_from_its_head_alone(sample):
    content = sample.read_bytes()
    plain = b"<xsl:stylesheet" not in content
    assert (reading._without_body(content) is not None) == plain


def test_the_values_of_a_header_are_those_that_were_written(draft):
    header = read_header(documents.level_1(draft))
    assert header.id == Identifier(draft.unique_id)
    assert (header.code, header.title, header.language) == (draft.type, draft.title, "fr-FR")
    assert header.patient.ids[0] == Identifier("1.2.250.1.213.1.4.10", draft.patient.identifier.value)
    assert (header.patient.birth_family, header.patient.first_birth_given) == ("PAT-TROIS", "DOMINIQUE")
    assert (header.patient.birth_date, header.patient.birth_place, header.patient.gender) == ("19790328", "51215", "F")
    assert header.authors[0].ids == (Identifier("1.2.250.1.71.4.2.1", draft.author.identifier),)
    assert header.authors[0].organization.name == draft.author.organization.name
    assert header.legal_authenticator.family == draft.author.family_name
    assert header.custodian.ids[0].extension == draft.author.organization.identifier
    assert header.facility == draft.author.organization.sector
    assert header.main_event.performer.organization.practice_setting.code == "AMBULATOIRE"
    assert (header.body.element, header.body.media_type) == ("nonXMLBody", "application/pdf")
    assert (header.set_id.root, header.version_number, header.related) == (draft.set_id, 1, ())


@pytest.mark.parametrize("media_type", payloads.MEDIA_TYPES)
def test_a_level_1_document_says_what_it_wraps(draft, media_type):
    content = documents.level_1(draft, media_type=media_type, size=20_000)
    assert read_header(content).body.media_type == media_type
    wrapped = base64.b64decode(re.search(rb'representation="B64">([^<]*)<', content)[1], validate=True)
    assert wrapped == payloads.payload(media_type, draft.title, size=(20_000 - 5_000) * 3 // 4)


def test_a_self_presenting_document_is_read_inside_its_stylesheet(report):
    header = read_header(documents.self_presenting(report))
    assert header.self_presenting
    assert header.id == read_header(report).id


def test_a_replacement_names_its_parent(draft):
    later = draft.next_version(draft.created + 1)
    header = read_header(documents.level_1(later))
    assert (header.set_id.root, header.version_number) == (draft.set_id, 2)
    assert header.related[0].type == "RPLC"
    assert header.related[0].ids == (Identifier(draft.unique_id),)


def test_a_byte_order_mark_is_tolerated(letter):
    assert read_header(BOM + letter) == read_header(letter)


def test_unknown_elements_of_a_header_are_ignored(letter):
    extended = letter.replace(b"<languageCode", b'<x:note xmlns:x="urn:other"><id/></x:note><later/><languageCode')
    assert read_header(extended) == read_header(letter)


def test_a_comment_does_not_cut_a_name(letter):
    cut = letter.replace(b"PAT-TROIS", b"PAT-<!-- -->TROIS")
    assert read_header(cut).patient.birth_family == "PAT-TROIS"


def test_a_prefixed_document_is_read(report):
    prefixed = re.sub(rb"<(/?)(?=[A-Za-z])", rb"<\1cda:", report).replace(b"xmlns=", b"xmlns:cda=")
    assert prefixed.count(b"cda:ClinicalDocument") == 2
    assert reading._without_body(prefixed) is not None
    assert read_header(prefixed) == read_header(report)


def test_a_document_of_thirty_megabytes_is_read_from_its_head(draft):
    content = documents.level_1(draft, size=30_000_000)
    assert len(content) > 29_000_000
    assert read_header(content).id.root == draft.unique_id


# --- what follows the body -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "addition",
    [
        b'<recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="277076322082910"/></patientRole></recordTarget>',
        b"<title>another</title>",
        b"<component><structuredBody/></component>",
        b"<component><nonXMLBody><text/></nonXMLBody></component>",
        b'<id root="1.2.3"/>',
    ],
)
def test_a_second_header_after_the_body_is_seen(letter, report, addition):
    for document in (letter, report):
        with pytest.raises(InvalidDocument, match="there must be one"):
            read_header(document.replace(b"</ClinicalDocument>", addition + b"</ClinicalDocument>"))


def test_a_second_header_between_two_bodies_is_seen(letter):
    empty = b"<component><nonXMLBody><text/></nonXMLBody></component>"
    hidden = b'<id root="1.2.3"/>' + empty + b"</ClinicalDocument>"
    with pytest.raises(InvalidDocument, match="2 id"):
        read_header(letter.replace(b"</ClinicalDocument>", hidden))


def test_a_comment_that_names_the_body_does_not_mislead(letter):
    for place in (b"<realmCode", b"<recordTarget>", b"</ClinicalDocument>"):
        commented = letter.replace(place, b"<!-- nonXMLBody structuredBody -->" + place)
        assert read_header(commented) == read_header(letter)


HIDDEN = b"<title>another</title>"
PRETENDED = b"nonXMLBody><text>file</text></nonXMLBody></component></ClinicalDocument>"


@pytest.mark.parametrize(
    ("place", "instead"),
    [
        (b"<realmCode", b"<!-- %s --><realmCode" % PRETENDED),
        (b"</text>", b"<!-- %s --></text>" % PRETENDED),
        (b"</text>", b"<![CDATA[</%s]]></text>" % PRETENDED),
        (b"</text>", b"</text><!-- </%s -->" % PRETENDED),
    ],
)
def test_what_looks_like_the_end_of_a_file_hides_no_second_header(draft, place, instead):
    letter = documents.level_1(draft, size=20_000)
    pretending = letter.replace(place, instead, 1)
    assert pretending != letter
    with pytest.raises(InvalidDocument, match="2 title"):
        read_header(pretending.replace(b"</ClinicalDocument>", HIDDEN + b"</ClinicalDocument>"))
    assert _beneath(read_header(pretending)) == _beneath(read_header(letter))


def _beneath(header):
    """Without the beginning of the file, which some of these comments are in."""
    return replace(header, body=replace(header.body, beginning=b""))


OPENED = {
    "_END_OF_FILE": b"<!-- nonXMLBody><text>%s-->%s-->" % (b" " * 1000, HIDDEN),
    "_END_OF_STRUCTURE": b"<!-- structuredBody>-->%s<!-- </structuredBody> -->" % HIDDEN,
}


@pytest.mark.parametrize("end", OPENED)
def test_a_comment_that_begins_like_a_body_hides_no_second_header(letter, report, end):
    for document in (letter, report):
        with pytest.raises(InvalidDocument, match="2 title"):
            read_header(document.replace(b"<realmCode", OPENED[end] + b"<realmCode"))


@pytest.mark.parametrize("end", OPENED)
def test_a_body_that_need_not_end_the_document_would_hide_it(letter, monkeypatch, end):
    monkeypatch.setattr(reading, end, re.compile(rb".*", re.DOTALL))
    assert read_header(letter.replace(b"<realmCode", OPENED[end] + b"<realmCode")) == read_header(letter)


# --- refused -------------------------------------------------------------------------------------------------------


def _without(document, element):
    changed = re.sub(rb"<%s\b[^>]*?(/>|>.*?</%s>)" % (element, element), b"", document, count=1, flags=re.DOTALL)
    assert changed != document
    return changed


@pytest.mark.parametrize(
    "element",
    [b"title", b"effectiveTime", b"confidentialityCode", b"languageCode", b"recordTarget", b"component"],
)
def test_a_header_without_a_mandatory_part_is_refused_by_name(letter, element):
    with pytest.raises(InvalidDocument, match=f"0 {element.decode()}"):
        read_header(_without(letter, element))


def test_a_header_without_author_is_refused(letter):
    with pytest.raises(InvalidDocument, match="no author"):
        read_header(_without(letter, b"author"))


@pytest.mark.parametrize("element", [b"languageCode", b"setId", b"versionNumber", b"custodian"])
def test_a_repeated_part_is_refused_by_name(letter, element):
    found = re.search(rb"<%s\b[^>]*?(/>|>.*?</%s>)" % (element, element), letter, flags=re.DOTALL)[0]
    with pytest.raises(InvalidDocument, match=f"2 {element.decode()}"):
        read_header(letter.replace(found, found + found, 1))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b"+0100", b"", "offset from UTC"),
        (rb"<effectiveTime value=.\d+", b'<effectiveTime value="2021-04-01', "no HL7 time stamp"),
        (b'<versionNumber value="1"', b'<versionNumber value="one"', "positive integer"),
        (b'<versionNumber value="1"', b'<versionNumber value="0"', "positive integer"),
        (rb"<birthTime value=.\d+", b'<birthTime value="19791328', "birth time"),
        (rb"<low value=.\d+", b'<low value="x', "birth time or a time of act"),
        (b"nonXMLBody>", b"otherBody>", "neither a nonXMLBody nor a structuredBody"),
        (rb"<text .*</text>", b"", "has no text"),
        (b"urn:hl7-org:v3", b"urn:hl7-org:v4", "root is neither"),
        (b"ClinicalDocument", b"Document", "root is neither"),
    ],
)
def test_a_header_that_cannot_be_read_is_refused_with_the_reason(letter, old, new, sentence):
    changed = re.sub(old.replace(b"+", rb"\+") if b"\\" not in old else old, new, letter, flags=re.DOTALL)
    assert changed != letter
    with pytest.raises(InvalidDocument, match=sentence):
        read_header(changed)


def test_a_document_type_is_refused_with_or_without_entities(letter, report):
    for document in (letter, documents.self_presenting(report)):
        for declaration in (
            b'<!DOCTYPE ClinicalDocument SYSTEM "file:///etc/passwd">',
            b'<!DOCTYPE x [<!ENTITY e "v">]>',
        ):
            with pytest.raises(InvalidDocument, match="document type"):
                read_header(document.replace(b"?>\n", b"?>\n" + declaration, 1))


def test_entities_do_not_multiply(letter):
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"x" * 1000) for n in range(9))
    bomb = letter.replace(b"?>\n", b"?>\n<!DOCTYPE x [" + entities + b"]>", 1).replace(
        b"<title>", b'<title a="&e8;">&e8;'
    )
    with pytest.raises(InvalidDocument):
        read_header(bomb)


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1", "US-ASCII", "windows-1252"])
def test_only_utf_8_is_read(letter, encoding):
    text = letter.decode().replace("UTF-8", encoding)
    with pytest.raises(InvalidDocument, match="UTF-8"):
        read_header(text.encode(encoding, "replace"))


def test_bytes_that_are_not_utf_8_are_refused(draft):
    content = documents.level_1(draft).replace(b"Compte rendu", "Compte rendu é".encode("latin-1"))
    with pytest.raises(InvalidDocument, match="not well-formed"):
        read_header(content)


@pytest.mark.parametrize("kept", [0.01, 0.3, 0.7, 0.9, 0.999])
def test_a_truncated_document_is_refused_wherever_it_ends(letter, kept):
    with pytest.raises(InvalidDocument, match="well-formed"):
        read_header(letter[: int(len(letter) * kept)])


def test_elements_nested_without_end_are_refused(letter):
    nested = b"<x>" * 5_000 + b"</x>" * 5_000
    with pytest.raises(InvalidDocument, match="well-formed"):
        read_header(letter.replace(b"<realmCode", nested + b"<realmCode"))


def test_a_header_that_does_not_end_is_refused_before_it_is_read_whole(letter):
    padding = b"<!--" + b" " * 1000 + b"-->"
    endless = letter.replace(b"<recordTarget>", padding * 30_000 + b"<recordTarget>")
    assert len(endless) > 30_000_000
    with pytest.raises(InvalidDocument, match="does not begin within"):
        read_header(endless)
    assert read_header(letter.replace(b"<recordTarget>", padding * 900 + b"<recordTarget>")) == read_header(letter)


@pytest.mark.parametrize("content", [b"", b" ", b"%PDF-1.4", b"<html/>", b"\x00" * 200, b"<?xml version='1.0'?>"])
def test_what_is_no_cda_is_refused(content):
    with pytest.raises(InvalidDocument):
        read_header(content)


def test_a_stylesheet_with_two_documents_or_none_is_refused(report):
    wrapped = documents.self_presenting(report)
    inner = report.split(b"\n", 1)[1]
    for count, content in (
        (2, wrapped.replace(b"</data:Contenu>", inner + b"</data:Contenu>")),
        (0, wrapped.replace(inner, b"")),
    ):
        with pytest.raises(InvalidDocument, match=f"holds {count}"):
            read_header(content)


def test_the_refusal_of_a_document_quotes_none_of_it(letter):
    broken = letter.replace(b"<title>", b"<title>VIH positif</titre>")
    with pytest.raises(InvalidDocument) as caught:
        read_header(broken)
    assert "VIH" not in caught.value.message
    assert "PAT-TROIS" not in caught.value.message
