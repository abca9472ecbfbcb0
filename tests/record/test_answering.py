"""The history of accesses: whose lines, of when, how many, in whose words."""

from __future__ import annotations

import pytest

from carnet.clock import DAY, HOUR
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, NESSI, OTHER_GP, PAT_TROIS
from carnet.record.answering import MOST, access_history
from carnet.record.own_trail import OwnTrail
from carnet.record.patient_acts import PatientActs
from carnet.record.record_opening import open_record
from carnet.requester import AccessMode

OPERATOR = "operator:tests"


def opened(room, who=OTHER_GP, patient=PAT_TROIS):
    requester = room.caller(who, patient)
    return room.do(requester, open_record(patient.identifier, requester, "session"))


@pytest.fixture(autouse=True)
def at_noon(room):
    """No day ends while a test runs."""
    room.now += DAY - room.now % DAY + 12 * HOUR


def history(room, who, **changes):
    return room.do(room.caller(who, **changes), access_history("fr"))


def test_the_medecin_traitant_sees_everybodys_accesses_and_nothing_of_the_patients_own(room):
    opened(room)
    PatientActs(room.gate, OPERATOR).block(NESSI.identifier, HOSPITAL_DOCTOR.identifier)
    OwnTrail(room.gate, OPERATOR).told(PAT_TROIS.identifier, "fr")
    told = history(room, MEDECIN_TRAITANT)
    assert told.whole
    assert any(OTHER_GP.name in line.sentence for line in told.lines)
    assert not any(line.sentence.split(", ")[1].startswith(("vous", "le titulaire")) for line in told.lines)
    assert all("votre dossier" not in line.sentence for line in told.lines)


def test_others_see_their_own_and_so_does_a_medecin_traitant_in_an_emergency(room):
    opened(room)
    room.do(room.caller(MEDECIN_TRAITANT), room.finding())
    mine = history(room, OTHER_GP)
    assert not mine.whole
    assert mine.lines
    assert all(OTHER_GP.name in line.sentence for line in mine.lines)
    urgent = {"mode": AccessMode.BRIS_DE_GLACE, "reason": "INCONSCIENT: patient inconscient aux urgences"}
    broken = history(room, MEDECIN_TRAITANT, **urgent)
    assert not broken.whole
    assert not any(OTHER_GP.name in line.sentence for line in broken.lines)


def test_the_history_is_of_a_year_and_of_a_hundred_lines(room):
    for _ in range(MOST + 5):
        opened(room)
    told = history(room, OTHER_GP)
    assert (len(told.lines), told.more) == (MOST, True)
    assert [line.at for line in told.lines] == sorted((line.at for line in told.lines), reverse=True)
    room.now += 366 * DAY
    assert history(room, OTHER_GP).lines == ()
