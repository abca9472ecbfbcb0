"""A cell that is not of its column's type, wherever an act reads it: the truth or a typed error, never a fault of ours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.document_query import Get, ReturnType
from carnet.errors import CarnetError
from carnet.record import gate as gate_module
from carnet.record.act import Act
from carnet.record.gate import Gate
from carnet.record.retrieval import Wanted, retrieve

OTHERS = (None, -7, "autre", b"\xff\x00")
"""What a cell may become when the bits of its type turn."""


class Damaging:
    """A connection on which one cell of what one statement gives is another. It keeps what was asked."""

    def __init__(self, connection):
        self._connection = connection
        self.cells = {}
        self.at, self.instead = None, None

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def execute(self, statement, parameters=None):
        rows = self._connection.execute(statement, parameters or {})
        if rows and statement.sqlite.startswith("SELECT"):
            self.cells.setdefault(statement.sqlite, rows[0])
        if self.at is None or statement.sqlite != self.at[0] or not rows:
            return rows
        first = list(rows[0])
        first[self.at[1]] = self.instead
        return [tuple(first), *rows[1:]]


@pytest.fixture
def damaging(room):
    """A gate over a connection that damages; a document stands in the record."""
    (entry,) = room.put(room.document())
    connection = Damaging(room.platform.connection)
    platform = replace(room.platform, connection=connection)
    return room, Gate(platform), connection, entry


def acts(room, entry):
    """Each act and who asks for it, made anew each time."""
    ours = room.platform.settings.repository_unique_id
    return {
        "search": room.finding,
        "references": lambda: room.finding(return_type=ReturnType.OBJECT_REF),
        "get all": room.getting_all,
        "get documents": lambda: room.getting(Get.DOCUMENTS, entry_uuids=(entry.entry_uuid,)),
        "retrieve": lambda: retrieve((Wanted(ours, entry.unique_id),)),
        "submit": lambda: room.submitting(room.submission(room.document()), room.caller()),
        "mask": lambda: room.mask(entry),
    }


NAMES = ("search", "references", "get all", "get documents", "retrieve", "submit", "mask")


def tried(damaging, name):
    """What each other cell leads to, for each statement that an act runs: names of errors, `done`, or `fault` and where."""
    room, gate, connection, entry = damaging
    act = acts(room, entry)[name]

    def outcome():
        room.platform.renditions.forget_everybody()
        try:
            Gate(gate.platform).perform_now(room.caller(), taken_back(act()))
        except Done:
            return "done"
        except CarnetError as error:
            return type(error).__name__
        except Exception as error:  # noqa: BLE001 - what the test is to find
            return f"fault: {error!r}"
        return "nothing"

    assert outcome() == "done"
    found = []
    for text, row in list(connection.cells.items()):
        for column, cell in enumerate(row):
            for instead in OTHERS:
                if type(instead) is not type(cell):
                    connection.at, connection.instead = (text, column), instead
                    found.append((outcome(), text, column, instead))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_of_another_type_is_a_typed_error_wherever_it_is_read(damaging, name):
    found = tried(damaging, name)
    assert [one for one in found if one[0].startswith(("fault", "nothing"))] == []
    assert len(found) > 30
    assert name == "submit" or [one for one in found if one[0] == "IntegrityFailure"]


def test_control_a_gate_that_reads_once_answers_with_faults(damaging, monkeypatch):
    monkeypatch.setattr(gate_module, "damage_met", lambda *_: None)
    assert [one for one in tried(damaging, "retrieve") if one[0].startswith("fault")]


def test_a_fault_that_is_no_damage_stays_one(damaging):
    _room, gate, _connection, _entry = damaging

    def fails(_scope):
        raise KeyError("a fault of ours")

    with pytest.raises(KeyError):
        gate.perform_now(_room.caller(), Act("iti18", fails))


def test_what_the_second_reading_writes_is_taken_back(damaging):
    room, gate, connection, _entry = damaging
    gate.perform_now(room.caller(), room.finding())
    text = next(text for text in connection.cells if "document_entry" in text)
    before = room.kept()
    connection.at, connection.instead = (text, 0), b"no text"

    def writes(scope):
        room.submitting(room.submission(room.document()), room.caller()).run(scope)
        raise TypeError("as damage would")

    with pytest.raises((CarnetError, TypeError)):
        gate.perform_now(room.caller(), Act("iti41", writes))
    assert room.kept() == before


class Done(CarnetError):
    """The act was done, and is taken back."""


def taken_back(act):
    """The same act, ended by an error when all is done, so that the next one finds what it found."""

    def run(scope):
        act.run(scope)
        raise Done("taken back")

    return replace(act, run=run)
