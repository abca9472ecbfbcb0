"""Finding by every trait: one person or nobody, nothing of who is kept from the requester, each try counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.demo.people import NESSI, OCCUPATIONAL_DOCTOR, OTHER_GP, PAT_TROIS
from carnet.errors import InvalidMetadata, Refused, TooManyTries
from carnet.identity.ins import NIR_TEST, key_of
from carnet.identity.patients import register
from carnet.metadata import PatientIdentifier
from carnet.record import population
from carnet.record.administration import Administration
from carnet.record.patient_acts import PatientActs
from carnet.record.strict_search import StrictTraits, find_by_all_traits

ASKED = StrictTraits("PAT-TROIS", "Dominique", "F", "19790328")
OPERATOR = "operator:tests"


def find(room, asked=ASKED, who=OTHER_GP):
    return room.do(room.caller(who, None), find_by_all_traits(asked))


def twin(room, place="75056"):
    """Somebody else with the same name, given name, sex and date, and a record."""
    body = f"27903{place}777"
    identifier = PatientIdentifier(f"{body}{key_of(body)}", NIR_TEST)
    traits = replace(PAT_TROIS.traits, birth_place=place)
    keyring = room.platform.keyring
    room.gate.administer(lambda connection: register(connection, keyring, traits, identifier, room.now))
    Administration(room.gate, OPERATOR).open_record(identifier)
    return identifier


def test_one_person_is_shown_and_their_trace_says_so(room):
    since = room.last_ticket()
    answer = find(room)
    assert (answer.found.identifier, answer.found.traits, answer.several) == (
        PAT_TROIS.identifier,
        PAT_TROIS.traits,
        False,
    )
    lines = [line for line in room.lines_since(since) if line["action"] == "pro/identity-search"]
    assert sorted(line["patient"] for line in lines) == ["", PAT_TROIS.identifier.cx()]


def test_several_are_not_shown_and_the_place_tells_them_apart(room):
    other, since = twin(room), room.last_ticket()
    assert find(room) == replace(find(room), found=None, several=True)
    assert {line["patient"] for line in room.lines_since(since) if line["action"] == "pro/identity-search"} == {""}
    assert find(room, replace(ASKED, birth_place="75056")).found.identifier == other
    assert find(room, replace(ASKED, birth_place="51215")).found.identifier == PAT_TROIS.identifier
    assert find(room, replace(ASKED, birth_place="13055")).found is None


def test_who_blocked_or_closed_is_not_there_at_all(room):
    nobody = find(room, replace(ASKED, birth_name="PERSONNE"))
    PatientActs(room.gate, OPERATOR).block(PAT_TROIS.identifier, OTHER_GP.identifier)
    assert find(room) == nobody
    Administration(room.gate, OPERATOR).close_record(NESSI.identifier, reason="test")
    assert find(room, StrictTraits("NESSI", "RUTH", "F", "19770714")) == nobody
    other = twin(room)  # a twin who blocked is no homonym either
    assert find(room).found.identifier == other


def test_a_search_that_does_not_ask_who_is_kept_out_is_caught(room, monkeypatch):
    """Negative control: without that question somebody who blocked is shown, which the test above sees."""
    monkeypatch.setattr(population, "BESIDE_THE_DOOR", frozenset({"functional-right", "blocked-by-patient"}))
    PatientActs(room.gate, OPERATOR).block(PAT_TROIS.identifier, OTHER_GP.identifier)
    assert find(room).found is not None


def test_a_used_name_a_second_given_name_and_a_part_find_nobody(room):
    exact = StrictTraits("NESSI", "Ruth", "F", "19770714")
    assert find(room, exact).found is not None
    others = (
        ("birth_name", "DECOURCY"),
        ("birth_name", "NES"),
        ("given_name", "ISABELLE"),
        ("sex", "M"),
        ("birth_date", "197707"),
    )
    for name, value in others:
        assert find(room, replace(exact, **{name: value})).found is None, name


def test_a_trait_that_is_missing_or_ill_written_is_refused(room):
    wrong = (
        ("birth_name", ""),
        ("given_name", "%"),
        ("sex", ""),
        ("birth_date", "1979-03-28"),
        ("birth_place", "Paris"),
    )
    for name, value in wrong:
        with pytest.raises(InvalidMetadata):
            find(room, replace(ASKED, **{name: value}))


def test_tries_are_counted_whatever_they_find(open_room):
    room = open_room(identity_search_tries=2)
    find(room, replace(ASKED, birth_name="PERSONNE"))
    find(room)
    with pytest.raises(TooManyTries):
        find(room)


def test_who_has_no_right_to_ask_finds_nobody(room):
    with pytest.raises(Refused):
        find(room, who=OCCUPATIONAL_DOCTOR)
