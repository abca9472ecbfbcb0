"""What a document says is not so, is planned, or is not known of one sort alone, is never read as something that is."""

from pathlib import Path

import pytest
from lxml import etree

from carnet.cda.synthesis_document import write_synthesis
from carnet.cda.synthesis_model import LOINC, Model, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_reading import stated_in
from carnet.metadata import Code
from tests.cda.syntheses import EVERY_PART, by_part, synthesis, told

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "cda"
CDA = {"h": "urn:hl7-org:v3"}
ABSENT = "2.16.840.1.113883.5.1150.1"
PROCEDURES, FAMILY, HABITS, PROBLEMS = (
    ".//h:procedure",
    ".//h:organizer/h:component/h:observation[h:templateId/@root='2.16.840.1.113883.10.20.1.22']",
    ".//h:observation[h:templateId/@root='2.16.840.1.113883.10.20.1.33']",
    ".//h:section[h:id/@extension='problems']//h:observation",
)


def read(root):
    return by_part(stated_in(etree.tostring(root)))


@pytest.mark.parametrize(
    ("part", "path", "name", "value"),
    [
        (Part.PROCEDURES, PROCEDURES, "negationInd", "true"),
        (Part.PROCEDURES, PROCEDURES, "moodCode", "INT"),
        (Part.FAMILY, FAMILY, "negationInd", "true"),
        (Part.HABITS, HABITS, "negationInd", "true"),
        (Part.HABITS, HABITS, "moodCode", "GOL"),
        (Part.PROBLEMS, PROBLEMS, "negationInd", "true"),
    ],
)
def test_what_is_denied_or_planned_is_no_line(part, path, name, value):
    root = etree.fromstring(write_synthesis(synthesis()))
    first, *others = root.xpath(path, namespaces=CDA)
    first.set(name, value)
    before = by_part(EVERY_PART)[part].lines
    assert len(others) == len(before) - 1
    assert read(root)[part] == told(part, *before[1:])


def with_allergy(code):
    """A document with two allergies, the first of which becomes a statement of absence."""
    root = etree.fromstring(
        write_synthesis(synthesis([told(Part.ALLERGIES, SynthesisLine("x"), SynthesisLine("Arachide"))]))
    )
    first = root.xpath(".//h:section[h:id/@extension='allergies']//h:observation", namespaces=CDA)[0]
    value = first.find("h:value", CDA)
    value.set("code", code)
    value.set("codeSystem", ABSENT)
    first.remove(first.find("h:participant", CDA))
    return root


@pytest.mark.parametrize("code", ["no-known-medication-allergies", "no-known-allergies", "no-allergy-info"])
def test_an_allergy_stands_whatever_is_stated_to_be_absent_beside_it(code):
    assert read(with_allergy(code))[Part.ALLERGIES] == told(Part.ALLERGIES, SynthesisLine("Arachide"))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("no-known-medication-allergies", Told.NOT_STATED),
        ("no-known-food-allergies", Told.NOT_STATED),
        ("no-allergy-info", Told.NOT_STATED),
        ("no-known-allergies", Told.NONE_KNOWN),
    ],
)
def test_that_there_is_no_allergy_of_one_sort_says_nothing_of_the_others(code, said):
    root = with_allergy(code)
    second = root.xpath(".//h:section[h:id/@extension='allergies']/h:entry", namespaces=CDA)[1]
    second.getparent().remove(second)
    assert read(root)[Part.ALLERGIES] == Stated(Part.ALLERGIES, said)


def test_the_results_of_another_document_are_not_points_to_watch():
    content = write_synthesis(synthesis([told(Part.ALERTS, SynthesisLine("Vit seule"))], model=Model.VSM))
    assert by_part(stated_in(content))[Part.ALERTS] == told(Part.ALERTS, SynthesisLine("Vit seule"))
    other = content.replace(b'root="1.2.250.1.213.1.1.1.13"', b'root="1.2.250.1.213.1.1.1.130"')
    assert Part.ALERTS not in by_part(stated_in(other))


def test_an_interval_keeps_its_two_ends_and_its_unit():
    line = SynthesisLine("Poids", Code("29463-7", LOINC), value="60", unit="kg")
    root = etree.fromstring(write_synthesis(synthesis([told(Part.MEASUREMENTS, line)])))
    value = root.find(".//h:organizer//h:value", CDA)
    value.attrib.clear()
    value.set("{http://www.w3.org/2001/XMLSchema-instance}type", "IVL_PQ")
    for name, digits in (("low", "60"), ("high", "65")):
        etree.SubElement(value, "{urn:hl7-org:v3}" + name, value=digits, unit="kg")
    (said,) = read(root)[Part.MEASUREMENTS].lines
    assert ("60" in said.value, "65" in said.value, said.unit) == (True, True, "kg")


@pytest.mark.skipif(
    not SAMPLES.exists(),
    reason="../shared/samples/cda is not here: the documents that tests make are read all the same",
)
def test_the_public_example_of_a_vsm_says_what_its_reader_sees():
    said = by_part(stated_in((SAMPLES / "VSM_1.4_2022.01.xml").read_bytes()))
    assert [one.label.split()[0] for one in said[Part.ALERTS].lines] == ["ECG", "Echodoppler", "Hypertriglycéridémie"]
    assert {part: len(one.lines) for part, one in said.items()} == {
        Part.PROBLEMS: 2,
        Part.HISTORY: 2,
        Part.PROCEDURES: 1,
        Part.ALLERGIES: 1,
        Part.HABITS: 2,
        Part.WORK: 1,
        Part.FAMILY: 1,
        Part.ALERTS: 3,
        Part.TREATMENTS: 2,
    }
