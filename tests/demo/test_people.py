import re
from pathlib import Path

import pytest

from carnet.demo.people import (
    MEDECIN_TRAITANT,
    NESSI,
    ORGANIZATIONS,
    PAT_TROIS,
    PATIENTS,
    PROFESSIONALS,
    directory_feed,
    identity_feed,
)
from carnet.identity import directory_feed as directory_lines
from carnet.identity import patients_import
from carnet.identity.ins import TEST_AUTHORITIES, check
from carnet.terminology.value_sets import value_set

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples" / "cda"


def luhn(number):
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient.identifier.value)
def test_every_patient_has_a_right_ins_of_tests_and_only_of_tests(patient):
    ins = patient.identifier
    assert ins.authority in TEST_AUTHORITIES
    assert check(ins.value, ins.authority, test_identities=True) == ins
    assert ins.value.startswith({"M": "1", "F": "2"}[patient.traits.sex] + patient.traits.birth_date[2:4])


def test_every_test_ins_of_the_sample_documents_is_known_with_the_samples_traits():
    if not SAMPLES.exists():
        pytest.skip("the sample documents are not beside the repository")
    text = "".join(file.read_text(encoding="utf-8", errors="replace") for file in sorted(SAMPLES.glob("*.xml")))
    used = set(re.findall(r'extension="([0-9AB]*)"\s+root="1\.2\.250\.1\.213\.1\.4\.1[01]"', text))
    assert used == {PAT_TROIS.identifier.value, NESSI.identifier.value}
    for patient in (PAT_TROIS, NESSI):
        traits = patient.traits
        assert f'<birthTime value="{traits.birth_date}"' in text
        assert traits.birth_name in text
        assert traits.birth_place in text


@pytest.mark.parametrize("person", PROFESSIONALS, ids=lambda person: person.identifier)
def test_every_professional_has_a_number_of_the_test_range_and_roles_of_the_value_set(person):
    roles = value_set("J65")
    assert person.identifier.startswith("8999")
    assert len(person.identifier) == 12
    assert luhn(person.identifier[1:])
    assert roles.display(person.profession.code, person.profession.system) == person.profession.display
    if person.specialty:
        assert roles.display(person.specialty.code, person.specialty.system) == person.specialty.display


@pytest.mark.parametrize("structure", ORGANIZATIONS, ids=lambda structure: structure.identifier)
def test_every_structure_has_a_sector_of_the_value_set(structure):
    assert value_set("J61").display(structure.sector.code, structure.sector.system) == structure.sector.display


def test_the_medecin_traitant_works_in_an_office_of_her_own():
    assert MEDECIN_TRAITANT.organization.identifier == f"4{MEDECIN_TRAITANT.identifier[1:]}001"


def test_nobody_stands_twice():
    assert len({patient.identifier for patient in PATIENTS}) == len(PATIENTS)
    assert len({person.identifier for person in PROFESSIONALS}) == len(PROFESSIONALS)
    assert len({structure.identifier for structure in ORGANIZATIONS}) == len(ORGANIZATIONS)


def test_the_feeds_say_what_the_people_are():
    rows = list(patients_import.parse(identity_feed().splitlines(), test_identities=True))
    assert [(row.identifier, row.traits) for row in rows] == [(one.identifier, one.traits) for one in PATIENTS]
    lines = list(directory_lines.parse(directory_feed().splitlines()))
    assert {line.structure: line.sector for line in lines} == {one.identifier: one.sector.code for one in ORGANIZATIONS}
    assert [(line.person, line.profession, line.structure) for line in lines if line.person] == [
        (one.identifier, one.profession.code, place.identifier)
        for one in PROFESSIONALS
        for place in (one.organization, *one.other_organizations)
    ]
