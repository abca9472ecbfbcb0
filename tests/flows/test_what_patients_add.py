"""What a patient adds, through the real server: care software finds it, reads it and may not change it, like any document of another's."""

from __future__ import annotations

import msgspec
import pytest

from carnet.client.feeding import status_update
from carnet.clock import system_clock
from carnet.demo.payloads import pdf
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT
from carnet.metadata import AvailabilityStatus
from carnet.record.own_additions import OwnAdditions, make
from carnet.record.own_drafts import About, NewPiece, OwnDrafts
from carnet.record.patient_acts import PatientActs


def add(house, ins, *, content=None, **about):
    """The uniqueId of a document that a patient adds by the acts of the space."""
    new = NewPiece("pdf", 1, content or pdf("Prise de sang"), b"")
    desk, acts = OwnDrafts(house.gate, "operator:flows"), OwnAdditions(house.gate, "operator:flows")
    draft_id = desk.begin(ins, About())
    desk.add(ins, draft_id, [new])
    desk.keep_whole(ins, draft_id, new, "")
    said = {"title": "Prise de sang", "type": "DOCPAT05", "dated": "20250312", "described": True, **about}
    desk.describe(ins, draft_id, msgspec.structs.replace(desk.show(ins, draft_id).about, **said))
    return acts.add(ins, make(house.gate.platform, acts.basis(ins, draft_id)))


@pytest.fixture
def record(house):
    found = house.new_record()
    PatientActs(house.gate, "operator:flows").join_team(found.identifier, HOSPITAL_DOCTOR.organization.identifier)
    return found


def test_care_software_finds_and_reads_it_with_its_metadata(house, record):
    unique_id = add(house, record.identifier)
    (entry,) = record.documents(by=HOSPITAL_DOCTOR).entries
    assert entry.unique_id == unique_id
    assert (entry.class_code.code, entry.type_code.code) == ("10", "DOCPAT05")
    assert entry.facility_type.code == entry.practice_setting.code == "EXP_PATIENT"
    assert entry.authors[0].person_id == record.identifier.value
    assert entry.service_start_time == "20250312"
    _answer, documents = record.read(unique_id, by=HOSPITAL_DOCTOR)
    assert b"EXP_PATIENT" in next(iter(documents)).content
    assert entry.size == len(next(iter(documents)).content)


def test_a_masked_one_is_absent_for_care_software(house, record):
    unique_id = add(house, record.identifier, masked=True)
    assert not record.documents(by=HOSPITAL_DOCTOR).entries
    assert not record.read(unique_id, by=HOSPITAL_DOCTOR)[1]


def test_no_professional_deletes_it(house, record):
    add(house, record.identifier)
    (entry,) = record.documents(by=HOSPITAL_DOCTOR).entries
    update = status_update(entry, AvailabilityStatus.DELETED, house.caller(HOSPITAL_DOCTOR), system_clock())
    assert record.update(update, by=HOSPITAL_DOCTOR).errors
    assert record.documents(by=HOSPITAL_DOCTOR).entries
    assert MEDECIN_TRAITANT.identifier not in entry.authors[0].person
