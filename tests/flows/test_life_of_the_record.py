"""The life of a record as care software meets it: only an open record is fed and read, in every mode, from the moment of the change on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.clock import DAY, system_clock
from carnet.consent.lifecycle import Event, move
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP
from carnet.identity.patients import find
from carnet.record.custody import Custody
from carnet.record.due import run_due
from carnet.requester import AccessMode

GLASS = {"by": OTHER_GP, "purpose": AccessMode.BRIS_DE_GLACE, "reason": "Patient inconscient aux urgences"}
NOT_OPEN = {
    # the events that lead from an open record to one that nobody enters, and what callers are told
    "suspended": ((Event.SUSPEND,), "DMPClosed"),
    "closed": ((Event.CLOSE,), "DMPClosed"),
    "dead": ((Event.DEATH,), "DMPClosed"),
}


def patient_key(record):
    house = record.house
    return find(house.gate.platform.connection, house.gate.platform.keyring, record.identifier).patient_key


def live(record, *events):
    key = patient_key(record)
    for event in events:
        record.house.gate.administer(lambda connection, event=event: move(connection, key, event, now=system_clock()))


def answers(record, entry):
    """Every door, as the médecin traitant and as somebody who breaks the glass."""
    yield record.documents()
    yield record.documents(**GLASS)
    yield record.read(entry.unique_id)[0]
    yield record.read(entry.unique_id, **GLASS)[0]
    yield record.send(record.submission(record.document()))
    yield record.mask(entry, ["MASQUE_PS"])


@pytest.mark.parametrize("state", NOT_OPEN)
def test_nobody_enters_a_record_that_is_not_open_and_all_is_there_again_afterwards(record, codes, state):
    entry = record.add()
    events, code = NOT_OPEN[state]
    live(record, *events)
    before = record.house.stored()
    for answer in answers(record, entry):
        assert codes(answer) == [code]
        assert not getattr(answer, "entries", ())
    assert record.house.stored() == before
    live(record, {"suspended": Event.RESUME, "dead": Event.WITHDRAW_DEATH}.get(state, Event.OPEN))
    assert record.read(entry.unique_id)[1]


@pytest.mark.parametrize("events", [(Event.INFORM,), (Event.INFORM, Event.OPPOSE)], ids=["informed", "opposed"])
def test_nobody_enters_before_the_opening_nor_after_an_objection(house, record, codes, events):
    waiting = type(record)(house, house.new_patient())
    entry = replace(record.add(), patient_id=waiting.identifier)
    live(waiting, *events)
    before = house.stored()
    for answer in answers(waiting, entry):
        assert len(codes(answer)) == 1
        assert not getattr(answer, "entries", ())
    assert house.stored() == before
    live(waiting, Event.OPEN)
    house.administration.declare_medecin_traitant(waiting.identifier, MEDECIN_TRAITANT.identifier)
    assert waiting.add().title


def test_a_destroyed_record_gives_nothing_even_to_a_worker_that_has_it_in_memory(house, record, codes):
    entry = record.add()
    content = record.read(entry.unique_id)[1]
    assert content
    first, second = Custody(house.gate, "operator:un"), Custody(house.gate, "operator:deux")
    first.close_record(record.identifier, "FERMETURE_DEMANDE_PATIENT")
    first.order_destruction(record.identifier, system_clock() - 40 * DAY)
    second.confirm_destruction(record.identifier)
    assert run_due(house.gate).counts["destroy"] == 1
    for answer in answers(record, entry):
        assert len(codes(answer)) == 1
        assert not getattr(answer, "entries", ())
        assert not getattr(answer, "documents", ())
