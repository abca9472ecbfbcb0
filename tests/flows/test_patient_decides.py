"""The patient's decisions through the real server: written by another process, and in force for the next call at every door."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.client.feeding import mask_update
from carnet.clock import system_clock
from carnet.consent.choices import Choice
from carnet.demo.people import HOSPITAL_DOCTOR, OTHER_GP
from carnet.record.administration import Administration
from carnet.record.patient_acts import PatientActs

DECISIONS = {
    "mask": lambda acts, ins, entry: acts.mask(ins, entry.unique_id),
    "default mask": lambda acts, ins, _entry: acts.choose(ins, Choice.MASKS_EVERYTHING, value=True),
    "block": lambda acts, ins, _entry: acts.block(ins, HOSPITAL_DOCTOR.identifier),
    "block of the structure": lambda acts, ins, _entry: acts.block(ins, HOSPITAL_DOCTOR.organization.identifier),
    "end of the stay": lambda acts, ins, _entry: acts.leave_team(ins, HOSPITAL_DOCTOR.organization.identifier),
    "closure": lambda acts, ins, _entry: Administration(acts.gate, "x").close_record(ins, "FERMETURE_DEMANDE_PATIENT"),
}


@pytest.fixture
def stay(house):
    """A record that the hospital's team reads during a stay."""
    record = house.new_record()
    PatientActs(house.gate, "operator:flows").join_team(record.identifier, HOSPITAL_DOCTOR.organization.identifier)
    return record


def shown(record, entry):
    """What the hospital's doctor is shown, door by door."""
    by = HOSPITAL_DOCTOR
    stale = mask_update(replace(entry, version=99), [], record.house.caller(by), system_clock())
    _, documents = record.read(entry.unique_id, by=by)
    return {
        "metadata": bool(record.documents(by=by).entries),
        "references": bool(record.documents(by=by, refs=True).object_refs),
        "document": bool(documents),
        "update": "XDSMetadataVersionError" in str(record.update(stale, by=by).errors),
    }


@pytest.mark.parametrize("decision", DECISIONS)
def test_what_the_patient_decides_holds_for_the_next_call_at_every_door(house, stay, decision):
    entry = stay.add(title="Bilan")
    assert shown(stay, entry) == {"metadata": True, "references": True, "document": True, "update": True}
    acts = PatientActs(house.gate, "operator:flows")
    assert DECISIONS[decision](acts, stay.identifier, entry)
    assert not any(shown(stay, entry).values())


def test_a_default_mask_lets_through_what_is_unmasked_by_name(house):
    record = house.new_record(OTHER_GP)
    first, second = record.add(title="Premier"), record.add(title="Second")
    acts = PatientActs(house.gate, "operator:flows")
    acts.choose(record.identifier, Choice.MASKS_EVERYTHING, value=True)
    acts.unmask(record.identifier, second.unique_id)
    assert record.titles(by=OTHER_GP) == ["Second"]
    assert record.titles() == ["Premier", "Second"]
    acts.mask(record.identifier, second.unique_id)
    assert record.titles(by=OTHER_GP) == []
    assert first.unique_id != second.unique_id


def test_who_is_opposed_to_feeding_is_refused_at_the_door(house):
    record = house.new_record(OTHER_GP)
    acts = PatientActs(house.gate, "operator:flows")
    acts.oppose_feeding(record.identifier, OTHER_GP.identifier, "un motif légitime")
    made = record.submission(record.document(author=OTHER_GP), by=OTHER_GP)
    assert record.send(made, OTHER_GP).errors
    acts.allow_feeding(record.identifier, OTHER_GP.identifier)
    made = record.submission(record.document(author=OTHER_GP), by=OTHER_GP)
    assert not record.send(made, OTHER_GP).errors
