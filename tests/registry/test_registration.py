"""Registering submissions: identifiers, duplicates, relationships, folders (ITI-41, ITI-42)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.clock import to_dtm
from carnet.document_query import Get
from carnet.errors import (
    DeprecatedTarget,
    DuplicateIdentifier,
    InvalidMetadata,
    NonIdenticalContent,
    NonIdenticalSize,
    PatientMismatch,
    Several,
    UnresolvedReference,
)
from carnet.metadata import AssociationType as T
from carnet.metadata import AvailabilityStatus as Status
from carnet.metadata import Code
from carnet.registry.queries import FoundEntry
from carnet.registry.registration import targets

UUID = "urn:uuid:3d1f6f0a-98a5-4d0e-8f07-0f3a6f0d7c1a"


def test_a_new_document_gets_a_uuid_and_is_version_1_under_its_own_logical_id(room):
    registered = room.put(room.document())
    (entry,) = registered.entries
    assert entry.entry_uuid.startswith("urn:uuid:")
    assert (entry.logical_id, entry.version, entry.status) == (entry.entry_uuid, 1, Status.APPROVED)
    assert room.entry(entry.entry_uuid) == entry
    assert not registered.resubmitted


def test_symbolic_ids_are_resolved_in_the_registered_associations(room):
    registered = room.put(room.document(), room.folder())
    ends = {(one.source, one.target, one.submission_set_status) for one in registered.associations}
    own = registered.submission_set.entry_uuid
    assert ends == {
        (own, registered.entries[0].entry_uuid, "Original"),
        (own, registered.folders[0].entry_uuid, ""),
    }


def test_a_uuid_chosen_by_the_sender_is_kept_in_lower_case(room):
    entry = room.put_document(entry_uuid=UUID.upper().replace("URN:UUID", "urn:uuid"))
    assert entry.entry_uuid == UUID


def test_a_uuid_that_was_used_before_is_refused(room):
    room.put_document(entry_uuid=UUID)
    with pytest.raises(DuplicateIdentifier):
        room.put_document(entry_uuid=UUID)


def test_the_columns_that_rules_read_say_who_wrote_and_who_deposited(room, masked):
    entry = room.put_document(confidentiality_codes=masked("MASQUE_PS", "INVISIBLE_PATIENT"))
    row = room.row(entry.entry_uuid)
    assert row.masks.split() == ["INVISIBLE_PATIENT", "MASQUE_PS"]
    assert row.author_persons == "899700735741"
    assert row.author_institutions == "499700735741008"
    assert (row.depositor, row.depositor_organization) == (room.requester, room.organization)
    assert (row.type_code, row.is_signature) == ("11502-2", 0)


def test_an_author_identifier_with_a_blank_cannot_pose_as_two_authors(room):
    author = room.document().authors[0]
    entry = room.put_document(authors=(replace(author, person="automate 899700735741^X"),))
    assert room.row(entry.entry_uuid).author_persons == ""


def test_title_patient_and_author_names_do_not_stand_in_clear(room):
    room.put_document(title="Compte rendu tres prive")
    tables = b"".join(repr(row).encode() for table in room.everything() for row in table)
    assert b"prive" not in tables
    assert b"DOC0073574" not in tables
    assert room.patient.value.encode() not in tables
    assert b"11502-2" in tables


def test_an_entry_without_hash_or_size_is_refused(room):
    for lacking in ({"hash": ""}, {"size": None}):
        with pytest.raises(InvalidMetadata):
            room.put_document(**lacking)


def test_what_is_refused_leaves_nothing_behind(room):
    before = room.everything()
    new = room.document()
    with pytest.raises(UnresolvedReference):
        room.put(room.document(), new, links=[(T.RPLC, new, UUID)])
    assert room.everything() == before


# --- duplicates ---------------------------------------------------------------------------------------------------


def test_the_same_submission_again_changes_nothing(room):
    document, folder = room.document(), room.folder()
    submission = room.submission(document, room.signature(), folder)
    first = room.register(submission)
    before = room.everything()
    again = room.register(submission)
    assert again.resubmitted
    assert room.everything() == before
    assert {one.entry_uuid for one in again.entries} == {one.entry_uuid for one in first.entries}
    assert again.submission_set == first.submission_set


def test_the_same_replacement_again_changes_nothing_although_its_target_is_deprecated_by_now(room):
    old = room.put_document()
    new = room.document()
    submission = room.submission(new, links=[(T.RPLC, new, old)])
    room.register(submission)
    before = room.everything()
    assert room.register(submission).resubmitted
    assert room.everything() == before


def test_the_same_submission_again_is_recognised_after_its_document_was_masked(room):
    submission = room.submission(room.document())
    (entry,) = room.register(submission).entries
    room.remask(entry, "MASQUE_PS")
    assert room.register(submission).resubmitted


def test_the_same_submission_again_is_recognised_when_it_also_refers_to_a_registered_document(room):
    older = room.put_document()
    submission = room.submission(room.document())
    reference = room.link(T.HAS_MEMBER, submission.submission_set, older)
    submission = replace(submission, associations=(*submission.associations, reference))
    room.register(submission)
    assert room.register(submission).resubmitted


@pytest.mark.parametrize("what", ["hash", "size", "confidentiality_codes", "unique_id"])
def test_another_submission_under_a_used_submission_set_id_is_refused(room, masked, what):
    submission = room.submission(room.document())
    room.register(submission)
    other = {"hash": "f" * 40, "size": 7, "confidentiality_codes": masked("MASQUE_PS"), "unique_id": room.oid()}
    changed = replace(submission, entries=(replace(submission.entries[0], **{what: other[what]}),))
    with pytest.raises(DuplicateIdentifier):
        room.register(changed)


def test_a_retry_that_adds_or_drops_a_relationship_is_refused(room):
    old, new = room.put_document(), room.document()
    plain = room.submission(new)
    replacing = replace(plain, associations=(*plain.associations, room.link(T.RPLC, new, old)))
    room.register(plain)
    with pytest.raises(DuplicateIdentifier):
        room.register(replacing)


def test_a_submission_set_id_of_another_patient_is_refused_without_telling_more(room):
    own = room.put(room.document()).submission_set
    other = room.other_patient()
    with pytest.raises(DuplicateIdentifier) as refusal:
        other.put(other.document(), unique_id=own.unique_id)
    assert "patient" not in refusal.value.message


def test_a_folder_unique_id_that_is_registered_is_refused(room):
    folder = room.put(room.folder()).folders[0]
    with pytest.raises(DuplicateIdentifier):
        room.put(room.folder(unique_id=folder.unique_id))


def test_a_document_registered_before_may_come_again_with_the_same_bytes_as_another_entry(room):
    first = room.put_document()
    second = room.put_document(unique_id=first.unique_id)
    assert second.entry_uuid != first.entry_uuid
    assert second.logical_id == second.entry_uuid
    assert room.status(first.entry_uuid) == Status.APPROVED


def test_a_document_registered_before_may_not_come_again_with_other_bytes(room):
    first = room.put_document()
    with pytest.raises(NonIdenticalContent) as refusal:
        room.put_document(unique_id=first.unique_id, hash="f" * 40)
    assert not isinstance(refusal.value, NonIdenticalSize)
    with pytest.raises(NonIdenticalSize):
        room.put_document(unique_id=first.unique_id, size=1)


def test_a_document_id_of_another_patient_is_refused_whatever_the_bytes(room):
    first = room.put_document()
    other = room.other_patient()
    for more in ({}, {"hash": "f" * 40}, {"size": 1}):
        with pytest.raises(DuplicateIdentifier):
            other.put_document(unique_id=first.unique_id, **more)


def test_a_document_id_that_names_a_folder_is_refused(room):
    folder = room.put(room.folder()).folders[0]
    with pytest.raises(DuplicateIdentifier):
        room.put_document(unique_id=folder.unique_id)


def test_a_masked_document_cannot_be_shown_by_submitting_it_again_for_who_may_not_see_it(room, masked, hides_masked):
    hidden = room.put_document(confidentiality_codes=masked("MASQUE_PS"))
    for more in ({}, {"hash": "f" * 40}, {"size": 1}):
        with pytest.raises(DuplicateIdentifier):
            room.register(room.submission(room.document(unique_id=hidden.unique_id, **more)), visible=hides_masked)


def test_two_entries_of_one_document_share_their_masks(room, masked):
    first = room.put_document(confidentiality_codes=masked("MASQUE_PS"))
    second = room.put_document(unique_id=first.unique_id)
    assert room.row(second.entry_uuid).masks == "MASQUE_PS"
    room.remask(second, "INVISIBLE_PATIENT")
    assert room.row(first.entry_uuid).masks == "INVISIBLE_PATIENT MASQUE_PS"


# --- relationships ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [T.RPLC, T.XFRM_RPLC])
def test_a_replacement_deprecates_its_target(room, kind):
    old = room.put_document()
    registered = room.replace(old, kind)
    assert registered.deprecated == (old.entry_uuid,)
    assert room.status(old.entry_uuid) == Status.DEPRECATED
    assert room.entry(old.entry_uuid).status is Status.DEPRECATED
    assert room.status(registered.entries[0].entry_uuid) == Status.APPROVED


@pytest.mark.parametrize("kind", [T.APND, T.XFRM])
def test_an_addition_or_a_transformation_leaves_its_target_approved(room, kind):
    target = room.put_document()
    assert room.replace(target, kind).deprecated == ()
    assert room.status(target.entry_uuid) == Status.APPROVED


def test_replacing_a_document_deprecates_its_additions_and_transformations_and_theirs(room):
    target = room.put_document()
    addition, form = room.relate(target, T.APND), room.relate(target, T.XFRM)
    of_addition = room.relate(addition, T.XFRM)
    beside = room.put_document()
    fallen = set(room.replace(target).deprecated)
    assert fallen == {one.entry_uuid for one in (target, addition, form, of_addition)}
    assert room.status(beside.entry_uuid) == Status.APPROVED


def test_replacing_a_document_leaves_a_deleted_addition_deleted(room):
    target = room.put_document()
    addition = room.relate(target, T.APND)
    room.change_status(addition.entry_uuid, Status.APPROVED, Status.DELETED)
    room.replace(target)
    assert room.status(addition.entry_uuid) == Status.DELETED


@pytest.mark.parametrize("kind", [T.RPLC, T.XFRM_RPLC, T.APND, T.XFRM])
def test_a_deprecated_document_is_no_target(room, kind):
    old = room.put_document()
    room.replace(old)
    with pytest.raises(DeprecatedTarget):
        room.replace(old, kind)


@pytest.mark.parametrize("kind", [T.RPLC, T.XFRM_RPLC, T.APND, T.XFRM])
def test_an_archived_document_is_no_target(room, kind):
    old = room.put_document()
    room.archive(old.entry_uuid)
    with pytest.raises(DeprecatedTarget):
        room.replace(old, kind)


def test_a_target_that_is_not_registered_is_refused(room):
    with pytest.raises(UnresolvedReference):
        room.replace(UUID)


def test_a_target_of_another_patient_is_refused(room):
    other = room.other_patient()
    with pytest.raises(PatientMismatch):
        room.replace(other.put_document())


def test_a_target_that_the_caller_may_not_see_is_refused_exactly_as_an_absent_one(room, masked, hides_masked):
    hidden = room.put_document(confidentiality_codes=masked("MASQUE_PS"))
    refusals = []
    for target in (hidden.entry_uuid, UUID):
        new = room.document()
        with pytest.raises(UnresolvedReference) as refusal:
            room.register(room.submission(new, links=[(T.RPLC, new, target)]), visible=hides_masked)
        refusals.append((type(refusal.value), refusal.value.message))
    assert refusals[0] == refusals[1]
    assert room.status(hidden.entry_uuid) == Status.APPROVED
    assert room.replace(hidden).deprecated, "who sees it can replace it"


def test_a_folder_or_a_submission_set_cannot_be_replaced(room):
    registered = room.put(room.folder())
    with pytest.raises(InvalidMetadata):
        room.replace(registered.folders[0])
    with pytest.raises(UnresolvedReference):
        room.replace(registered.submission_set)


def test_several_errors_are_told_together(room):
    new = room.document()
    first = room.put_document()
    with pytest.raises(Several) as refusal:
        room.put(new, room.document(unique_id=first.unique_id, size=1), links=[(T.RPLC, new, UUID)])
    assert {type(error) for error in refusal.value.errors} == {NonIdenticalSize, UnresolvedReference}


def test_targets_are_told_before_anything_is_registered(room, masked, hides_masked):
    seen, hidden = room.put_document(), room.put_document(confidentiality_codes=masked("MASQUE_PS"))
    new = room.document()
    submission = room.submission(new, links=[(T.RPLC, new, seen), (T.APND, new, hidden)])
    found = targets(room.connection, room.holder, submission, visible=hides_masked)
    assert [type(one) for one in found] == [FoundEntry]
    assert found[0].uuid == seen.entry_uuid


def test_the_signature_of_the_submission_set_is_registered_with_what_it_signs(room):
    document, signature = room.document(), room.signature()
    submission = room.submission(document, signature)
    signed = room.link(T.SIGNS, signature, submission.submission_set)
    registered = room.register(replace(submission, associations=(*submission.associations, signed)))
    (link,) = [one for one in registered.associations if one.type is T.SIGNS]
    assert link.target == registered.submission_set.entry_uuid
    assert room.row(link.source).is_signature == 1


# --- folders ------------------------------------------------------------------------------------------------------


def test_a_new_folder_is_dated_when_it_is_registered(room):
    folder = room.put(room.folder(last_update_time="19990101")).folders[0]
    assert folder.last_update_time == to_dtm(room.now)
    assert (folder.version, folder.logical_id) == (1, folder.entry_uuid)


def test_a_folder_that_receives_a_new_document_is_dated_again(room):
    folder = room.put(room.folder()).folders[0]
    new = room.document()
    room.put(new, links=[(T.HAS_MEMBER, folder, new)])
    (row,) = room.get(Get.FOLDERS, folder.entry_uuid).folders
    assert row.last_update_time == to_dtm(room.now) > folder.last_update_time


def test_a_registered_document_can_be_put_into_a_registered_folder(room):
    document, folder = room.put_document(), room.put(room.folder()).folders[0]
    room.put(links=[(T.HAS_MEMBER, folder, document)])
    found = room.get(Get.FOLDER_AND_CONTENTS, folder.entry_uuid)
    assert [row.uuid for row in found.entries] == [document.entry_uuid]
    with pytest.raises(InvalidMetadata):
        room.put(links=[(T.HAS_MEMBER, folder, document)])


def test_a_submission_set_can_refer_to_a_registered_document(room):
    document = room.put_document()
    submission = room.submission()
    reference = room.link(T.HAS_MEMBER, submission.submission_set, document)
    registered = room.register(replace(submission, associations=(reference,)))
    assert registered.associations[0].submission_set_status == "Reference"


def test_a_replacement_joins_the_folders_of_its_target(room):
    document, folder = room.document(), room.folder()
    registered = room.put(document, folder, links=[(T.HAS_MEMBER, folder, document)])
    new = room.replace(registered.entries[0])
    found = room.get(Get.FOLDERS_FOR_DOCUMENT, new.entries[0].entry_uuid)
    assert [row.uuid for row in found.folders] == [registered.folders[0].entry_uuid]
    assert found.folders[0].last_update_time == to_dtm(room.now)
    joined = {one.entry_uuid for one in new.associations if one.source == registered.folders[0].entry_uuid}
    held = {one.target for one in new.associations if one.source == new.submission_set.entry_uuid}
    assert joined <= held, "the submission set holds the membership"


def test_a_replacement_that_names_the_folder_itself_joins_it_once(room):
    document, folder = room.document(), room.folder()
    registered = room.put(document, folder, links=[(T.HAS_MEMBER, folder, document)])
    target, place = registered.entries[0], registered.folders[0]
    new = room.document()
    room.put(new, links=[(T.RPLC, new, target), (T.HAS_MEMBER, place, new)])
    found = room.get(Get.FOLDER_AND_CONTENTS, place.entry_uuid)
    assert len(found.entries) == len(found.associations) == 2


def test_a_replacement_joins_the_present_version_of_a_folder_only(room):
    document, folder = room.document(), room.folder()
    registered = room.put(document, folder, links=[(T.HAS_MEMBER, folder, document)])
    renamed = room.update(room.new_version(registered.folders[0], title="Suivi")).changes[0].after
    new = room.replace(registered.entries[0]).entries[0]
    found = room.get(Get.FOLDERS_FOR_DOCUMENT, new.entry_uuid).folders
    assert [row.uuid for row in found] == [renamed.entry_uuid]


def test_an_addition_does_not_join_the_folders_of_its_target(room):
    document, folder = room.document(), room.folder()
    registered = room.put(document, folder, links=[(T.HAS_MEMBER, folder, document)])
    new = room.relate(registered.entries[0], T.APND)
    assert room.get(Get.FOLDERS_FOR_DOCUMENT, new.entry_uuid).folders == ()


def test_nothing_joins_a_folder_of_another_patient(room):
    folder = room.other_patient().put(room.other_patient().folder()).folders[0]
    new = room.document()
    with pytest.raises(PatientMismatch):
        room.put(new, links=[(T.HAS_MEMBER, folder, new)])


def test_an_old_version_is_put_into_no_folder(room):
    old, folder = room.put_document(), room.put(room.folder()).folders[0]
    room.remask(old, "MASQUE_PS")
    with pytest.raises(DeprecatedTarget):
        room.put(links=[(T.HAS_MEMBER, folder, old)])


def test_a_folder_all_of_whose_documents_are_hidden_is_as_absent_as_they_are(room, masked, hides_masked):
    document, folder = room.document(confidentiality_codes=masked("MASQUE_PS")), room.folder()
    place = room.put(document, folder, links=[(T.HAS_MEMBER, folder, document)]).folders[0]
    new = room.document()
    submission = room.submission(new, links=[(T.HAS_MEMBER, place, new)])
    with pytest.raises(UnresolvedReference):
        room.register(submission, visible=hides_masked)
    room.register(submission)


def test_only_a_folder_among_registered_objects_receives_members(room):
    registered = room.put(room.document())
    new = room.document()
    with pytest.raises(InvalidMetadata):
        room.put(new, links=[(T.HAS_MEMBER, registered.entries[0], new)])
    with pytest.raises(UnresolvedReference):
        room.put(new, links=[(T.HAS_MEMBER, registered.submission_set, new)])


def test_codes_said_twice_are_kept_once_for_search_and_twice_as_written(room):
    code = Code("HBQK002", "1.2.250.1.213.2.5")
    entry = room.put_document(event_codes=(code, code), reference_ids=("1^^^&1.2.3&ISO^x", "1^^^&1.2.3&ISO^x"))
    assert room.entry(entry.entry_uuid).event_codes == (code, code)
