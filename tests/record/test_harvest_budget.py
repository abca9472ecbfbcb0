"""Budgets of new records an hour (security §3, T13): exact where they end, for each requester and structure, across restarts and workers."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace

import pytest

from carnet.clock import HOUR
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS, PATIENTS, REGULATOR
from carnet.errors import OverBudget, Refused, TooManyResults, Unavailable
from carnet.exchange.alarms import sounding
from carnet.exchange.visit_budgets import CountedVisits
from carnet.identity.patient_search import Criteria
from carnet.record import harvest_budget
from carnet.record.candidates import find_candidates
from carnet.record.harvest_budget import OF_REQUESTER, OF_STRUCTURE, SEARCHES
from carnet.requester import AccessMode

FIRST, SECOND, THIRD, FOURTH = PATIENTS[:4]
ALLOWED = 2


def reads(room, patient, who=HOSPITAL_DOCTOR, **changes):
    """One reading in a record, in an hour that does not end meanwhile."""
    requester = room.caller(who, patient=patient, **changes)
    return room.do(requester, room.finding(patient=patient))


def alarms(room):
    return [(one.kind, one.subject, one.counted) for one in sounding(room.connection)]


def at_the_beginning_of_an_hour(room):
    room.now += HOUR - room.now % HOUR
    return room


@pytest.fixture
def limited(open_room):
    """Opens the home as it is, or again as after a restart, with a budget of two records."""
    known = {"new_records_requester_hour": ALLOWED}

    def opened(**settings):
        return open_room(**{**known, **settings})

    at_the_beginning_of_an_hour(opened())
    return opened


def test_the_last_record_of_a_budget_is_read_and_the_next_is_not(limited):
    room = limited()
    reads(room, FIRST)
    assert alarms(room) == []
    reads(room, SECOND)
    assert alarms(room) == [(OF_REQUESTER, HOSPITAL_DOCTOR.identifier, ALLOWED)]
    before = room.last_ticket()
    with pytest.raises(OverBudget, match="within this hour"):
        reads(room, THIRD)
    (line,) = room.lines_since(before)
    assert (line["outcome"], line["detail"], line["rules"]) == ("refused", "OverBudget", (OF_REQUESTER,))
    assert not line["objects"]


def test_a_record_counts_once_an_hour_however_often_it_is_read(limited):
    room = limited()
    for _ in range(3):
        reads(room, FIRST)
        reads(room, SECOND)
    with pytest.raises(OverBudget):
        reads(room, THIRD)
    reads(room, FIRST)


def a_restart_gives_nothing_back(limited):
    reads(limited(), FIRST)
    room = limited()
    reads(room, FIRST)
    reads(room, SECOND)
    room = limited()
    with pytest.raises(OverBudget):
        reads(room, THIRD)


def test_a_restart_and_another_worker_give_nothing_back_and_count_nothing_twice(limited):
    a_restart_gives_nothing_back(limited)


def test_control_counts_in_a_worker_s_memory_are_caught(limited, monkeypatch):
    counts = Counter()

    def counted_here(connection, _keyring, first, second, _now):
        counts[connection, first.subject] += 1
        number = counts[connection, first.subject]
        return (number if number <= first.limit else None), 1

    monkeypatch.setattr(harvest_budget, "take_both", counted_here)
    with pytest.raises(pytest.fail.Exception):
        a_restart_gives_nothing_back(limited)


def test_the_next_hour_is_another_and_its_first_moment_belongs_to_it(limited):
    room = limited()
    reads(room, FIRST)
    reads(room, SECOND)
    last = room.now - room.now % HOUR + HOUR - 1
    room.now = last - 1_000_000  # `do` is a second later
    with pytest.raises(OverBudget):
        reads(room, THIRD)
    assert room.now == last
    room.now = last + 1 - 1_000_000
    reads(room, THIRD)
    reads(room, FOURTH)
    with pytest.raises(OverBudget):
        reads(room, FIRST)


def test_each_requester_has_a_budget_whatever_the_address_and_the_certificate(limited):
    room = limited()
    reads(room, FIRST)
    reads(room, SECOND, address="203.0.113.9", certificate="d" * 64)
    with pytest.raises(OverBudget):
        reads(room, THIRD, address="203.0.113.10", certificate="e" * 64)
    reads(room, THIRD, MEDECIN_TRAITANT)


def test_a_structure_has_one_budget_for_all_its_callers(limited):
    room = limited(new_records_requester_hour=0, new_records_structure_hour=2)
    colleague = replace(HOSPITAL_DOCTOR, identifier="899900023999")
    reads(room, FIRST)
    where = HOSPITAL_DOCTOR.organization.identifier
    with contextlib.suppress(Refused):
        reads(room, SECOND, colleague)
    reads(room, SECOND)
    assert (OF_STRUCTURE, where, 2) in alarms(room)
    with pytest.raises(OverBudget):
        reads(room, THIRD)
    reads(room, THIRD, MEDECIN_TRAITANT)


def test_what_the_rules_refuse_takes_nothing(limited):
    room = limited()
    for patient in PATIENTS:
        with pytest.raises(Refused, match="rules of this record"):
            reads(room, patient, OTHER_GP)
    with pytest.raises(Refused, match="rules do not allow"):
        room.do(room.caller(OTHER_GP, None), find_candidates(Criteria(name="ESSAI", birth_date="1970")))
    assert room.rows("SELECT count(*) FROM record_visit") == [(0,)]
    assert room.rows("SELECT count(*) FROM sign_in_count") == [(0,)]


def test_an_emergency_is_never_refused_for_a_budget_but_counted_and_told(limited):
    room = limited()
    reads(room, FIRST)
    reads(room, SECOND)
    urgent = {"mode": AccessMode.BRIS_DE_GLACE, "reason": "Patient inconscient aux urgences"}
    reads(room, THIRD, **urgent)
    assert (OF_REQUESTER, HOSPITAL_DOCTOR.identifier, ALLOWED) in alarms(room)
    with pytest.raises(OverBudget):
        reads(room, FOURTH)


def test_emergencies_alone_raise_the_alarm_of_a_budget_too(limited):
    room = limited()
    for patient in (FIRST, SECOND):
        reads(room, patient, mode=AccessMode.BRIS_DE_GLACE, reason="Patient inconscient aux urgences")
    assert (OF_REQUESTER, HOSPITAL_DOCTOR.identifier, ALLOWED) in alarms(room)


def a_reading_that_was_undone_is_not_free(limited):
    room = limited()
    room.connection.fail("COMMIT")
    with pytest.raises(Unavailable):
        reads(room, FIRST)
    reads(room, FIRST)
    assert room.rows("SELECT count(*) FROM record_visit") == [(1,)]


def test_a_reading_whose_transaction_is_given_up_is_asked_for_again(limited):
    """What a worker remembers begins with the commit."""
    a_reading_that_was_undone_is_not_free(limited)


def test_control_a_worker_that_remembers_before_the_commit_is_caught(limited, monkeypatch):
    monkeypatch.setattr(CountedVisits, "drop", CountedVisits.keep)
    with pytest.raises(AssertionError):
        a_reading_that_was_undone_is_not_free(limited)


def test_a_reading_that_is_known_asks_nothing_of_the_database_and_a_new_one_two_statements(limited):
    room = limited()
    ran = []
    for name in ("execute", "beside"):
        whole = getattr(room.connection, name)

        def noted(statement, parameters=None, whole=whole):
            ran.append(statement.sqlite)
            return whole(statement, parameters)

        setattr(room.connection, name, noted)
    reads(room, FIRST)
    new, ran[:] = len([one for one in ran if "record_visit" in one or "sign_in_count" in one]), []
    reads(room, FIRST)
    assert new in {2, 3}  # noted twice where `beside` is `execute`
    assert not [one for one in ran if "record_visit" in one or "sign_in_count" in one]


def search(room):
    criteria = Criteria(name=PAT_TROIS.traits.birth_name, birth_date=PAT_TROIS.traits.birth_date)
    return room.do(room.caller(REGULATOR, None, mode=AccessMode.CENTRE_15), find_candidates(criteria))


def test_searches_by_traits_have_a_limit_which_holds_across_a_restart(limited):
    room = limited(candidate_searches_hour=2)
    assert search(room)
    assert search(room)
    assert (SEARCHES, REGULATOR.identifier, 2) in alarms(room)
    room = limited(candidate_searches_hour=2)
    with pytest.raises(OverBudget):
        search(room)
    reads(room, PAT_TROIS, REGULATOR, mode=AccessMode.CENTRE_15)
    room.now += HOUR
    assert search(room)


def test_a_search_that_fails_counts_too(limited):
    room = limited(candidate_searches_hour=1, maximum_candidates=0)
    with pytest.raises(TooManyResults):
        search(room)
    with pytest.raises(OverBudget):
        search(room)


def test_whom_a_search_shows_is_a_record_of_the_budget(limited):
    room = limited(new_records_requester_hour=1)
    assert len(search(room)) == 1
    reads(room, PAT_TROIS, REGULATOR, mode=AccessMode.CENTRE_15)
    assert room.rows("SELECT count(*) FROM record_visit") == [(1,)]


def test_without_a_limit_nothing_is_refused(limited):
    room = limited(new_records_requester_hour=0)
    for patient in PATIENTS:
        reads(room, patient)
    assert alarms(room) == []


def test_what_was_counted_is_forgotten_with_its_hour(limited):
    room = limited()
    reads(room, FIRST)
    room.now += 2 * HOUR
    while room.gate.seal():
        continue
    assert room.rows("SELECT count(*) FROM record_visit") == [(0,)]
