"""The life of a record: every state and event decided, every transition kept, no delay of the law cut short."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import bindparam, select, update

from carnet.clock import DAY, from_iso
from carnet.consent import lifecycle
from carnet.consent.delays import end_of_day, years_after
from carnet.consent.destruction_orders import order, standing_order
from carnet.consent.lifecycle import CELLS, DECEASED, TABLE, Event, State, attached, due, history, life, move, state_at
from carnet.database.statements import prepare
from carnet.database.tables import health_record, record_transition
from carnet.errors import RecordClosed, UnknownPatient

NOW = from_iso("2026-11-22T10:00:00Z")
VERSION = prepare(select(health_record.c.rights_version).where(health_record.c.patient_key == bindparam("key")))
LATE = NOW + 20 * 365 * DAY
TO = {
    # the shortest way from a person without a record to each state
    State.NONE: (),
    State.INFORMED: (Event.INFORM,),
    State.OPPOSED: (Event.INFORM, Event.OPPOSE),
    State.OPEN: (Event.OPEN,),
    State.ACTIVATED: (Event.OPEN, Event.ACTIVATE),
    State.SUSPENDED: (Event.OPEN, Event.SUSPEND),
    State.CLOSED: (Event.OPEN, Event.CLOSE),
    State.DESTROYED: (Event.OPEN, Event.CLOSE, Event.DESTROY),
}
EXPECTED = {
    # what the law gives: (state, event) -> state; all that is not here is refused or changes nothing    rules 1.1
    ("", "inform"): "informed",
    ("", "open"): "open",
    ("", "death"): "closed",
    ("", "replay-tombstone"): "destroyed",
    ("informed", "oppose"): "opposed",
    ("informed", "delay-ends"): "open",
    ("informed", "open"): "open",
    ("informed", "death"): "closed",
    ("opposed", "open"): "open",
    ("opposed", "death"): "closed",
    ("open", "activate"): "activated",
    ("suspended", "resume"): "open",
    ("suspended", "suspension-ends"): "closed",
    ("closed", "open"): "open",
    ("closed", "death"): "closed",
    ("closed", "archive-ends"): "destroyed",
    ("closed", "destroy"): "destroyed",
    **{(state, "announce-former"): state for state in ("open", "activated")},
    **{(state, "suspend"): "suspended" for state in ("open", "activated")},
    **{(state, event): "closed" for state in ("open", "activated", "suspended") for event in ("close", "death")},
    **{
        (state, "replay-tombstone"): "destroyed"
        for state in ("informed", "opposed", "open", "activated", "suspended", "closed")
    },
}
NEEDS_MORE = {"take-over", "keep-apart", "withdraw-death"}
"""Decided by what happened before as well; each has a test of its own."""


def live(connection, *events, now=NOW, key=3):
    """Lets events happen a second apart, and returns the last row."""
    row = None
    for number, event in enumerate(events):
        row = move(connection, key, event, now=now + number * 1_000_000, actor="test")
    return row


def test_every_event_has_a_cell_for_every_state_and_its_clause():
    assert set(TABLE) == set(Event)
    assert set(CELLS) == set(itertools.product(State, Event))
    words = {state.value for state in State if state} | {"=", "-", "same", "back"}
    assert set(CELLS.values()) <= words
    assert all(clause for _, clause in TABLE.values())


@pytest.mark.parametrize("state", State, ids=lambda state: state.value or "none")
@pytest.mark.parametrize("event", [event for event in Event if event.value not in NEEDS_MORE])
def test_every_state_and_event_is_decided_as_the_law_says(connection, state, event):
    live(connection, *TO[state])
    rows = history(connection, 3)
    version = connection.execute(VERSION, {"key": 3})
    try:
        row = move(connection, 3, event, now=LATE, actor="test")
    except (RecordClosed, UnknownPatient):
        row = None
    if (state.value, event.value) in EXPECTED:
        assert row is not None
        assert (row.before, row.after, row.number) == (state, EXPECTED[state, event], len(rows) + 1)
        assert history(connection, 3) == (*rows, row)
        assert connection.execute(VERSION, {"key": 3}) == [(version[0][0] + 1 if version else 1,)]
    else:
        assert row is None
        assert history(connection, 3) == rows
        assert connection.execute(VERSION, {"key": 3}) == version
    assert life(connection, 3).state == EXPECTED.get((state.value, event.value), state)


def test_the_table_allows_nothing_that_the_law_does_not():
    allowed = {
        (state.value, event.value)
        for (state, event), cell in CELLS.items()
        if cell not in {"=", "-"} and event.value not in NEEDS_MORE
    }
    assert allowed == set(EXPECTED)


@pytest.mark.parametrize(
    ("way", "event"),
    [
        ((Event.INFORM,), Event.DELAY_ENDS),
        ((Event.OPEN, Event.SUSPEND), Event.SUSPENSION_ENDS),
        ((Event.OPEN, Event.CLOSE), Event.ARCHIVE_ENDS),
        ((Event.OPEN, Event.ANNOUNCE_FORMER), Event.TAKE_OVER),
    ],
)
def test_no_delay_ends_a_moment_too_early(connection, way, event):
    live(connection, *way)
    end = life(connection, 3).due_at
    with pytest.raises(RecordClosed, match="delay"):
        move(connection, 3, event, now=end - 1)
    assert move(connection, 3, event, now=end) is not None


def test_six_weeks_are_forty_two_whole_days_after_the_day_of_sending(connection):
    live(connection, Event.INFORM)
    assert life(connection, 3).due_at == from_iso("2027-01-04T00:00:00Z") == end_of_day(NOW, 42)
    assert life(connection, 3).due_at - NOW >= 42 * DAY


def test_ten_years_run_from_the_closing(connection):
    live(connection, Event.OPEN, Event.CLOSE)
    assert life(connection, 3).due_at == from_iso("2036-11-22T10:00:01Z")
    assert years_after(from_iso("2024-02-29T00:00:00Z"), 10) == from_iso("2034-02-28T00:00:00Z")


def test_a_suspension_that_ends_well_gives_back_the_state_of_before(connection):
    live(connection, Event.OPEN, Event.ACTIVATE, Event.SUSPEND)
    assert live(connection, Event.RESUME).after is State.ACTIVATED
    assert life(connection, 3).due_at is None


@pytest.mark.parametrize("state", [state for state in State if state not in {State.NONE, State.DESTROYED}])
def test_a_death_that_did_not_happen_gives_back_the_state_of_before_with_its_whole_delay(connection, state):
    live(connection, *TO[state])
    before = life(connection, 3)
    live(connection, Event.DEATH, now=NOW + 40 * DAY)
    assert life(connection, 3).closing_reason == DECEASED
    assert life(connection, 3).deceased
    with pytest.raises(RecordClosed, match="death"):
        move(connection, 3, Event.OPEN, now=NOW + 41 * DAY)
    live(connection, Event.WITHDRAW_DEATH, now=NOW + 41 * DAY)
    after = life(connection, 3)
    assert (after.state, after.closed_at, after.closing_reason) == (state, before.closed_at, before.closing_reason)
    if state in {State.INFORMED, State.SUSPENDED}:
        assert after.due_at == end_of_day(NOW + 41 * DAY, 42)
    else:
        assert after.due_at == before.due_at


def test_a_closing_that_death_did_not_cause_is_not_withdrawn(connection):
    live(connection, Event.OPEN, Event.CLOSE)
    with pytest.raises(RecordClosed, match="death"):
        live(connection, Event.WITHDRAW_DEATH)


def test_who_died_without_a_record_is_never_informed_nor_opened(connection):
    live(connection, Event.DEATH)
    assert life(connection, 3).deceased
    assert live(connection, Event.INFORM) is None
    with pytest.raises(RecordClosed, match="death"):
        live(connection, Event.OPEN)


def test_a_withdrawn_death_of_somebody_without_a_record_opens_nothing_before_the_whole_delay(connection):
    live(connection, Event.DEATH)
    assert live(connection, Event.WITHDRAW_DEATH, now=NOW + DAY).after is State.INFORMED
    assert life(connection, 3).due_at == end_of_day(NOW + DAY, 42)


def test_a_death_twice_is_told_once(connection):
    live(connection, Event.OPEN, Event.DEATH)
    assert live(connection, Event.DEATH) is None


def test_a_former_record_stays_open_and_joins_after_six_weeks_or_stays_apart(connection):
    live(connection, Event.OPEN)
    for event in (Event.TAKE_OVER, Event.KEEP_APART):
        with pytest.raises(RecordClosed):
            move(connection, 3, event, now=LATE)
    live(connection, Event.ANNOUNCE_FORMER, Event.ACTIVATE)
    assert life(connection, 3).due_at == end_of_day(NOW, 42)
    live(connection, Event.KEEP_APART)
    assert (life(connection, 3).state, life(connection, 3).due_at) == (State.ACTIVATED, None)
    with pytest.raises(RecordClosed):
        move(connection, 3, Event.TAKE_OVER, now=LATE)


def test_a_former_record_suspended_meanwhile_gets_its_whole_delay_again(connection):
    live(connection, Event.OPEN, Event.ANNOUNCE_FORMER, Event.SUSPEND)
    live(connection, Event.RESUME, now=NOW + 10 * DAY)
    assert life(connection, 3).due_at == end_of_day(NOW + 10 * DAY, 42)
    assert move(connection, 3, Event.TAKE_OVER, now=NOW + 53 * DAY).after is State.OPEN


def test_opening_again_ends_an_order_to_destroy(connection):
    live(connection, Event.OPEN, Event.CLOSE)
    order(connection, 3, requested_at=NOW, by="a", now=NOW)
    live(connection, Event.OPEN, now=NOW + DAY)
    assert standing_order(connection, 3) is None
    assert life(connection, 3).closed_at is None


def test_what_is_due_is_found_once_in_the_order_of_time_and_by_pages(connection):
    for key, moment in ((1, NOW + DAY), (2, NOW)):
        move(connection, key, Event.CLOSE, now=moment)
    move(connection, 3, Event.INFORM, now=NOW)
    assert due(connection, NOW + 40 * DAY, after=(-1, 0), count=10) == []
    assert [row[:2] for row in due(connection, LATE, after=(-1, 0), count=10)] == [
        (3, Event.DELAY_ENDS),
        (2, Event.ARCHIVE_ENDS),
        (1, Event.ARCHIVE_ENDS),
    ]
    (first,) = due(connection, LATE, after=(-1, 0), count=1)
    assert [row[0] for row in due(connection, LATE, after=(first[2], first[0]), count=10)] == [2, 1]


def test_the_state_of_any_past_moment_is_known(connection):
    live(connection, Event.INFORM)
    live(connection, Event.OPEN, now=NOW + DAY)
    live(connection, Event.SUSPEND, now=NOW + 2 * DAY)
    found = [state_at(connection, 3, NOW + days * DAY - 1) for days in range(4)]
    assert found == [State.NONE, State.INFORMED, State.OPEN, State.SUSPENDED]
    assert state_at(connection, 3, NOW) is State.INFORMED


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), False),
        ((Event.OPEN,), True),
        ((Event.OPEN, Event.ANNOUNCE_FORMER), False),
        ((Event.OPEN, Event.ANNOUNCE_FORMER, Event.KEEP_APART), False),
        ((Event.OPEN, Event.ANNOUNCE_FORMER, Event.KEEP_APART, Event.CLOSE, Event.OPEN), True),
    ],
)
def test_a_record_is_in_the_space_unless_it_is_of_before_2022_and_waits_or_stays_apart(connection, events, expected):
    live(connection, *events)
    assert attached(history(connection, 3)) is expected


def test_a_former_record_is_in_the_space_once_it_was_taken_over(connection):
    live(connection, Event.OPEN, Event.ANNOUNCE_FORMER)
    move(connection, 3, Event.TAKE_OVER, now=NOW + 50 * DAY)
    assert attached(history(connection, 3))


def test_control_a_table_that_opens_too_much_is_noticed(connection, monkeypatch):
    broken = dict(CELLS) | {(State.SUSPENDED, Event.OPEN): "open"}
    monkeypatch.setattr(lifecycle, "CELLS", broken)
    with pytest.raises(AssertionError):
        test_every_state_and_event_is_decided_as_the_law_says(connection, State.SUSPENDED, Event.OPEN)


def test_no_statement_of_the_house_changes_or_removes_a_transition():
    texts = [one.sqlite for one in vars(lifecycle).values() if hasattr(one, "sqlite")]
    touching = [text for text in texts if record_transition.name in text]
    assert touching
    assert not [text for text in touching if text.lstrip().startswith(("UPDATE", "DELETE"))]
    assert prepare(update(record_transition).values(event=bindparam("x"))).sqlite.startswith("UPDATE")
