"""What one submission must be in itself, before the registry is looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.errors import (
    CarnetError,
    DocumentMissing,
    DuplicateInMessage,
    InvalidMetadata,
    MetadataMissing,
    PatientMismatch,
    Several,
    UnresolvedReference,
    UpdateInvalid,
)
from carnet.metadata import AssociationType as T
from carnet.metadata import AvailabilityStatus, Document, PatientIdentifier
from carnet.registry.consistency import SUBMISSION_CHECKS, UPDATE_CHECKS, check_submission, check_update
from carnet.registry.document_pairs import check_documents, pair_documents

UUID = "urn:uuid:3d1f6f0a-98a5-4d0e-8f07-0f3a6f0d7c1a"
STRANGER = PatientIdentifier("153078987658513", "1.2.250.1.213.1.4.10")


def refusal_of(submission, check=check_submission) -> CarnetError:
    with pytest.raises(CarnetError) as refusal:
        check(submission)
    return refusal.value


def test_a_plain_submission_is_consistent(room):
    check_submission(room.submission(room.document(), room.document(), room.folder()))


def test_every_rule_names_its_clause():
    assert all(clause for _, clause in (*SUBMISSION_CHECKS, *UPDATE_CHECKS))


@pytest.mark.parametrize("what", ["document", "folder"])
def test_what_is_not_a_member_of_the_submission_set_is_refused(room, what):
    submission = room.submission(getattr(room, what)())
    assert type(refusal_of(replace(submission, associations=()))) is InvalidMetadata


@pytest.mark.parametrize("what", ["document", "folder"])
def test_another_patient_than_that_of_the_submission_set_is_refused(room, what):
    error = refusal_of(room.submission(getattr(room, what)(patient_id=STRANGER)))
    assert type(error) is PatientMismatch


def test_two_objects_with_one_unique_id_are_refused(room):
    for first, second in ((room.document, room.document), (room.folder, room.folder), (room.document, room.folder)):
        error = refusal_of(room.submission(first(unique_id="1.2.3"), second(unique_id="1.2.3")))
        assert type(error) is DuplicateInMessage
        assert error.subject == "1.2.3"


def test_the_submission_set_shares_no_unique_id_with_what_it_holds(room):
    assert type(refusal_of(room.submission(room.document(unique_id="1.2.3"), unique_id="1.2.3"))) is DuplicateInMessage


def test_one_uuid_for_two_objects_is_refused_whatever_its_case(room):
    submission = room.submission(room.document(entry_uuid=UUID), room.folder(entry_uuid=UUID.replace("f", "F")))
    error = refusal_of(submission)
    assert isinstance(error, Several), "the two are also the same member twice"
    assert type(error.errors[0]) is DuplicateInMessage


def test_an_object_without_unique_id_or_id_is_refused(room):
    assert type(refusal_of(room.submission(room.folder(unique_id="")))) is InvalidMetadata
    assert isinstance(refusal_of(room.submission(room.document(entry_uuid=""))), CarnetError)


def test_a_symbolic_id_that_names_nothing_is_refused(room):
    document = room.document()
    error = refusal_of(room.submission(document, links=[(T.APND, document, "Document99")]))
    assert type(error) is UnresolvedReference
    assert error.subject == "Document99"


@pytest.mark.parametrize("kind", [T.RPLC, T.XFRM_RPLC])
def test_a_document_of_the_submission_cannot_be_replaced_by_it(room, kind):
    first, second = room.document(), room.document()
    assert type(refusal_of(room.submission(first, second, links=[(kind, first, second)]))) is InvalidMetadata


@pytest.mark.parametrize("kind", [T.APND, T.XFRM])
def test_a_document_and_its_addition_can_come_together(room, kind):
    first, second = room.document(), room.document()
    check_submission(room.submission(first, second, links=[(kind, second, first)]))


@pytest.mark.parametrize("kind", [T.RPLC, T.APND, T.XFRM, T.XFRM_RPLC, T.SIGNS, T.IS_SNAPSHOT_OF])
def test_a_relationship_starts_from_a_document_of_the_submission(room, kind):
    for source in (UUID, room.folder()):
        members = [source] if not isinstance(source, str) else []
        assert type(refusal_of(room.submission(*members, links=[(kind, source, UUID[:-1] + "b")]))) is InvalidMetadata


def test_a_document_has_no_members(room):
    first, second = room.document(), room.document()
    assert type(refusal_of(room.submission(first, second, links=[(T.HAS_MEMBER, first, second)]))) is InvalidMetadata


def test_nothing_relates_to_itself(room):
    document = room.document()
    assert type(refusal_of(room.submission(document, links=[(T.APND, document, document)]))) is InvalidMetadata


def test_the_signature_may_sign_the_submission_set(room):
    document, signature = room.document(), room.signature()
    check_submission(room.submission(document, signature, links=[(T.SIGNS, signature, "SubmissionSet01")]))
    assert type(refusal_of(room.submission(document, links=[(T.RPLC, document, "SubmissionSet01")]))) is InvalidMetadata


@pytest.mark.parametrize("kind", [T.UPDATE_AVAILABILITY_STATUS, T.SUBMIT_ASSOCIATION])
def test_operations_of_an_update_have_no_place_in_a_submission(room, kind):
    document = room.document()
    submission = room.submission(document)
    operation = room.link(kind, submission.submission_set, UUID)
    error = refusal_of(replace(submission, associations=(*submission.associations, operation)))
    assert type(error) is InvalidMetadata


def test_the_same_link_or_two_replacements_of_one_document_are_refused(room):
    first, second = room.document(), room.document()
    twice = [(T.APND, first, UUID), (T.APND, first, UUID.upper().replace("URN:UUID", "urn:uuid"))]
    assert type(refusal_of(room.submission(first, links=twice))) is InvalidMetadata
    both = [(T.RPLC, first, UUID), (T.XFRM_RPLC, second, UUID)]
    assert type(refusal_of(room.submission(first, second, links=both))) is InvalidMetadata


def test_one_document_may_replace_two(room):
    document = room.document()
    check_submission(room.submission(document, links=[(T.RPLC, document, UUID), (T.RPLC, document, UUID[:-1] + "b")]))


@pytest.mark.parametrize(
    ("status", "registered", "good"),
    [
        ("Original", False, True),
        ("", False, True),
        ("Reference", False, False),
        ("Reference", True, True),
        ("", True, True),
        ("Original", True, False),
        ("Copy", False, False),
    ],
)
def test_submission_set_status_says_original_for_what_comes_and_reference_for_what_is_there(
    room, status, registered, good
):
    submission = room.submission(*([] if registered else [room.document()]))
    own = submission.submission_set
    target = UUID if registered else submission.entries[0]
    link = room.link(T.HAS_MEMBER, own, target, submission_set_status=status)
    submission = replace(submission, associations=(link,))
    if good:
        check_submission(submission)
    else:
        assert type(refusal_of(submission)) is InvalidMetadata


def test_a_new_document_names_no_other_logical_id_and_no_previous_version(room):
    check_submission(room.submission(room.document(entry_uuid=UUID, logical_id=UUID)))
    assert type(refusal_of(room.submission(room.document(logical_id=UUID)))) is InvalidMetadata
    submission = room.submission(room.document())
    versioned = replace(submission, associations=(replace(submission.associations[0], previous_version=1),))
    assert type(refusal_of(versioned)) is InvalidMetadata


def test_all_that_is_wrong_is_told_at_once(room):
    document = room.document(patient_id=STRANGER)
    error = refusal_of(room.submission(document, links=[(T.APND, document, "Document99")]))
    assert isinstance(error, Several)
    assert {type(one) for one in error.errors} == {PatientMismatch, UnresolvedReference}


# --- documents ----------------------------------------------------------------------------------------------------


def with_documents(submission, *names):
    return replace(submission, documents=tuple(Document(name, b"<x/>") for name in names))


def test_each_entry_comes_with_its_document(room):
    submission = room.submission(room.document(entry_uuid="Document01"), room.document(entry_uuid="Document02"))
    check_documents(with_documents(submission, "Document02", "Document01"))
    error = refusal_of(with_documents(submission, "Document01"), check_documents)
    assert type(error) is DocumentMissing
    assert error.subject == submission.entries[1].unique_id


def test_each_document_comes_with_its_entry(room):
    submission = room.submission(room.document(entry_uuid="Document01"))
    error = refusal_of(with_documents(submission, "Document01", "Document02"), check_documents)
    assert type(error) is MetadataMissing


def test_ids_of_entry_and_document_that_differ_by_case_still_meet(room):
    submission = with_documents(room.submission(room.document(entry_uuid="Document01")), "document01")
    check_documents(submission)
    assert pair_documents(submission)["Document01"] is submission.documents[0]


def test_exact_ids_come_before_those_that_differ_by_case(room):
    submission = room.submission(room.document(entry_uuid="Doc"), room.document(entry_uuid="DOC"))
    submission = with_documents(submission, "DOC", "Doc")
    check_documents(submission)
    assert pair_documents(submission)["Doc"] is submission.documents[1]


def test_two_documents_for_one_entry_or_one_document_for_two_are_refused(room):
    submission = room.submission(room.document(entry_uuid="Doc"))
    assert isinstance(refusal_of(with_documents(submission, "Doc", "Doc"), check_documents), CarnetError)
    both = room.submission(room.document(entry_uuid="Doc"), room.document(entry_uuid="DOC"))
    assert type(refusal_of(with_documents(both, "doc"), check_documents)) is DuplicateInMessage


# --- updates ------------------------------------------------------------------------------------------------------


def test_an_update_without_operation_is_refused(room):
    assert type(refusal_of(room.submission(), check_update)) is UpdateInvalid


@pytest.mark.parametrize("kind", [T.RPLC, T.APND, T.SIGNS, T.SUBMIT_ASSOCIATION])
def test_only_the_offered_operations_make_an_update(room, kind):
    update = room.new_version(room.document(logical_id=UUID, version=1))
    extra = room.link(kind, update.entries[0], UUID)
    error = refusal_of(replace(update, associations=(*update.associations, extra)), check_update)
    assert type(error) is UpdateInvalid


def test_an_update_changes_the_status_of_registered_objects_only(room):
    status = AvailabilityStatus.ARCHIVED
    update = room.new_status("SubmissionSet01", AvailabilityStatus.APPROVED, status)
    assert type(refusal_of(update, check_update)) is UpdateInvalid
    check_update(room.new_status(UUID, AvailabilityStatus.APPROVED, status))


def test_an_updated_entry_is_a_member_of_the_submission_set(room):
    update = room.new_version(room.document(logical_id=UUID, version=1))
    status = room.new_status(UUID, AvailabilityStatus.APPROVED, AvailabilityStatus.ARCHIVED)
    error = refusal_of(replace(update, associations=status.associations), check_update)
    assert type(error) is InvalidMetadata
