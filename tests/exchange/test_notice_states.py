"""The states of a notice's e-mail: only the steps of the table, each by whoever holds the claim, and nothing lost by being abandoned."""

from __future__ import annotations

import itertools

import pytest

from carnet.clock import HOUR, MINUTE
from carnet.exchange import notice_states as states
from carnet.exchange.notice_states import STEPS
from carnet.exchange.notices import find_notice, owe

NOW = 1_793_620_800_000_000
LEASE, PATIENCE = 900, 24


def owed(connection, patient=1, now=NOW):
    return owe(connection, patient, kind="k", recipient="patient", cause="c", now=now)


def claimed(connection, now=NOW):
    return states.claim(connection, states.next_due(connection, now), domain="carnet.example", now=now)


def state(connection, held):
    return find_notice(connection, held.notice_id).state


def taken_up(connection, now):
    return states.take_up_abandoned(connection, now=now, claim_seconds=LEASE, uncertain_hours=PATIENCE)


def test_a_notice_goes_from_due_to_sent(connection):
    owed(connection)
    held = claimed(connection)
    assert state(connection, held) == "claimed"
    assert states.begin_sending(connection, held, NOW)
    assert state(connection, held) == "sending"
    assert states.mark_sent(connection, held, "250", NOW + 1)
    found = find_notice(connection, held.notice_id)
    assert (found.state, found.attempts, found.delivered_at, found.answer) == ("sent", 1, NOW + 1, "250")


def test_who_claims_a_notice_has_it_alone(connection):
    owed(connection)
    claimed(connection)
    assert states.next_due(connection, NOW) is None
    assert states.count_due(connection, NOW) == 0


def test_the_one_that_has_been_due_longest_comes_first_and_none_before_its_time(connection):
    late, early = owed(connection, 1, NOW), owed(connection, 2, NOW - 1)
    assert states.next_due(connection, NOW - 2) is None
    assert [claimed(connection).notice_id, claimed(connection).notice_id] == [early, late]


def test_a_notice_keeps_its_random_message_id_whatever_happens(connection):
    owed(connection)
    held = claimed(connection)
    assert held.message_id.endswith("@carnet.example>")
    assert held.notice_id not in held.message_id
    assert states.put_off(connection, held, "claimed", answer="451", now=NOW)
    again = claimed(connection, NOW + HOUR)
    assert again.message_id == held.message_id
    assert again.claim != held.claim


def test_the_pause_doubles_with_each_attempt_up_to_a_limit(connection):
    owed(connection)
    now, pauses = NOW, []
    for _ in range(10):
        held = claimed(connection, now)
        states.begin_sending(connection, held, now)
        states.put_off(connection, held, "sending", answer="451", now=now)
        until = next(
            now + minutes * MINUTE for minutes in range(1, 500) if states.count_due(connection, now + minutes * MINUTE)
        )
        pauses.append((until - now) // MINUTE)
        now = until
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 360, 360, 360]


@pytest.mark.parametrize(("before", "after"), list(itertools.product(STEPS, STEPS)))
def test_only_the_steps_of_the_table_are_made(connection, before, after):
    owed(connection)
    connection._raw.execute("UPDATE notice SET state = ?", (before,))
    held = states.Held(1, find_notice(connection, owed(connection)).notice_id, "", "", 0, 0, "", "")
    if after in STEPS[before]:
        assert states._step(connection, held, before, after)
        assert state(connection, held) == after
    else:
        with pytest.raises(ValueError, match=f"from {before} to {after}"):
            states._step(connection, held, before, after)
        assert state(connection, held) == before


def test_a_claim_that_was_abandoned_before_sending_is_due_again_and_its_first_holder_may_not_send(connection):
    owed(connection)
    held = claimed(connection)
    assert taken_up(connection, NOW + LEASE * 1_000_000) == 0
    assert state(connection, held) == "claimed"
    taken_up(connection, NOW + LEASE * 1_000_000 + 1)
    assert state(connection, held) == "due"
    other = claimed(connection, NOW + HOUR)
    assert not states.begin_sending(connection, held, NOW + HOUR)
    assert states.begin_sending(connection, other, NOW + HOUR)


def test_what_was_abandoned_while_sending_is_uncertain_then_sent_again_if_nobody_settles_it(connection):
    owed(connection)
    held = claimed(connection)
    states.begin_sending(connection, held, NOW)
    assert taken_up(connection, NOW + LEASE * 1_000_000 + 1) == 1
    assert state(connection, held) == "uncertain"
    assert states.next_due(connection, NOW + PATIENCE * HOUR) is None
    taken_up(connection, NOW + PATIENCE * HOUR + 1)
    assert claimed(connection, NOW + PATIENCE * HOUR + 1).message_id == held.message_id


def test_an_answer_that_comes_late_settles_what_was_uncertain_meanwhile(connection):
    owed(connection)
    held = claimed(connection)
    states.begin_sending(connection, held, NOW)
    taken_up(connection, NOW + HOUR)
    assert states.mark_sent(connection, held, "250", NOW + HOUR)
    assert state(connection, held) == "sent"


@pytest.mark.parametrize(
    ("before", "sent", "after"), [("uncertain", True, "sent"), ("uncertain", False, "due"), ("failed", False, "due")]
)
def test_an_operator_settles_what_is_uncertain_or_failed(connection, before, sent, after):
    name = owed(connection)
    connection._raw.execute("UPDATE notice SET state = ?", (before,))
    assert states.settle_by_hand(connection, 1, name, before, sent=sent, now=NOW + 5)
    assert find_notice(connection, name).state == after
    assert (find_notice(connection, name).delivered_at is not None) == sent
    assert not states.settle_by_hand(connection, 1, name, before, sent=sent, now=NOW + 5)
