"""Both published matrices, cell by cell, and the column under which each caller stands."""

from __future__ import annotations

import pytest

from carnet.authorization.facts import Function, RecordFacts
from carnet.authorization.functional_rights import (
    PDT_INF_526,
    PDT_INF_606,
    Column,
    Right,
    column_of,
    feeding_function,
    right_of,
)
from carnet.metadata import Code
from carnet.requester import AccessMode, Authentication, CardClass

G15 = "1.2.250.1.71.1.2.7"
R01 = "1.2.250.1.71.4.2.5"
OTHER = "1.2.250.1.213.1.1.4.6"
MATRICES = {"526": PDT_INF_526, "606": PDT_INF_606}
PATIENT_S_DOCTOR = RecordFacts(medecin_traitant=True)


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("function", Function)
@pytest.mark.parametrize("column", Column)
@pytest.mark.parametrize("mode", AccessMode)
def test_each_cell_says_what_is_published(published, name, function, column, mode):
    expected = published.get((name, function.value, column.name, mode), "n")
    matrix = MATRICES[name]
    assert matrix[function].get(column, {}).get(mode, Right.NO) == expected


def test_every_published_row_is_a_function_and_the_reverse(published):
    assert {function for _, function, _, _ in published} == {function.value for function in Function}
    assert set(PDT_INF_526) == set(PDT_INF_606) == set(Function)


def test_the_published_tables_hold_the_number_of_cells_that_they_have(published):
    assert sum(1 for name, *_ in published if name == "526") == 21 * 12
    assert sum(1 for name, *_ in published if name == "606") == 21 * 9


@pytest.mark.parametrize(
    "code", ["21", "26", "40", "50", "60", "69", "70", "80", "91", "92", "94", "95", "96", "98", "31"]
)
def test_a_health_professional_who_is_no_doctor_stands_under_ps(caller, code):
    assert column_of(caller(profession=Code(code, G15), specialty=None), PATIENT_S_DOCTOR) is Column.PS


def test_a_doctor_stands_under_doc_and_under_mt_where_it_is_the_medecin_traitant(doctor):
    assert column_of(doctor, RecordFacts()) is Column.DOCTOR
    assert column_of(doctor, PATIENT_S_DOCTOR) is Column.MEDECIN_TRAITANT


def test_a_medecin_traitant_who_regulates_does_so_as_any_doctor(caller):
    assert column_of(caller(mode=AccessMode.CENTRE_15), PATIENT_S_DOCTOR) is Column.DOCTOR
    assert column_of(caller(mode=AccessMode.BRIS_DE_GLACE), PATIENT_S_DOCTOR) is Column.MEDECIN_TRAITANT


@pytest.mark.parametrize("code", ["SM25", "SCH35", "C41", "CAPA11", "FON-29"])
def test_an_occupational_doctor_has_no_column_until_it_is_opened(caller, code):
    occupational = caller(specialty=Code(code, R01))
    assert column_of(occupational, PATIENT_S_DOCTOR) is None
    assert column_of(occupational, PATIENT_S_DOCTOR, occupational_doctors=True) is Column.OCCUPATIONAL


@pytest.mark.parametrize(
    ("profession", "specialty"),
    [
        (Code("93", "1.2.250.1.213.1.6.1.109"), None),
        (Code("99", "1.2.250.1.213.1.6.1.140"), Code("GENR08", "1.2.250.1.213.1.6.1.19")),
        (Code("41", "1.2.250.1.213.1.6.1.4"), Code("GENR10", "1.2.250.1.213.1.6.1.19")),
    ],
)
def test_professions_by_role_have_no_column_until_it_is_opened(caller, profession, specialty):
    someone = caller(profession=profession, specialty=specialty)
    assert column_of(someone, RecordFacts()) is None
    assert column_of(someone, RecordFacts(), professions_by_role=True) is Column.PS


def test_a_secretary_and_whoever_has_an_employee_s_card_stand_under_cpe(caller, secretary):
    assert column_of(secretary, RecordFacts()) is Column.CPE
    assert column_of(caller(card=CardClass.EMPLOYEE), PATIENT_S_DOCTOR) is Column.CPE
    assert column_of(caller(profession=Code("SECRETARIAT_MEDICAL", OTHER)), RecordFacts()) is Column.CPE


@pytest.mark.parametrize("code", ["10", "60"])
def test_a_structure_s_own_assertion_stands_under_es_whoever_its_user_is(caller, hospital, code):
    user = caller(authentication=Authentication.INDIRECT, card=CardClass.ORGANIZATION, profession=Code(code, G15))
    assert column_of(user, PATIENT_S_DOCTOR) is Column.ES
    assert column_of(hospital, RecordFacts()) is Column.ES


def test_in_the_reinforced_mode_only_a_nationally_known_professional_consults(caller):
    reinforced = {"authentication": Authentication.REINFORCED, "card": CardClass.ORGANIZATION}
    assert column_of(caller(**reinforced), RecordFacts()) is Column.DOCTOR
    assert column_of(caller(**reinforced), PATIENT_S_DOCTOR) is Column.MEDECIN_TRAITANT
    assert column_of(caller(**reinforced, profession=Code("60", G15)), RecordFacts()) is Column.PS
    assert column_of(caller(**reinforced, identifier="1990000001/7"), PATIENT_S_DOCTOR) is Column.PE
    assert column_of(caller(**reinforced, profession=Code("SECRETARIAT_MEDICAL", OTHER)), RecordFacts()) is Column.PE
    assert column_of(caller(**reinforced, profession=Code("AUTOMATE", OTHER)), RecordFacts()) is None


def test_the_reinforced_mode_never_feeds(caller):
    reinforced = caller(authentication=Authentication.REINFORCED, card=CardClass.ORGANIZATION)
    assert right_of(reinforced, Column.DOCTOR, Function.FEED) is Right.NO
    assert right_of(caller(), Column.DOCTOR, Function.FEED) is Right.YES


@pytest.mark.parametrize(
    "changes",
    [
        {"profession": Code("10", "")},
        {"profession": Code("10", OTHER)},
        {"profession": Code("12345", G15)},
        {"profession": Code("10", "1.2.250.1.71.1.2.8")},
        {"profession": Code("ALIM_AM", OTHER)},
        {"profession": Code("EXP_PATIENT", OTHER)},
        {"profession": Code("AUTOMATE", OTHER)},
        {"card": CardClass.ORGANIZATION},
        {"authentication": Authentication.INDIRECT},
        {"authentication": Authentication.REINFORCED},
        {
            "authentication": Authentication.INDIRECT,
            "card": CardClass.ORGANIZATION,
            "profession": Code("ALIM_AM", OTHER),
        },
    ],
)
def test_an_unknown_role_or_a_certificate_that_does_not_fit_the_mode_has_no_column(caller, changes):
    assert column_of(caller(**changes), PATIENT_S_DOCTOR, occupational_doctors=True, professions_by_role=True) is None
    assert right_of(caller(**changes), None, Function.EXISTENCE_TEST) is Right.NO


def test_an_employee_s_card_feeds_by_td2_2_and_all_others_by_td2_1(doctor, secretary, hospital, caller):
    assert feeding_function(secretary) is Function.FEED_SECRETARY
    assert feeding_function(caller(profession=Code("SECRETARIAT_MEDICAL", OTHER))) is Function.FEED_SECRETARY
    assert feeding_function(doctor) is Function.FEED
    assert feeding_function(hospital) is Function.FEED
