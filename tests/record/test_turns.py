"""Several workers on one PostgreSQL database: what acts were written for, one writer at a time, holds patient by patient."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import replace
from functools import partial

import pytest

from carnet.audit.verification import verify
from carnet.consent.acting_links import Representation
from carnet.database.failures import ConstraintViolated
from carnet.database.opening import open_database
from carnet.database.postgres import PostgresConnection
from carnet.database.turns import ALONE, NOBODY, SEALING, turn_of
from carnet.demo.people import NESSI, PAT_TROIS, PATIENTS
from carnet.errors import Unavailable
from carnet.platform import build
from carnet.record import groups, patient_room
from carnet.record.delegations import Delegations
from carnet.record.gate import Attempt, Gate
from carnet.record.groups import keys_of, turn_of_named
from carnet.record.patient_acts import PatientActs
from carnet.requester import AccessMode
from carnet.soap.ebrim_render import EbrimRenderer

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
EACH = 12


class Meeting(PostgresConnection):
    """Waits, once it has read a patient's last line, for the other worker to have read it too; for so many seconds at most."""

    barrier: threading.Barrier | None = None
    seconds = 1.5

    def execute(self, statement, parameters=None):
        rows = super().execute(statement, parameters)
        if self.barrier is not None and "patient_seq DESC" in statement.sqlite:
            barrier, self.barrier = self.barrier, None
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(timeout=self.seconds)
        return rows


@pytest.fixture
def workers(room):
    """Gates of their own, each with its connection."""
    opened = []

    def make(count, connection=PostgresConnection):
        for number in range(count):
            platform = build(room.platform.settings, EbrimRenderer(), clock=lambda: room.now, worker=f"t{number}")
            platform.connection.close()
            opened.append(Gate(replace(platform, connection=connection(room.platform.settings.database_url))))
        return opened

    yield make
    for gate in opened:
        gate.platform.close()


def at_once(*works):
    """Runs works in threads of their own; what each gave or raised."""
    found = [None] * len(works)

    def run(number, work):
        try:
            found[number] = work()
        except Exception as error:  # noqa: BLE001 - told to the test
            found[number] = error

    threads = [threading.Thread(target=run, args=one) for one in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return found


def sequences(room):
    found = {}
    for key, seq in room.rows("SELECT patient_key, patient_seq FROM audit_event WHERE patient_key IS NOT NULL"):
        found.setdefault(key, []).append(seq)
    return found


def proved(room):
    """The findings of `carnet verify-audit`."""
    platform = room.platform
    with contextlib.closing(open_database(platform.settings.database_place, patience=60.0)) as connection:
        connection.begin_reading()
        return verify(connection, platform.keyring.checkpoint_public_key(), platform.settings.audit_origin).findings


def test_workers_beside_each_other_and_a_sealer_leave_a_trace_without_a_gap(room, workers):
    one, other, sealer = workers(3)
    patients = (PAT_TROIS, NESSI)
    done = threading.Event()

    def submit_again_and_again(gate):
        ids = []
        for number in range(EACH):
            patient = patients[number % 2]
            requester = room.caller(patient=patient)
            submission = room.submission(room.document(patient=patient))
            ids += [
                entry.unique_id for entry in gate.perform_now(requester, room.submitting(submission, requester)).entries
            ]
            gate.note(Attempt("iti18", "127.0.0.1", "c" * 64, "no assertion"))
        return ids

    def seal_meanwhile():
        count = 0
        while not done.is_set():
            count += sealer.seal()
        return count

    sealing = threading.Thread(target=seal_meanwhile)
    sealing.start()
    answers = at_once(lambda: submit_again_and_again(one), lambda: submit_again_and_again(other))
    done.set()
    sealing.join()
    while sealer.seal():
        pass
    assert [type(answer) for answer in answers] == [list, list], answers
    assert len(set(answers[0]) | set(answers[1])) == 2 * EACH
    assert room.rows("SELECT count(*) FROM document_entry") == [(2 * EACH,)]
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in sequences(room).values())
    order = [ticket for (ticket,) in room.rows("SELECT ticket FROM audit_event ORDER BY leaf_index")]
    assert order == sorted(order)
    assert len(room.rows("SELECT size FROM audit_checkpoint")) > 2
    assert list(proved(room)) == []


def two_at_one_patient(room, workers):
    one, other = workers(2, Meeting)
    barrier = threading.Barrier(2)
    for gate in (one, other):
        gate.perform_now(room.caller(), room.finding())
        gate.platform.connection.barrier = barrier
    return at_once(*(lambda gate=gate: gate.perform_now(room.caller(), room.finding()) for gate in (one, other)))


def test_two_workers_that_meet_at_one_patient_take_turns(room, workers):
    answers = two_at_one_patient(room, workers)
    assert not [answer for answer in answers if isinstance(answer, Exception)]


def test_without_the_turn_of_the_patient_one_of_the_two_fails(room, workers, monkeypatch):
    """The control: acts that hold no turn meet at the patient's last line, and the database refuses the second."""
    monkeypatch.setattr(groups, "keys_of", lambda _platform, _requester: ())
    monkeypatch.setattr(Meeting, "seconds", 60)
    answers = two_at_one_patient(room, workers)
    failed = [answer for answer in answers if isinstance(answer, Exception)]
    assert [type(failure) for failure in failed] == [Unavailable]
    assert isinstance(failed[0].__cause__, ConstraintViolated) or failed[0].__cause__ is None


def test_a_turn_is_waited_for_and_then_given_up(room, workers):
    url = room.platform.settings.database_url
    with contextlib.closing(PostgresConnection(url)) as holder:
        holder.begin(turn_of([1, 2]))
        with contextlib.closing(PostgresConnection(url, patience=2.0)) as other:
            other.begin(turn_of([3]))
            other.control("ROLLBACK")
            for turn in (turn_of([2, 9]), ALONE):
                with pytest.raises(Unavailable):
                    other.begin(turn)
                assert not other.in_transaction
            other.begin(SEALING)
            other.control("ROLLBACK")
        holder.control("ROLLBACK")


def test_a_line_that_may_still_come_is_not_sealed_over(room, workers):
    """A transaction holds a ticket that is lower than one that was committed: the sealer waits for it, and blocks nobody."""
    (gate,) = workers(1)
    while gate.seal():
        pass
    late = Attempt("iti18", "127.0.0.1", "c" * 64, "late")
    url = room.platform.settings.database_url
    with contextlib.closing(PostgresConnection(url)) as slow:
        slow.begin(NOBODY)
        (ticket,) = slow._ask("SELECT nextval('audit_event_ticket_seq')")[0]
        gate.note(late)
        assert room.last_ticket() > ticket
        assert not gate.seal()
        slow.control("ROLLBACK")
    assert gate.seal()


def test_an_emergency_holds_the_turn_of_those_whose_emergencies_are_counted(room):
    usual = set(keys_of(room.platform, room.caller()))
    urgent = set(keys_of(room.platform, room.caller(mode=AccessMode.BRIS_DE_GLACE)))
    assert (len(usual), len(urgent)) == (1, 3)
    assert usual < urgent


class Registering(PostgresConnection):
    """Waits, once it has registered the identifiers of an act, for the other worker to have done so too; not for ever."""

    barrier: threading.Barrier | None = None

    def execute_many(self, statement, rows):
        super().execute_many(statement, rows)
        if self.barrier is not None and "INSERT INTO registered_identifier" in statement.sqlite:
            barrier, self.barrier = self.barrier, None
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(timeout=1.5)


def two_groups_that_cross(room, workers):
    """Two groups whose acts register the same two new names, in opposite orders, for four people; what each act ends with."""
    names = [room.submission(room.document()).submission_set.unique_id for _ in range(2)]
    barrier, works = threading.Barrier(2), []
    for number, gate in enumerate(workers(2, Registering)):
        gate.platform.connection.barrier = barrier
        people = PATIENTS[2 * number : 2 * number + 2]
        wanted = zip(people, names if number == 0 else names[::-1], strict=True)
        works.append(partial(all_of, gate, [naming(room, patient, name) for patient, name in wanted]))
    return [type(answer).__name__ for answers in at_once(*works) for answer in answers]


def naming(room, patient, name):
    """A submission to a person's record, under this uniqueId of the submission set."""
    requester = room.caller(patient=patient)
    submission = room.submission(room.document(patient=patient))
    return requester, room.submitting(
        replace(submission, submission_set=replace(submission.submission_set, unique_id=name)), requester
    )


def all_of(gate, calls):
    async def together():
        return await asyncio.gather(*(gate.perform(*call) for call in calls), return_exceptions=True)

    return asyncio.run(together())


def test_two_groups_that_cross_at_new_identifiers_do_not_wait_for_each_other(room, workers):
    """One of each two gets the name, the other is told that it is taken; nobody is told to come again."""
    answers = two_groups_that_cross(room, workers)
    assert sorted(answers) == ["DuplicateIdentifier", "DuplicateIdentifier", "Registered", "Registered"]


def test_without_the_turns_of_identifiers_the_server_ends_one_of_the_two(room, workers, monkeypatch):
    """The control."""
    monkeypatch.setattr(groups, "_turns", lambda platform, one: keys_of(platform, one.requester))
    assert "Unavailable" in two_groups_that_cross(room, workers)


# --- the patient's side -------------------------------------------------------------------------------------------


def desks_of(gates):
    return [PatientActs(gate, "operator:test") for gate in gates]


def two_of_the_patient_s_side(room, workers):
    """Two workers that read the patient's last line before either has written the next one, if nothing keeps them apart."""
    gates = workers(2, Meeting)
    for desk in desks_of(gates):
        desk.documents(PAT_TROIS.identifier)
    barrier = threading.Barrier(2)
    for gate in gates:
        gate.platform.connection.barrier = barrier
    return at_once(*(lambda desk=desk: desk.documents(PAT_TROIS.identifier) for desk in desks_of(gates)))


def test_two_acts_of_the_patient_s_side_on_one_patient_take_turns(room, workers):
    assert two_of_the_patient_s_side(room, workers) == [(), ()]
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in sequences(room).values())


def test_without_its_turn_one_of_the_two_fails(room, workers, monkeypatch):
    """The control."""
    monkeypatch.setattr(patient_room, "turn_of_named", lambda _platform, _named: NOBODY)
    monkeypatch.setattr(Meeting, "seconds", 60)
    failed = [answer for answer in two_of_the_patient_s_side(room, workers) if isinstance(answer, Exception)]
    assert [type(failure) for failure in failed] == [ConstraintViolated]


IMPATIENT = partial(PostgresConnection, patience=2.0)
"""Gives a turn up soon: the tests of whose turn is waited for wait for all of it."""


def while_nessi_is_held(room, work):
    """What a work gives while somebody else's transaction holds the turn of NESSI."""
    with contextlib.closing(PostgresConnection(room.platform.settings.database_url)) as holder:
        holder.begin(turn_of_named(room.platform, [NESSI.identifier]))
        try:
            return work()
        finally:
            holder.control("ROLLBACK")


def test_an_act_of_the_patient_s_side_waits_for_its_own_people_alone(room, workers):
    (desk,) = desks_of(workers(1, IMPATIENT))
    assert while_nessi_is_held(room, lambda: desk.documents(PAT_TROIS.identifier)) == ()
    with pytest.raises(Unavailable):
        while_nessi_is_held(room, lambda: desk.documents(NESSI.identifier))
    acting = replace(desk, acting=NESSI.identifier)
    with pytest.raises(Unavailable):
        while_nessi_is_held(room, lambda: acting.documents(PAT_TROIS.identifier))
    family = Delegations(desk.gate, "operator:test")
    with pytest.raises(Unavailable):
        while_nessi_is_held(room, lambda: family.invite(PAT_TROIS.identifier, NESSI.identifier, Representation.CARER))


def test_control_alone_it_would_wait_for_everybody(room, workers, monkeypatch):
    monkeypatch.setattr(patient_room, "turn_of_named", lambda _platform, _named: ALONE)
    (desk,) = desks_of(workers(1, IMPATIENT))
    with pytest.raises(Unavailable):
        while_nessi_is_held(room, lambda: desk.documents(PAT_TROIS.identifier))
