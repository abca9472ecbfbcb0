"""Whatever documents state, what is made of it for a synthesis is what both models write, and what is read out of them again."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from carnet.cda.synthesis_document import write_synthesis
from carnet.cda.synthesis_fitting import fitted
from carnet.cda.synthesis_layouts import LAYOUTS
from carnet.cda.synthesis_model import LOINC, Model, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_reading import stated_in
from carnet.metadata import Code
from tests.cda.stated_lines import stated
from tests.cda.syntheses import EVERY_PART, by_part, joined, synthesis, told

REPEATED = settings(
    derandomize=True,
    max_examples=60,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)


def read_again(parts, model):
    return by_part(stated_in(write_synthesis(synthesis(parts, model=model))))


@pytest.mark.parametrize("model", list(Model))
@REPEATED
@given(said=stated())
def test_what_is_drafted_is_read_again_line_for_line(model, said):
    parts = joined(fitted(said))
    read = read_again(parts, model)
    mandatory = {part for part, one in LAYOUTS[model].sections.items() if one.mandatory}
    wanted = {part: Stated(part) for part in mandatory}
    wanted |= {one.part: one for one in parts if one.told is not Told.NOT_STATED}
    assert read == wanted


@REPEATED
@given(said=stated())
def test_what_fits_fits_as_it_is(said):
    parts = joined(fitted(said))
    assert fitted(parts) == parts


@pytest.mark.parametrize("model", list(Model))
def test_a_synthesis_with_every_sort_of_line_fits_already(model):
    assert fitted(EVERY_PART) == EVERY_PART
    assert {part: one for part, one in read_again(EVERY_PART, model).items() if one.told is Told.LINES} == by_part(
        EVERY_PART
    )


def test_what_no_vital_sign_has_a_code_for_becomes_a_point_to_watch_with_its_words():
    value = SynthesisLine("Apgar", Code("9272-6", LOINC), start="201801", value="9", note="à 1 min")
    words = SynthesisLine("Poids", Code("29463-7", LOINC), value="stable")
    said = fitted([told(Part.MEASUREMENTS, value, words)])
    assert said == (
        Stated(Part.MEASUREMENTS),
        told(Part.ALERTS, SynthesisLine("Apgar : 9 à 1 min (01/2018)"), SynthesisLine("Poids : stable")),
    )


def test_a_code_that_no_document_may_carry_is_left_out_and_the_words_stay():
    retired = SynthesisLine("Asthme", Code("J 45", "CIM"), nature=Code("G-1009", "1.2.250.1.213.2.12"), start="2018-01")
    assert fitted([told(Part.PROBLEMS, retired)]) == (told(Part.PROBLEMS, SynthesisLine("Asthme")),)


def test_a_product_keeps_the_code_of_its_pack_and_no_code_of_its_class():
    pack, group = Code("3400938022209", "1.2.250.1.213.2.3.2"), Code("B01AC04", "2.16.840.1.113883.6.73")
    said = fitted([told(Part.TREATMENTS, SynthesisLine("PLAVIX 75 mg", pack), SynthesisLine("Clopidogrel", group))])
    assert said == (told(Part.TREATMENTS, SynthesisLine("PLAVIX 75 mg", pack), SynthesisLine("Clopidogrel")),)
    assert read_again(said, Model.VSM)[Part.TREATMENTS] == said[0]


def test_a_part_none_of_whose_lines_says_anything_is_not_stated_and_never_denied():
    assert fitted([told(Part.ALLERGIES, SynthesisLine("\u202e \x07"))]) == (Stated(Part.ALLERGIES),)
    assert fitted([Stated(Part.ALLERGIES, Told.NONE_KNOWN)]) == (Stated(Part.ALLERGIES, Told.NONE_KNOWN),)


@pytest.mark.parametrize("model", list(Model))
def test_a_sort_of_problem_without_a_label_is_read_again_as_it_was_drafted(model):
    said = fitted([told(Part.PROBLEMS, SynthesisLine("Chute", nature=Code("282291009", "2.16.840.1.113883.6.96")))])
    assert read_again(said, model)[Part.PROBLEMS] == said[0]
