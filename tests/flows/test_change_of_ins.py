"""A person's INS changes (a number that waited for registration becomes the final one): the record goes on under the new one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flows_house import FEED_HEADER, Record, fictitious_patient

from carnet.client.feeding import mask_update
from carnet.clock import system_clock
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.metadata import MASQUE_PS
from carnet.record.intake import import_patients

_OFFSET = 40_000
"""Numbers of this file's patients, far from those that `house` deals out."""


def renumber(record: Record) -> Record:
    """The record of the same person after their INS changed."""
    number = int(record.identifier.value[7:13])
    after = replace(fictitious_patient(_OFFSET + number % 1_000), traits=record.patient.traits)
    traits = after.traits
    cells = (
        *(after.identifier.value, after.identifier.authority, traits.birth_name, traits.birth_given_names, "", ""),
        *(traits.sex, traits.birth_date, traits.birth_place, record.identifier.value, record.identifier.authority),
    )
    header = f"{FEED_HEADER.strip()};ancien_ins;ancien_oid\n"
    assert not import_patients(record.house.gate, [header, ";".join(cells) + "\n"]).bad
    return Record(record.house, after)


@pytest.fixture
def renumbered(record):
    """A record with a document, before and after its patient's INS changed."""
    record.add(title="Avant")
    return record, renumber(record)


def test_the_record_is_found_and_fed_under_the_new_ins(renumbered):
    _, record = renumbered
    assert record.titles() == ["Avant"]
    entry = record.add(title="Après")
    assert record.titles() == ["Après", "Avant"]
    assert len(record.read(entry.unique_id, record.documents().entries[0].unique_id)[1]) == 2


def test_the_former_ins_is_nobodys(renumbered, codes):
    former, _ = renumbered
    assert codes(former.documents()) == ["XDSUnknownPatientId"]
    assert codes(former.send(former.submission(former.document()))) == ["XDSUnknownPatientId"]


def test_a_document_of_before_is_masked_and_replaced_under_the_new_ins(renumbered, codes):
    _, record = renumbered
    (entry,) = record.documents().entries
    caller = record.house.caller(MEDECIN_TRAITANT)
    made = mask_update(replace(entry, patient_id=record.identifier), [MASQUE_PS], caller, system_clock())
    assert not record.update(made).errors
    (masked,) = record.documents().entries
    assert (masked.masks, masked.patient_id) == ({MASQUE_PS}, record.identifier)
    sent, made = record.replacement(masked, title="Corrigé")
    assert not codes(record.send(made))
    assert record.titles() == ["Corrigé"]
    assert record.entry(sent.entry.unique_id).masks == {MASQUE_PS}


def test_answers_carry_the_ins_that_was_asked_for(renumbered):
    _, record = renumbered
    assert [entry.patient_id for entry in record.documents().entries] == [record.identifier]


def test_an_answer_that_was_remembered_under_the_former_ins_is_not_given_again(record):
    entry = record.add(title="Avant")
    assert [one.patient_id for one in record.documents().entries] == [record.identifier]
    after = renumber(record)
    assert [one.patient_id for one in after.documents().entries] == [after.identifier]
    assert after.read(entry.unique_id, after.documents().entries[0].unique_id)


def test_the_change_stands_in_the_patients_trace(renumbered):
    former, record = renumbered
    (line,) = [one for one in record.trace() if one["action"] == "feed/change-of-ins"]
    assert (line["patient"], list(line["objects"])) == (record.identifier.cx(), [former.identifier.cx()])
