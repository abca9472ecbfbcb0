"""Where a requester stands: the plain facts that the rules read."""

from __future__ import annotations

from dataclasses import fields

import pytest

from carnet.authorization.facts import RecordFacts
from carnet.consent.care_links import authorise, block, declare_medecin_traitant, name_administrator
from carnet.consent.choices import Choice, set_choice
from carnet.consent.standing import Standing, standing


class Counting:
    """A connection that counts the statements it runs."""

    def __init__(self, connection):
        self.connection, self.count = connection, 0

    def execute(self, statement, parameters=None):
        self.count += 1
        return self.connection.execute(statement, parameters)


def test_its_fields_are_those_of_the_rules_but_the_two_that_each_has_alone():
    consent = {field.name: field.type for field in fields(Standing)}
    rules = {field.name: field.type for field in fields(RecordFacts)}
    assert consent.pop("rights_version") == "int"
    assert rules.pop("regulation_centre") == "bool"
    assert consent == rules


def test_a_person_without_a_record_has_no_standing(connection):
    assert standing(connection, 3, professional="899700000011", organization="", now=9_000) is None
    assert standing(connection, 99, professional="899700000011", organization="", now=9_000) is None


def test_at_first_nobody_is_anything_to_a_record(connection):
    assert standing(connection, 1, professional="899700000011", organization="1990000001", now=9_000) == Standing(
        state="open",
        blocked=False,
        authorisation="none",
        medecin_traitant=False,
        administrator=False,
        opposes_bris_de_glace=False,
        opposes_centre_15=False,
        masked_in_emergency=False,
        rights_version=1,
    )


def test_everything_is_read_in_one_statement(connection):
    doctor = "899700000011"
    authorise(connection, 1, doctor, until=8_000, source="patient", now=2_000)
    declare_medecin_traitant(connection, 1, doctor, source="insurer", now=2_000)
    name_administrator(connection, 1, doctor, source="patient", now=2_000)
    block(connection, 1, "1990000001", source="patient", now=2_000)
    for choice in Choice:
        set_choice(connection, 1, choice, value=True, now=2_000)
    counting = Counting(connection)
    assert standing(counting, 1, professional=doctor, organization="1990000001", now=9_000) == Standing(
        state="open",
        blocked=True,
        authorisation="expired",
        medecin_traitant=True,
        administrator=True,
        opposes_bris_de_glace=True,
        opposes_centre_15=True,
        masked_in_emergency=True,
        rights_version=8,
    )
    assert counting.count == 1


@pytest.mark.parametrize(("professional", "organization"), [("", ""), ("899700000022", "")])
def test_a_blank_identifier_is_nobody(connection, professional, organization):
    authorise(connection, 1, "899700000011", until=None, source="patient", now=2_000)
    found = standing(connection, 1, professional=professional, organization=organization, now=9_000)
    assert found.authorisation == "none"
