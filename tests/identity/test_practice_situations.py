"""Claims of Pro Santé Connect become practice situations, and only what can be read does."""

from __future__ import annotations

import pytest

from carnet.demo.people import HOSPITAL_DOCTOR, OFFICE, PHARMACIST_OWNER
from carnet.demo.professional_provider import claims_of
from carnet.errors import SignInFailed
from carnet.identity.directory import Organization, Professional, Role
from carnet.identity.practice_situations import MOST, of_claims, of_directory, read_person

PLACE = Organization("1990000028", "Centre hospitalier", "SA01", active=True)


def claims(**changes):
    return claims_of(HOSPITAL_DOCTOR) | changes


def practice(**changes):
    """The claims with one practice of one activity, changed."""
    activity = {"numeroFinessSite": "990000028", "codeSecteurDactivite": "SA01"} | changes.pop("activity", {})
    one = {"codeProfession": "10", "codeCategorieProfessionnelle": "C", "codeSavoirFaire": "SM04"} | changes
    return claims(SubjectRefPro={"exercices": [one | {"activities": [activity]}]})


def test_each_activity_is_a_situation_with_its_structure_under_the_prefix_of_its_number():
    person = read_person(claims())
    assert (person.identifier, person.family_name) == (HOSPITAL_DOCTOR.identifier, HOSPITAL_DOCTOR.family_name)
    assert [one.structures for one in person.situations] == [("1990000028",), ("1990000010",)]
    assert {(one.profession, one.specialty, one.student) for one in person.situations} == {("10", "SM04", False)}
    office = {
        "numeroFinessSite": "",
        "numeroSiretSite": "39990000000001",
        "ancienIdentifiantDeLaStructure": OFFICE.identifier,
    }
    (one,) = read_person(practice(activity=office)).situations
    assert one.structures == ("339990000000001", OFFICE.identifier)


def test_a_pharmacist_has_a_section_and_a_sector_that_is_said_once_is_that_of_every_activity():
    assert read_person(claims_of(PHARMACIST_OWNER)).situations[0].specialty == "A"
    (one,) = read_person(
        practice(activity={"codeSecteurDactivite": ""}) | {"Secteur_Activite": "SA05^1.2.250.1.71.4.2.4"}
    ).situations
    assert one.sector == "SA05"
    (one,) = read_person(
        practice(activity={"codeSecteurDactivite": ""}) | {"Secteur_Activite": "SA05^1.2.3"}
    ).situations
    assert one.sector == ""


@pytest.mark.parametrize(
    "changed",
    [
        practice(activity={"numeroFinessSite": "99000002"}),
        practice(activity={"numeroFinessSite": 990000028}),
        practice(codeProfession="1 0"),
        practice(codeProfession="60"),
        claims(SubjectRefPro=[]),
        claims(SubjectRefPro=None),
    ],
    ids=["a short number", "a number that is none", "a blank", "not among the roles", "a list", "null"],
)
def test_what_cannot_be_read_is_no_situation(changed):
    assert read_person(changed).situations == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"SubjectNameID": "8999700000"},
        {"SubjectNameID": "1990000028/docteur"},
        {"SubjectNameID": None},
        {"family_name": None},
        {"otherIds": [{"identifiant": "899970000024", "origine": "RPPS"}]},
        {"otherIds": [None]},
        {"SubjectRefPro": {"exercices": {}}},
        {"SubjectRefPro": {"exercices": [{}] * (MOST + 1)}},
    ],
)
def test_claims_that_name_nobody_or_two_people_are_refused(changed):
    with pytest.raises(SignInFailed):
        read_person(claims(**changed))


def person(*roles):
    return Professional("899970000032", "K", "S", active=True, roles=roles, organizations=("1990000028",))


def test_what_the_claims_do_not_say_is_what_the_directory_says_and_never_another_role():
    known = person(
        Role("10", "", "C"), Role("10", "SM04", "C"), Role("10", "SM25", "C"), Role("60", "", "C"), Role("10", "", "E")
    )
    stated = read_person(practice()).situations[0]
    assert [one.specialty.code for one in of_claims(stated, known, PLACE)] == ["SM04"]
    unsaid = read_person(practice(codeSavoirFaire="")).situations[0]
    assert [one.specialty.code for one in of_claims(unsaid, known, PLACE)] == ["SM04", "SM25"]
    assert not list(of_claims(read_person(practice(codeSavoirFaire="SM99")).situations[0], known, PLACE))
    student = read_person(practice(codeCategorieProfessionnelle="E", codeSavoirFaire="")).situations[0]
    (one,) = of_claims(student, known, PLACE)
    assert (one.profession.system, one.specialty) == ("1.2.250.1.71.1.2.8", None)


def test_a_doctor_of_whom_no_specialty_is_known_has_no_situation():
    assert not list(of_directory(person(Role("10", "", "C")), PLACE))
    assert [one.profession.code for one in of_directory(person(Role("60", "", "C")), PLACE)] == ["60"]


def test_a_situation_keeps_its_name_and_no_two_share_one():
    known = person(Role("10", "SM04", "C"), Role("10", "SM25", "C"), Role("60", "", "C"))
    keys = [one.key for one in of_directory(known, PLACE)]
    assert keys == [one.key for one in of_directory(known, PLACE)]
    assert len(set(keys)) == 3
