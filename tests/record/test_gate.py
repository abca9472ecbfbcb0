"""The gate: one decision, one transaction and one line of the trace for each act, however many are ready at once."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from dataclasses import replace

import pytest
from gate_calls import failing, finding, outcomes, submitting, then

from carnet.authorization.engine import Engine
from carnet.authorization.matrix import Matrices
from carnet.authorization.rules import RULES, Rule
from carnet.clock import system_clock
from carnet.demo.people import HOSPITAL_DOCTOR, OTHER_GP, PAT_TROIS
from carnet.errors import (
    Busy,
    DuplicateIdentifier,
    IntegrityFailure,
    OutOfResources,
    RecordClosed,
    Refused,
    Unavailable,
)
from carnet.platform import packaged_matrices
from carnet.record.administration import Administration
from carnet.record.gate import Gate
from carnet.repository.file_system import OperatingSystem
from carnet.repository.segments import LONGEST_PAUSE
from carnet.soap.operations import OPERATIONS

HOSPITAL = HOSPITAL_DOCTOR.organization


class FailsToSync(OperatingSystem):
    """A disk whose next syncs fail as often as told."""

    def __init__(self) -> None:
        self.failures = 0

    def sync(self, handle):
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EIO, "the disk answered with an error")
        super().sync(handle)


# --- acts that are ready together ----------------------------------------------------------------------------------


def test_acts_that_are_ready_together_share_one_commit(room):
    before = room.last_ticket()
    room.connection.commands.clear()
    calls = [submitting(room), submitting(room), finding(room), submitting(room, HOSPITAL_DOCTOR)]
    results = room.together(*calls)
    assert not [result for result in results if isinstance(result, BaseException)]
    assert room.connection.commits == 1
    assert outcomes(room.lines_since(before)) == [
        ("iti41", "done"),
        ("iti41", "done"),
        ("iti18", "done"),
        ("iti41", "done"),
    ]
    room.do(*finding(room))
    assert room.connection.commits == 2


def test_a_batch_has_at_most_sixty_four_acts(room):
    room.connection.commands.clear()
    results = room.together(*(finding(room) for _ in range(65)))
    assert len(results) == 65
    assert not [result for result in results if isinstance(result, BaseException)]
    assert room.connection.commits == 2


def test_an_act_sees_what_went_before_it_in_its_batch(room):
    document = room.document()
    requester = room.caller()
    act = room.submitting(room.submission(document), requester)
    _, found = room.together((requester, act), finding(room))
    assert document.entry.unique_id.encode() in b"".join(found.objects)


# --- one act's failure ---------------------------------------------------------------------------------------------


def harms_itself_alone(room, error):
    """An act that fails at its end takes itself back, its document's bytes included, and nothing of its neighbours."""
    good, other = submitting(room), submitting(room)
    requester, act = submitting(room)
    before, bytes_before, ticket = room.kept(), room.kept()["bytes"], room.last_ticket()
    first, second, third = room.together(good, (requester, failing(act, error)), other)
    assert second is error
    assert (len(first.entries), len(third.entries)) == (1, 1)
    after = room.kept()
    assert after["document_entry"] == before["document_entry"] + 2
    assert after["stored_document"] == before["stored_document"] + 2
    for registered in (first, third):
        (found,) = room.do(room.caller(), room.retrieving(registered.entries[0].unique_id))
        assert room.give(found).startswith(b"<?xml")
    length = sum(row[0] for row in room.rows("SELECT length FROM stored_document"))
    assert after["bytes"] - bytes_before == length
    return room.lines_since(ticket)[:3]


@pytest.mark.parametrize("error", [DuplicateIdentifier("It is there already."), RuntimeError("a bug")])
def test_an_act_that_fails_harms_no_other_and_is_traced_as_failed(room, error):
    lines = harms_itself_alone(room, error)
    assert outcomes(lines) == [("iti41", "done"), ("iti41", "failed"), ("iti41", "done")]
    assert lines[1]["detail"] == type(error).__name__
    assert lines[1]["objects"] == ()


def test_a_refused_act_is_traced_as_refused_with_the_rules_that_decided(room):
    ticket = room.last_ticket()
    with pytest.raises(Refused):
        room.do(room.caller(OTHER_GP), room.finding())
    (line,) = room.lines_since(ticket)
    assert (line["outcome"], line["rules"], line["detail"]) == ("refused", ("no-authorisation",), "Refused")
    assert line["matrix_version"] == "draft-2026-11-22"
    assert line["requester_id"] == OTHER_GP.identifier


def test_an_act_whose_caller_went_away_is_done_and_traced_all_the_same(room):
    requester, act = submitting(room)
    ticket = room.last_ticket()

    async def leave():
        waiting = asyncio.create_task(room.gate.perform(requester, act))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(leave())
    assert outcomes(room.lines_since(ticket)) == [("iti41", "done")]
    assert room.rows("SELECT count(*) FROM stored_document") == [(1,)]


# --- nothing is answered as done that is not durable ---------------------------------------------------------------


def answers_nobody(room, *calls, expected=Unavailable, synced=False):
    """Every call of a batch that could not be made durable is told to come again; nothing of it is kept, not even a line.

    Bytes that were `synced` before stay in their file, sealed under a key that nobody has.
    """
    before, ticket = room.kept(), room.last_ticket()
    results = room.together(*calls)
    assert [type(result) for result in results] == [expected] * len(calls)
    after = room.kept()
    if synced:
        assert after.pop("bytes") > before.pop("bytes")
    assert after == before
    assert room.last_ticket() == ticket


def test_a_trace_that_cannot_be_written_fails_the_act_and_keeps_nothing(room):
    room.connection.fail("INSERT INTO audit_event")
    answers_nobody(room, submitting(room))
    room.connection.fail("INSERT INTO audit_event")
    with pytest.raises(Unavailable):
        room.do(*finding(room))
    assert len(room.do(*submitting(room)).entries) == 1


def test_a_commit_that_fails_answers_nobody_as_done_and_the_service_goes_on(room):
    room.connection.fail("COMMIT")
    answers_nobody(room, submitting(room), finding(room), submitting(room), synced=True)
    registered = room.do(*submitting(room))
    (found,) = room.do(room.caller(), room.retrieving(registered.entries[0].unique_id))
    assert room.give(found)


@pytest.mark.sqlite_only
def test_a_transaction_that_cannot_even_be_left_answers_and_the_service_goes_on(room):
    room.connection.fail("COMMIT")
    room.connection.fail("ROLLBACK")
    answers_nobody(room, submitting(room), submitting(room), synced=True)
    assert [type(result) for result in room.together(submitting(room))] == [Unavailable]
    assert len(room.do(*submitting(room)).entries) == 1
    assert room.rows("SELECT count(*) FROM document_entry") == [(1,)]


def test_a_document_sync_that_fails_answers_nobody_as_done(open_room):
    disk = FailsToSync()
    room = open_room(file_system=disk)
    entry = room.put(room.document())[0]
    store, now = room.platform.segments, system_clock()
    store._clock = lambda: now
    disk.failures = 1
    answers_nobody(room, submitting(room), submitting(room), finding(room), expected=OutOfResources, synced=True)
    # Until a pause is over no document is stored; reading goes on. Then the same process goes on in another file.
    before, files = room.kept(), set(store.segments())
    refused, found = room.together(submitting(room), finding(room))
    assert isinstance(refused, OutOfResources)
    assert len(found.references) == 1
    assert room.kept() == before
    store._clock = lambda: now + LONGEST_PAUSE
    assert len(room.do(*submitting(room)).entries) == 1
    assert len(set(store.segments()) - files) == 1
    (located,) = room.do(room.caller(), room.retrieving(entry.unique_id))
    assert room.give(located)


@pytest.mark.parametrize(
    ("error", "told"),
    [(sqlite3.SQLITE_IOERR, Unavailable), (sqlite3.SQLITE_FULL, Unavailable), (sqlite3.SQLITE_ERROR, sqlite3.Error)],
)
def test_a_database_that_fails_within_an_act_is_told_as_a_reason_to_come_again_and_a_bug_is_not(room, error, told):
    failure = sqlite3.OperationalError("it failed")
    failure.sqlite_errorcode = error
    room.connection.fail("INSERT INTO submission_set", failure)
    before = room.kept()
    with pytest.raises(told):
        room.do(*submitting(room))
    assert room.kept() == before
    assert len(room.do(*submitting(room)).entries) == 1


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "no file left"), MemoryError()])
def test_a_machine_without_files_or_memory_is_a_reason_to_come_again(room, error):
    requester, act = submitting(room)
    with pytest.raises(Unavailable):
        room.do(requester, failing(act, error))


def test_damage_that_an_act_meets_is_told_in_the_log(room, caplog):
    requester, act = submitting(room)
    with pytest.raises(IntegrityFailure):
        room.do(requester, failing(act, IntegrityFailure("A sealed value does not match its seal.")))
    assert [(one.name, one.levelname) for one in caplog.records] == [("carnet.damage", "ERROR")]


@pytest.mark.sqlite_only
def test_a_full_disk_within_an_act_takes_the_whole_batch_with_it(room):
    """SQLite then gives up the whole transaction, savepoints included: what follows must not be kept by itself."""
    calls = [submitting(room), submitting(room), submitting(room)]
    pages = room.connection._raw.execute("PRAGMA page_count").fetchone()[0]

    def fill(scope):
        scope.connection._raw.execute(f"PRAGMA max_page_count={pages + 4}")
        scope.connection._raw.execute("INSERT INTO audit_checkpoint VALUES (999, zeroblob(1000000), 0, '')")

    requester, act = calls[1]
    calls[1] = (requester, then(act, fill))
    answers_nobody(room, *calls)
    room.connection._raw.execute("PRAGMA max_page_count=1000000")
    assert len(room.do(*submitting(room)).entries) == 1


def test_a_savepoint_that_cannot_be_gone_back_to_takes_the_whole_batch_with_it(room):
    requester, act = submitting(room)
    room.connection.fail("ROLLBACK TO")
    answers_nobody(room, submitting(room), (requester, failing(act, RuntimeError("a bug"))), submitting(room))


@pytest.mark.sqlite_only
def test_a_database_that_another_process_holds_is_told_as_a_moment_to_wait(room):
    other = sqlite3.connect(room.platform.settings.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    room.connection._patience = 0.1
    answers_nobody(room, finding(room))
    other.execute("ROLLBACK")
    other.close()
    room.connection._patience = 60.0
    assert room.do(*finding(room)).references == ()


def test_too_many_waiting_acts_are_told_so_at_once(open_room):
    room = open_room(maximum_waiting_requests=2)
    ticket = room.last_ticket()
    results = room.together(*(finding(room) for _ in range(5)))
    assert [type(result).__name__ for result in results] == ["SearchResult", "SearchResult", "Busy", "Busy", "Busy"]
    assert isinstance(results[2], Busy)
    assert len(room.lines_since(ticket)) == 2
    assert room.gate.waiting == 0


# --- negative controls: these checks are worth something ------------------------------------------------------------


class AnswersEarly(Gate):
    """Answers each act as soon as it ran."""

    def _run_one(self, waiting):
        super()._run_one(waiting)
        if waiting.answer is not None and waiting.error is None:
            waiting.answer.set_result(waiting.result)


class KeepsHalves(Gate):
    """Does not go back to the savepoint of an act that failed."""

    def _take_back(self):
        self.platform.connection.control("RELEASE act")


class KeepsBytes(Gate):
    """Leaves the bytes of a failed act in the store."""

    def _run_behind_savepoint(self, scope, act):
        store = self.platform.segments
        rollback_to, store.rollback_to = store.rollback_to, lambda _mark: None
        try:
            return super()._run_behind_savepoint(scope, act)
        finally:
            store.rollback_to = rollback_to


class ForgetsTheTrace(Gate):
    """Goes on when the trace cannot be written."""

    def _trace(self, *arguments, **named):
        try:
            super()._trace(*arguments, **named)
        except sqlite3.Error:
            return


def test_control_a_gate_that_answers_before_the_commit_is_caught(open_room):
    room = open_room(gate=AnswersEarly)
    room.connection.fail("COMMIT")
    with pytest.raises(AssertionError):
        answers_nobody(room, submitting(room), synced=True)


@pytest.mark.parametrize("gate", [KeepsHalves, KeepsBytes])
def test_control_a_gate_that_does_not_take_a_failed_act_back_is_caught(open_room, gate):
    room = open_room(gate=gate)
    with pytest.raises(AssertionError):
        harms_itself_alone(room, DuplicateIdentifier("It is there already."))


def test_control_a_gate_that_goes_on_without_a_trace_is_caught(open_room):
    room = open_room(gate=ForgetsTheTrace)
    room.connection.fail("INSERT INTO audit_event")
    with pytest.raises(AssertionError):
        answers_nobody(room, submitting(room))


# --- every act is decided and traced -------------------------------------------------------------------------------

ACTS = {
    "iti18": lambda room, entry: room.finding(),
    "iti41": lambda room, entry: submitting(room)[1],
    "iti43": lambda room, entry: room.retrieving(entry.unique_id),
    "iti57": lambda room, entry: room.mask(entry),
}


def with_rules(room, *rules):
    room.platform = replace(room.platform, engine=Engine(Matrices(packaged_matrices()), rules=rules))
    room.gate = Gate(room.platform)


def test_the_acts_tried_here_are_all_the_acts_of_the_product():
    assert ACTS.keys() == {operation.transaction for operation in OPERATIONS}


@pytest.mark.parametrize("name", ACTS)
def test_an_engine_that_refuses_yields_a_refusal_and_one_line(room, name):
    (entry,) = room.put(room.document())
    act = ACTS[name](room, entry)
    before, ticket = room.kept(), room.last_ticket()
    with_rules(room, Rule("never", lambda _case: True))
    with pytest.raises(Refused):
        room.do(room.caller(), act)
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["outcome"], line["rules"]) == (name, "refused", ("never",))
    assert room.kept() == before
    with_rules(room, *RULES)
    room.do(room.caller(), act)
    assert outcomes(room.lines_since(ticket)) == [(name, "refused"), (name, "done")]


@pytest.mark.parametrize("name", ACTS)
def test_an_engine_whose_rule_fails_refuses(room, name):
    (entry,) = room.put(room.document())
    act = ACTS[name](room, entry)
    before, ticket = room.kept(), room.last_ticket()

    def broken(_case):
        raise ZeroDivisionError

    with_rules(room, Rule("broken", broken))
    with pytest.raises(Refused):
        room.do(room.caller(), act)
    (line,) = room.lines_since(ticket)
    assert (line["outcome"], line["rules"]) == ("refused", ("broken:error",))
    assert room.kept() == before


@pytest.mark.parametrize("method", ["decide", "viewer"])
@pytest.mark.parametrize("name", ACTS)
def test_an_engine_that_raises_gives_nothing_and_leaves_one_line(room, monkeypatch, name, method):
    (entry,) = room.put(room.document())
    act = ACTS[name](room, entry)
    before, ticket = room.kept(), room.last_ticket()

    def broken(*_arguments):
        raise ZeroDivisionError

    with_rules(room, *RULES)
    monkeypatch.setattr(room.platform.engine, method, broken)
    with pytest.raises(ZeroDivisionError):
        room.do(room.caller(), act)
    assert outcomes(room.lines_since(ticket)) == [(name, "failed")]
    assert room.kept() == before


@pytest.mark.parametrize("name", ACTS)
def test_a_closed_record_is_told_as_closed_whatever_is_asked(room, name):
    (entry,) = room.put(room.document())
    act = ACTS[name](room, entry)
    Administration(room.gate, "operator:test").close_record(PAT_TROIS.identifier, "FERMETURE_DEMANDE_PATIENT")
    before, ticket = room.kept(), room.last_ticket()
    with pytest.raises(RecordClosed):
        room.do(room.caller(), act)
    assert outcomes(room.lines_since(ticket)) == [(name, "refused")]
    assert room.kept() == before


@pytest.mark.parametrize("name", ACTS)
def test_a_blocked_doctor_is_refused_whatever_is_asked(room, name):
    (entry,) = room.put(room.document(author=HOSPITAL_DOCTOR), by=HOSPITAL_DOCTOR)
    act = ACTS[name](room, entry)
    Administration(room.gate, "operator:test").block(PAT_TROIS.identifier, HOSPITAL_DOCTOR.identifier)
    ticket = room.last_ticket()
    with pytest.raises(Refused):
        room.do(room.caller(HOSPITAL_DOCTOR), act)
    (line,) = room.lines_since(ticket)
    assert "blocked-by-patient" in line["rules"]


def test_the_trace_says_who_what_when_and_from_where(room):
    ticket = room.last_ticket()
    requester = room.caller(HOSPITAL_DOCTOR, address="192.0.2.7", certificate="ab" * 32, secret_connection=True)
    document = room.document(author=HOSPITAL_DOCTOR)
    room.do(requester, room.submitting(room.submission(document, by=HOSPITAL_DOCTOR), requester))
    (line,) = room.lines_since(ticket)
    shown = {name: line[name] for name in ("requester_id", "requester_name", "organization_id", "patient", "address")}
    assert shown == {
        "requester_id": HOSPITAL_DOCTOR.identifier,
        "requester_name": HOSPITAL_DOCTOR.name,
        "organization_id": HOSPITAL.identifier,
        "patient": PAT_TROIS.identifier.cx(),
        "address": "192.0.2.7",
    }
    assert (line["certificate"], line["secret"], line["at"]) == ("ab" * 32, True, room.now)
    assert line["objects"] == (document.entry.unique_id,)
    assert (line["requester_role"], line["mode"]) == ("10", "normal")
