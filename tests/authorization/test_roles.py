"""Roles against the value set of the assertion (JDV_J65)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carnet.authorization.roles import (
    ACTIVITY_KINDS,
    KINDS,
    OCCUPATIONAL_MEDICINE,
    SOCIAL_ACTIVITIES,
    Kind,
    kind_of,
    matrix_role,
)
from carnet.metadata import Code

G15 = "1.2.250.1.71.1.2.7"
J65 = Path(__file__).parents[2].parent / "shared" / "terminology" / "J65_subjectRole_DMP.json"
REFUSED = {("1.2.250.1.213.1.1.4.6", "ALIM_AM"), ("1.2.250.1.213.1.1.4.6", "EXP_PATIENT")}


@pytest.fixture(scope="module")
def j65():
    if not J65.exists():
        pytest.skip("the shared value sets are not beside this repository")
    concepts = json.loads(J65.read_text(encoding="utf-8"))["concepts"]
    return {(concept["codeSystem"], concept["code"]): concept["display"] for concept in concepts}


def test_every_known_role_is_one_of_j65(j65):
    assert set(KINDS) <= set(j65)


def test_every_first_role_of_j65_but_the_insurer_s_and_the_patient_s_is_known(j65):
    systems = {system for system, _ in KINDS}
    assert {role for role in j65 if role[0] in systems} - set(KINDS) == REFUSED


def test_every_role_of_j65_that_says_occupational_medicine_is_taken_for_it(j65):
    said = {code for (_, code), label in j65.items() if "du travail" in label or "santé au travail" in label}
    assert said == OCCUPATIONAL_MEDICINE


def test_the_social_activities_are_those_of_j65(j65):
    assert {(ACTIVITY_KINDS, code) for code in SOCIAL_ACTIVITIES} <= set(j65)


def test_a_code_of_another_system_is_not_the_same_role():
    assert kind_of(Code("10", G15)) is Kind.DOCTOR
    assert kind_of(Code("10", "1.2.250.1.213.1.6.1.4")) is None


@pytest.mark.parametrize(
    ("profession", "specialty", "role"),
    [
        (Code("10", G15), Code("SM26", "1.2.250.1.71.4.2.5"), "10"),
        (Code("21", G15), Code("A", "1.2.250.1.71.4.2.6"), "21"),
        (Code("60", G15), Code("GENR08", ACTIVITY_KINDS), "60"),
        (Code("93", "1.2.250.1.213.1.6.1.109"), None, "93"),
        (Code("72", "1.2.250.1.213.1.6.1.109"), None, ""),
        (Code("99", "1.2.250.1.213.1.6.1.140"), Code("GENR09", ACTIVITY_KINDS), "GENR09"),
        (Code("41", "1.2.250.1.213.1.6.1.4"), Code("GENR12", ACTIVITY_KINDS), "GENR12"),
        (Code("99", "1.2.250.1.213.1.6.1.140"), Code("GENR01", ACTIVITY_KINDS), ""),
        (Code("99", "1.2.250.1.213.1.6.1.140"), Code("GENR08", "elsewhere"), ""),
        (Code("99", "1.2.250.1.213.1.6.1.140"), None, ""),
        (Code("SECRETARIAT_MEDICAL", "1.2.250.1.213.1.1.4.6"), None, ""),
        (Code("93", G15), None, ""),
    ],
)
def test_the_row_of_the_document_matrix_comes_from_the_profession_or_from_the_social_activity(
    caller, profession, specialty, role
):
    assert matrix_role(caller(profession=profession, specialty=specialty)) == role
