"""What is kept of documents for the pages about their content: everything that was read comes back, and nothing of what holds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from carnet.cda.formats import DICOM, TEXT_XML
from carnet.cda.header import read_header
from carnet.cda.imaging_studies import studies_of
from carnet.cda.medication import medication_of
from carnet.cda.problems import Statements, statements_of
from carnet.cda.results import is_lab_report, report_of
from carnet.cda.synthesis_reading import stated_in
from carnet.demo import documents
from carnet.demo.care_documents import DISPENSING, Ordered, Product, dispensing
from carnet.demo.dicom_manifest import manifest
from carnet.demo.documents import Draft
from carnet.demo.lab_reports import Measured, lab_draft, lab_report
from carnet.errors import InvalidDocument
from carnet.record.structured_extracts import (
    has_medication,
    has_report,
    has_statements,
    has_studies,
    lists_in,
    medication_in,
    packed_medication,
    packed_report,
    packed_statements,
    packed_studies,
    parts_in,
    report_in,
    studies_in,
)

NOW = 1_790_000_000_000_000
SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples" / "cda"


def unpacked(content):
    found = report_in(packed_report(content, TEXT_XML))
    return found, tuple(found.result(place) for place in range(len(found.marks)))


def test_a_report_comes_back_whole_and_by_examination():
    results = [
        Measured(
            "2823-3",
            "Potassium",
            "4.10",
            "mmol/L",
            "20240104",
            "3.5",
            "5.1",
            "N",
            before=(Measured("2823-3", "Potassium", "4.0", "mmol/L", "20200101"),),
        ),
        Measured("1988-5", "CRP", "5", "mg/L", "20240104", comparator="<"),
    ]
    content = lab_report(lab_draft(NOW), results)
    found, opened = unpacked(content)
    assert opened == report_of(content).results
    assert found.about.id == report_of(content).id
    assert [one.values[0].shown for one in found.results("1988-5")] == ["< 5"]
    assert len(found.results("2823-3")) == 2


@pytest.mark.skipif(
    not SAMPLES.exists(),
    reason="../shared/samples/cda is not here: the documents that tests make are read all the same",
)
def test_every_public_example_comes_back_whole():
    read = 0
    for path in sorted(SAMPLES.glob("*.xml")):
        content = path.read_bytes()
        if is_lab_report(read_header(content)) and report_of(content).results:
            assert unpacked(content)[1] == report_of(content).results, path.name
            read += 1
        packed = packed_medication(content, TEXT_XML)
        said = medication_of(content)
        assert (medication_in(packed) == said) if packed else not (said.lines or said.absences), path.name
        listed = packed_statements(content, TEXT_XML)
        assert (lists_in(listed) if listed else Statements()) == statements_of(content), path.name
        assert (parts_in(listed) if listed else ()) == stated_in(content), path.name
        images = packed_studies(content, TEXT_XML)
        assert (studies_in(images) if images else ()) == studies_of(content), path.name
    assert read > 5


def test_what_holds_nothing_is_kept_as_nothing():
    letter = documents.level_1(Draft(NOW))
    assert (
        packed_report(letter, TEXT_XML)
        == packed_medication(letter, TEXT_XML)
        == packed_statements(letter, TEXT_XML)
        == packed_studies(letter, TEXT_XML)
        == b""
    )
    kos = manifest(Draft(NOW), "1.2.3")
    assert packed_report(kos, DICOM) == packed_medication(kos, DICOM) == packed_statements(kos, DICOM) == b""
    assert studies_in(packed_studies(kos, DICOM))[0].uid == "1.2.3"


def test_what_cannot_be_read_says_so():
    for pack in (packed_report, packed_medication, packed_statements, packed_studies):
        with pytest.raises(InvalidDocument):
            pack(b"<x/>", TEXT_XML)


def test_a_dispensing_keeps_what_it_answers():
    line = Ordered(Product("X"), "1", answers="1.2.3.4")
    content = dispensing(Draft(NOW, type=DISPENSING), [line])
    assert medication_in(packed_medication(content, TEXT_XML)).lines[0].answers[0].root == "1.2.3.4"


@pytest.mark.parametrize(
    ("type_code", "kinds"),
    [("11502-2", "r"), ("96173-0", "r"), ("18748-4", "ip"), ("IMG-KOS", "i"), ("57833-6", "m"), ("11369-6", "mp"), ("SYNTH", "mp"), ("DOCPAT02", ""), ("E1762", "p"), ("PRESC-BIO", "")],
)  # fmt: skip
def test_a_type_says_what_its_documents_may_hold(type_code, kinds):
    found = "".join(
        name
        for name, has in (("r", has_report), ("m", has_medication), ("i", has_studies), ("p", has_statements))
        if has(type_code)
    )
    assert found == kinds
