"""Updating metadata (ITI-57): masking, visibility, archive, deletion, versions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs
from sqlalchemy import select

from carnet.clock import to_dtm
from carnet.database.statements import prepare
from carnet.database.tables import association
from carnet.document_query import FindSubmissionSets, Get
from carnet.errors import (
    CarnetError,
    DuplicateIdentifier,
    IdentifierChanged,
    ObjectTypeChanged,
    PatientChanged,
    Several,
    StatusTransition,
    Unmodifiable,
    UnresolvedReference,
    UpdateInvalid,
    VersionMismatch,
)
from carnet.metadata import AssociationType as T
from carnet.metadata import Author, Code, ObjectType, PatientIdentifier
from carnet.metadata import AvailabilityStatus as Status
from carnet.registry.update import ChangeKind as Kind

UUID = "urn:uuid:3d1f6f0a-98a5-4d0e-8f07-0f3a6f0d7c1a"


def refusal_of(room, update, **how) -> CarnetError:
    before = room.everything()
    with pytest.raises(CarnetError) as refusal:
        room.update(update, **how)
    assert room.everything() == before, "a refused update changes nothing"
    return refusal.value


# --- new versions -------------------------------------------------------------------------------------------------


def test_masking_makes_a_new_version_under_the_same_logical_id(room):
    first = room.put_document()
    second = room.remask(first, "MASQUE_PS")
    assert second.entry_uuid != first.entry_uuid
    assert (second.logical_id, second.version, second.unique_id) == (first.logical_id, 2, first.unique_id)
    assert second.masks == {"MASQUE_PS"}
    assert room.entry(second.entry_uuid) == second
    assert room.status(second.entry_uuid) == Status.APPROVED
    assert room.status(first.entry_uuid) == Status.DEPRECATED


def test_the_version_written_in_the_copy_is_not_read(room):
    first = room.put_document()
    room.remask(first, "MASQUE_PS")
    second = room.documents()[0]
    third = room.new_version(replace(first, version=1), previous=2)
    (change,) = room.update(third).changes
    assert (change.before.uuid, change.after.version) == (second.uuid, 3)


def test_the_new_version_keeps_what_the_copy_left_out(room):
    first = room.put_document(repository_unique_id="1.2.3")
    copy = replace(first, hash="", size=None, repository_unique_id="")
    second = room.remask(copy, "MASQUE_PS")
    assert (second.hash, second.size, second.repository_unique_id) == (first.hash, first.size, "1.2.3")


def test_who_masks_a_document_does_not_become_its_depositor(room):
    first = room.put_document()
    other = replace(room, requester="899700000001", organization="10B0000001")
    second = other.remask(first, "MASQUE_PS")
    row = room.row(second.entry_uuid)
    assert (row.depositor, row.depositor_organization) == (room.requester, room.organization)


def test_a_mask_holds_for_every_version_of_the_document(room):
    first = room.put_document()
    second = room.remask(first, "MASQUE_PS")
    third = room.remask(second, "MASQUE_PS", "INVISIBLE_PATIENT")
    for one in (first, second, third):
        assert room.row(one.entry_uuid).masks == "INVISIBLE_PATIENT MASQUE_PS"
    fourth = room.remask(third)
    for one in (first, second, third, fourth):
        assert room.row(one.entry_uuid).masks == ""
    assert room.entry(second.entry_uuid).masks == {"MASQUE_PS"}, "what each version said stays written"


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ((), ("MASQUE_PS",), {Kind.MASK}),
        (("MASQUE_PS",), (), {Kind.UNMASK}),
        (("INVISIBLE_PATIENT",), (), {Kind.SHOW_TO_PATIENT}),
        ((), ("INVISIBLE_PATIENT",), {Kind.HIDE_FROM_PATIENT}),
        (("INVISIBLE_REPRESENTANTS_LEGAUX",), (), {Kind.SHOW_TO_REPRESENTATIVES}),
        ((), ("INVISIBLE_REPRESENTANTS_LEGAUX",), {Kind.HIDE_FROM_REPRESENTATIVES}),
        (("INVISIBLE_PATIENT",), ("MASQUE_PS",), {Kind.MASK, Kind.SHOW_TO_PATIENT}),
        (("MASQUE_PS",), ("MASQUE_PS",), {Kind.NOTHING}),
        ((), ("SOMETHING_NEW",), {Kind.OTHER}),
    ],
)
def test_the_plan_says_in_the_words_of_the_rules_what_would_change(room, masked, before, after, kinds):
    entry = room.put_document(confidentiality_codes=masked(*before))
    everything = room.everything()
    (change,) = room.plan(room.new_version(entry, confidentiality_codes=masked(*after)))
    assert set(change.kinds) == kinds
    assert change.before == room.row(entry.entry_uuid)
    assert room.everything() == everything, "a plan writes nothing"


def test_another_confidentiality_level_is_another_change(room):
    entry = room.put_document()
    restricted = (Code("R", "2.16.840.1.113883.5.25"),)
    (change,) = room.plan(room.new_version(entry, confidentiality_codes=restricted))
    assert change.kinds == (Kind.OTHER,)


def test_labels_and_order_of_codes_do_not_count_as_changes(room):
    events = (Code("A", "1.2", "label"), Code("B", "1.2", "label"))
    entry = room.put_document(event_codes=events)
    relabelled = (Code("B", "1.2", "LABEL"), Code("A", "1.2", ""))
    update = room.new_version(entry, event_codes=relabelled, type_code=structs.replace(entry.type_code, display="?"))
    (change,) = room.plan(update)
    assert change.kinds == (Kind.NOTHING,)
    assert change.after.event_codes == events


def test_a_mask_that_is_added_twice_is_registered_once(room, masked):
    entry = room.put_document()
    twice = (*masked("MASQUE_PS"), masked("MASQUE_PS")[-1])
    (change,) = room.plan(room.new_version(entry, confidentiality_codes=twice))
    assert (change.kinds, change.after.confidentiality_codes) == ((Kind.MASK,), masked("MASQUE_PS"))
    (change,) = room.plan(room.new_version(room.remask(entry, "MASQUE_PS"), confidentiality_codes=twice))
    assert change.kinds == (Kind.NOTHING,)


def test_components_that_only_french_profiles_write_may_be_dropped_from_a_copy(room):
    authors = (
        Author(
            "899700000001^DOC^UN^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
            ("CABINET^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^10B0000001",),
            (),
            ("G15_10/SM54^Médecine générale^1.2.250.1.71.4.2.5",),
        ),
    )
    entry = room.put_document(authors=authors, source_patient_id="12^^^&1.2.3&ISO^PI")
    plainer = (
        replace(
            authors[0],
            institutions=("CABINET^^^^^&1.2.250.1.71.4.2.2&ISO^^^^10B0000001",),
            specialties=("G15_10/SM54",),
        ),
    )
    (change,) = room.plan(room.new_version(entry, authors=plainer, source_patient_id="12^^^&1.2.3&ISO"))
    assert (change.kinds, change.after.authors) == ((Kind.NOTHING,), authors)
    other = (replace(authors[0], institutions=("CABINET^^^^^&1.2.250.1.71.4.2.2&ISO^^^^10B0000002",)),)
    assert type(refusal_of(room, room.new_version(entry, authors=other))) is Unmodifiable


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("title", "Autre titre"),
        ("comments", "ajout"),
        ("hash", "f" * 40),
        ("size", 7),
        ("repository_unique_id", "9.9.9"),
        ("type_code", Code("11488-4", "2.16.840.1.113883.6.1")),
        ("authors", (Author("899700000001^AUTRE^PERSONNE"),)),
        ("authors", ()),
        ("service_start_time", "2019"),
        ("event_codes", (Code("X", "1.2"),)),
        ("reference_ids", ("1^^^&1.2&ISO^x",)),
        ("language", "en-GB"),
        ("mime_type", "application/pdf"),
        ("extra", (("urn:x", ("1",)),)),
    ],
)
def test_nothing_but_the_confidentiality_may_change(room, attribute, value):
    error = refusal_of(room, room.new_version(room.put_document(), **{attribute: value}))
    assert type(error) is Unmodifiable
    assert attribute in error.message


def test_a_policy_may_let_other_attributes_change(room):
    entry = room.put_document()
    update = room.new_version(entry, title="Titre corrigé")
    (change,) = room.update(update, modifiable=frozenset({"confidentiality_codes", "title"})).changes
    assert change.kinds == (Kind.OTHER,)
    assert room.entry(change.after.entry_uuid).title == "Titre corrigé"


def test_previous_version_is_the_current_version(room):
    first = room.put_document()
    second = room.remask(first, "MASQUE_PS")
    for previous in (1, 3, 0):
        assert type(refusal_of(room, room.new_version(second, previous=previous))) is VersionMismatch
    update = room.new_version(second)
    silent = replace(update, associations=(replace(update.associations[0], previous_version=None),))
    assert type(refusal_of(room, silent)) is VersionMismatch


def test_an_update_names_the_logical_id_and_not_its_own_id(room):
    first = room.put_document()
    assert type(refusal_of(room, room.new_version(first, logical_id=""))) is VersionMismatch
    own = room.new_version(first, entry_uuid=UUID, logical_id=UUID)
    assert type(refusal_of(room, own)) is VersionMismatch


def test_a_logical_id_that_is_not_registered_is_refused(room):
    assert type(refusal_of(room, room.new_version(room.put_document(), logical_id=UUID))) is UnresolvedReference


def test_an_update_changes_neither_unique_id_nor_kind_nor_patient(room):
    first = room.put_document()
    folder = room.put(room.folder()).folders[0]
    stranger = PatientIdentifier("153078987658513", "1.2.250.1.213.1.4.10")
    refused = {
        IdentifierChanged: room.new_version(first, unique_id="9.9.9"),
        ObjectTypeChanged: room.new_version(first, object_type=ObjectType.ON_DEMAND),
        PatientChanged: room.new_version(first, patient_id=stranger),
    }
    for error, update in refused.items():
        assert type(refusal_of(room, update)) is error
    assert type(refusal_of(room, room.new_version(first, logical_id=folder.logical_id))) is ObjectTypeChanged
    assert type(refusal_of(room, room.new_version(folder, logical_id=first.logical_id))) is ObjectTypeChanged


def test_an_object_of_another_patient_is_not_updated(room):
    other = room.other_patient()
    theirs = other.put_document()
    update = room.new_version(replace(theirs, patient_id=room.patient))
    assert type(refusal_of(room, update)) is PatientChanged
    status = room.new_status(theirs.entry_uuid, Status.APPROVED, Status.DELETED)
    assert type(refusal_of(room, status)) is PatientChanged


def test_a_new_ins_of_the_same_person_is_taken_over(room):
    first = room.put_document()
    room.patient = PatientIdentifier("157069329642881", "1.2.250.1.213.1.4.10")
    second = room.remask(first, "MASQUE_PS")
    assert second.patient_id == room.patient


def test_what_the_caller_may_not_see_is_updated_exactly_as_the_absent_is(room, masked, hides_masked):
    hidden = room.put_document(confidentiality_codes=masked("MASQUE_PS"))
    updates = [
        room.new_version(hidden, confidentiality_codes=masked()),
        room.new_version(hidden, confidentiality_codes=masked(), logical_id=UUID),
        room.new_status(hidden.entry_uuid, Status.APPROVED, Status.DELETED),
        room.new_status(UUID, Status.APPROVED, Status.DELETED),
        room.new_version(hidden, unique_id="9.9.9"),
        room.new_version(hidden, previous=7),
    ]
    refusals = [refusal_of(room, update, visible=hides_masked) for update in updates]
    assert {(type(one), one.message) for one in refusals} == {(UnresolvedReference, refusals[0].message)}


def test_identifiers_of_an_update_are_new(room):
    first = room.put_document()
    used = room.put_document()
    assert type(refusal_of(room, room.new_version(first, entry_uuid=used.entry_uuid))) is DuplicateIdentifier
    update = room.new_version(first)
    set_used = replace(update, submission_set=room.submission_set(unique_id=used.unique_id))
    assert type(refusal_of(room, set_used)) is DuplicateIdentifier
    mine = room.update(room.new_version(first, entry_uuid=UUID.upper().replace("URN:UUID", "urn:uuid")))
    assert mine.changes[0].after.entry_uuid == UUID


def merged(*updates):
    """The operations of several updates in one request."""
    return replace(
        updates[0],
        entries=tuple(entry for update in updates for entry in update.entries),
        folders=tuple(folder for update in updates for folder in update.folders),
        associations=tuple(one for update in updates for one in update.associations),
    )


def test_an_object_is_updated_once_in_a_request(room, masked):
    first = room.put_document()
    twice = merged(room.new_version(first), room.new_version(first, confidentiality_codes=masked("MASQUE_PS")))
    assert type(refusal_of(room, twice)) is UpdateInvalid
    both = merged(room.new_version(first), room.new_status(first.entry_uuid, Status.APPROVED, Status.ARCHIVED))
    assert type(refusal_of(room, both)) is UpdateInvalid


def test_several_objects_are_updated_in_one_request_or_none(room, masked):
    first, second, third = room.put_document(), room.put_document(), room.put_document()
    masking = room.new_version(first, confidentiality_codes=masked("MASQUE_PS"))
    archiving = room.new_status(second.entry_uuid, Status.APPROVED, Status.ARCHIVED)
    wrong = (room.new_version(third, previous=4), room.new_version(third, title="?"))
    for bad in wrong:
        refusal_of(room, merged(masking, archiving, bad))
    assert isinstance(refusal_of(room, merged(masking, wrong[0], room.new_version(second, title="?"))), Several)
    changes = room.update(merged(masking, archiving)).changes
    assert [change.kinds for change in changes] == [(Kind.MASK,), (Kind.ARCHIVE,)]
    assert room.status(second.entry_uuid) == Status.ARCHIVED


@pytest.mark.parametrize("status", [Status.ARCHIVED, Status.DELETED])
def test_what_is_archived_or_deleted_can_be_masked_and_stays_so(room, status):
    first = room.put_document()
    room.change_status(first.entry_uuid, Status.APPROVED, status)
    second = room.remask(room.entry(first.entry_uuid), "MASQUE_PS")
    assert room.status(second.entry_uuid) == status


def test_a_replaced_document_can_be_masked_and_stays_deprecated(room):
    old = room.put_document()
    room.replace(old)
    masked_old = room.remask(old, "MASQUE_PS")
    assert room.status(masked_old.entry_uuid) == Status.DEPRECATED
    assert room.row(old.entry_uuid).masks == "MASQUE_PS"


# --- associations -------------------------------------------------------------------------------------------------


def test_a_new_version_takes_over_folders_and_relationships(room):
    document, folder = room.document(), room.folder()
    registered = room.put(document, folder, links=[(T.HAS_MEMBER, folder, document)])
    first, place = registered.entries[0], registered.folders[0]
    addition = room.relate(first, T.APND)
    second = room.remask(first, "MASQUE_PS")
    in_folder = room.get(Get.FOLDERS_FOR_DOCUMENT, second.entry_uuid).folders
    assert [(row.uuid, row.last_update_time) for row in in_folder] == [(place.entry_uuid, to_dtm(room.now))]
    related = room.get(Get.RELATED_DOCUMENTS, second.entry_uuid, association_types=(T.APND,))
    assert {row.uuid for row in related.entries} == {second.entry_uuid, addition.entry_uuid}


def test_a_new_version_takes_over_nothing_when_told_not_to(room):
    document, folder = room.document(), room.folder()
    first = room.put(document, folder, links=[(T.HAS_MEMBER, folder, document)]).entries[0]
    room.relate(first, T.APND)
    second = room.remask(first, "MASQUE_PS", propagate=False)
    assert room.get(Get.FOLDERS_FOR_DOCUMENT, second.entry_uuid).folders == ()
    (membership,) = room.get(Get.ASSOCIATIONS, second.entry_uuid).associations
    assert (membership.type, membership.previous_version) == (T.HAS_MEMBER, 1)


def test_versions_of_two_related_documents_do_not_multiply_their_relationships(room):
    target = room.put_document()
    addition = room.relate(target, T.APND)
    for _ in range(5):
        target, addition = room.remask(target), room.remask(addition)
    related = room.get(Get.RELATED_DOCUMENTS, target.entry_uuid, association_types=(T.APND,))
    assert len(related.associations) <= 2
    links = [one for one in room.connection.execute(prepare(select(association.c.type))) if one[0] == T.APND]
    assert len(links) == 11


def test_replacing_a_masked_document_deprecates_the_additions_made_before_the_mask(room):
    first = room.put_document()
    addition = room.relate(first, T.APND)
    second = room.remask(first, "MASQUE_PS")
    assert set(room.replace(second).deprecated) == {second.entry_uuid, addition.entry_uuid}


def test_an_old_version_is_never_approved_again(room):
    first = room.put_document()
    room.remask(first, "MASQUE_PS")
    for new in (Status.APPROVED, Status.ARCHIVED, Status.DELETED):
        assert type(refusal_of(room, room.new_status(first.entry_uuid, Status.DEPRECATED, new))) is StatusTransition


# --- folders ------------------------------------------------------------------------------------------------------


def test_a_new_version_of_a_folder_keeps_its_documents(room):
    document, folder = room.document(), room.folder()
    registered = room.put(document, folder, links=[(T.HAS_MEMBER, folder, document)])
    entry, first = registered.entries[0], registered.folders[0]
    (change,) = room.update(room.new_version(first, title="Suivi")).changes
    second = change.after
    assert change.kinds == (Kind.OTHER,)
    assert (second.version, second.title, second.last_update_time) == (2, "Suivi", to_dtm(room.now))
    found = room.get(Get.FOLDER_AND_CONTENTS, second.entry_uuid)
    assert [row.uuid for row in found.entries] == [entry.entry_uuid]
    statuses = [(row.version, row.status) for row in room.get(Get.FOLDERS, first.entry_uuid).folders]
    assert statuses == [(1, Status.DEPRECATED)]


def test_a_folder_keeps_its_unique_id_and_its_version_count(room):
    first = room.put(room.folder()).folders[0]
    assert type(refusal_of(room, room.new_version(first, unique_id="9.9.9"))) is IdentifierChanged
    assert type(refusal_of(room, room.new_version(first, previous=3))) is VersionMismatch
    assert type(refusal_of(room, room.new_version(first, extra=(("urn:x", ("1",)),)))) is Unmodifiable
    assert type(refusal_of(room, room.new_version(first, logical_id=UUID))) is UnresolvedReference


# --- status -------------------------------------------------------------------------------------------------------

ALLOWED = {
    (Status.APPROVED, Status.ARCHIVED): Kind.ARCHIVE,
    (Status.ARCHIVED, Status.APPROVED): Kind.UNARCHIVE,
    (Status.APPROVED, Status.DELETED): Kind.DELETE,
    (Status.ARCHIVED, Status.DELETED): Kind.DELETE,
}


@pytest.mark.parametrize("new", list(Status))
@pytest.mark.parametrize("original", [Status.APPROVED, Status.ARCHIVED, Status.DELETED])
def test_only_archive_unarchive_and_delete_change_a_status(room, original, new):
    entry = room.put_document()
    if original is not Status.APPROVED:
        room.change_status(entry.entry_uuid, Status.APPROVED, original)
    update = room.new_status(entry.entry_uuid, original, new)
    if (original, new) in ALLOWED:
        (change,) = room.update(update).changes
        assert change.kinds == (ALLOWED[original, new],)
        assert room.status(entry.entry_uuid) == new
        assert room.entry(entry.entry_uuid).status is new
    else:
        assert type(refusal_of(room, update)) is StatusTransition


def test_original_status_is_the_current_one(room):
    entry = room.put_document()
    assert (
        type(refusal_of(room, room.new_status(entry.entry_uuid, Status.ARCHIVED, Status.DELETED))) is StatusTransition
    )
    update = room.new_status(entry.entry_uuid, Status.APPROVED, Status.ARCHIVED)
    for lacking in ({"original_status": None}, {"new_status": None}):
        silent = replace(update, associations=(replace(update.associations[0], **lacking),))
        assert type(refusal_of(room, silent)) is StatusTransition


def test_only_documents_change_status(room):
    registered = room.put(room.folder())
    folder, own = registered.folders[0].entry_uuid, registered.submission_set.entry_uuid
    assert type(refusal_of(room, room.new_status(folder, Status.APPROVED, Status.ARCHIVED))) is UpdateInvalid
    assert type(refusal_of(room, room.new_status(own, Status.APPROVED, Status.ARCHIVED))) is UnresolvedReference


def test_a_change_of_status_is_kept_as_an_association_with_its_two_statuses(room):
    entry = room.put_document()
    updated = room.archive(entry.entry_uuid)
    found = room.get(Get.ASSOCIATIONS, updated.submission_set.entry_uuid).associations
    assert [(one.original_status, one.new_status) for one in found] == [(Status.APPROVED, Status.ARCHIVED)]


def sets_in(room, status):
    found = room.find(FindSubmissionSets((room.patient,), (status,)))
    return {row.uuid for row in found.submission_sets}


def test_a_submission_set_is_archived_when_its_last_document_is_and_comes_back_with_the_first(room):
    registered = room.put(room.document(), room.document(), room.signature())
    own = registered.submission_set.entry_uuid
    first, second = (entry.entry_uuid for entry in registered.entries[:2])
    room.archive(first)
    assert own in sets_in(room, Status.APPROVED)
    room.archive(second)
    assert own in sets_in(room, Status.ARCHIVED)
    room.change_status(first, Status.ARCHIVED, Status.APPROVED)
    assert own in sets_in(room, Status.APPROVED)


def test_a_deleted_document_does_not_keep_its_submission_set_from_the_archive(room):
    registered = room.put(room.document(), room.document())
    own = registered.submission_set.entry_uuid
    first, second = (entry.entry_uuid for entry in registered.entries)
    room.change_status(first, Status.APPROVED, Status.DELETED)
    assert own in sets_in(room, Status.APPROVED)
    room.archive(second)
    assert own in sets_in(room, Status.ARCHIVED)


def test_archiving_a_newer_version_archives_the_submission_sets_of_all_versions(room):
    registered = room.put(room.document())
    masking = room.update(room.new_version(registered.entries[0]))
    room.archive(masking.changes[0].after.entry_uuid)
    expected = {registered.submission_set.entry_uuid, masking.submission_set.entry_uuid}
    assert expected <= sets_in(room, Status.ARCHIVED)
