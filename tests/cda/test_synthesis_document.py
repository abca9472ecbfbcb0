import dataclasses
from pathlib import Path

import pytest
from lxml import etree

from carnet.cda.conformance import check
from carnet.cda.contents import contents_of
from carnet.cda.entry_mapping import to_entry
from carnet.cda.header import read_header
from carnet.cda.medication import LineKind, medication_of
from carnet.cda.problems import ProblemKind, problems_of
from carnet.cda.synthesis_document import write_synthesis
from carnet.cda.synthesis_model import Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_reading import stated_in
from carnet.cda.synthesis_templates import ABSENCES, SECTIONS
from carnet.demo.documents import Draft, structured_lab_report
from tests.cda.syntheses import EVERY_PART, by_part, synthesis, told

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "cda"
CDA = {"h": "urn:hl7-org:v3"}
HOSTILE = '<script>alert("x")</script> & ]]> \'é\u202e\x00\x1b\ud800 {{ 7 * 7 }}'
HOSTILE_SHOWN = '<script>alert("x")</script> & ]]> \'é {{ 7 * 7 }}'


def test_what_a_doctor_states_is_read_back_line_for_line():
    read = by_part(stated_in(write_synthesis(synthesis())))
    assert read == by_part(EVERY_PART)


@pytest.mark.parametrize("said", [Told.NONE_KNOWN, Told.NOT_STATED])
def test_absent_knowledge_is_never_the_same_as_a_stated_absence(said):
    parts = [Stated(part, said) for part in ABSENCES]
    content = write_synthesis(synthesis(parts))
    read = by_part(stated_in(content))
    must = {part for part in ABSENCES if said is Told.NONE_KNOWN or SECTIONS[part].mandatory}
    assert {part: one.told for part, one in read.items()} == dict.fromkeys(must, said)
    assert all(not one.lines for one in read.values())
    known = {one.known for one in medication_of(content).absences}
    assert known == {said is Told.NONE_KNOWN}
    assert not medication_of(content).lines
    words = " ".join(one.html for one in contents_of(content, lambda _bytes: None).sections)
    assert ("Aucun élément connu" in words, "Non renseigné" in words) == (
        said is Told.NONE_KNOWN,
        said is Told.NOT_STATED,
    )


def test_the_sections_that_the_model_asks_for_are_there_when_nothing_is_stated():
    read = stated_in(write_synthesis(synthesis([])))
    assert {one.part for one in read} == {part for part, one in SECTIONS.items() if one.mandatory}
    assert {one.told for one in read} == {Told.NOT_STATED}


def test_our_own_readers_find_problems_allergies_treatments_and_vaccinations():
    content = write_synthesis(synthesis())
    problems = [(one.kind, one.label, one.code.code, one.start, one.end, one.status) for one in problems_of(content)]
    assert problems == [
        (ProblemKind.ACTIVE, "Diabète de type 2", "E11", "201503", "", "active"),
        (ProblemKind.ACTIVE, "Lombalgie", "", "", "", "active"),
        (ProblemKind.PAST, "Pyélonéphrite", "N10", "20180114", "20180125", "completed"),
        (ProblemKind.ALLERGY, "Amoxicilline", "J01CA04", "2011", "", "active"),
        (ProblemKind.ALLERGY, "Pollen", "", "", "", "active"),
    ]
    lines = [
        (one.kind, one.name, one.product.code, one.texts, one.lot, one.rank) for one in medication_of(content).lines
    ]
    assert lines == [
        (LineKind.STATED, "LEVOTHYROX 75 µg", "62080626", ("1 comprimé le matin",), "", ""),
        (LineKind.STATED, "Doliprane", "", ("Doliprane",), "", ""),
        (LineKind.INJECTED, "REVAXIS", "60917345", ("REVAXIS",), "4456672", "2"),
        (LineKind.INJECTED, "BCG", "", ("BCG",), "", ""),
    ]  # fmt: skip


def test_its_header_passes_every_check_of_a_submission():
    content = write_synthesis(synthesis(version=2, replaces="2.25.11"))
    header = read_header(content)
    entry = to_entry(header, content)
    check(entry, content)
    assert (entry.type_code.code, entry.class_code.code, entry.format_code.code) == (
        "60591-5",
        "11",
        "urn:ihe:pcc:ips:2020",
    )
    assert (header.version_number, header.set_id.root, header.related[0].ids[0].root) == (2, "2.25.12", "2.25.11")
    assert header.legal_authenticator.ids == header.authors[0].ids == header.main_event.performer.ids
    assert (entry.practice_setting.code, entry.facility_type.code) == ("AMBULATOIRE", "SA07")


def test_every_reference_of_an_entry_leads_to_a_text_of_its_own_section():
    root = etree.fromstring(write_synthesis(synthesis()))
    for section in root.iterfind(".//h:section", CDA):
        anchors = [one.get("ID") for one in section.iterfind("h:text//*[@ID]", CDA)]
        named = [one.get("value").removeprefix("#") for one in section.iterfind("h:entry//h:reference", CDA)]
        assert len(anchors) == len(set(anchors))
        assert set(named) <= set(anchors)
    assert len(root.xpath("//h:entry//h:reference", namespaces=CDA)) > 40


def listing(section, *values):
    """A document of one list, each entry with a value of these attributes."""
    entries = "".join(
        f'<entry><observation classCode="OBS" moodCode="EVN"><code code="1"/><value xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:type="CD" {value}/></observation></entry>'
        for value in values
    )
    code = f'<code code="{section}" codeSystem="2.16.840.1.113883.6.1"/>'
    return structured_lab_report(
        Draft(1_790_000_000_000_000), f"<component><section>{code}<text>x</text>{entries}</section></component>"
    )


ABSENT = 'codeSystem="2.16.840.1.113883.5.1150.1" code="{}"'
POLLEN = 'code="1" codeSystem="1.2" displayName="Pollen"'


def test_no_known_allergy_to_food_is_not_no_known_allergy_and_hides_none():
    (said,) = stated_in(listing("48765-2", ABSENT.format("no-known-food-allergies")))
    assert said.told is Told.NOT_STATED
    (said,) = stated_in(listing("48765-2", ABSENT.format("no-known-food-allergies"), POLLEN))
    assert (said.told, [one.label for one in said.lines]) == (Told.LINES, ["Pollen"])
    (said,) = stated_in(listing("48765-2", ABSENT.format("no-known-allergies")))
    assert said.told is Told.NONE_KNOWN


@pytest.mark.parametrize("part", list(Part))
def test_hostile_text_is_text_in_every_part(part):
    about = next(one for one in EVERY_PART if one.part is part).lines[0]
    line = dataclasses.replace(about, label=about.label if about.value else HOSTILE, note=HOSTILE if about.note else "")
    line = dataclasses.replace(line, value=HOSTILE if part is Part.HABITS else line.value)
    content = write_synthesis(synthesis([told(part, line)]))
    (read,) = (one for one in stated_in(content) if one.part is part)
    said = read.lines[0].value if part is Part.HABITS else read.lines[0].label
    assert said == (about.label if about.value and part is not Part.HABITS else HOSTILE_SHOWN)
    page = "".join(one.html for one in contents_of(content, lambda _bytes: None).sections)
    assert "<script" not in page


def test_digits_and_dates_are_written_as_they_came():
    values = ("0.10", "1e3", "007", "58.000")
    stamps = ("2024", "202402", "20240228", "20240228103000+0100")
    code = EVERY_PART[8].lines[0].code
    lines = [
        SynthesisLine("Poids", code, start=stamp, value=value, unit="kg")
        for value, stamp in zip(values, stamps, strict=True)
    ]
    read = by_part(stated_in(write_synthesis(synthesis([told(Part.MEASUREMENTS, *lines)]))))
    assert read[Part.MEASUREMENTS].lines == tuple(lines)


def test_a_thousand_lines_are_all_there():
    lines = tuple(SynthesisLine(f"Problème numéro {number}") for number in range(1000))
    read = by_part(stated_in(write_synthesis(synthesis([told(Part.PROBLEMS, *lines)]))))
    assert read[Part.PROBLEMS].lines == lines


@pytest.mark.skipif(
    not SAMPLES.exists(),
    reason="../shared/samples/cda is not here: the documents that tests make are read all the same",
)
def test_an_entry_that_names_nothing_is_no_line():
    (said,) = [one for one in stated_in((SAMPLES / "LDL-SES_2022.01.xml").read_bytes()) if one.part is Part.ALLERGIES]
    assert all(one.label for one in said.lines)
