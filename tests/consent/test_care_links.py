"""Authorisations, blocks, médecin traitant, administrators: rows are ended, never changed, and each change is counted."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, select

from carnet.consent.care_links import (
    Link,
    allow_feeding,
    authorise,
    block,
    declare_medecin_traitant,
    end_administrator,
    end_authorisation,
    end_medecin_traitant,
    join_team,
    leave_team,
    medecin_traitant,
    name_administrator,
    oppose_feeding,
    ties,
    unblock,
)
from carnet.consent.standing import standing
from carnet.database.statements import prepare
from carnet.database.tables import care_link
from carnet.errors import Refused, UnknownPatient

DOCTOR, OTHER, STRUCTURE = "899700000011", "899700000022", "1990000001"
WARD = STRUCTURE
LINKS = prepare(
    select(care_link.c.link_id, care_link.c.party, care_link.c.since, care_link.c.until, care_link.c.expires_at)
    .where(care_link.c.patient_key == bindparam("key"))
    .order_by(care_link.c.since, care_link.c.link_id)
)


def _stands(connection, now, *, professional=DOCTOR, organization=STRUCTURE, key=1):
    return standing(connection, key, professional=professional, organization=organization, now=now)


def _links(connection):
    return connection.execute(LINKS, {"key": 1})


@pytest.mark.parametrize("party", [DOCTOR, STRUCTURE])
def test_an_authorisation_of_the_person_or_of_the_structure_is_valid_until_it_expires(connection, party):
    assert authorise(connection, 1, party, until=5_000, source="patient", now=2_000)
    assert _stands(connection, 1_999).authorisation == "none"
    assert _stands(connection, 2_000).authorisation == "valid"
    assert _stands(connection, 4_999).authorisation == "valid"
    assert _stands(connection, 5_000).authorisation == "expired"


def test_an_authorisation_without_an_end_does_not_expire(connection):
    authorise(connection, 1, DOCTOR, until=None, source="patient", now=2_000)
    assert _stands(connection, 10**15).authorisation == "valid"


def test_an_authorisation_is_of_one_party_and_one_record(connection):
    authorise(connection, 1, DOCTOR, until=None, source="patient", now=2_000)
    assert _stands(connection, 3_000, professional=OTHER).authorisation == "none"
    assert _stands(connection, 3_000, key=2).authorisation == "none"


def test_one_valid_authorisation_is_enough_beside_one_that_expired(connection):
    authorise(connection, 1, DOCTOR, until=3_000, source="patient", now=2_000)
    authorise(connection, 1, STRUCTURE, until=9_000, source="patient", now=2_000)
    assert _stands(connection, 4_000).authorisation == "valid"


def test_an_ended_authorisation_is_none_and_not_expired(connection):
    authorise(connection, 1, DOCTOR, until=5_000, source="patient", now=2_000)
    assert end_authorisation(connection, 1, DOCTOR, now=3_000)
    assert _stands(connection, 2_999).authorisation == "valid"
    assert _stands(connection, 3_000).authorisation == "none"
    assert _stands(connection, 6_000).authorisation == "none"
    assert not end_authorisation(connection, 1, DOCTOR, now=4_000)


def test_renewing_ends_the_former_row_and_writes_another(connection):
    authorise(connection, 1, DOCTOR, until=5_000, source="patient", now=2_000)
    assert authorise(connection, 1, DOCTOR, until=9_000, source="patient", now=4_000)
    assert _links(connection) == [
        ("authorised-2", DOCTOR, 2_000, 4_000, 5_000),
        ("authorised-3", DOCTOR, 4_000, None, 9_000),
    ]
    assert _stands(connection, 6_000).authorisation == "valid"


def test_an_expired_authorisation_is_given_again(connection):
    authorise(connection, 1, DOCTOR, until=5_000, source="patient", now=2_000)
    assert authorise(connection, 1, DOCTOR, until=9_000, source="patient", now=6_000)
    assert _stands(connection, 7_000).authorisation == "valid"


def test_the_same_authorisation_twice_writes_one_row(connection):
    assert authorise(connection, 1, DOCTOR, until=5_000, source="patient", now=2_000)
    assert not authorise(connection, 1, DOCTOR, until=5_000, source="patient", now=3_000)
    assert len(_links(connection)) == 1


def test_an_authorisation_that_ends_before_it_begins_is_refused(connection):
    with pytest.raises(ValueError, match="ends after"):
        authorise(connection, 1, DOCTOR, until=2_000, source="patient", now=2_000)


@pytest.mark.parametrize("party", [DOCTOR, STRUCTURE])
def test_a_block_of_the_person_or_of_the_structure_keeps_out(connection, party):
    assert block(connection, 1, party, source="patient", now=2_000)
    assert not _stands(connection, 1_999).blocked
    assert _stands(connection, 2_000).blocked
    assert not _stands(connection, 2_000, professional=OTHER, organization="").blocked
    assert not block(connection, 1, party, source="patient", now=3_000)


def test_unblocking_does_not_give_the_authorisation_back(connection):
    authorise(connection, 1, DOCTOR, until=None, source="patient", now=2_000)
    name_administrator(connection, 1, DOCTOR, source="patient", now=2_000)
    block(connection, 1, DOCTOR, source="patient", now=3_000)
    assert _stands(connection, 3_000).authorisation == "none"
    assert unblock(connection, 1, DOCTOR, now=4_000)
    found = _stands(connection, 4_000)
    assert (found.blocked, found.authorisation, found.administrator) == (False, "none", False)
    assert authorise(connection, 1, DOCTOR, until=None, source="patient", now=5_000)
    assert _stands(connection, 5_000).authorisation == "valid"
    assert not unblock(connection, 1, DOCTOR, now=6_000)


def test_a_blocked_party_is_not_authorised(connection):
    block(connection, 1, DOCTOR, source="patient", now=2_000)
    with pytest.raises(Refused) as refusal:
        authorise(connection, 1, DOCTOR, until=None, source="professional", now=3_000)
    assert refusal.value.rules == ("blocked-by-patient",)
    assert _stands(connection, 4_000).authorisation == "none"


def test_there_is_one_medecin_traitant_and_a_new_one_takes_the_place_of_the_former(connection):
    assert declare_medecin_traitant(connection, 1, DOCTOR, source="insurer", now=2_000)
    assert not declare_medecin_traitant(connection, 1, DOCTOR, source="insurer", now=2_500)
    assert declare_medecin_traitant(connection, 1, OTHER, source="insurer", now=3_000)
    assert medecin_traitant(connection, 1, now=3_000) == OTHER
    assert not _stands(connection, 3_000).medecin_traitant
    assert _stands(connection, 3_000, professional=OTHER).medecin_traitant
    assert _links(connection) == [
        ("medecin_traitant-2", DOCTOR, 2_000, 3_000, None),
        ("medecin_traitant-3", OTHER, 3_000, None, None),
    ]


def test_a_medecin_traitant_stops_being_it(connection):
    declare_medecin_traitant(connection, 1, DOCTOR, source="insurer", now=2_000)
    assert end_medecin_traitant(connection, 1, DOCTOR, now=3_000)
    assert medecin_traitant(connection, 1, now=3_000) == ""
    assert not end_medecin_traitant(connection, 1, DOCTOR, now=4_000)


def test_a_block_leaves_the_declaration_of_the_medecin_traitant(connection):
    declare_medecin_traitant(connection, 1, DOCTOR, source="insurer", now=2_000)
    block(connection, 1, DOCTOR, source="patient", now=3_000)
    found = _stands(connection, 3_000)
    assert (found.blocked, found.medecin_traitant) == (True, True)


def test_being_medecin_traitant_or_administrator_does_not_pass_to_those_of_the_structure(connection):
    declare_medecin_traitant(connection, 1, STRUCTURE, source="insurer", now=2_000)
    name_administrator(connection, 1, STRUCTURE, source="patient", now=2_000)
    found = _stands(connection, 3_000)
    assert (found.medecin_traitant, found.administrator) == (False, False)


def test_there_may_be_several_administrators(connection):
    assert name_administrator(connection, 1, DOCTOR, source="patient", now=2_000)
    assert name_administrator(connection, 1, OTHER, source="patient", now=2_000)
    assert not name_administrator(connection, 1, OTHER, source="patient", now=2_500)
    assert _stands(connection, 3_000).administrator
    assert end_administrator(connection, 1, DOCTOR, now=4_000)
    assert not _stands(connection, 4_000).administrator
    assert _stands(connection, 4_000, professional=OTHER).administrator


def test_each_change_is_counted_and_what_changes_nothing_is_not(connection):
    def version():
        return _stands(connection, 9_000).rights_version

    changes = [
        lambda: authorise(connection, 1, DOCTOR, until=None, source="patient", now=2_000),
        lambda: declare_medecin_traitant(connection, 1, OTHER, source="insurer", now=2_000),
        lambda: name_administrator(connection, 1, DOCTOR, source="patient", now=2_000),
        lambda: block(connection, 1, STRUCTURE, source="patient", now=2_000),
        lambda: unblock(connection, 1, STRUCTURE, now=3_000),
        lambda: end_authorisation(connection, 1, DOCTOR, now=3_000),
        lambda: end_medecin_traitant(connection, 1, OTHER, now=3_000),
        lambda: end_administrator(connection, 1, DOCTOR, now=3_000),
    ]
    for change in changes:
        before = version()
        assert change()
        assert version() > before
    for change in changes[4:]:
        before = version()
        assert not change()
        assert version() == before
    assert _stands(connection, 9_000, key=2).rights_version == 1


@pytest.mark.parametrize("party", ["", " ", "8997 0000"])
def test_a_link_to_nobody_is_not_written(connection, party):
    for tie in (block, declare_medecin_traitant, name_administrator):
        with pytest.raises(ValueError, match="a party"):
            tie(connection, 1, party, source="patient", now=2_000)
    assert _links(connection) == []


def test_without_a_record_nobody_is_tied_to_it(connection):
    with pytest.raises(UnknownPatient):
        authorise(connection, 3, DOCTOR, until=None, source="patient", now=2_000)
    with pytest.raises(UnknownPatient):
        block(connection, 3, DOCTOR, source="patient", now=2_000)


def test_several_changes_at_one_moment_keep_their_rows_apart(connection):
    for _ in range(3):
        block(connection, 1, DOCTOR, source="patient", now=2_000)
        unblock(connection, 1, DOCTOR, now=2_000)
    assert len(_links(connection)) == 3
    assert not _stands(connection, 2_000).blocked


# --- care teams, feeding, and what held ------------------------------------------------------------------------------


def test_a_place_in_a_team_has_an_end_and_a_later_one_takes_its_place(connection):
    assert join_team(connection, 1, WARD, until=5_000, source="stay", now=2_000)
    assert not join_team(connection, 1, WARD, until=5_000, source="stay", now=2_100)
    assert join_team(connection, 1, WARD, until=7_000, source="stay", now=2_200)
    assert [one.expires_at for one in ties(connection, 1, now=2_300)] == [7_000]
    assert leave_team(connection, 1, WARD, now=2_400)
    assert not leave_team(connection, 1, WARD, now=2_500)
    assert ties(connection, 1, now=2_500) == ()


def test_a_place_in_a_team_is_no_explicit_authorisation_and_neither_ends_the_other(connection):
    join_team(connection, 1, WARD, until=5_000, source="stay", now=2_000)
    authorise(connection, 1, WARD, until=6_000, source="patient", now=2_000)
    leave_team(connection, 1, WARD, now=2_100)
    assert {one.kind for one in ties(connection, 1, now=2_200)} == {Link.AUTHORISED}


def test_who_is_blocked_joins_no_team_and_whoever_is_in_one_leaves_it(connection):
    join_team(connection, 1, WARD, until=5_000, source="stay", now=2_000)
    block(connection, 1, WARD, source="patient", now=2_100)
    assert {one.kind for one in ties(connection, 1, now=2_200)} == {Link.BLOCKED}
    with pytest.raises(Refused):
        join_team(connection, 1, WARD, until=5_000, source="stay", now=2_300)
    unblock(connection, 1, WARD, now=2_400)
    assert ties(connection, 1, now=2_500) == ()


def test_an_opposition_to_feeding_keeps_its_reason_sealed_and_ends(connection):
    assert oppose_feeding(connection, 1, WARD, source="patient", sealed_reason=b"sealed", now=2_000)
    assert not oppose_feeding(connection, 1, WARD, source="patient", sealed_reason=b"again", now=2_100)
    assert allow_feeding(connection, 1, WARD, now=2_200)
    assert not allow_feeding(connection, 1, WARD, now=2_300)


def test_what_held_at_any_moment_is_told_with_its_source(connection):
    authorise(connection, 1, WARD, until=3_000, source="collected", collected_by="899700000099", now=2_000)
    block(connection, 1, WARD, source="patient", now=4_000)
    assert ties(connection, 1, now=1_999) == ()
    (given,) = ties(connection, 1, now=3_500)
    assert (given.kind, given.party, given.source, given.collected_by) == (
        Link.AUTHORISED,
        WARD,
        "collected",
        "899700000099",
    )
    assert [one.kind for one in ties(connection, 1, now=4_000)] == [Link.BLOCKED]
