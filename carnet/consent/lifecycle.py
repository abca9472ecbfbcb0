"""The life of a record: one literal table of states and events, and the only function that changes a state.

Each change leaves a row in record_transition, which nothing changes or removes, and raises rights_version. Moments are microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import bindparam, insert, select, update

from carnet.consent.delays import ARCHIVE_YEARS, SIX_WEEKS, end_of_day, years_after
from carnet.consent.destruction_orders import cancel
from carnet.consent.rights_version import bump
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.stored_words import word
from carnet.database.tables import health_record, record_transition
from carnet.errors import RecordClosed, UnknownPatient


class State(StrEnum):
    """health_record.state; NONE is a known person without a record."""

    NONE = ""
    INFORMED = "informed"
    OPPOSED = "opposed"
    OPEN = "open"
    ACTIVATED = "activated"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    DESTROYED = "destroyed"


class Event(StrEnum):
    """record_transition.event: what happens to a record."""

    INFORM = "inform"
    OPPOSE = "oppose"
    DELAY_ENDS = "delay-ends"
    OPEN = "open"
    ACTIVATE = "activate"
    ANNOUNCE_FORMER = "announce-former"
    KEEP_APART = "keep-apart"
    TAKE_OVER = "take-over"
    SUSPEND = "suspend"
    RESUME = "resume"
    SUSPENSION_ENDS = "suspension-ends"
    CLOSE = "close"
    DEATH = "death"
    WITHDRAW_DEATH = "withdraw-death"
    ARCHIVE_ENDS = "archive-ends"
    DESTROY = "destroy"
    REPLAY_TOMBSTONE = "replay-tombstone"


NOTHING, REFUSED, SAME, BACK = "=", "-", "same", "back"
"""Cells that name no state: nothing to change; refused; a row, but the same state; the state before the last transition."""

_STATES = tuple(State)
TABLE: Mapping[Event, tuple[str, str]] = {
    # columns                none      informed  opposed   open      activated suspended closed    destroyed
    # The insurer's message starts the delay. Whoever was informed once, or closed, is not informed again.
    Event.INFORM: ("          informed  =         =         =         =         =         =         -", "R1111-28 CSP"),
    Event.OPPOSE: ("          -         opposed   =         -         -         -         -         -", "R1111-28 CSP"),
    Event.DELAY_ENDS: ("      -         open      -         -         -         -         -         -", "R1111-28 CSP"),
    # By the holder: without waiting, after a change of mind, or a new space that takes up the archive.
    Event.OPEN: ("            open      open      open      =         =         -         open      -", "R1111-28, -36 CSP"),
    Event.ACTIVATE: ("        -         -         -         activated =         -         -         -", "R1111-28 CSP"),
    # A record of before 2022 stays as it is during the delay, then joins the space unless the holder objects.
    Event.ANNOUNCE_FORMER: (" -         -         -         same      same      -         -         -", "R1111-40 CSP"),
    Event.KEEP_APART: ("      -         -         -         same      same      -         -         -", "R1111-40 CSP"),
    Event.TAKE_OVER: ("       -         -         -         same      same      -         -         -", "R1111-40 CSP"),
    Event.SUSPEND: ("         -         -         -         suspended suspended =         -         -", "R1111-36 CSP"),
    Event.RESUME: ("          -         -         -         =         =         back      -         -", "R1111-36 CSP"),
    Event.SUSPENSION_ENDS: (" -         -         -         -         -         closed    -         -", "R1111-36 CSP"),
    Event.CLOSE: ("           -         -         -         closed    closed    closed    =         -", "R1111-36 CSP"),
    # Who died is never asked, never opened again, record or not; a closed record keeps the date of its closing.
    Event.DEATH: ("           closed    closed    closed    closed    closed    closed    closed    =", "L1111-18 CSP"),
    Event.WITHDRAW_DEATH: ("  -         -         -         -         -         -         back      -", "INFERRED: an error"),
    Event.ARCHIVE_ENDS: ("    -         -         -         -         -         -         destroyed -", "L1111-18 CSP"),
    Event.DESTROY: ("         -         -         -         -         -         -         destroyed =", "R1111-36 CSP"),
    # What a backup brought back and was destroyed before is destroyed again, whatever its state.
    Event.REPLAY_TOMBSTONE: ("destroyed destroyed destroyed destroyed destroyed destroyed destroyed =", "security 4.2"),
}  # fmt: skip
CELLS: Mapping[tuple[State, Event], str] = {
    (state, event): cell for event, (row, _) in TABLE.items() for state, cell in zip(_STATES, row.split(), strict=True)
}
"""What becomes of each state at each event: a state, or one of the four cells that name none."""

DECEASED = "FERMETURE_DECES"
"""health_record.closing_reason of a record that death closed."""
BY_INSURER = "FERMETURE_SUSPENSION"

_AFTER_DELAY = {
    State.INFORMED: Event.DELAY_ENDS,
    State.SUSPENDED: Event.SUSPENSION_ENDS,
    State.CLOSED: Event.ARCHIVE_ENDS,
}
_TIMED = frozenset({Event.DELAY_ENDS, Event.SUSPENSION_ENDS, Event.ARCHIVE_ENDS, Event.TAKE_OVER})
_OF_FORMER = frozenset({Event.ANNOUNCE_FORMER, Event.KEEP_APART, Event.TAKE_OVER})
_REASONS = {Event.DEATH: DECEASED, Event.SUSPENSION_ENDS: BY_INSURER}
_PARTICIPLES = {
    Event.INFORM: "announced to its holder",
    Event.OPPOSE: "objected to; close it instead",
    Event.OPEN: "opened",
    Event.ACTIVATE: "activated",
    Event.SUSPEND: "suspended",
    Event.CLOSE: "closed",
    Event.DESTROY: "destroyed; close it first",
}


@dataclass(frozen=True, slots=True)
class Life:
    """Where a record is in its life: `due_at` is the moment of its timer, None when nothing is due of itself."""

    state: State
    opened_at: int | None = None
    closed_at: int | None = None
    closing_reason: str = ""
    due_at: int | None = None

    @property
    def deceased(self) -> bool:
        """Whether death closed it."""
        return self.state is State.CLOSED and self.closing_reason == DECEASED


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of a record's history."""

    number: int
    before: State
    after: State
    at: int
    event: str
    reason: str
    actor: str


_LIFE = prepare(
    select(
        health_record.c.state,
        health_record.c.opened_at,
        health_record.c.closed_at,
        health_record.c.closing_reason,
        health_record.c.due_at,
    ).where(health_record.c.patient_key == bindparam("patient"))
)
_NEW = prepare(
    insert(health_record).values(
        patient_key=bindparam("patient"),
        state=bindparam("new_state"),
        opened_at=bindparam("new_opened_at"),
        closed_at=bindparam("new_closed_at"),
        closing_reason=bindparam("new_reason"),
        rights_version=1,
        due_at=bindparam("new_due_at"),
    )
)
_CHANGE = prepare(
    update(health_record)
    .where(health_record.c.patient_key == bindparam("patient"))
    .values(
        state=bindparam("new_state"),
        opened_at=bindparam("new_opened_at"),
        closed_at=bindparam("new_closed_at"),
        closing_reason=bindparam("new_reason"),
        due_at=bindparam("new_due_at"),
    )
)
_HISTORY = prepare(
    select(
        record_transition.c.number,
        record_transition.c.from_state,
        record_transition.c.to_state,
        record_transition.c.at,
        record_transition.c.event,
        record_transition.c.reason,
        record_transition.c.actor,
    )
    .where(record_transition.c.patient_key == bindparam("patient"))
    .order_by(record_transition.c.number)
)
_STATE_AT = prepare(
    select(record_transition.c.to_state)
    .where(record_transition.c.patient_key == bindparam("patient"), record_transition.c.at <= bindparam("moment"))
    .order_by(record_transition.c.number.desc())
    .limit(1)
)
_ADD = prepare(
    insert(record_transition).values(
        patient_key=bindparam("patient"),
        number=bindparam("place"),
        from_state=bindparam("old_state"),
        to_state=bindparam("new_state"),
        at=bindparam("now"),
        event=bindparam("what"),
        reason=bindparam("why"),
        actor=bindparam("who"),
    )
)
_DUE = prepare(
    select(health_record.c.patient_key, health_record.c.state, health_record.c.due_at)
    .where(
        health_record.c.due_at <= bindparam("now"),
        (health_record.c.due_at > bindparam("after"))
        | ((health_record.c.due_at == bindparam("after")) & (health_record.c.patient_key > bindparam("after_patient"))),
    )
    .order_by(health_record.c.due_at, health_record.c.patient_key)
    .limit(bindparam("count"))
)


def life(connection: Connection, patient_key: int) -> Life:
    """Where a person's record is in its life; State.NONE when there is none."""
    rows = connection.execute(_LIFE, {"patient": patient_key})
    return Life(word(State, rows[0][0]), *rows[0][1:]) if rows else Life(State.NONE)


def history(connection: Connection, patient_key: int) -> tuple[Transition, ...]:
    """Every transition of a record, the first one first."""
    rows = connection.execute(_HISTORY, {"patient": patient_key})
    return tuple(Transition(row[0], word(State, row[1]), word(State, row[2]), *row[3:]) for row in rows)


def state_at(connection: Connection, patient_key: int, moment: int) -> State:
    """The state of a record at a moment, past or present; State.NONE before its first transition."""
    rows = connection.execute(_STATE_AT, {"patient": patient_key, "moment": moment})
    return word(State, rows[0][0]) if rows else State.NONE


def attached(past: tuple[Transition, ...]) -> bool:
    """Whether a record is in its holder's space (TD0.2 RATTACHEMENT_ENS): all but those of before 2022 that wait, or were kept apart."""
    told = [row.event for row in past if row.event in _OF_FORMER or row.event in {Event.OPEN, Event.DELAY_ENDS}]
    return bool(told) and told[-1] not in {Event.ANNOUNCE_FORMER, Event.KEEP_APART}


def move(
    connection: Connection, patient_key: int, event: Event, *, now: int, reason: str = "", actor: str = ""
) -> Transition | None:
    """Lets an event happen to a record and returns the row that it left; None when there is nothing to change.

    `reason` is a code (FERMETURE_DEMANDE_PATIENT …), `actor` who did it. What gives a record back to its holder ends an order to destroy
    it. Raises RecordClosed where the table refuses or a delay still runs, UnknownPatient when there is no record to speak of.
    """
    before = life(connection, patient_key)
    cell = CELLS[before.state, event]
    if cell == NOTHING or (event is Event.DEATH and before.deceased):
        return None
    if cell == REFUSED and before.state is State.NONE:
        raise UnknownPatient("No record is known for this patient identifier.")
    if cell == REFUSED:
        raise RecordClosed(f"A record that is {before.state} is not {_PARTICIPLES.get(event, 'changed so')}.")
    past = history(connection, patient_key) if before.state is not State.NONE else ()
    _check(before, past, event, now)
    reason = _REASONS.get(event, reason)
    after = _after(before, past, cell, event, now=now, reason=reason)
    row = Transition(len(past) + 1, before.state, after.state, now, event.value, reason, actor)
    _write(connection, patient_key, after, row)
    if before.state is State.CLOSED and after.state not in {State.CLOSED, State.DESTROYED}:
        cancel(connection, patient_key, now=now)
    return row


def open_record(connection: Connection, patient_key: int, *, now: int, actor: str = "") -> bool:
    """Opens a person's record at their wish, or opens it again with its archive; False when it is open already.

    Raises RecordClosed for a record that is suspended, destroyed or of a person who died.
    """
    return move(connection, patient_key, Event.OPEN, now=now, actor=actor) is not None


def close_record(connection: Connection, patient_key: int, reason: str, *, now: int, actor: str = "") -> bool:
    """Closes a record, keeping what it holds; `reason` is a code (FERMETURE_DEMANDE_PATIENT …). False when it is closed already.

    Raises RecordClosed for one that was never opened or is destroyed, UnknownPatient when there is none.
    """
    return move(connection, patient_key, Event.CLOSE, now=now, reason=reason, actor=actor) is not None


def due(connection: Connection, now: int, *, after: tuple[int, int], count: int) -> list[tuple[int, Event, int]]:
    """Records whose timer has run out by `now`: (patient_key, what happens, since when), the longest due first, after a place in that order."""
    rows = connection.execute(_DUE, {"now": now, "after": after[0], "after_patient": after[1], "count": count})
    return [(row[0], _AFTER_DELAY.get(word(State, row[1]), Event.TAKE_OVER), row[2]) for row in rows]


def _check(before: Life, past: tuple[Transition, ...], event: Event, now: int) -> None:
    if event in _TIMED and (before.due_at is None or now < before.due_at):
        raise RecordClosed("The delay that the law gives has not passed.")
    if event in {Event.TAKE_OVER, Event.KEEP_APART} and not _announced(past):
        raise RecordClosed("The holder of this record was not told that it joins the space.")
    if event is Event.OPEN and before.deceased:
        raise RecordClosed("A record that death closed is not opened.")
    if event is Event.WITHDRAW_DEATH and not before.deceased:
        raise RecordClosed("A record that death did not close is not given back by withdrawing one.")


def _after(before: Life, past: tuple[Transition, ...], cell: str, event: Event, *, now: int, reason: str) -> Life:
    state = before.state if cell == SAME else State.OPEN if cell == BACK else State(cell)
    if cell == BACK and past:
        # No row goes back to no record: whoever had none is told, and has the whole delay to object.
        state = past[-1].before or (State.INFORMED if event is Event.WITHDRAW_DEATH else State.OPEN)
    opened_at = now if event in {Event.OPEN, Event.DELAY_ENDS} else before.opened_at
    if state not in {State.CLOSED, State.DESTROYED}:
        return Life(state, opened_at, due_at=_timer(before, past, state, event, now))
    closed_at = before.closed_at if before.state is State.CLOSED and before.closed_at is not None else now
    if state is State.DESTROYED:
        return Life(state, opened_at, closed_at, before.closing_reason)
    if cell == BACK:
        reason = next(row.reason for row in reversed(past[:-1]) if row.after is State.CLOSED)
    return Life(state, opened_at, closed_at, reason, years_after(closed_at, ARCHIVE_YEARS))


def _timer(before: Life, past: tuple[Transition, ...], state: State, event: Event, now: int) -> int | None:
    """When the new state changes of itself; one that is entered again gets its whole delay again."""
    if state in {State.INFORMED, State.SUSPENDED} or event is Event.ANNOUNCE_FORMER:
        return end_of_day(now, SIX_WEEKS)
    if event in {Event.TAKE_OVER, Event.KEEP_APART} or not _announced(past):
        return None
    return end_of_day(now, SIX_WEEKS) if before.due_at is None or before.state is State.SUSPENDED else before.due_at


def _announced(past: tuple[Transition, ...]) -> bool:
    """Whether a record of before 2022 waits to join the space."""
    told = [row.event for row in past if row.event in _OF_FORMER or row.event == Event.CLOSE]
    return bool(told) and told[-1] == Event.ANNOUNCE_FORMER


def _write(connection: Connection, patient_key: int, after: Life, row: Transition) -> None:
    values = {
        "patient": patient_key,
        "new_state": after.state.value,
        "new_opened_at": after.opened_at,
        "new_closed_at": after.closed_at,
        "new_reason": after.closing_reason,
        "new_due_at": after.due_at,
    }
    if row.before is State.NONE:
        connection.execute(_NEW, values)
    else:
        bump(connection, patient_key)
        connection.execute(_CHANGE, values)
    connection.execute(
        _ADD,
        {
            "patient": patient_key,
            "place": row.number,
            "old_state": row.before.value,
            "new_state": row.after.value,
            "now": row.at,
            "what": row.event,
            "why": row.reason,
            "who": row.actor,
        },
    )
