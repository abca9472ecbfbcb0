import dataclasses
import shutil

import msgspec
import pytest

from carnet.database.connection import SqliteConnection
from carnet.database.statements import Statement
from carnet.demo.people import (
    COMMUNITY_NURSE,
    GROUP_OFFICE,
    HOSPITAL,
    HOSPITAL_DOCTOR,
    MEDECIN_TRAITANT,
    OTHER_GP,
    PHARMACIST_OWNER,
    PROFESSIONALS,
    directory_feed,
)
from carnet.errors import AssertionInvalid
from carnet.identity.directory import G16, confirm, organization, professional
from carnet.identity.directory_feed import parse
from carnet.identity.directory_import import apply
from carnet.identity.vihf_structure import REFUSAL
from carnet.metadata import Code
from carnet.requester import Authentication, CardClass, Requester

OTHER_ROLES = "1.2.250.1.213.1.1.4.6"
SECRETARY = Code("SECRETARIAT_MEDICAL", OTHER_ROLES)
KNOW_HOW = "1.2.250.1.71.4.2.5"
MODES = list(Authentication)
CARDS = {Authentication.DIRECT: CardClass.PROFESSIONAL}


@pytest.fixture
def connection(migrated, tmp_path):
    shutil.copy(migrated, tmp_path / "carnet.db")
    found = SqliteConnection(tmp_path / "carnet.db")
    apply(found, parse(directory_feed().splitlines()), 1_000, source="demo", commit=lambda: None)
    yield found
    found.close()


def requester(person=HOSPITAL_DOCTOR, mode=Authentication.DIRECT, **changes):
    made = Requester(
        identifier=person.identifier,
        name=person.name,
        organization_id=person.organization.identifier,
        sector=person.organization.sector,
        authentication=mode,
        card=CARDS.get(mode, CardClass.ORGANIZATION),
        profession=person.profession,
        specialty=person.specialty,
    )
    return dataclasses.replace(made, **changes)


def secretary(identifier="3990000028/1453", **changes):
    values = {"mode": Authentication.INDIRECT, "identifier": identifier, "profession": SECRETARY, "specialty": None}
    return requester(**(values | changes))


def change(connection, table, key, value, active):
    connection.execute(Statement(f"UPDATE {table} SET active={active} WHERE {key}='{value}'"))


def refusal(connection, asked):
    with pytest.raises(AssertionInvalid) as caught:
        confirm(connection, asked)
    (note,) = caught.value.__notes__
    assert caught.value.message == REFUSAL
    return note


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("person", PROFESSIONALS, ids=lambda person: person.identifier)
def test_everybody_in_the_directory_is_confirmed_in_every_mode(connection, person, mode):
    confirm(connection, requester(person, mode))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("identifier", ["899970000999", "0999700009"])
def test_an_unknown_national_identifier_is_refused_in_every_mode(connection, mode, identifier):
    assert "NameID is unknown" in refusal(connection, requester(mode=mode, identifier=identifier))


@pytest.mark.parametrize("mode", MODES)
def test_an_inactive_professional_is_refused_at_once(connection, mode):
    asked = requester(mode=mode)
    confirm(connection, asked)
    change(connection, "professional", "professional_id", asked.identifier, 0)
    assert "NameID is unknown" in refusal(connection, asked)
    change(connection, "professional", "professional_id", asked.identifier, 1)
    confirm(connection, asked)


@pytest.mark.parametrize("mode", MODES)
def test_a_profession_that_is_not_theirs_is_refused(connection, mode):
    asked = requester(COMMUNITY_NURSE, mode, profession=HOSPITAL_DOCTOR.profession)
    assert "profession" in refusal(connection, asked)


@pytest.mark.parametrize("mode", MODES)
def test_a_specialty_that_is_not_theirs_is_refused(connection, mode):
    asked = requester(mode=mode, specialty=Code("SM25", KNOW_HOW))
    assert "specialty" in refusal(connection, asked)


def test_a_pharmacist_s_section_is_checked_too(connection):
    asked = requester(PHARMACIST_OWNER, specialty=msgspec.structs.replace(PHARMACIST_OWNER.specialty, code="G"))
    assert "specialty" in refusal(connection, asked)


def test_a_second_role_that_the_directory_does_not_keep_is_not_checked(connection):
    confirm(connection, requester(COMMUNITY_NURSE, specialty=Code("FON-33", "1.2.250.1.213.1.6.1.17")))


def test_a_doctor_is_not_a_student_and_a_student_is_not_a_doctor(connection):
    student = requester(profession=Code("10", G16), specialty=None)
    assert "profession" in refusal(connection, student)
    connection.execute(Statement("UPDATE professional_role SET category='E'"))
    confirm(connection, student)
    assert "profession" in refusal(connection, requester(specialty=None))


@pytest.mark.parametrize("mode", MODES)
def test_an_unknown_structure_is_refused(connection, mode):
    assert "structure is unknown" in refusal(connection, requester(mode=mode, organization_id="1990000099"))


@pytest.mark.parametrize("mode", MODES)
def test_an_inactive_structure_is_refused_at_once(connection, mode):
    asked = requester(mode=mode)
    change(connection, "organization", "organization_id", asked.organization_id, 0)
    assert "structure is inactive" in refusal(connection, asked)


def test_with_a_card_the_person_must_be_linked_to_the_structure(connection):
    assert "not linked" in refusal(connection, requester(organization_id=GROUP_OFFICE.identifier))


def test_an_ended_situation_is_no_link(connection):
    asked = requester()
    change(connection, "professional_situation", "professional_id", asked.identifier, 0)
    assert "not linked" in refusal(connection, asked)


@pytest.mark.parametrize("mode", [Authentication.INDIRECT, Authentication.REINFORCED])
def test_without_a_card_the_structure_answers_for_who_works_there(connection, mode):
    confirm(connection, requester(mode=mode, organization_id=GROUP_OFFICE.identifier))


def test_an_office_of_one_s_own_needs_no_line_in_the_directory(connection):
    own = f"4{OTHER_GP.identifier[1:]}007"
    assert organization(connection, own) is None
    confirm(connection, requester(OTHER_GP, organization_id=own))


@pytest.mark.parametrize(
    "office",
    [f"4{MEDECIN_TRAITANT.identifier[1:]}007", f"4{OTHER_GP.identifier[1:]}", f"4{OTHER_GP.identifier[1:]}0071"],
)
def test_another_office_is_not_one_s_own(connection, office):
    assert "structure is unknown" in refusal(connection, requester(OTHER_GP, organization_id=office))


def test_an_office_of_one_s_own_that_is_inactive_is_refused(connection):
    asked = requester(MEDECIN_TRAITANT)
    change(connection, "professional_situation", "professional_id", asked.identifier, 0)
    confirm(connection, asked)
    change(connection, "organization", "organization_id", asked.organization_id, 0)
    assert "inactive" in refusal(connection, asked)


@pytest.mark.parametrize("identifier", ["3990000028/1453", "1990000028/1453", "1990000028"])
def test_somebody_known_to_the_structure_alone_is_confirmed_in_indirect_mode(connection, identifier):
    confirm(connection, secretary(identifier))


@pytest.mark.parametrize(
    "identifier", ["3990000010/1453", "1990000010/1453", "/1453", "", "990000028/1453", "7990000028/1"]
)
def test_somebody_of_another_structure_is_refused(connection, identifier):
    assert "another structure" in refusal(connection, secretary(identifier))


def test_a_hospital_may_name_a_doctor_by_its_own_number_in_indirect_mode_only(connection):
    asked = requester(mode=Authentication.INDIRECT, identifier="3990000028/1453")
    confirm(connection, asked)
    reinforced = dataclasses.replace(asked, authentication=Authentication.REINFORCED)
    assert "national identifier" in refusal(connection, reinforced)


def test_a_secretary_with_an_employee_card_is_confirmed(connection):
    confirm(connection, secretary(mode=Authentication.DIRECT, card=CardClass.EMPLOYEE))
    confirm(connection, secretary(mode=Authentication.REINFORCED))


def test_a_professional_card_never_speaks_for_an_internal_number(connection):
    asked = secretary(mode=Authentication.DIRECT, card=CardClass.PROFESSIONAL)
    assert "national identifier" in refusal(connection, asked)


def test_confirming_takes_one_statement(connection):
    class Counting:
        count = 0

        def execute(self, statement, parameters):
            self.count += 1
            return connection.execute(statement, parameters)

    counting = Counting()
    confirm(counting, requester())
    assert counting.count == 1


def test_the_directory_answers_for_persons_and_structures(connection):
    found = professional(connection, HOSPITAL_DOCTOR.identifier)
    assert (found.family_name, found.organizations) == ("KERVADEC", (HOSPITAL.identifier,))
    assert organization(connection, HOSPITAL.identifier).name == HOSPITAL.name
    assert professional(connection, "899970000999") is None
    assert organization(connection, "1990000099") is None
