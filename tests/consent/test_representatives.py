"""Who acts for a patient: invitations and their answers, limits, dates, ends by either side; rows end, they never change."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, insert, select

from carnet.consent.acting_ends import end_all, give_back
from carnet.consent.acting_links import BY_DEATH, Representation, State, acting_for
from carnet.consent.choices import open_record
from carnet.consent.representatives import (
    MAXIMUM_CARED_FOR,
    MAXIMUM_CARERS,
    answer,
    declare,
    invite,
    link_between,
    revoke,
)
from carnet.database.statements import prepare
from carnet.database.tables import health_record, patient, representation
from carnet.errors import Refused

CARER, SECOND = Representation.CARER, Representation.SECOND_REPRESENTATIVE
FIRST, PROTECTION = Representation.FIRST_REPRESENTATIVE, Representation.PROTECTION
PEOPLE = prepare(
    insert(patient).values(patient_key=bindparam("key"), pseudonym=bindparam("name"), sealed_traits=b"", updated_at=0)
)
ROWS = prepare(
    select(representation.c.link_id, representation.c.state, representation.c.until, representation.c.ended_by)
)
VERSION = prepare(select(health_record.c.rights_version).where(health_record.c.patient_key == bindparam("key")))


@pytest.fixture
def people(connection):
    for key in range(10, 30):
        connection.execute(PEOPLE, {"key": key, "name": f"q{key}"})
        open_record(connection, key, now=1_000)
    return connection


def asked(connection, patient_key, acting, now=2_000, kind=CARER, **dates):
    return invite(connection, patient_key, acting, kind, source="holder", now=now, answer_by=now + 1_000, **dates)


def state(connection, patient_key, acting, now):
    link = link_between(connection, patient_key, acting, now=now)
    return link.state if link else None


def test_an_invitation_waits_is_accepted_and_holds_between_its_dates(people):
    assert asked(people, 1, 10, starts_at=2_500, ends_at=5_000)
    assert not asked(people, 1, 10, now=2_001)
    assert state(people, 1, 10, 2_100) is State.PENDING
    assert not link_between(people, 1, 10, now=2_100).in_force(2_100, majority=None)
    assert answer(people, 1, 10, accepted=True, now=2_200)
    link = link_between(people, 1, 10, now=2_300)
    assert [link.in_force(now, majority=None) for now in (2_300, 2_500, 4_999, 5_000)] == [False, True, True, False]
    assert not answer(people, 1, 10, accepted=False, now=2_400)


def test_an_invitation_expires_and_is_then_not_accepted(people):
    asked(people, 1, 10)
    assert state(people, 1, 10, 2_999) is State.PENDING
    assert state(people, 1, 10, 3_000) is State.EXPIRED
    assert not answer(people, 1, 10, accepted=True, now=3_000)
    assert asked(people, 1, 10, now=3_100)


def test_a_refusal_is_kept_and_one_may_be_asked_again(people):
    asked(people, 1, 10)
    assert answer(people, 1, 10, accepted=False, now=2_100)
    assert state(people, 1, 10, 2_200) is State.REFUSED
    assert asked(people, 1, 10, now=2_300)
    assert answer(people, 1, 10, accepted=True, now=2_400)
    assert state(people, 1, 10, 2_500) is State.ACCEPTED


@pytest.mark.parametrize("by", ["holder", "representative"])
def test_either_side_ends_it_and_the_past_stays(people, by):
    asked(people, 1, 10)
    answer(people, 1, 10, accepted=True, now=2_100)
    assert revoke(people, 1, 10, by=by, now=2_500)
    assert not revoke(people, 1, 10, by=by, now=2_600)
    assert state(people, 1, 10, 2_600) is None
    assert [state(people, 1, 10, now) for now in (2_050, 2_300)] == [State.PENDING, State.ACCEPTED]
    assert people.execute(ROWS) == [("carer-2", "pending", 2_100, "representative"), ("carer-4", "accepted", 2_500, by)]


def test_each_change_raises_the_version_of_rights(people):
    before = people.execute(VERSION, {"key": 1})[0][0]
    asked(people, 1, 10)
    answer(people, 1, 10, accepted=True, now=2_100)
    revoke(people, 1, 10, by="holder", now=2_200)
    assert people.execute(VERSION, {"key": 1})[0][0] >= before + 3


def test_a_patient_has_three_carers_and_not_four(people):
    for acting in range(10, 10 + MAXIMUM_CARERS):
        assert asked(people, 1, acting)
    with pytest.raises(Refused) as refused:
        asked(people, 1, 20)
    assert refused.value.rules == ("maximum-carers",)
    revoke(people, 1, 10, by="holder", now=2_100)
    assert asked(people, 1, 20, now=2_200)
    assert asked(people, 1, 21, now=9_000), "invitations that expired leave their places"


def test_a_carer_acts_for_five_and_not_for_six(people):
    for key in range(11, 11 + MAXIMUM_CARED_FOR):
        assert asked(people, key, 10)
        answer(people, key, 10, accepted=True, now=2_100)
    with pytest.raises(Refused) as refused:
        asked(people, 1, 10, now=2_200)
    assert refused.value.rules == ("maximum-cared-for",)
    revoke(people, 11, 10, by="representative", now=2_300)
    assert asked(people, 1, 10, now=2_400)


def test_a_second_representative_is_invited_once_and_by_a_first(people):
    with pytest.raises(Refused):
        asked(people, 1, 10, kind=SECOND)
    declare(people, 1, 11, FIRST, source="insurer", now=2_000)
    assert asked(people, 1, 10, kind=SECOND, now=2_100)
    with pytest.raises(Refused):
        asked(people, 1, 12, kind=SECOND, now=2_200)
    assert [one.kind for one in acting_for(people, 1, now=2_300)] == [FIRST, SECOND]


def test_representatives_act_until_majority_and_the_person_in_charge_of_protection_beyond(people):
    declare(people, 1, 10, FIRST, source="insurer", now=2_000)
    declare(people, 2, 10, PROTECTION, source="court", now=2_000)
    first = link_between(people, 1, 10, now=2_100)
    assert [first.in_force(now, majority=5_000) for now in (1_999, 2_000, 4_999, 5_000)] == [False, True, True, False]
    assert not first.in_force(2_100, majority=None)
    assert link_between(people, 2, 10, now=2_100).in_force(9_999, majority=5_000)


def test_a_carer_whom_the_representatives_named_acts_no_longer_once_the_holder_is_of_age(people):
    asked(people, 1, 10)
    answer(people, 1, 10, accepted=True, now=2_100)
    link = link_between(people, 1, 10, now=2_200)
    assert [link.in_force(now, majority=5_000) for now in (4_999, 5_000)] == [True, False]
    assert link.in_force(9_000, majority=2_100)


def test_an_invitation_made_before_majority_is_not_accepted_after_it_and_may_be_refused(people):
    asked(people, 1, 10)
    before = people.execute(ROWS)
    with pytest.raises(Refused) as refused:
        answer(people, 1, 10, accepted=True, now=2_600, majority=2_500)
    assert refused.value.rules == ("named-before-majority",)
    assert people.execute(ROWS) == before
    assert answer(people, 1, 10, accepted=False, now=2_600, majority=2_500)


@pytest.mark.parametrize("majority", [None, 2_000, 2_700])
def test_an_invitation_of_a_minor_accepted_in_time_or_of_an_adult_is_accepted(people, majority):
    asked(people, 1, 10)
    assert answer(people, 1, 10, accepted=True, now=2_600, majority=majority)


def test_the_new_adult_invites_the_former_representative_as_a_carer(people):
    declare(people, 1, 10, FIRST, source="insurer", now=2_000)
    assert not asked(people, 1, 10, now=4_999, majority=5_000)
    assert asked(people, 1, 10, now=5_000, majority=5_000)
    assert answer(people, 1, 10, accepted=True, now=5_100, majority=5_000)
    link = link_between(people, 1, 10, now=5_200)
    assert (link.kind, link.in_force(5_200, majority=5_000)) == (CARER, True)
    assert link_between(people, 1, 10, now=4_999).kind is FIRST, "the past stays"


def test_who_represented_the_minor_is_put_in_charge_of_the_protection_of_the_adult(people):
    declare(people, 1, 10, FIRST, source="insurer", now=2_000)
    assert declare(people, 1, 10, PROTECTION, source="court", now=5_000, majority=5_000)
    link = link_between(people, 1, 10, now=5_100)
    assert (link.kind, link.in_force(5_100, majority=5_000)) == (PROTECTION, True)


def test_carers_named_before_majority_leave_their_places(people):
    for acting in range(10, 10 + MAXIMUM_CARERS):
        asked(people, 1, acting)
        answer(people, 1, acting, accepted=True, now=2_100)
    with pytest.raises(Refused):
        asked(people, 1, 20, now=4_999, majority=5_000)
    assert asked(people, 1, 20, now=5_000, majority=5_000)


def test_a_declaration_takes_the_place_of_the_former_one(people):
    assert declare(people, 1, 10, FIRST, source="insurer", now=2_000)
    assert not declare(people, 1, 10, FIRST, source="insurer", now=2_100)
    assert declare(people, 1, 11, FIRST, source="court", now=2_200)
    assert [one.acting_key for one in acting_for(people, 1, now=2_300)] == [11]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda c: asked(c, 1, 1),
        lambda c: declare(c, 1, 1, FIRST, source="x", now=2_000),
        lambda c: asked(c, 1, 10, kind=FIRST),
        lambda c: declare(c, 1, 10, CARER, source="x", now=2_000),
        lambda c: asked(c, 1, 10, ends_at=2_000),
        lambda c: asked(c, 1, 10, starts_at=3_000, ends_at=3_000),
        lambda c: invite(c, 1, 10, CARER, source="x", now=2_000, answer_by=2_000),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(people, wrong):
    with pytest.raises(ValueError):
        wrong(people)
    assert people.execute(ROWS) == []


def test_a_delegation_whose_dates_have_passed_stands_before_no_later_one(people):
    asked(people, 1, 10, ends_at=2_900)
    answer(people, 1, 10, accepted=True, now=2_100)
    assert asked(people, 1, 10, now=3_000)
    assert state(people, 1, 10, 3_050) is State.PENDING
    assert answer(people, 1, 10, accepted=True, now=3_100)
    link = link_between(people, 1, 10, now=3_200)
    assert (link.since, link.in_force(3_200, majority=None)) == (3_100, True)
    assert link_between(people, 1, 10, now=2_500).in_force(2_500, majority=None), "the past stays"


def test_who_acts_for_others_whom_majority_freed_has_places_again(people):
    for one in range(11, 11 + MAXIMUM_CARED_FOR):
        assert asked(people, one, 10)
        assert answer(people, one, 10, accepted=True, now=2_100)
    with pytest.raises(Refused):
        asked(people, 20, 10, now=3_000)
    come_of_age = {11: 2_500, 12: None, 13: 9_999}
    assert asked(people, 20, 10, now=3_000, majority_of_another=come_of_age.get)
    with pytest.raises(Refused):
        asked(people, 21, 10, now=3_000, majority_of_another=come_of_age.get)


def linked(people):
    """Person 10 has a carer and two representatives, cares for two people, and refused one."""
    for one in (11, 12):
        asked(people, one, 10)
        answer(people, one, 10, accepted=True, now=2_100)
    declare(people, 10, 20, FIRST, source="insurer", now=2_000)
    asked(people, 10, 21, kind=SECOND)
    asked(people, 10, 22)
    asked(people, 13, 10)
    answer(people, 13, 10, accepted=False, now=2_100)


def test_an_end_ends_links_on_both_sides_and_a_carer_s_place_is_free_again(people):
    linked(people)
    ended = end_all(people, 10, by=BY_DEATH, now=2_500)
    assert {(one.patient_key, one.acting_key) for one in ended} == {(10, 20), (10, 21), (10, 22), (11, 10), (12, 10)}
    assert end_all(people, 10, by=BY_DEATH, now=2_600) == ()
    assert [link_between(people, one, 10, now=2_500) for one in (11, 12)] == [None, None]
    assert link_between(people, 11, 10, now=2_400).state is State.ACCEPTED, "the past stays"
    for number in range(MAXIMUM_CARERS):
        assert asked(people, 11, 23 + number, now=2_700)


def test_a_death_that_did_not_happen_gives_the_links_back_but_those_that_were_taken(people):
    linked(people)
    end_all(people, 10, by=BY_DEATH, now=2_500)
    declare(people, 10, 24, FIRST, source="insurer", now=2_600)
    asked(people, 12, 10, now=2_600)
    again = give_back(people, 10, died_at=2_500, now=2_700)
    assert {(one.patient_key, one.acting_key) for one in again} == {(10, 21), (10, 22), (11, 10)}
    assert link_between(people, 11, 10, now=2_800).in_force(2_800, majority=None)
    assert state(people, 10, 21, 2_800) is State.PENDING
    assert state(people, 12, 10, 2_800) is State.PENDING
    assert give_back(people, 10, died_at=2_500, now=2_900) == ()
