"""The CDA of what a patient adds: it holds against its own metadata, and whatever was typed stays a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.cda.conformance import check
from carnet.cda.entry_mapping import to_entry
from carnet.cda.header import parse_document, read_header
from carnet.cda.participants import Identifier, Organization, Patient
from carnet.cda.patient_document import EXP_PATIENT, OwnDocument, one_line, write_document
from carnet.cda.vocabulary import check_value_sets
from carnet.demo.payloads import payload
from carnet.metadata import Code

INS = Identifier("1.2.250.1.213.1.4.10", "279035121518989")


def written(**changes):
    about = {
        "unique_id": "2.25.1",
        "set_id": "2.25.1",
        "title": "Prise de sang",
        "type": Code("DOCPAT05", "1.2.250.1.213.1.1.4.12", "CR de biologie déposé par le patient"),
        "patient": Patient((INS,), "PAT-TROIS", "", "DOMINIQUE MARIE", "DOMINIQUE", "", "F", "19790328", "51215"),
        "custodian": Organization((Identifier("1.2.250.1.213.4.1.1.1.2"),), "Carnet"),
        "made": "20261122101530",
        "dated": "20250312",
        "media_type": "application/pdf",
        "content": payload("application/pdf", "Bonjour"),
    }
    return write_document(OwnDocument(**{**about, **changes}))


def entry_of(content):
    return to_entry(read_header(content), content)


@pytest.mark.parametrize("media_type", ["application/pdf", "text/plain"])
def test_it_holds_against_its_metadata_and_the_value_sets(media_type):
    content = written(media_type=media_type, content=payload(media_type, "Bonjour"))
    entry = entry_of(content)
    check(entry, content)
    check_value_sets(entry)
    assert (entry.service_start_time, entry.creation_time) == ("20250312", "20261122101530")
    assert entry.facility_type.code == entry.practice_setting.code == EXP_PATIENT.code
    assert entry.authors[0].person.startswith("279035121518989^PAT-TROIS^DOMINIQUE")
    assert entry.authors[0].institutions == ()


def test_a_new_version_names_what_it_replaces():
    header = read_header(written(version=2, replaces="2.25.7"))
    assert (header.version_number, header.related[0].ids[0].root) == (2, "2.25.7")


@pytest.mark.parametrize("sex", ["M", "F", "I", ""])
@pytest.mark.parametrize("born", ["19790328", "1938", "193801"])
def test_traits_that_are_not_whole_make_a_document_all_the_same(sex, born):
    patient = Patient((INS,), "A & B", "", "Zoé <x>", "Zoé", "", sex, born, "")
    content = written(patient=patient)
    check_value_sets(entry_of(content))
    assert read_header(content).patient.birth_family == "A & B"


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_title_and_nothing_else(text):
    title = one_line(text)
    content = written(title=title or "x")
    assert parse_document(content).root.tag.endswith("ClinicalDocument")
    assert read_header(content).title == " ".join((title or "x").split())
