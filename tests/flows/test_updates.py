"""Updating metadata through the door (ITI-57, TD3.3a to TD3.3d; NIST 15801, 15802, 20000 to 20008): versions, statuses, and nothing else."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from msgspec import structs

from carnet.client.feeding import mask_update, status_update
from carnet.clock import system_clock
from carnet.demo.documents import new_oid
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.metadata import (
    INVISIBLE_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX,
    MASQUE_PS,
    AssociationType,
    AvailabilityStatus,
    Code,
    ObjectType,
)
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.messages import quoted, update_request

APPROVED, DEPRECATED = AvailabilityStatus.APPROVED, AvailabilityStatus.DEPRECATED
ARCHIVED, DELETED = AvailabilityStatus.ARCHIVED, AvailabilityStatus.DELETED


def masked(record, entry, *masks):
    """The update that gives an entry these masks."""
    return mask_update(entry, masks, record.house.caller(MEDECIN_TRAITANT), system_clock())


def changed(record, entry, **values):
    """The update that would change other attributes too."""
    made = masked(record, entry, MASQUE_PS)
    return replace(made, entries=(replace(made.entries[0], **values),))


def with_link(made, **values):
    """The update with its HasMember changed."""
    return replace(made, associations=(replace(made.associations[0], **values),))


def send_raw(record, made, edit=None):
    """ITI-57 with the bytes of the body edited."""
    body = update_request(made)
    return record.house.call(MEDECIN_TRAITANT, record.identifier, "iti57", edit(body) if edit else body)


# --- new versions -----------------------------------------------------------------------------------------------------


def test_masking_makes_a_new_version_and_deprecates_the_old_one(record):
    first = record.add()
    assert record.mask(first, [MASQUE_PS]).status is ResponseStatus.SUCCESS
    second, old = record.versions(first.unique_id)
    assert (second.version, second.status, second.masks) == (2, APPROVED, {MASQUE_PS})
    assert (old.entry_uuid, old.version, old.status) == (first.entry_uuid, 1, DEPRECATED)
    assert second.logical_id == first.logical_id == first.entry_uuid != second.entry_uuid
    same = {"entry_uuid": "", "version": 0, "status": APPROVED, "confidentiality_codes": ()}
    assert replace(second, **same) == replace(first, **same)


def test_masks_go_on_and_off_version_after_version(record):
    entry = record.add()
    for masks in ([MASQUE_PS], [], [MASQUE_PS], []):
        assert not record.mask(record.entry(entry.unique_id), masks).errors
    newest = record.entry(entry.unique_id)
    assert (newest.version, newest.masks) == (5, set())
    assert len(record.titles()) == 1
    assert len(record.titles(status=DEPRECATED)) == 4


def test_a_document_is_made_visible_to_the_patient(record):
    entry = record.add(masks=[INVISIBLE_PATIENT])
    assert not record.mask(entry, []).errors
    assert record.entry(entry.unique_id).masks == set()
    assert record.last_line("iti57")["detail"] == "show to patient"


@pytest.mark.parametrize("mask", [INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX])
def test_a_document_is_not_made_invisible_afterwards(record, codes, mask):
    entry = record.add()
    assert codes(record.mask(entry, [mask])) == ["LocalPolicyRestrictionError"]
    assert record.entry(entry.unique_id).version == 1


def test_an_archived_document_can_be_masked_and_stays_archived(record):
    entry = record.add()
    assert not record.set_status(entry, ARCHIVED).errors
    assert not record.mask(record.entry(entry.unique_id), [MASQUE_PS]).errors
    newest = record.entry(entry.unique_id)
    assert (newest.version, newest.status, newest.masks) == (2, ARCHIVED, {MASQUE_PS})


def test_the_previous_version_counts_and_version_info_does_not(record):
    """The official sample client writes VersionInfo 1 whatever the version (protocols §3.6)."""
    entry = record.add()
    assert not record.mask(entry, [MASQUE_PS]).errors
    second = record.entry(entry.unique_id)
    made = with_link(masked(record, replace(second, version=1)), previous_version=2)
    assert not record.update(made).errors
    assert record.entry(entry.unique_id).version == 3


@pytest.mark.parametrize("number", [0, 2, 7, None], ids=["nought", "next", "far", "none"])
def test_a_wrong_previous_version_is_refused(record, codes, number):
    entry = record.add()
    before = record.house.stored()
    made = with_link(masked(record, entry, MASQUE_PS), previous_version=number)
    assert codes(record.update(made)) == ["XDSMetadataVersionError"]
    assert record.house.stored() == before


def test_a_version_that_is_not_the_newest_any_more_is_not_updated(record, codes):
    entry = record.add()
    assert not record.mask(entry, [MASQUE_PS]).errors
    assert codes(record.mask(entry, [])) == ["XDSMetadataVersionError"]


@pytest.mark.parametrize("logical_id", ["", "Document01"], ids=["absent", "the entry's own id"])
def test_an_update_names_the_logical_id_of_what_is_registered(record, codes, logical_id):
    made = changed(record, record.add(), logical_id=logical_id)
    assert codes(record.update(made)) == ["XDSMetadataVersionError"]


def test_a_logical_id_that_nobody_registered_is_unresolved(record, codes):
    made = changed(record, record.add(), logical_id=f"urn:uuid:{'2' * 8}-2222-4222-8222-{'2' * 12}")
    assert codes(record.update(made)) == ["UnresolvedReferenceException"]


def test_a_document_is_updated_once_in_a_request(record, codes):
    entry = record.add()
    one, two = masked(record, entry, MASQUE_PS), masked(record, entry)
    twin = replace(two.entries[0], entry_uuid="Document02")
    second = replace(one.associations[0], entry_uuid="Member02", target="Document02")
    both = replace(one, entries=(*one.entries, twin), associations=(*one.associations, second))
    assert codes(record.update(both)) == ["XDSMetadataUpdateOperationError"]
    assert record.entry(entry.unique_id).version == 1


def test_two_updates_at_the_same_moment_do_not_both_succeed(record, codes):
    entry = record.add()
    answers = []
    service = record.service()

    def update():
        answers.append(service.update(masked(record, entry, MASQUE_PS)))

    threads = [threading.Thread(target=update) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = sorted(codes(answer) for answer in answers)
    assert told == [[], *[["XDSMetadataVersionError"]] * 5]
    assert record.entry(entry.unique_id).version == 2


# --- what may not change ----------------------------------------------------------------------------------------------

FORBIDDEN = {
    "title": {"title": "Un autre titre"},
    "comments": {"comments": "ajout"},
    "type": {"type_code": Code("57833-6", "2.16.840.1.113883.6.1")},
    "class": {"class_code": Code("42", "1.2.250.1.213.1.1.4.1")},
    "format": {"format_code": Code("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3")},
    "event": {"event_codes": (Code("QZJA001", "1.2.250.1.213.2.5"),)},
    "setting": {"practice_setting": Code("HAD", "1.2.250.1.213.1.1.4.9")},
    "facility": {"facility_type": Code("SA01", "1.2.250.1.71.4.2.4")},
    "creation": {"creation_time": "20200101"},
    "start": {"service_start_time": "20200101"},
    "stop": {"service_stop_time": "20990101"},
    "authors": {"authors": ()},
    "media type": {"mime_type": "application/pdf"},
    "hash": {"hash": "0" * 40},
    "size": {"size": 12},
    "repository": {"repository_unique_id": "1.2.3"},
    "source patient": {"source_patient_id": "1^^^&1.2.3&ISO^PI"},
    "traits": {"source_patient_info": ("PID-8|M",)},
    "references": {"reference_ids": ("x^^^&1.2&ISO^urn:ihe:iti:xds:2013:order",)},
    "authenticator": {"legal_authenticator": "8^X^Y^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"},
    "own slot": {"extra": (("urn:example:mine", ("1",)),)},
    "plain confidentiality": {"confidentiality_codes": (Code("R", "2.16.840.1.113883.5.25"),)},
}


@pytest.mark.parametrize("attribute", FORBIDDEN)
def test_care_software_changes_masks_and_nothing_else(record, codes, attribute):
    entry = record.add()
    before = record.house.stored()
    answer = record.update(changed(record, entry, **FORBIDDEN[attribute]))
    expected = "XDSRegistryMetadataError" if attribute == "authors" else "UnmodifiableMetadataError"
    assert codes(answer) == [expected]
    assert record.house.stored() == before


def test_the_unique_id_may_not_change(record, codes):
    assert codes(record.update(changed(record, record.add(), unique_id=new_oid()))) == ["XDSMetadataIdentifierError"]


def test_the_type_of_object_may_not_change(record, codes):
    made = changed(record, record.add(), object_type=ObjectType.ON_DEMAND)
    assert codes(record.update(made)) == ["XDSObjectTypeError"]


def test_the_patient_may_not_change(record, other_record, codes):
    made = changed(record, record.add(), patient_id=other_record.identifier)
    assert codes(record.update(made)) == ["XDSPatientIDReconciliationError"]


def test_a_document_of_another_patient_is_not_updated(record, other_record, codes):
    theirs = other_record.add()
    made = masked(record, replace(theirs, patient_id=record.identifier), MASQUE_PS)
    assert codes(record.update(made)) == ["XDSPatientIDReconciliationError"]
    assert other_record.entry(theirs.unique_id).masks == set()


def test_an_update_about_another_patient_than_the_assertions_is_refused(record, other_record):
    theirs = other_record.add()
    reply = send_raw(record, masked(other_record, theirs, MASQUE_PS))
    assert reply.codes == ["XDSPatientIdDoesNotMatch"]
    assert other_record.entry(theirs.unique_id).version == 1


def test_labels_of_codes_and_what_the_registry_computed_may_be_left_out(record):
    entry = record.add()
    plain = structs.replace(entry.type_code, display="")
    made = changed(record, entry, hash="", size=None, repository_unique_id="", type_code=plain)
    assert not record.update(made).errors
    newest = record.entry(entry.unique_id)
    assert (newest.hash, newest.size) == (entry.hash, entry.size)
    assert newest.type_code == entry.type_code


def test_of_two_updates_one_bad_one_keeps_both_out(record, codes):
    good, bad = record.put(record.document(number=1), record.document(number=2))
    one, two = masked(record, good, MASQUE_PS), masked(record, bad, MASQUE_PS)
    entry = replace(two.entries[0], entry_uuid="Document02", title="Autre")
    link = replace(two.associations[0], entry_uuid="Member02", target="Document02")
    made = replace(one, entries=(*one.entries, entry), associations=(*one.associations, link))
    before = record.house.stored()
    assert codes(record.update(made)) == ["UnmodifiableMetadataError"]
    assert record.house.stored() == before


def test_several_documents_are_masked_by_one_update(record):
    entries = record.put(record.document(number=1), record.document(number=2))
    one, two = (masked(record, entry, MASQUE_PS) for entry in entries)
    second = replace(two.entries[0], entry_uuid="Document02")
    link = replace(two.associations[0], entry_uuid="Member02", target="Document02")
    made = replace(one, entries=(*one.entries, second), associations=(*one.associations, link))
    assert not record.update(made).errors
    assert [record.entry(entry.unique_id).masks for entry in entries] == [{MASQUE_PS}] * 2


# --- the form of an update --------------------------------------------------------------------------------------------


def test_an_update_that_asks_for_nothing_is_refused(record, codes):
    made = masked(record, record.add())
    assert codes(record.update(replace(made, entries=(), associations=()))) == ["XDSMetadataUpdateOperationError"]


def test_the_unique_id_of_the_updates_set_is_used_once(record, codes):
    entry = record.add()
    made = masked(record, entry, MASQUE_PS)
    assert not record.update(made).errors
    again = masked(record, record.entry(entry.unique_id))
    again = replace(again, submission_set=made.submission_set)
    assert codes(record.update(again)) == ["XDSDuplicateUniqueIdInRegistry"]


@pytest.mark.parametrize("kind", [AssociationType.RPLC, AssociationType.APND, AssociationType.SUBMIT_ASSOCIATION])
def test_an_update_ties_no_documents_together(record, codes, tie, kind):
    entry, other = record.put(record.document(number=1), record.document(number=2))
    made = masked(record, entry, MASQUE_PS)
    made = replace(made, associations=(*made.associations, tie(kind, "Document01", other.entry_uuid)))
    assert "XDSMetadataUpdateOperationError" in codes(record.update(made))
    assert record.entry(other.unique_id).status is APPROVED


def test_an_update_that_carries_a_document_is_a_fault(record):
    made = masked(record, record.add(), MASQUE_PS)
    document = b'<xdsb:Document xmlns:xdsb="urn:ihe:iti:xds-b:2007" id="Document01">AAAA</xdsb:Document>'
    reply = send_raw(
        record,
        made,
        lambda body: body.replace(b"</lcm:SubmitObjectsRequest>", document + b"</lcm:SubmitObjectsRequest>"),
    )
    assert reply.codes == ["Sender"]


def test_folders_are_not_changed_by_care_software(record, codes, holds):
    folder = record.folder()
    record.put(record.document(), folders=[folder], links=[holds("Folder01", "Document01")])
    found = record.ask("GetFolders", [("$XDSFolderUniqueId", quoted(folder.unique_id))]).folders[0]
    made = masked(record, record.documents().entries[0])
    renamed = replace(found, entry_uuid="Folder02", title="Autre")
    link = replace(made.associations[0], target="Folder02", previous_version=1)
    made = replace(made, entries=(), folders=(renamed,), associations=(link,))
    assert codes(record.update(made)) == ["UnmodifiableMetadataError"]


def test_the_entry_of_a_signature_is_not_updated(record, codes):
    made = record.submission(record.document())
    record.send(made)
    signature = next(entry for entry in made.entries if entry.is_signature)
    ((uuid,),) = record.house.rows("SELECT entry_uuid FROM document_entry WHERE unique_id = ?", signature.unique_id)
    known = replace(signature, entry_uuid=uuid, logical_id=uuid, version=1)
    before = record.house.stored()
    for answer in (record.update(masked(record, known)), record.set_status(known, DELETED)):
        assert codes(answer) == ["UnresolvedReferenceException"]
    assert record.house.stored() == before


# --- folders and relationships follow ---------------------------------------------------------------------------------


@pytest.mark.parametrize("propagate", [True, False], ids=["yes", "no"])
def test_a_new_version_joins_the_folders_of_the_old_one_unless_told_otherwise(record, holds, propagate):
    folder = record.folder()
    entry = record.put(record.document(), folders=[folder], links=[holds("Folder01", "Document01")])
    made = with_link(masked(record, entry, MASQUE_PS), propagate=propagate)
    assert not record.update(made).errors
    newest = record.entry(entry.unique_id)
    answer = record.ask("GetFoldersForDocument", [("$XDSDocumentEntryEntryUUID", f"'{newest.entry_uuid}'")])
    assert [found.unique_id for found in answer.folders] == ([folder.unique_id] if propagate else [])


@pytest.mark.parametrize("propagate", [True, False], ids=["yes", "no"])
def test_a_new_version_takes_over_the_relationships_of_the_old_one_unless_told_otherwise(record, propagate):
    original = record.add(title="Original")
    addition, made = record.replacement(original, kind=AssociationType.APND, title="Ajout")
    assert not record.send(made).errors
    assert not record.update(with_link(masked(record, original, MASQUE_PS), propagate=propagate)).errors
    newest = record.entry(original.unique_id)
    answer = record.ask(
        "GetRelatedDocuments",
        [
            ("$XDSDocumentEntryEntryUUID", f"'{newest.entry_uuid}'"),
            ("$AssociationTypes", quoted(AssociationType.APND.value)),
        ],
    )
    found = {entry.unique_id for entry in answer.entries} - {original.unique_id}
    assert found == ({addition.entry.unique_id} if propagate else set())


# --- statuses ---------------------------------------------------------------------------------------------------------


def test_a_document_is_archived_and_brought_back(record):
    entry = record.add(title="Radio")
    assert not record.set_status(entry, ARCHIVED).errors
    assert (record.titles(), record.titles(status=ARCHIVED)) == ([], ["Radio"])
    assert not record.set_status(record.entry(entry.unique_id), APPROVED).errors
    assert (record.titles(), record.titles(status=ARCHIVED)) == (["Radio"], [])
    assert record.entry(entry.unique_id).version == 1


@pytest.mark.parametrize("first", [None, ARCHIVED], ids=["approved", "archived"])
def test_a_deleted_document_is_gone_for_everyone(record, first):
    entry = record.add()
    if first is not None:
        assert not record.set_status(entry, first).errors
    assert not record.set_status(record.entry(entry.unique_id), DELETED).errors
    assert record.versions(entry.unique_id) == ()
    assert record.titles(status=DELETED) == []
    assert record.read(entry.unique_id)[1] == ()


def test_a_deleted_document_that_was_updated_before_is_gone_with_its_old_versions(record):
    entry = record.add()
    assert not record.mask(entry, [MASQUE_PS]).errors
    assert not record.set_status(record.entry(entry.unique_id), DELETED).errors
    assert record.versions(entry.unique_id) == ()
    assert record.read(entry.unique_id)[1] == ()


@pytest.mark.parametrize(
    ("original", "new"),
    [
        (ARCHIVED, APPROVED),
        (DEPRECATED, APPROVED),
        (APPROVED, APPROVED),
        (APPROVED, DEPRECATED),
        (DELETED, ARCHIVED),
        (None, ARCHIVED),
        (APPROVED, None),
    ],
    ids=lambda status: status.name.lower() if status else "none",
)
def test_a_change_of_status_starts_from_the_current_one_and_is_a_known_one(record, codes, original, new):
    entry = record.add()
    made = status_update(entry, ARCHIVED, record.house.caller(MEDECIN_TRAITANT), system_clock())
    made = with_link(made, original_status=original, new_status=new)
    assert codes(record.update(made)) == ["XDSMetadataUpdateError"]
    assert record.entry(entry.unique_id).status is APPROVED


@pytest.mark.parametrize("new", [APPROVED, ARCHIVED, DELETED], ids=lambda status: status.name.lower())
def test_an_old_version_keeps_its_status_for_ever(record, codes, new):
    entry = record.add()
    assert not record.mask(entry, [MASQUE_PS]).errors
    old = record.versions(entry.unique_id)[1]
    assert old.status is DEPRECATED
    assert codes(record.set_status(old, new)) == ["XDSMetadataUpdateError"]


@pytest.mark.parametrize("new", [APPROVED, ARCHIVED, DELETED], ids=lambda status: status.name.lower())
def test_a_replaced_document_is_never_current_again(record, codes, new):
    old = record.add()
    assert not record.send(record.replacement(old)[1]).errors
    assert codes(record.set_status(record.entry(old.unique_id), new)) == ["XDSMetadataUpdateError"]


def test_the_status_of_an_object_that_nobody_registered_is_not_changed(record, codes):
    entry = replace(record.add(), entry_uuid=f"urn:uuid:{'3' * 8}-3333-4333-8333-{'3' * 12}")
    assert codes(record.set_status(entry, ARCHIVED)) == ["UnresolvedReferenceException"]


def test_a_submission_set_is_archived_with_its_last_document(record):
    made = record.submission(record.document(number=1), record.document(number=2))
    assert not record.send(made).errors

    def set_status():
        slots = [("$XDSSubmissionSetUniqueId", f"'{made.submission_set.unique_id}'")]
        return record.ask("GetSubmissionSetAndContents", slots).submission_sets[0].status

    entries = record.documents().entries
    assert not record.set_status(entries[0], ARCHIVED).errors
    assert set_status() is APPROVED
    assert not record.set_status(entries[1], ARCHIVED).errors
    assert set_status() is ARCHIVED
    assert not record.set_status(record.entry(entries[0].unique_id), APPROVED).errors
    assert set_status() is APPROVED


def test_the_trace_says_what_each_update_was(record):
    entry = record.add(masks=[MASQUE_PS])
    record.mask(entry, [])
    record.mask(record.entry(entry.unique_id), [MASQUE_PS])
    record.set_status(record.entry(entry.unique_id), ARCHIVED)
    record.set_status(record.entry(entry.unique_id), APPROVED)
    record.set_status(record.entry(entry.unique_id), DELETED)
    lines = [line for line in record.trace() if line["action"] == "iti57"]
    assert [line["detail"] for line in lines] == ["unmask", "mask", "archive", "unarchive", "delete"]
    assert {line["objects"] for line in lines} == {(entry.unique_id,)}
