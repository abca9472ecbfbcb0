import hashlib
from dataclasses import replace

import pytest

from carnet.cda.entry_mapping import ORDER, to_entry
from carnet.cda.header import read_header
from carnet.cda.vocabulary import check_value_sets
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import PATIENTS, PROFESSIONALS
from carnet.errors import InvalidDocument
from carnet.metadata import Code, PatientIdentifier
from carnet.terminology.value_sets import class_of


def test_every_public_example_gives_metadata_of_the_exchange_s_value_sets(sample):
    content = sample.read_bytes()
    entry = to_entry(read_header(content), content)
    check_value_sets(entry)
    assert entry.class_code.code == class_of(entry.type_code.code)
    assert all(code.display for code in (entry.class_code, entry.type_code, entry.format_code))


def test_the_metadata_of_a_letter_are_those_of_its_header(draft, letter):
    entry = to_entry(read_header(letter), letter)
    assert entry.unique_id == draft.unique_id
    assert entry.patient_id == draft.patient.identifier
    assert (entry.class_code.code, entry.type_code.code) == ("10", "11488-4")
    assert (entry.format_code.code, entry.mime_type) == ("urn:ihe:iti:xds-sd:pdf:2008", "text/xml")
    assert (entry.creation_time, entry.service_start_time, entry.service_stop_time) == (
        "20260921141320",
        "20260921134320",
        "20260921140820",
    )
    assert entry.authors[0].person == "899970000016^MONTRIEUX^ALIZE^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
    assert entry.authors[0].institutions == (
        "Cabinet du docteur Alizé Montrieux^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499970000016001",
    )
    assert entry.authors[0].specialties == ("G15_10/SM54^Médecin - Médecine Générale (SM)^1.2.250.1.213.1.1.4.5",)
    assert entry.legal_authenticator == entry.authors[0].person
    assert entry.source_patient_id == "4711^^^&1.2.250.1.999.1.1.7898.2&ISO^PI"
    assert entry.source_patient_info == ("PID-5|PAT-TROIS^DOMINIQUE^^^^^L", "PID-7|19790328", "PID-8|F")
    assert (entry.facility_type.code, entry.practice_setting.code) == ("SA07", "AMBULATOIRE")
    assert entry.hash == hashlib.sha1(letter).hexdigest()
    assert entry.size == len(letter)


def test_an_order_becomes_a_reference(draft):
    content = documents.level_3(replace(draft, order="2026-0042"))
    assert to_entry(read_header(content), content).reference_ids == (f"2026-0042^^^&1.2.250.1.999.1.1.9&ISO^{ORDER}",)


def test_overrides_win(letter):
    entry = to_entry(read_header(letter), letter, entry_uuid="Document07", title="Autre")
    assert (entry.entry_uuid, entry.title) == ("Document07", "Autre")


def test_a_separator_in_a_name_does_not_make_a_component(draft):
    author = replace(draft.author, family_name="O^NEIL & CIE")
    content = documents.level_1(replace(draft, author=author))
    person = to_entry(read_header(content), content).authors[0].person
    assert person.split("^")[1:3] == ["O NEIL   CIE", "ALIZE"]
    assert person.count("^") == 12


def test_a_patient_without_local_identifier_is_named_by_the_ins(letter, draft):
    content = letter.replace(b'<id extension="4711" root="1.2.250.1.999.1.1.7898.2"/>', b"")
    assert to_entry(read_header(content), content).source_patient_id == draft.patient.identifier.cx()


def test_a_document_that_names_no_ins_has_no_metadata(letter):
    header = read_header(letter.replace(b"1.2.250.1.213.1.4.10", b"1.2.250.1.213.1.4.2"))
    with pytest.raises(InvalidDocument, match="no INS"):
        to_entry(header, letter)


def test_a_type_without_class_has_no_metadata(draft):
    content = documents.level_1(replace(draft, type=Code("99999-9", documents.LOINC, "Inconnu")))
    with pytest.raises(InvalidDocument, match="no class"):
        to_entry(read_header(content), content)


def test_a_body_of_an_unknown_media_type_has_no_metadata(letter):
    content = letter.replace(b"application/pdf", b"text/html")
    with pytest.raises(InvalidDocument, match="media type"):
        to_entry(read_header(content), content)


@pytest.mark.parametrize("author", PROFESSIONALS, ids=lambda one: one.note)
@pytest.mark.parametrize("patient", PATIENTS, ids=lambda one: one.traits.birth_name)
def test_all_the_people_of_the_demonstration_can_be_written_of(patient, author):
    content = documents.level_1(Draft(1_790_000_000_000_000, patient=patient, author=author))
    entry = to_entry(read_header(content), content)
    check_value_sets(entry)
    assert entry.patient_id == PatientIdentifier(patient.identifier.value, patient.identifier.authority)
