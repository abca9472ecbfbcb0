import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet import hardened_xml
from carnet.errors import InvalidMetadata
from carnet.metadata import (
    Association,
    AssociationType,
    Author,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    Folder,
    ObjectType,
    PatientIdentifier,
    SubmissionSet,
)
from carnet.soap import ebrim_parse
from carnet.soap.ebrim_render import EbrimRenderer

RENDERER = EbrimRenderer()
RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
ENTRY_UUID = "urn:uuid:6f1f8f5e-1111-4222-8333-444444444401"


def element(fragment):
    return hardened_xml.parse(b'<r xmlns:rim="%s">%s</r>' % (RIM.encode(), fragment))[0]


# --- everything that the model can hold and XML can carry, blanks at the ends left out as the reader does --------------

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=20
)
titles = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cs"], exclude_characters="\ufffe\uffff" + "".join(map(chr, range(32)))
    ),
    max_size=20,
)
words = texts.map(str.strip).filter(bool)
optional = texts.map(str.strip)
word_lists = st.lists(words, max_size=3).map(tuple)
digits = st.text(string.digits, min_size=1, max_size=14)
codes = st.builds(Code, words, optional, titles)
code_lists = st.lists(codes, max_size=3).map(tuple)
patients = st.builds(
    PatientIdentifier, st.text(string.digits, min_size=1), st.sampled_from(["1.2.250.1.213.1.4.10", "2.999"])
)
authors = st.lists(st.builds(Author, optional, word_lists, word_lists, word_lists, word_lists), max_size=2).map(tuple)
statuses = st.sampled_from(AvailabilityStatus)
versions = st.integers(0, 10**8)
extras = st.dictionaries(
    words.map("urn:example:{}".format), st.lists(words, min_size=1, max_size=2).map(tuple), max_size=2
).map(lambda found: tuple(found.items()))
identifiers = words | st.uuids().map("urn:uuid:{}".format)
entries = st.builds(
    DocumentEntry,
    entry_uuid=identifiers, unique_id=words, patient_id=patients, class_code=codes, type_code=codes, format_code=codes,
    confidentiality_codes=code_lists, facility_type=codes, practice_setting=codes, creation_time=digits, language=words,
    mime_type=words, authors=authors, title=titles, comments=titles, logical_id=optional, version=versions,
    object_type=st.sampled_from(ObjectType), status=statuses, event_codes=code_lists, legal_authenticator=optional,
    service_start_time=optional, service_stop_time=optional, source_patient_id=optional, source_patient_info=word_lists,
    reference_ids=word_lists, hash=st.text("0123456789abcdef", max_size=40), size=st.none() | st.integers(0, 10**12),
    repository_unique_id=optional, uri=optional, extra=extras,
)  # fmt: skip
submission_sets = st.builds(
    SubmissionSet,
    entry_uuid=identifiers, unique_id=words, source_id=words, patient_id=patients, submission_time=digits, content_type=codes,
    authors=authors, title=titles, comments=titles, status=statuses, intended_recipients=word_lists, extra=extras,
)  # fmt: skip
folders = st.builds(
    Folder,
    entry_uuid=identifiers, unique_id=words, patient_id=patients, codes=code_lists, title=titles, comments=titles,
    logical_id=optional, version=versions, last_update_time=optional, status=statuses, extra=extras,
)  # fmt: skip
associations = st.builds(
    Association,
    entry_uuid=identifiers, type=st.sampled_from(AssociationType), source=words, target=words, status=statuses,
    submission_set_status=st.sampled_from(["", "Original", "Reference"]), previous_version=st.none() | versions,
    original_status=st.none() | statuses, new_status=st.none() | statuses, propagate=st.booleans(),
    documentation=st.none() | codes,
)  # fmt: skip


@given(entries)
def test_an_entry_is_read_as_it_was_rendered(entry):
    warnings = []
    assert ebrim_parse.document_entry(element(RENDERER.entry(entry)), warnings) == entry
    assert not warnings


@given(submission_sets)
def test_a_submission_set_is_read_as_it_was_rendered(submission_set):
    warnings = []
    assert ebrim_parse.submission_set(element(RENDERER.submission_set(submission_set)), warnings) == submission_set
    assert not warnings


@given(folders)
def test_a_folder_is_read_as_it_was_rendered(folder):
    warnings = []
    assert ebrim_parse.folder(element(RENDERER.folder(folder)), warnings) == folder
    assert not warnings


@given(associations)
def test_an_association_is_read_as_it_was_rendered(association):
    warnings = []
    assert ebrim_parse.association(element(RENDERER.association(association)), warnings) == association
    assert not warnings


def test_line_ends_and_tabs_of_a_title_survive(make_entry):
    entry = make_entry(title="one\ntwo\tthree\r\nfour")
    assert ebrim_parse.document_entry(element(RENDERER.entry(entry)), []).title == entry.title


def test_a_fragment_is_one_element_that_needs_only_the_prefix_rim(make_entry):
    fragment = RENDERER.entry(make_entry())
    assert fragment.startswith(b"<rim:ExtrinsicObject ")
    assert b"xmlns" not in fragment


def test_the_order_is_that_of_the_schema(make_entry):
    found = [child.tag.rpartition("}")[2] for child in element(RENDERER.entry(make_entry(comments="x", version=2)))]
    order = ["Slot", "Name", "Description", "VersionInfo", "Classification", "ExternalIdentifier"]
    assert list(dict.fromkeys(found)) == order
    assert found == sorted(found, key=order.index)


def test_what_belongs_to_a_registered_object_has_uuids_the_same_at_each_rendering(make_entry):
    entry = make_entry(entry_uuid=ENTRY_UUID)
    first, second = RENDERER.entry(entry), RENDERER.entry(entry)
    assert first == second
    found = [child.get("id") for child in element(first) if child.get("id")]
    assert len(found) == len(set(found)) > 8
    assert all(len(identifier) == len(ENTRY_UUID) and identifier.startswith("urn:uuid:") for identifier in found)
    other = RENDERER.entry(make_entry(entry_uuid=ENTRY_UUID.replace("01", "02")))
    assert not {child.get("id") for child in element(other)} & set(found)


def test_ids_of_what_belongs_to_an_object_begin_as_a_uuid_of_version_5_of_its_own(make_entry):
    named = str(uuid.uuid5(uuid.UUID("5b1c8f0e-6c0d-5a57-9d0a-3f6d0d3c7a11"), ENTRY_UUID))
    rendered = element(RENDERER.entry(make_entry(entry_uuid=ENTRY_UUID)))
    own = {one.get("id") for one in rendered.iter(f"{{{RIM}}}Classification", f"{{{RIM}}}ExternalIdentifier")}
    assert {one[:-12] for one in own} == {f"urn:uuid:{named[:24]}"}


def test_what_belongs_to_an_object_names_it(make_entry):
    root = element(RENDERER.entry(make_entry(entry_uuid=ENTRY_UUID)))
    owners = {child.get("classifiedObject") or child.get("registryObject") for child in root if child.get("id")}
    assert owners == {ENTRY_UUID}


def test_the_patient_is_answered_without_the_date_of_cx_7(make_entry):
    assert b'value="299019912345680^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"' in RENDERER.entry(make_entry())


@pytest.mark.parametrize("field", ["title", "comments", "language", "entry_uuid", "mime_type"])
def test_a_value_that_xml_cannot_carry_is_refused(make_entry, field):
    with pytest.raises(InvalidMetadata):
        RENDERER.entry(make_entry(**{field: "a\x00b"}))


def test_a_value_cannot_break_out_of_its_place(make_entry):
    attack = '"><rim:Slot name="hash"/>]]></rim:Value>'
    entry = make_entry(
        title=attack, language=attack, class_code=Code(attack, attack, attack), extra=((f"urn:{attack}", (attack,)),)
    )
    assert ebrim_parse.document_entry(element(RENDERER.entry(entry)), []) == entry


def test_a_long_uri_in_numbered_parts_is_joined(make_entry):
    def read(*parts):
        values = b"".join(b"<rim:Value>%s</rim:Value>" % part for part in parts)
        fragment = RENDERER.entry(make_entry(uri="X")).replace(b"<rim:Value>X</rim:Value>", values)
        return ebrim_parse.document_entry(element(fragment), []).uri

    assert read(b"2|cd", b"1|ab") == "abcd"
    assert read(*(b"%d|%c" % (number, 96 + number) for number in range(11, 0, -1))) == "abcdefghijk"
    for parts in ((b"1|ab", b"3|cd"), (b"1|ab", b"1|cd"), (b"ab", b"cd")):
        with pytest.raises(InvalidMetadata, match="URI is not in parts"):
            read(*parts)
