"""Relationships between documents, and folders, through the door (ITI TF-3 §4.2.2, ITI TF-2 §3.42.4.1.3.3; NIST 11992 to 11998, 12000 on)."""

from __future__ import annotations

import uuid

import pytest

from carnet.demo.people import OTHER_GP
from carnet.metadata import MASQUE_PS, AssociationType, AvailabilityStatus
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.messages import quoted

APPROVED, DEPRECATED = AvailabilityStatus.APPROVED, AvailabilityStatus.DEPRECATED
RPLC, APND, XFRM, XFRM_RPLC = (
    AssociationType.RPLC,
    AssociationType.APND,
    AssociationType.XFRM,
    AssociationType.XFRM_RPLC,
)


# --- relationships ----------------------------------------------------------------------------------------------------


def test_a_replacement_deprecates_its_target(record, codes):
    old = record.add(title="Ancien")
    sent, made = record.replacement(old, title="Nouveau")
    assert not codes(record.send(made))
    assert record.titles() == ["Nouveau"]
    assert record.titles(status=DEPRECATED) == ["Ancien"]
    assert record.read(old.unique_id)[1][0].content != sent.content
    current = record.entry(sent.entry.unique_id)
    assert current.logical_id != old.logical_id
    assert current.version == 1


@pytest.mark.parametrize("kind", [RPLC, APND, XFRM, XFRM_RPLC], ids=lambda kind: kind.name)
def test_a_relationship_needs_an_approved_target(record, codes, kind):
    old = record.add()
    record.send(record.replacement(old)[1])
    before = record.house.stored()
    assert codes(record.send(record.replacement(old, kind=kind)[1])) == ["XDSRegistryDeprecatedDocumentError"]
    assert record.house.stored() == before


@pytest.mark.parametrize("kind", [RPLC, APND, XFRM, XFRM_RPLC], ids=lambda kind: kind.name)
def test_an_archived_document_is_no_target_either(record, codes, kind):
    old = record.add()
    record.set_status(old, AvailabilityStatus.ARCHIVED)
    assert codes(record.send(record.replacement(old, kind=kind)[1])) == ["XDSRegistryDeprecatedDocumentError"]


@pytest.mark.parametrize("kind", [RPLC, APND, XFRM, XFRM_RPLC], ids=lambda kind: kind.name)
def test_a_relationship_needs_a_target_of_the_same_patient(record, other_record, codes, kind):
    foreign = other_record.add()
    assert codes(record.send(record.replacement(foreign, kind=kind)[1])) == ["XDSPatientIdDoesNotMatch"]
    assert other_record.entry(foreign.unique_id).status is APPROVED


@pytest.mark.parametrize("kind", [APND, XFRM], ids=lambda kind: kind.name)
def test_an_addition_and_a_transformation_leave_the_original_current(record, codes, kind):
    original = record.add(title="Original")
    sent, made = record.replacement(original, kind=kind, title="Ajout")
    assert not codes(record.send(made))
    assert record.titles() == ["Ajout", "Original"]
    related = record.ask(
        "GetRelatedDocuments",
        [
            ("$XDSDocumentEntryEntryUUID", f"'{original.entry_uuid}'"),
            ("$AssociationTypes", quoted(kind.value)),
        ],
    )
    assert {entry.unique_id for entry in related.entries} == {original.unique_id, sent.entry.unique_id}
    assert [one.type for one in related.associations] == [kind]


def test_a_transformation_may_replace(record, codes):
    original = record.add(title="Original")
    _, made = record.replacement(original, kind=XFRM_RPLC, title="Autre forme")
    assert not codes(record.send(made))
    assert record.titles() == ["Autre forme"]
    assert record.entry(original.unique_id).status is DEPRECATED


def test_replacing_a_document_deprecates_its_additions_and_transformations_and_theirs(record, codes):
    original = record.add(title="Original")
    addition, made = record.replacement(original, kind=APND, title="Ajout")
    assert not codes(record.send(made))
    addition = record.entry(addition.entry.unique_id)
    form, made = record.replacement(addition, kind=XFRM, title="Ajout en PDF")
    assert not codes(record.send(made))
    apart = record.add(title="Autre document")
    assert not codes(record.send(record.replacement(original, title="Nouveau")[1]))
    assert record.titles() == ["Autre document", "Nouveau"]
    assert record.titles(status=DEPRECATED) == ["Ajout", "Ajout en PDF", "Original"]
    assert record.entry(form.entry.unique_id).status is DEPRECATED
    assert record.entry(apart.unique_id).status is APPROVED


def test_two_documents_may_not_replace_the_same_one(record, codes, tie):
    old = record.add()
    sent = [record.document(number=1), record.document(number=2)]
    made = record.submission(*sent, links=[tie(RPLC, f"Document0{n}", old.entry_uuid) for n in (1, 2)])
    assert "XDSRepositoryMetadataError" in codes(record.send(made))
    assert record.entry(old.unique_id).status is APPROVED


def test_a_document_may_append_to_another_of_the_same_message(record, codes, tie):
    sent = [record.document(number=1, title="Lettre"), record.document(number=2, title="Annexe")]
    made = record.submission(*sent, links=[tie(APND, "Document02", "Document01")])
    assert not codes(record.send(made))
    assert record.titles() == ["Annexe", "Lettre"]


def test_a_document_may_not_replace_another_of_the_same_message(record, codes, tie):
    sent = [record.document(number=1), record.document(number=2)]
    made = record.submission(*sent, links=[tie(RPLC, "Document02", "Document01")])
    assert codes(record.send(made)) == ["XDSRepositoryMetadataError"]


def test_only_the_author_of_a_document_replaces_it(house, codes):
    record = house.new_record(OTHER_GP)
    old = record.add()
    _, made = record.replacement(old, by=OTHER_GP, author=OTHER_GP)
    before = record.house.stored()
    assert codes(record.send(made, OTHER_GP)) == ["DMPAccessDeniedByRightsService"]
    assert record.house.stored() == before
    assert record.last_line("iti41")["rules"] == ("author-only",)


def test_what_replaces_a_masked_document_is_masked(record, codes):
    old = record.add(masks=[MASQUE_PS])
    sent, made = record.replacement(old)
    assert not codes(record.send(made))
    assert record.entry(sent.entry.unique_id).masks == {MASQUE_PS}


def test_a_replacement_whose_document_names_another_parent_is_refused(record, codes, tie):
    old, apart = record.add(), record.add()
    sent = record.document(version=2, replaces=apart.unique_id)
    made = record.submission(sent, links=[tie(RPLC, sent.entry.entry_uuid, old.entry_uuid)])
    assert codes(record.send(made)) == ["InvalidDocumentContent"]
    assert record.entry(old.unique_id).status is APPROVED


def test_writing_the_target_in_capitals_does_not_let_another_than_the_author_replace_it(house, codes, tie):
    record = house.new_record(OTHER_GP)
    old = record.add()
    sent = record.document(author=OTHER_GP)
    capitals = f"urn:uuid:{old.entry_uuid.removeprefix('urn:uuid:').upper()}"
    made = record.submission(sent, by=OTHER_GP, links=[tie(RPLC, "Document01", capitals)])
    assert codes(record.send(made, OTHER_GP)) == ["DMPAccessDeniedByRightsService"]
    assert record.entry(old.unique_id).status is APPROVED


def test_writing_the_source_in_capitals_does_not_take_the_mask_off(record, codes, tie):
    old = record.add(masks=[MASQUE_PS])
    own = str(uuid.uuid4())
    sent = record.document(entry={"entry_uuid": f"urn:uuid:{own}"})
    capitals = f"urn:uuid:{own.upper()}"
    made = record.submission(sent, links=[tie(RPLC, capitals, old.entry_uuid)])
    assert not codes(record.send(made))
    assert record.entry(sent.entry.unique_id).masks == {MASQUE_PS}


# --- folders ----------------------------------------------------------------------------------------------------------


def folder_of(record, unique_id):
    answer = record.ask("GetFolders", [("$XDSFolderUniqueId", quoted(unique_id))])
    return answer.folders[0]


def contents_of(record, folder):
    answer = record.ask("GetFolderAndContents", [("$XDSFolderEntryUUID", f"'{folder.entry_uuid}'")])
    return sorted(entry.title for entry in answer.entries)


def test_a_new_folder_comes_with_its_documents_and_is_dated_by_the_registry(record, holds):
    folder = record.folder(last_update_time="20010101")
    sent = [record.document(number=1, title="Un"), record.document(number=2, title="Deux")]
    record.put(*sent, folders=[folder], links=[holds("Folder01", f"Document0{n}") for n in (1, 2)])
    found = folder_of(record, folder.unique_id)
    assert (found.title, found.version, found.status) == ("Suivi", 1, APPROVED)
    assert found.logical_id == found.entry_uuid
    assert found.last_update_time > "20250101"
    assert contents_of(record, found) == ["Deux", "Un"]


def registered_folder(record, holds, *titles):
    folder = record.folder()
    sent = [record.document(number=n, title=title) for n, title in enumerate(titles, 1)]
    record.put(*sent, folders=[folder], links=[holds("Folder01", one.entry.entry_uuid) for one in sent])
    return folder_of(record, folder.unique_id)


def test_a_new_document_joins_a_registered_folder_which_is_dated_now(record, holds):
    folder = registered_folder(record, holds, "Un")
    record.house.gate.administer(
        lambda connection: connection._raw.execute(
            "UPDATE folder SET last_update_time = '20200101' WHERE entry_uuid = ?", (folder.entry_uuid,)
        )
    )
    record.put(record.document(title="Deux"), links=[holds(folder.entry_uuid, "Document01")])
    assert contents_of(record, folder) == ["Deux", "Un"]
    rows = record.house.rows("SELECT last_update_time FROM folder WHERE entry_uuid = ?", folder.entry_uuid)
    assert rows[0][0] > "20250101"


def test_a_registered_document_joins_a_new_folder_without_coming_again(record, holds, codes):
    entry = record.add(title="Déjà là")
    folder = record.folder()
    made = record.submission(
        folders=[folder],
        links=[
            holds("Folder01", entry.entry_uuid),
            holds("SubmissionSet01", entry.entry_uuid, submission_set_status="Reference"),
        ],
        like=entry,
    )
    assert not codes(record.send(made))
    assert contents_of(record, folder_of(record, folder.unique_id)) == ["Déjà là"]


def test_a_registered_document_joins_a_registered_folder(record, holds, codes):
    folder = registered_folder(record, holds, "Un")
    entry = record.add(title="Deux")
    made = record.submission(links=[holds(folder.entry_uuid, entry.entry_uuid)], like=entry)
    assert not codes(record.send(made))
    assert contents_of(record, folder) == ["Deux", "Un"]


def test_a_document_is_in_a_folder_once(record, holds, codes):
    folder = registered_folder(record, holds, "Un")
    entry = record.documents().entries[0]
    made = record.submission(links=[holds(folder.entry_uuid, entry.entry_uuid)], like=entry)
    assert codes(record.send(made)) == ["XDSRepositoryMetadataError"]


def test_a_folder_of_another_patient_receives_nothing(record, other_record, holds, codes):
    folder = registered_folder(other_record, holds, "Un")
    made = record.submission(record.document(), links=[holds(folder.entry_uuid, "Document01")])
    assert codes(record.send(made)) == ["XDSPatientIdDoesNotMatch"]
    assert contents_of(other_record, folder) == ["Un"]


def test_a_replacement_takes_its_targets_place_in_the_folders(record, holds, codes):
    folder = registered_folder(record, holds, "Ancien")
    old = record.documents().entries[0]
    assert not codes(record.send(record.replacement(old, title="Nouveau")[1]))
    assert contents_of(record, folder) == ["Ancien", "Nouveau"]


def test_several_documents_and_folders_go_in_as_one_set(record, holds):
    folders = [record.folder(f"Folder0{n}", title=f"Dossier {n}") for n in (1, 2)]
    sent = [record.document(number=n, title=f"Document {n}") for n in (1, 2, 3)]
    links = [holds("Folder01", "Document01"), holds("Folder01", "Document02"), holds("Folder02", "Document02")]
    made = record.submission(*sent, folders=folders, links=links)
    assert record.send(made).status is ResponseStatus.SUCCESS
    answer = record.ask(
        "GetSubmissionSetAndContents", [("$XDSSubmissionSetUniqueId", f"'{made.submission_set.unique_id}'")]
    )
    assert sorted(entry.title for entry in answer.entries) == ["Document 1", "Document 2", "Document 3"]
    assert sorted(folder.title for folder in answer.folders) == ["Dossier 1", "Dossier 2"]
    assert len(answer.submission_sets) == 1
    inside = [one for one in answer.associations if one.source in {folder.entry_uuid for folder in answer.folders}]
    assert len(inside) == 3


def test_the_members_of_a_set_may_be_registered_documents_by_reference(record, holds, codes):
    entry = record.add(title="Déjà là")
    reference = holds("SubmissionSet01", entry.entry_uuid, submission_set_status="Reference")
    made = record.submission(record.document(title="Nouveau"), links=[reference])
    assert not codes(record.send(made))
    assert record.titles() == ["Déjà là", "Nouveau"]


def test_a_reference_that_claims_to_be_original_is_refused(record, holds, codes):
    entry = record.add()
    wrong = holds("SubmissionSet01", entry.entry_uuid, submission_set_status="Original")
    made = record.submission(record.document(), links=[wrong])
    assert codes(record.send(made)) == ["XDSRepositoryMetadataError"]
