"""The fast path for lists: the same verdicts as the engine's, the rules run once for each class of documents alike."""

from __future__ import annotations

import itertools

import pytest

from carnet.authorization.engine import Engine
from carnet.authorization.facts import DocumentFacts, Function, RecordFacts
from carnet.authorization.rules import RULES, Rule
from carnet.clock import from_iso
from carnet.metadata import AvailabilityStatus

NOW = from_iso("2026-11-22T10:00:00Z")
OPEN = RecordFacts(state="open", authorisation="valid")
RECORDS = [
    OPEN,
    RecordFacts(state="open"),
    RecordFacts(state="open", authorisation="valid", administrator=True),
    RecordFacts(state="open", medecin_traitant=True),
    RecordFacts(state="open", authorisation="valid", blocked=True),
]
ROWS = list(
    itertools.product(
        ["REPORT", "LETTER", "NOVEL"],
        ["", "MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_PATIENT MASQUE_PS"],
        [status.value for status in AvailabilityStatus],
        ["", "899700000099 899700000011", "8997000000111"],
        ["", "1990000001 1990000009"],
        ["899700000011", "899700000099", ""],
        ["1990000001", "1990000009"],
        [0, 1],
    )
)


def _facts(row):
    type_code, masks, status, persons, institutions, depositor, organization, signature = row
    return DocumentFacts(
        type_code=type_code,
        masks=frozenset(masks.split()),
        status=AvailabilityStatus(status),
        author_persons=frozenset(persons.split()),
        author_institutions=frozenset(institutions.split()),
        depositor=depositor,
        depositor_organization=organization,
        is_signature=bool(signature),
    )


@pytest.mark.parametrize("function", [Function.SEARCH, Function.SEARCH_REFERENCES, Function.CONSULT])
@pytest.mark.parametrize("who", ["doctor", "nurse", "hospital", "secretary"])
@pytest.mark.parametrize("record", RECORDS)
def test_a_viewer_sees_what_the_engine_allows(request, matrices, function, who, record):
    requester, engine = request.getfixturevalue(who), Engine(matrices)
    viewer = engine.viewer(requester, record, NOW, function)
    sample = ROWS[:: 7 if who == "doctor" else 11]
    for row in sample:
        expected = engine.decide_document(requester, record, _facts(row), function, NOW)
        assert viewer.sees(*row) is expected.allowed, row
        assert viewer.decision(_facts(row)) == expected


def test_by_default_a_viewer_answers_whether_the_caller_may_know_of_a_document(matrices, hospital, doctor):
    engine = Engine(matrices)
    ours = ("REPORT", "", AvailabilityStatus.APPROVED.value, "", "1990000001", "", "", 0)
    for requester in (hospital, doctor):
        assert engine.viewer(requester, OPEN, NOW).sees(*ours) is engine.visible(requester, OPEN, _facts(ours), NOW)
        assert engine.viewer(requester, OPEN, NOW).sees(*ours)
    assert not engine.viewer(hospital, OPEN, NOW, Function.SEARCH).sees(*ours)


def test_the_rules_run_once_for_documents_alike(matrices, doctor):
    runs = []
    counting = Rule("counting", lambda case: bool(runs.append(case.document)))
    viewer = Engine(matrices, rules=(*RULES, counting)).viewer(doctor, OPEN, NOW)
    for number in range(300):
        assert viewer.sees("REPORT", "", AvailabilityStatus.APPROVED.value, f"8{number}", "", f"8{number}", "", 0)
    assert len(runs) == 1
    viewer.sees("REPORT", "", AvailabilityStatus.APPROVED.value, doctor.identifier, "", "", "", 0)
    assert len(runs) == 2


def test_an_identifier_within_another_is_not_the_same(matrices, nurse):
    viewer = Engine(matrices).viewer(nurse, OPEN, NOW)
    row = ("REPORT", "MASQUE_PS", AvailabilityStatus.APPROVED.value)
    assert viewer.sees(*row, f"8 {nurse.identifier} 9", "", "", "", 0)
    assert not viewer.sees(*row, f"{nurse.identifier}0 9{nurse.identifier}", "", "", "", 0)


def test_a_structure_s_identifier_within_another_is_not_the_same(matrices, hospital):
    viewer = Engine(matrices).viewer(hospital, OPEN, NOW)
    row = ("REPORT", "", AvailabilityStatus.APPROVED.value, "")
    assert viewer.sees(*row, f"3 {hospital.organization_id} 4", "", "", 0)
    assert not viewer.sees(*row, f"{hospital.organization_id}0 9{hospital.organization_id}", "", "", 0)


def test_a_caller_without_an_identifier_is_not_the_author_of_a_document_without_one(matrices, caller):
    viewer = Engine(matrices).viewer(caller(identifier=""), OPEN, NOW)
    assert not viewer.sees("REPORT", "MASQUE_PS", AvailabilityStatus.APPROVED.value, "", "", "", "", 0)


def test_a_status_that_is_not_known_is_not_seen(matrices, doctor):
    assert not Engine(matrices).viewer(doctor, OPEN, NOW).sees("REPORT", "", "urn:new:status", "", "", "", "", 0)


def test_a_viewer_for_an_act_that_is_not_done_on_documents_sees_nothing(matrices, doctor):
    row = ("REPORT", "", AvailabilityStatus.APPROVED.value, doctor.identifier, "", "", "", 0)
    assert not Engine(matrices).viewer(doctor, OPEN, NOW, Function.FEED).sees(*row)


def test_a_viewer_whose_facts_could_not_be_put_together_sees_nothing(matrices, doctor):
    viewer = Engine(matrices).viewer(doctor, OPEN, NOW, "TD9.9")
    assert not viewer.sees("REPORT", "", AvailabilityStatus.APPROVED.value, doctor.identifier, "", "", "", 0)
    assert viewer.decision(DocumentFacts("REPORT")).rules == ("error",)


@pytest.mark.parametrize("function", [Function.ARCHIVE, Function.DELETE])
def test_columns_alone_never_allow_to_archive_or_delete(matrices, doctor, function):
    viewer = Engine(matrices).viewer(doctor, OPEN, NOW, function)
    row = ("REPORT", "", AvailabilityStatus.APPROVED.value, doctor.identifier, "", "", "", 0)
    assert viewer.decision(_facts(row)).allowed
    assert not viewer.sees(*row)
