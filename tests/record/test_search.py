"""Searching: what the rules hide is absent from answers, counts and references, and the trace says what was shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.demo.people import (
    COMMUNITY_NURSE,
    HOSPITAL_DOCTOR,
    LABORATORY,
    MEDECIN_TRAITANT,
    NESSI,
    OCCUPATIONAL_DOCTOR,
    OTHER_GP,
    PAT_TROIS,
)
from carnet.document_query import FindDocuments, FindFolders, FindSubmissionSets, Get, ReturnType
from carnet.errors import MalformedMessage, NotSinglePatient, PatientMismatch, Refused, TooManyResults
from carnet.metadata import MASQUE_PS, AvailabilityStatus, Code
from carnet.record.act import failed
from carnet.record.administration import Administration
from carnet.record.search import search

APPROVED = AvailabilityStatus.APPROVED
REFERENCES = ReturnType.OBJECT_REF
LOINC = "2.16.840.1.113883.6.1"
NOT_FOR_NURSES = Code("89601-9", LOINC, "Note d'hospitalisation")


def unique_ids(room, answer, *entries):
    """Which of these documents an answer of metadata shows, in its order."""
    return [e.unique_id for rendition in answer.objects for e in entries if e.unique_id.encode() in rendition]


def test_a_doctor_finds_the_documents_of_a_record_and_nothing_of_another_patient_s(room):
    first, second = room.put(room.document())[0], room.put(room.document())[0]
    room.put(room.document(patient=NESSI), requester=room.caller(patient=NESSI))
    answer = room.do(room.caller(), room.finding())
    assert set(answer.references) == {first.entry_uuid, second.entry_uuid}
    assert len(answer.objects) == 2


def test_references_alone_come_without_metadata(room):
    (entry,) = room.put(room.document())
    answer = room.do(room.caller(), room.finding(return_type=REFERENCES))
    assert (answer.references, answer.objects) == ((entry.entry_uuid,), ())


def test_the_trace_names_the_query_and_each_document_shown(room):
    shown, hidden = room.put(room.document())[0], room.put(room.document(masks=(MASQUE_PS,)))[0]
    ticket = room.last_ticket()
    room.do(room.caller(HOSPITAL_DOCTOR), room.finding())
    (line,) = room.lines_since(ticket)
    assert (line["outcome"], line["objects"], line["detail"]) == (
        "done",
        (shown.unique_id,),
        "FindDocuments LeafClass 1",
    )
    room.do(room.caller(), room.getting(unique_ids=(hidden.unique_id,)))
    assert room.lines_since(ticket)[-1]["detail"] == "GetDocuments LeafClass 1"


def test_a_masked_document_is_absent_for_another_doctor_and_there_for_its_author(room):
    (entry,) = room.put(room.document(masks=(MASQUE_PS,)))
    assert room.do(room.caller(HOSPITAL_DOCTOR), room.finding()).references == ()
    assert room.do(room.caller(MEDECIN_TRAITANT), room.finding()).references == (entry.entry_uuid,)


def test_documents_alike_but_for_one_thing_that_the_rules_read_are_judged_apart(room):
    """One doctor's own masked document among masked ones of others, one masked among open ones."""
    own = room.put(room.document(author=HOSPITAL_DOCTOR, masks=(MASQUE_PS,)), by=HOSPITAL_DOCTOR)[0]
    deposited = room.put(room.document(masks=(MASQUE_PS,)), by=HOSPITAL_DOCTOR)[0]
    plain = room.put(room.document())[0]
    room.put(room.document(masks=(MASQUE_PS,)))
    answer = room.do(room.caller(HOSPITAL_DOCTOR), room.finding())
    assert set(answer.references) == {own.entry_uuid, deposited.entry_uuid, plain.entry_uuid}
    assert set(unique_ids(room, answer, own, deposited, plain)) == {own.unique_id, deposited.unique_id, plain.unique_id}


def test_a_type_of_document_that_a_profession_does_not_read_is_absent_for_it(room):
    (entry,) = room.put(room.document(type=NOT_FOR_NURSES))
    assert room.do(room.caller(COMMUNITY_NURSE), room.finding()).references == ()
    assert room.do(room.caller(HOSPITAL_DOCTOR), room.finding()).references == (entry.entry_uuid,)


def test_without_authorisation_nothing_is_searched_but_references_of_one_s_own(room):
    (theirs,) = room.put(room.document(author=OTHER_GP), by=OTHER_GP)
    room.put(room.document())
    with pytest.raises(Refused):
        room.do(room.caller(OTHER_GP), room.finding())
    answer = room.do(room.caller(OTHER_GP), room.finding(return_type=REFERENCES))
    assert answer.references == (theirs.entry_uuid,)


def test_a_structure_s_software_finds_the_references_of_its_own_deposits_alone(room):
    (own,) = room.put(room.document(), by=LABORATORY, requester=room.laboratory())
    room.put(room.document())
    assert room.do(room.laboratory(), room.finding(return_type=REFERENCES)).references == (own.entry_uuid,)
    with pytest.raises(Refused):
        room.do(room.laboratory(), room.finding())


def test_an_occupational_doctor_reads_nothing(room):
    Administration(room.gate, "operator:test").authorise(PAT_TROIS.identifier, OCCUPATIONAL_DOCTOR.identifier, None)
    for return_type in ReturnType:
        with pytest.raises(Refused):
            room.do(room.caller(OCCUPATIONAL_DOCTOR), room.finding(return_type=return_type))


def test_the_signature_of_a_submission_set_is_never_listed(open_room):
    room = open_room()
    submission = room.submission(room.document(), signed=True)
    registered = room.do(room.caller(), room.submitting(submission, room.caller()))
    signature = next(entry for entry in registered.entries if entry.is_signature)
    answer = room.do(room.caller(), room.getting_all())
    assert registered.submission_set.entry_uuid in answer.references
    assert signature.entry_uuid not in answer.references
    assert signature.entry_uuid.encode() not in b"".join(answer.objects)
    assert room.do(room.caller(), room.getting(entry_uuids=(signature.entry_uuid,))).references == ()


def test_identifiers_of_another_patient_find_nothing(room):
    (entry,) = room.put(room.document(patient=NESSI), requester=room.caller(patient=NESSI))
    act = room.getting(entry_uuids=(entry.entry_uuid,))
    assert room.do(room.caller(patient=NESSI), act).references == (entry.entry_uuid,)
    assert room.do(room.caller(), act).references == ()


@pytest.mark.parametrize("kind", [FindDocuments, FindSubmissionSets, FindFolders])
def test_a_query_names_the_patient_of_the_assertion_and_nobody_else(room, kind):
    ticket = room.last_ticket()
    other, both = (NESSI.identifier,), (PAT_TROIS.identifier, NESSI.identifier)
    for patients, return_type, expected in (
        (other, ReturnType.LEAF_CLASS, PatientMismatch),
        (other, REFERENCES, PatientMismatch),
        (both, REFERENCES, PatientMismatch),
        (both, ReturnType.LEAF_CLASS, NotSinglePatient),
    ):
        with pytest.raises(expected):
            room.do(room.caller(), search(kind(patients, (APPROVED,)), return_type))
    assert [line["outcome"] for line in room.lines_since(ticket)] == ["failed"] * 4


def test_too_many_objects_are_given_as_references_only(open_room):
    room = open_room(maximum_leaf_results=1)
    for _ in range(2):
        room.put(room.document())
    with pytest.raises(TooManyResults):
        room.do(room.caller(), room.finding())
    assert len(room.do(room.caller(), room.finding(return_type=REFERENCES)).references) == 2


def test_what_is_hidden_does_not_count_among_too_many(open_room):
    room = open_room(maximum_leaf_results=1)
    room.put(room.document())
    room.put(room.document(masks=(MASQUE_PS,)))
    assert len(room.do(room.caller(HOSPITAL_DOCTOR), room.finding()).references) == 1


def test_a_set_shows_its_visible_documents_and_no_link_to_the_hidden(room):
    first, second = room.document(number=1), room.document(number=2, masks=(MASQUE_PS,))
    submission = room.submission(first, second)
    registered = room.do(room.caller(), room.submitting(submission, room.caller()))
    open_one, masked = registered.entries
    act = room.getting(Get.SUBMISSION_SET_AND_CONTENTS, unique_ids=(submission.submission_set.unique_id,))
    answer = room.do(room.caller(HOSPITAL_DOCTOR), act)
    assert {registered.submission_set.entry_uuid, open_one.entry_uuid} < set(answer.references)
    assert len(answer.references) == 3  # the set, the document, the link between them
    assert masked.entry_uuid.encode() not in b"".join(answer.objects)
    assert len(room.do(room.caller(), act).references) == 5


def test_a_request_found_wrong_before_the_gate_is_traced_as_failed(room):
    ticket = room.last_ticket()
    error = MalformedMessage("A query carries no document.")
    with pytest.raises(MalformedMessage):
        room.do(room.caller(), failed("iti18", error))
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["outcome"], line["detail"]) == ("iti18", "failed", "MalformedMessage")


def test_a_caller_of_no_known_profession_reads_nothing(room):
    stranger = replace(room.caller(), profession=Code("999", "1.2.3"))
    with pytest.raises(Refused):
        room.do(stranger, room.finding(return_type=REFERENCES))
