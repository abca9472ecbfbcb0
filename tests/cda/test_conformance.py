import base64
import re
from dataclasses import replace

import pytest

from carnet.cda import conformance
from carnet.cda.conformance import COMPARISONS, check, check_replacement, differences
from carnet.cda.entry_mapping import to_entry
from carnet.cda.header import header_of, parse_document, read_header
from carnet.demo import documents, payloads
from carnet.errors import InvalidDocument, PatientMismatch, Several
from carnet.metadata import SIGNATURE_CLASS, Author, Code, PatientIdentifier

ALSO_NESSI = b'<id extension="277076322082910" root="1.2.250.1.213.1.4.10"/>'
LOINC = documents.LOINC


def _entry(content):
    return to_entry(read_header(content), content)


def test_every_public_example_agrees_with_the_metadata_made_from_it(sample):
    content = sample.read_bytes()
    entry = _entry(content)
    assert check(entry, content) == read_header(content)
    assert {one.attribute for one in differences(entry, read_header(content))} <= {"versionNumber"}


@pytest.mark.parametrize("media_type", payloads.MEDIA_TYPES)
def test_generated_level_1_documents_agree_with_their_metadata(draft, media_type):
    content = documents.level_1(draft, media_type=media_type, size=100_000)
    assert check(_entry(content), content).body.media_type == media_type


def test_generated_level_3_and_self_presenting_documents_agree_with_their_metadata(draft):
    report = documents.level_3(replace(draft, type=documents.LAB_REPORT, order="1"), size=100_000)
    for content in (report, documents.self_presenting(report), documents.self_presenting(documents.level_1(draft))):
        assert differences(_entry(content), check(_entry(content), content)) == ()


def test_a_header_that_was_read_already_is_not_read_again(letter):
    header = header_of(parse_document(letter).root)
    assert check(_entry(letter), b"", header=header) is header


CHANGES = {
    "uniqueId": {"unique_id": "2.25.1"},
    "typeCode": {"type_code": Code("11506-3", LOINC)},
    "classCode": {"class_code": Code("90", "1.2.250.1.213.1.1.4.1")},
    "confidentialityCode": {"confidentiality_codes": (Code("R", "2.16.840.1.113883.5.25"),)},
    "creationTime": {"creation_time": "20260921151320"},
    "languageCode": {"language": "en-GB"},
    "title": {"title": "Autre titre"},
    "serviceStartTime": {"service_start_time": "20260921144320"},
    "serviceStopTime": {"service_stop_time": "20260921150820"},
    "practiceSettingCode": {"practice_setting": Code("SAD", "1.2.250.1.213.1.1.4.9")},
    "healthcareFacilityTypeCode": {"facility_type": Code("SA01", "1.2.250.1.71.4.2.4")},
    "mimeType": {"mime_type": "application/xslt+xml"},
    "formatCode": {"format_code": Code("urn:ihe:iti:xds-sd:text:2008", "1.3.6.1.4.1.19376.1.2.3")},
    "author": {"authors": (Author("899970000024^SAULNIER^BASTIEN^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"),)},
    "legalAuthenticator": {
        "legal_authenticator": "899970000024^SAULNIER^BASTIEN^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
    },
}


def test_every_comparison_that_refuses_has_a_change_that_it_alone_sees():
    assert set(CHANGES) == {one.attribute for one in COMPARISONS if one.verdict == "refuse"}


@pytest.mark.parametrize("attribute", CHANGES)
def test_metadata_that_say_another_thing_than_the_document_are_refused(letter, attribute, monkeypatch):
    entry = replace(_entry(letter), **CHANGES[attribute])
    with pytest.raises(InvalidDocument, match=f"^{attribute}:") as caught:
        check(entry, letter)
    assert caught.value.subject == entry.unique_id
    monkeypatch.setattr(conformance, "COMPARISONS", tuple(one for one in COMPARISONS if one.attribute != attribute))
    check(entry, letter)


@pytest.mark.parametrize(
    "changes",
    [
        {"event_codes": (Code("CT", "1.2.840.10008.2.16.4"),)},
        {"authors": (Author("899970000016^MONTRIEUX^ALIZE", ("X^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1990000028",)),)},
        {"title": "  Compte rendu   de consultation "},
        {"service_stop_time": ""},
        {"creation_time": "20260921"},
        {"language": "FR-fr"},
        {"hash": "", "size": None},
    ],
)
def test_what_public_examples_differ_in_is_tolerated(letter, changes):
    check(replace(_entry(letter), **changes), letter)


def test_a_code_without_scheme_is_compared_by_its_code_alone_and_one_with_another_scheme_is_not_it(letter):
    entry = _entry(letter)
    check(replace(entry, type_code=Code("11488-4")), letter)
    with pytest.raises(InvalidDocument, match="typeCode"):
        check(replace(entry, type_code=Code("11488-4", "1.2.3")), letter)


def test_an_act_that_does_not_say_when_it_ends_does_not_refuse_a_time_of_end(letter):
    start = letter.index(b"<high")
    content = letter[:start] + letter[letter.index(b"/>", start) + 2 :]
    check(replace(_entry(content), service_stop_time="20260921140820"), content)


def test_a_title_longer_than_the_metadata_allow_is_compared_by_its_beginning(draft):
    content = documents.level_1(replace(draft, title="Compte rendu " * 20))
    entry = _entry(content)
    assert len(entry.title) == 128
    check(entry, content)


def test_an_identifier_with_an_extension_is_refused(letter, draft):
    root = f'<id root="{draft.unique_id}"'.encode()
    content = letter.replace(root, root + b' extension="1"')
    with pytest.raises(InvalidDocument, match="no extension"):
        check(_entry(letter), content)


def test_a_document_about_another_patient_is_refused(letter):
    other = replace(_entry(letter), patient_id=PatientIdentifier("277076322082910", "1.2.250.1.213.1.4.10"))
    with pytest.raises(PatientMismatch) as caught:
        check(other, letter)
    assert caught.value.subject == other.unique_id
    assert "277076322082910" not in caught.value.message


def test_the_same_number_under_another_authority_is_another_patient(letter):
    entry = _entry(letter)
    with pytest.raises(PatientMismatch):
        check(replace(entry, patient_id=replace(entry.patient_id, authority="1.2.250.1.213.1.4.8")), letter)


@pytest.mark.parametrize("place", [b"<patientRole>", b"<patient>"])
def test_a_second_ins_among_the_patient_s_identifiers_is_refused(letter, place):
    with pytest.raises(PatientMismatch):
        check(
            _entry(letter),
            letter.replace(place, (place + ALSO_NESSI) if place == b"<patientRole>" else ALSO_NESSI + place),
        )


def test_people_named_elsewhere_by_their_ins_are_not_the_patient(letter, report):
    guardian = b"<guardian>" + ALSO_NESSI + b"</guardian><birthplace>"
    check(_entry(letter), letter.replace(b"<birthplace>", guardian))
    check(_entry(report), report.replace(b"<section>", b"<section>" + ALSO_NESSI))


def test_a_document_that_names_no_ins_is_refused(letter):
    with pytest.raises(InvalidDocument, match="no INS"):
        check(_entry(letter), letter.replace(b"1.2.250.1.213.1.4.10", b"1.2.250.1.213.1.4.2"))


def test_all_that_is_wrong_is_said_at_once(letter):
    entry = replace(
        _entry(letter), title="Autre", language="en", patient_id=PatientIdentifier("1", "1.2.250.1.213.1.4.8")
    )
    with pytest.raises(Several) as caught:
        check(entry, letter)
    assert [type(error) for error in caught.value.errors] == [PatientMismatch, InvalidDocument, InvalidDocument]


def test_a_broken_document_is_refused_under_its_identifier(letter):
    entry = _entry(letter)
    with pytest.raises(InvalidDocument) as caught:
        check(entry, letter[:-30])
    assert caught.value.subject == entry.unique_id


def test_the_entry_of_a_signature_is_not_compared_here(letter):
    entry = replace(_entry(letter), class_code=Code(SIGNATURE_CLASS, "URN"))
    assert check(entry, b"not even XML") is None


@pytest.mark.parametrize(
    "wrapped",
    [b"<html><script>alert(1)</script></html>", b"<svg/>", b"MZ\x90\x00", b"", b"\x00" * 40],
)
@pytest.mark.parametrize("media_type", [one for one in payloads.MEDIA_TYPES if one != "text/plain"])
def test_a_file_that_is_not_of_the_media_type_it_says_is_refused(draft, media_type, wrapped):
    content = _wrapping(draft, base64.b64encode(wrapped), media_type)
    with pytest.raises(InvalidDocument, match="media type"):
        check(_entry(content), content)


def _wrapping(draft, text, media_type="application/pdf"):
    content = documents.level_1(draft, media_type=media_type)
    return re.sub(rb"(B64\">)[^<]*", rb"\1" + text, content)


@pytest.mark.parametrize("text", [b"!!!! not base64 !!!!", b"<!-- -->JVBERi0xLjQK", b"   ", b"JVB"])
def test_a_body_that_is_not_base64_is_refused(draft, text):
    content = _wrapping(draft, text)
    with pytest.raises(InvalidDocument, match="base64"):
        check(_entry(content), content)


def test_base64_may_be_cut_in_lines(draft):
    content = _wrapping(draft, b"\n  JVB\n ERi0x\n LjQK")
    check(_entry(content), content)


def test_another_representation_than_base64_is_refused(letter):
    content = letter.replace(b'representation="B64"', b'representation="TXT"')
    with pytest.raises(InvalidDocument, match="base64"):
        check(_entry(content), content)


def test_plain_text_holds_no_binary(draft):
    content = _wrapping(draft, base64.b64encode(b"Bonjour\x00"), "text/plain")
    with pytest.raises(InvalidDocument, match="media type"):
        check(_entry(content), content)


@pytest.mark.parametrize("attributes", [0, 900, 1_100, 300_000])
def test_the_beginning_of_a_body_is_read_alike_from_head_and_tree(draft, attributes):
    content = documents.level_1(draft, size=400_000).replace(b"<text ", b'<text x="' + b"y" * attributes + b'" ')
    header = read_header(content)
    assert header.body.beginning.startswith(b"%PDF-1.4")
    assert header == header_of(parse_document(content).root)


# --- replacement ---------------------------------------------------------------------------------------------------


def test_a_new_version_that_names_the_one_it_replaces_is_accepted(draft):
    later = draft.next_version(draft.created + 1)
    header = read_header(documents.level_1(later))
    check_replacement(header, draft.unique_id, replaced_set_id=draft.set_id)


def test_a_new_version_that_names_no_parent_is_tolerated(draft):
    later = replace(draft.next_version(draft.created + 1), replaces="")
    check_replacement(read_header(documents.level_1(later)), draft.unique_id, replaced_set_id=draft.set_id)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"replaces": "2.25.1"}, "another one"),
        ({"set_id": "2.25.2"}, "setId"),
        ({"version": 1}, "first version"),
    ],
)
def test_a_new_version_that_contradicts_its_association_is_refused(draft, changes, sentence):
    later = replace(draft.next_version(draft.created + 1), **changes)
    with pytest.raises(InvalidDocument, match=sentence):
        check_replacement(read_header(documents.level_1(later)), draft.unique_id, replaced_set_id=draft.set_id)
