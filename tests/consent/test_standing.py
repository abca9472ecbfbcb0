"""Where a requester stands: the plain facts that the rules read."""

from __future__ import annotations

from dataclasses import fields

import pytest
from sqlalchemy import bindparam, insert

from carnet.authorization.facts import RecordFacts
from carnet.consent.care_links import (
    allow_feeding,
    authorise,
    block,
    declare_medecin_traitant,
    end_authorisation,
    join_team,
    name_administrator,
    oppose_feeding,
)
from carnet.consent.choices import Choice, close_record, set_choice
from carnet.consent.standing import Standing, current_standing, standing
from carnet.database.statements import prepare
from carnet.database.tables import patient_choice

CHOICE = prepare(
    insert(patient_choice).values(
        patient_key=bindparam("key"),
        choice_id=bindparam("name"),
        kind="masks_everything",
        value=bindparam("said"),
        since=bindparam("moment"),
    )
)


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
        care_team=False,
        authorised_by_name=False,
        feeding_opposed=False,
        masks_everything=False,
        rights_version=1,
    )


def test_everything_that_a_decision_needs_is_read_in_one_statement(connection):
    doctor = "899700000011"
    authorise(connection, 1, doctor, until=8_000, source="patient", now=2_000)
    declare_medecin_traitant(connection, 1, doctor, source="insurer", now=2_000)
    name_administrator(connection, 1, doctor, source="patient", now=2_000)
    join_team(connection, 1, doctor, until=9_500, source="stay", now=2_000)
    block(connection, 1, "1990000001", source="patient", now=2_000)
    oppose_feeding(connection, 1, "1990000001", source="patient", sealed_reason=b"", now=2_000)
    for choice in Choice:
        set_choice(connection, 1, choice, value=True, now=2_000)
    counting = Counting(connection)
    assert current_standing(counting, 1, professional=doctor, organization="1990000001", now=9_000) == Standing(
        state="open",
        blocked=True,
        authorisation="expired",
        medecin_traitant=True,
        administrator=True,
        opposes_bris_de_glace=True,
        opposes_centre_15=True,
        masked_in_emergency=True,
        care_team=True,
        authorised_by_name=False,
        feeding_opposed=True,
        masks_everything=True,
        rights_version=11,
    )
    assert counting.count == 1


@pytest.mark.parametrize(("professional", "organization"), [("", ""), ("899700000022", "")])
def test_a_blank_identifier_is_nobody(connection, professional, organization):
    authorise(connection, 1, "899700000011", until=None, source="patient", now=2_000)
    found = standing(connection, 1, professional=professional, organization=organization, now=9_000)
    assert found.authorisation == "none"


# --- past and present ----------------------------------------------------------------------------------------------

DOCTOR, WARD = "899700000011", "1990000001"


def at(connection, now, *, find=standing, professional=DOCTOR):
    return find(connection, 1, professional=professional, organization=WARD, now=now)


def test_any_past_moment_can_be_answered(connection):
    join_team(connection, 1, WARD, until=5_000, source="stay", now=2_000)
    set_choice(connection, 1, Choice.MASKS_EVERYTHING, value=True, now=2_500)
    oppose_feeding(connection, 1, DOCTOR, source="patient", sealed_reason=b"x", now=2_600)
    block(connection, 1, DOCTOR, source="patient", now=3_000)
    set_choice(connection, 1, Choice.MASKS_EVERYTHING, value=False, now=3_500)
    allow_feeding(connection, 1, DOCTOR, now=3_600)
    close_record(connection, 1, "FERMETURE_DEMANDE_PATIENT", now=4_000)
    moments = [500, 1_500, 2_000, 2_700, 3_000, 3_700, 4_000, 5_000]
    found = [at(connection, now) for now in moments]
    assert [one.state for one in found] == ["", "open", "open", "open", "open", "open", "closed", "closed"]
    assert [one.care_team for one in found] == [False, False, True, True, True, True, True, False]
    assert [one.masks_everything for one in found] == [False, False, False, True, True, False, False, False]
    assert [one.feeding_opposed for one in found] == [False, False, False, True, True, False, False, False]
    assert [one.blocked for one in found] == [False, False, False, False, True, True, True, True]


def test_a_clock_that_was_set_back_brings_nothing_back(connection):
    authorise(connection, 1, DOCTOR, until=None, source="patient", now=2_000)
    end_authorisation(connection, 1, DOCTOR, now=5_000)
    block(connection, 1, WARD, source="patient", now=5_000)
    close_record(connection, 1, "FERMETURE_DEMANDE_PATIENT", now=5_000)
    now = at(connection, 4_000, find=current_standing)
    assert (now.authorisation, now.blocked, now.state) == ("none", True, "closed")
    then = at(connection, 4_000)
    assert (then.authorisation, then.blocked, then.state) == ("valid", False, "open")


def test_consent_by_name_is_told_from_that_of_the_structure(connection):
    authorise(connection, 1, WARD, until=None, source="patient", now=2_000)
    assert (at(connection, 3_000).authorisation, at(connection, 3_000).authorised_by_name) == ("valid", False)
    authorise(connection, 1, DOCTOR, until=4_000, source="patient", now=2_000)
    assert at(connection, 3_000).authorised_by_name
    assert not at(connection, 4_000).authorised_by_name


@pytest.mark.parametrize(("value", "masked"), [("yes", True), ("no", False), ("", True), ("oui", True)])
def test_a_default_mask_that_cannot_be_read_holds(connection, value, masked):
    row = {"key": 1, "name": "masks_everything-9", "said": value, "moment": 2_000}
    connection.execute(CHOICE, row)
    assert at(connection, 3_000).masks_everything is masked
    assert at(connection, 3_000, find=current_standing).masks_everything is masked
