import pytest

from carnet.cda.examinations import BodySite, Examination
from carnet.cda.repeated_examinations import (
    DCM,
    TA_ASIP,
    Likeness,
    Order,
    likeness_of_examination,
    likeness_of_result,
)
from carnet.cda.result_marks import Mark
from carnet.cda.result_model import LOINC
from carnet.metadata import Code

CT, PLAIN, DIGITAL = Code("CT", DCM), Code("MED-1126", TA_ASIP), Code("DX", DCM)
KNEE, CHEST = Code("361291001", "2.16.840.1.113883.6.96"), Code("302551006", "2.16.840.1.113883.6.96")
LEFT, RIGHT = Code("7771000", "2.16.840.1.113883.6.96"), Code("24028007", "2.16.840.1.113883.6.96")
SCAN = Examination("Scanographie du genou", (Code("NZQH002", "1.2.250.1.215.300.1"),), (CT,), (BodySite(KNEE, LEFT),))


def mark(key, name):
    return Mark(key, name, "", "mmol/L", "20260101", earlier=False, told=True, measured=True)


@pytest.mark.parametrize(
    ("order", "likeness"),
    [
        (Order(codes=(Code("2823-3", LOINC),)), Likeness.SAME),
        (Order(codes=(Code("2823-3", "1.2.3"),)), None),
        (Order("potassium"), Likeness.ALIKE),
        (Order("Potassium", (Code("6298-4", LOINC),)), Likeness.ALIKE),
        (Order("potassium urinaire"), None),
        (Order("po"), None),
        (Order(codes=(Code("2951-2", LOINC),)), None),
    ],
)
def test_a_result_is_the_same_by_its_code_and_alike_by_every_word_of_the_order(order, likeness):
    assert likeness_of_result(order, mark("2823-3", "Potassium [Moles/Volume] Sérum/Plasma")) is likeness


@pytest.mark.parametrize(
    ("order", "likeness"),
    [
        (Order(codes=(Code("NZQH002", "1.2.250.1.215.300.1"),), sites=(BodySite(CHEST),)), Likeness.SAME),
        (Order(modalities=(CT,), sites=(BodySite(KNEE),)), Likeness.SAME_KIND),
        (Order(modalities=(CT,), sites=(BodySite(KNEE, LEFT),)), Likeness.SAME_KIND),
        (Order(modalities=(CT,), sites=(BodySite(KNEE, RIGHT),)), None),
        (Order(modalities=(CT,), sites=(BodySite(CHEST),)), None),
        (Order(modalities=(CT,)), Likeness.ALIKE),
        (Order(modalities=(PLAIN,), sites=(BodySite(KNEE),)), None),
        (Order("scanographie genou"), Likeness.ALIKE),
        (Order("scanographie du thorax"), None),
    ],
)
def test_an_examination_is_compared_by_act_then_modality_and_part_of_the_body_with_its_side(order, likeness):
    assert likeness_of_examination(order, SCAN) is likeness


def test_one_modality_has_several_codes():
    done = Examination("Radiographie", (), (DIGITAL,), (BodySite(KNEE),))
    assert likeness_of_examination(Order(modalities=(PLAIN,), sites=(BodySite(KNEE),)), done) is Likeness.SAME_KIND


def test_an_order_without_code_modality_or_word_says_nothing():
    assert not Order("  a ").says_something
    assert Order("TSH").says_something
