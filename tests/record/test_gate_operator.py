"""The gate for the operator: a command is one transaction, a long import keeps its steps, the trace is sealed."""

from __future__ import annotations

import sqlite3

import pytest
from gate_calls import finding

from carnet.clock import MINUTE
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT
from carnet.record import gate as gate_module


@pytest.mark.sqlite_only
def test_a_command_that_fails_keeps_nothing_and_the_service_goes_on(room):
    before = room.kept()

    def work(connection):
        connection._raw.execute("DELETE FROM care_link")
        raise ValueError("a bad file")

    with pytest.raises(ValueError, match="a bad file"):
        room.gate.administer(work)
    assert room.kept() == before
    assert room.do(*finding(room)).references == ()


@pytest.mark.sqlite_only
def test_a_long_import_keeps_the_steps_that_it_finished(room):
    def work(connection, step):
        connection._raw.execute("DELETE FROM care_link WHERE party = ?", (MEDECIN_TRAITANT.identifier,))
        step()
        connection._raw.execute("DELETE FROM care_link")
        raise ValueError("the file broke off")

    with pytest.raises(ValueError, match="broke off"):
        room.gate.administer_in_steps(work)
    parties = {party for (party,) in room.rows("SELECT DISTINCT party FROM care_link")}
    assert MEDECIN_TRAITANT.identifier not in parties
    assert HOSPITAL_DOCTOR.identifier in parties


def test_sealing_covers_every_waiting_line_and_says_when_none_waits(room):
    room.do(*finding(room))
    assert room.gate.seal()
    assert not room.gate.seal()
    assert room.rows("SELECT count(*) FROM audit_event WHERE leaf_index IS NULL") == [(0,)]
    assert room.rows("SELECT max(size) FROM audit_checkpoint") == room.rows("SELECT count(*) FROM audit_event")


def test_a_seal_that_cannot_be_committed_is_made_again(room):
    room.do(*finding(room))
    room.connection.fail("COMMIT")
    with pytest.raises(sqlite3.OperationalError):
        room.gate.seal()
    room.now += MINUTE
    assert room.gate.seal()


def test_a_sealer_that_is_behind_says_so_and_goes_on_at_once(room, monkeypatch):
    """A sealing takes so many lines at most; at the rate of a nation one each second is not enough."""
    room.do(room.caller(), room.finding())
    while room.gate.seal():
        pass
    assert not room.gate.behind
    monkeypatch.setattr(gate_module, "SEAL_LIMIT", 2)
    for count, behind in ((1, False), (2, True)):
        for _ in range(count):
            room.do(room.caller(), room.finding())
        assert room.gate.seal()
        assert room.gate.behind is behind
    assert not room.gate.seal()
    assert not room.gate.behind
