"""Putting documents in: checked before the gate, registered and stored together or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from carnet.authorization.facts import Function
from carnet.demo.people import HOSPITAL_DOCTOR, LABORATORY, MEDECIN_TRAITANT, NESSI, OTHER_GP, PAT_TROIS
from carnet.demo.stage import AUTOMATE
from carnet.errors import (
    CarnetError,
    DeprecatedTarget,
    DocumentMissing,
    DuplicateIdentifier,
    DuplicateInMessage,
    InvalidDocument,
    InvalidMetadata,
    NonIdenticalContent,
    PatientMismatch,
    Refused,
    Several,
    SignatureInvalid,
    TooLarge,
    UnresolvedReference,
)
from carnet.metadata import MASQUE_PS, AvailabilityStatus, Code
from carnet.record.submission import prepare_submission, submit
from carnet.requester import CardClass


def prepared(room, submission, requester=None):
    return prepare_submission(room.platform, requester or room.caller(), submission)


def altered(submission, **changes):
    """The submission with its first entry changed."""
    first, *others = submission.entries
    return replace(submission, entries=(replace(first, **changes), *others))


def is_refused(room, error, submission, requester=None):
    """The submission ends with this error and nothing of it is kept."""
    before = room.kept()
    requester = requester or room.caller()
    with pytest.raises(error) as refusal:
        room.do(requester, room.submitting(submission, requester))
    assert room.kept() == before
    return refusal.value


# --- what is kept --------------------------------------------------------------------------------------------------


def test_what_was_put_in_is_registered_with_the_repository_s_own_digests(room):
    sent = room.document()
    (entry,) = room.put(sent)
    assert entry.hash == hashlib.sha1(sent.content).hexdigest()
    assert entry.size == len(sent.content)
    assert entry.repository_unique_id == room.platform.settings.repository_unique_id
    ((sha256, size, mime_type),) = room.rows("SELECT sha256, size, mime_type FROM stored_document")
    assert (sha256, size, mime_type) == (hashlib.sha256(sent.content).digest(), len(sent.content), "text/xml")


@pytest.mark.sqlite_only
def test_no_byte_of_a_document_stands_in_clear_in_the_home(room):
    room.put(room.document(title="TITRE-CANARI"))
    room.platform.connection.control("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in room.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"TITRE-CANARI" not in content, path.name
            assert PAT_TROIS.identifier.value.encode() not in content, path.name


def test_a_set_of_several_documents_is_one_line_of_the_trace_with_all_of_them(room):
    sent = [room.document(number=number) for number in (1, 2, 3)]
    ticket = room.last_ticket()
    room.put(*sent)
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["outcome"]) == ("iti41", "done")
    assert sorted(line["objects"]) == sorted(one.entry.unique_id for one in sent)


def test_the_same_submission_again_changes_nothing_and_is_answered_as_done(room):
    submission, requester = room.submission(room.document()), room.caller()
    first = room.do(requester, room.submitting(submission, requester))
    before, ticket = room.kept(), room.last_ticket()
    again = room.do(requester, room.submitting(submission, requester))
    assert again.resubmitted
    assert [entry.entry_uuid for entry in again.entries] == [entry.entry_uuid for entry in first.entries]
    assert room.kept() == before
    (line,) = room.lines_since(ticket)
    assert line["detail"] == "submitted again"


def test_a_document_that_comes_again_in_another_set_keeps_its_stored_bytes(room):
    sent = room.document()
    room.put(sent)
    before = room.kept()
    (second,) = room.put(sent)
    after = room.kept()
    assert (after["bytes"], after["stored_document"]) == (before["bytes"], before["stored_document"])
    assert after["document_entry"] == before["document_entry"] + 1
    (found,) = room.do(room.caller(), room.retrieving(second.unique_id))
    assert room.give(found) == sent.content


def test_a_document_s_identifier_with_other_content_is_refused(room):
    sent = room.document()
    room.put(sent)
    room.now += 60_000_000
    other = room.document(unique_id=sent.entry.unique_id, title="Titre de même longueur que l'autre")
    is_refused(room, (NonIdenticalContent, Several), room.submission(other))


def test_one_bad_document_keeps_the_whole_set_out(room):
    first, second = room.document(number=1), room.document(number=2)
    room.put(replace(second, entry=replace(second.entry, entry_uuid="Document01")))
    clash = room.document(number=2, unique_id=second.entry.unique_id, title="Tout autre chose")
    is_refused(room, CarnetError, room.submission(first, clash))
    assert room.do(room.caller(), room.getting(unique_ids=(first.entry.unique_id,))).references == ()


# --- without facts -------------------------------------------------------------------------------------------------


def test_a_submission_for_another_patient_than_the_assertion_s_is_refused(room):
    with pytest.raises(PatientMismatch):
        prepared(room, room.submission(room.document()), room.caller(patient=NESSI))


def test_a_document_about_another_patient_than_its_metadata_is_refused(room):
    sent = room.document(patient=NESSI)
    moved = replace(sent, entry=replace(sent.entry, patient_id=PAT_TROIS.identifier))
    with pytest.raises(CarnetError) as refusal:
        prepared(room, room.submission(moved))
    assert isinstance(refusal.value, InvalidMetadata | InvalidDocument | PatientMismatch | Several)


def test_limits_of_number_and_size_are_settings(open_room):
    room = open_room(maximum_documents=1)
    with pytest.raises(TooLarge, match="at most 1"):
        prepared(room, room.submission(room.document(number=1), room.document(number=2)))
    room = open_room(maximum_document_bytes=100)
    with pytest.raises(TooLarge, match="at most 100 bytes"):
        prepared(room, room.submission(room.document()))


def test_an_empty_document_is_refused(room):
    submission = room.submission(room.document())
    empty = replace(submission.documents[0], content=b"")
    with pytest.raises(InvalidMetadata, match="empty"):
        prepared(room, replace(submission, documents=(empty,)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hash": "0" * 40}, "hash"),
        ({"size": 1}, "size"),
        ({"repository_unique_id": "1.2.3"}, "repositoryUniqueId"),
    ],
)
def test_metadata_that_contradict_the_bytes_are_refused(room, changes, said):
    with pytest.raises(InvalidMetadata, match=said):
        prepared(room, altered(room.submission(room.document()), **changes))


def test_a_hash_in_capitals_and_the_right_size_are_accepted(room):
    sent = room.document()
    submission = room.submission(sent)
    digest = hashlib.sha1(sent.content).hexdigest()
    ready = prepared(room, altered(submission, hash=digest.upper(), size=len(sent.content)))
    assert ready.submission.entries[0].hash == digest


def test_every_wrong_document_of_a_set_is_told_at_once(room):
    submission = room.submission(room.document(number=1), room.document(number=2))
    wrong = Code("nowhere", "1.2.3")
    entries = tuple(replace(entry, type_code=wrong) for entry in submission.entries)
    with pytest.raises(Several) as refusal:
        prepared(room, replace(submission, entries=entries))
    assert {error.subject for error in refusal.value.errors} == {entry.unique_id for entry in entries}


def test_an_entry_without_document_and_an_identifier_given_twice_are_refused(room):
    submission = room.submission(room.document())
    is_refused(room, DocumentMissing, replace(submission, documents=()))
    sent = room.document(number=1)
    twin = replace(sent, entry=replace(sent.entry, entry_uuid="Document02"))
    is_refused(room, DuplicateInMessage, room.submission(sent, twin))


def test_masked_and_invisible_together_are_a_setting(open_room):
    both = ("MASQUE_PS", "INVISIBLE_PATIENT")
    room = open_room()
    with pytest.raises(InvalidMetadata):
        prepared(room, room.submission(room.document(masks=both)))
    room = open_room(masked_and_invisible_together=True)
    assert prepared(room, room.submission(room.document(masks=both)))


def test_preparing_writes_nothing(room):
    before, ticket = room.kept(), room.last_ticket()
    prepared(room, room.submission(room.document()))
    assert (room.kept(), room.last_ticket()) == (before, ticket)


# --- the signature -------------------------------------------------------------------------------------------------


def test_a_set_must_be_signed_where_the_setting_says_so(open_room):
    room = open_room(submission_signature_required=True)
    with pytest.raises(SignatureInvalid, match="not signed"):
        prepared(room, room.submission(room.document()))
    signed = room.submission(room.document(), signed=True)
    registered = room.do(room.caller(), room.submitting(signed, room.caller()))
    assert [entry.is_signature for entry in registered.entries].count(True) == 1


def test_a_structure_signs_with_its_seal(open_room):
    room = open_room(submission_signature_required=True)
    submission = room.submission(room.document(), by=LABORATORY, signed=True)
    assert room.do(room.laboratory(), room.submitting(submission, room.laboratory())).entries


def test_a_set_signed_by_another_than_who_sends_it_is_refused(room):
    submission = room.submission(room.document(), by=OTHER_GP, signed=True)
    with pytest.raises(SignatureInvalid, match="another"):
        prepared(room, submission, room.caller(MEDECIN_TRAITANT))


def test_a_signature_is_verified_even_where_it_is_not_demanded(room):
    submission = room.submission(room.document(), signed=True)
    first, *others = submission.documents
    changed = first.content.replace(b"<title>Compte", b"<title>Compts")
    assert changed != first.content
    forged = replace(submission, documents=(replace(first, content=changed), *others))
    with pytest.raises(CarnetError) as refusal:
        prepared(room, forged)
    assert isinstance(refusal.value, SignatureInvalid | InvalidMetadata | InvalidDocument)
    with pytest.raises(SignatureInvalid):
        prepared(room, altered(forged, title="Compts rendu de consultation", hash="", size=None))


def test_a_set_with_two_signatures_is_refused(room):
    submission = room.submission(room.document(), signed=True)
    signature = next(entry for entry in submission.entries if entry.is_signature)
    link = next(one for one in submission.associations if one.target == signature.entry_uuid)
    twin = replace(signature, entry_uuid="Signature02", unique_id=signature.unique_id + "9")
    document = next(one for one in submission.documents if one.entry_id == signature.entry_uuid)
    doubled = replace(
        submission,
        entries=(*submission.entries, twin),
        associations=(*submission.associations, replace(link, entry_uuid="Member09", target="Signature02")),
        documents=(*submission.documents, replace(document, entry_id="Signature02")),
    )
    with pytest.raises(SignatureInvalid, match="more than one"):
        prepared(room, doubled)


# --- replacements --------------------------------------------------------------------------------------------------


def correction(room, old, by=MEDECIN_TRAITANT, **about):
    sent = room.document(replaces=old.unique_id, version=2, **about)
    return room.submission(sent, by=by, replaces={sent.entry.entry_uuid: old.entry_uuid})


def test_the_author_replaces_a_document_and_the_first_is_deprecated(room):
    (old,) = room.put(room.document())
    new = room.do(room.caller(), room.submitting(correction(room, old), room.caller())).entries[0]
    assert room.do(room.caller(), room.finding()).references == (new.entry_uuid,)
    assert room.do(room.caller(), room.finding(AvailabilityStatus.DEPRECATED)).references == (old.entry_uuid,)


def test_nobody_replaces_another_s_document(room):
    (old,) = room.put(room.document())
    doctor = room.caller(HOSPITAL_DOCTOR)
    refusal = is_refused(room, Refused, correction(room, old, by=HOSPITAL_DOCTOR, author=HOSPITAL_DOCTOR), doctor)
    assert "author-only" in refusal.rules
    assert refusal.subject == old.entry_uuid


def test_a_document_that_replaces_a_masked_one_is_masked(room):
    (old,) = room.put(room.document(masks=(MASQUE_PS,)))
    new = room.do(room.caller(), room.submitting(correction(room, old), room.caller())).entries[0]
    assert new.masks == {MASQUE_PS}
    assert room.do(room.caller(HOSPITAL_DOCTOR), room.getting_all()).references == ()


def test_a_document_that_replaces_an_open_one_stays_open(room):
    (old,) = room.put(room.document())
    new = room.do(room.caller(), room.submitting(correction(room, old), room.caller())).entries[0]
    assert new.masks == frozenset()


def test_replacing_a_hidden_document_is_answered_like_replacing_none(room):
    (old,) = room.put(room.document(masks=(MASQUE_PS,)))
    doctor = room.caller(HOSPITAL_DOCTOR)
    absent = replace(old, entry_uuid="urn:uuid:0d5c7aa2-0000-4000-8000-000000000001")
    told = [
        is_refused(room, UnresolvedReference, correction(room, one, by=HOSPITAL_DOCTOR), doctor)
        for one in (old, absent)
    ]
    assert told[0].message == told[1].message


def test_a_document_already_replaced_is_not_replaced_again(room):
    (old,) = room.put(room.document())
    room.do(room.caller(), room.submitting(correction(room, old), room.caller()))
    is_refused(room, DeprecatedTarget, correction(room, old))


def test_a_document_that_names_another_parent_than_the_association_is_refused(room):
    (old,), (other,) = room.put(room.document()), room.put(room.document())
    sent = room.document(replaces=other.unique_id, version=2)
    is_refused(room, InvalidDocument, room.submission(sent, replaces={"Document01": old.entry_uuid}))


# --- whose right ---------------------------------------------------------------------------------------------------


def test_feeding_needs_no_authorisation_to_read(room):
    assert room.put(room.document(author=OTHER_GP), by=OTHER_GP)


def test_an_employee_s_card_feeds_by_the_right_of_the_secretary(room):
    ready = prepared(room, room.submission(room.document()))
    employee = room.caller(card=CardClass.EMPLOYEE)
    assert submit(ready, employee).function is Function.FEED_SECRETARY
    assert submit(ready, room.caller()).function is Function.FEED
    assert submit(ready, room.laboratory()).function is Function.FEED


def test_a_machine_that_comes_with_a_person_s_card_feeds_nothing(room):
    machine = room.caller(profession=AUTOMATE)
    is_refused(room, Refused, room.submission(room.document()), machine)


def test_an_identifier_of_another_patient_s_document_is_taken(room):
    sent = room.document(patient=NESSI)
    room.put(sent, requester=room.caller(patient=NESSI))
    is_refused(room, DuplicateIdentifier, room.submission(room.document(unique_id=sent.entry.unique_id)))
