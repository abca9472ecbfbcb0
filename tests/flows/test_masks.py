"""A masked document is absent for others, whatever they ask: no trace of it in any answer, and the answers of what never was.

The médecin traitant and the author go on seeing it. `veiled` is asked only; acts on a masked document have records of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest

from carnet.client.feeding import from_cda, mask_update
from carnet.clock import system_clock
from carnet.demo.documents import LAB_REPORT, level_3, new_oid
from carnet.demo.people import BIOLOGIST, HOSPITAL_DOCTOR, LABORATORY, MEDECIN_TRAITANT
from carnet.metadata import MASQUE_PS, AssociationType, AvailabilityStatus, DocumentEntry
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.messages import quoted
from carnet.soap.query_table import QUERIES

ANY = quoted(*(status.value for status in AvailabilityStatus))
DE, SS, FD = "$XDSDocumentEntry", "$XDSSubmissionSet", "$XDSFolder"
ABSENT = "urn:uuid:00000000-1111-4222-8333-444444444444"
SECRET = "Secret de famille"
REFERENCE = "A-7^^^&1.2.250.1.999.3&ISO^urn:ihe:iti:xds:2013:accession"
RELATIONS = ("$AssociationTypes", quoted(AssociationType.APND.value, AssociationType.RPLC.value))


@dataclass
class Veiled:
    """A record where one document is masked: alone in a set and a folder, beside another in a second folder, appended to a visible one."""

    record: object
    masked: DocumentEntry
    old: DocumentEntry
    visible: DocumentEntry
    traces: tuple[str, ...]
    """Whatever tells of the masked document: uuids of its versions, its sets, its folder, its associations; its uniqueId, its title."""
    set_id: str
    alone: str
    shared: str


@pytest.fixture(scope="module")
def veiled(house):
    record = house.new_record(HOSPITAL_DOCTOR, BIOLOGIST)
    visible = record.add(title="Visible")
    shared, alone = record.folder(title="Dossier commun"), record.folder("Folder02", title="Dossier secret")
    made = record.submission(folders=[shared], links=[record.holds("Folder01", visible.entry_uuid)], like=visible)
    assert not record.send(made).errors
    ((shared_uuid,),) = house.rows("SELECT entry_uuid FROM folder WHERE unique_id = ?", shared.unique_id)
    sent = record.document(title=SECRET, entry={"reference_ids": (REFERENCE,)})
    links = [
        record.holds("Folder02", "Document01"),
        record.holds(shared_uuid, "Document01"),
        record.tie(AssociationType.APND, "Document01", visible.entry_uuid),
    ]
    made = record.submission(sent, folders=[alone], links=links)
    assert not record.send(made).errors
    assert record.titles(by=HOSPITAL_DOCTOR) == [SECRET, "Visible"]
    old = record.entry(sent.entry.unique_id)
    assert not record.mask(old, [MASQUE_PS]).errors
    masked = record.entry(sent.entry.unique_id)
    versions = (old.entry_uuid, masked.entry_uuid)
    touching = house.rows(
        f"SELECT entry_uuid, source FROM association WHERE target IN {versions} OR source IN {versions}"
    )
    ((alone_uuid,),) = house.rows("SELECT entry_uuid FROM folder WHERE unique_id = ?", alone.unique_id)
    uuids = {name for row in touching for name in row} - {shared_uuid}
    traces = (
        *uuids,
        *versions,
        sent.entry.unique_id,
        SECRET,
        alone_uuid,
        alone.unique_id,
        made.submission_set.unique_id,
    )
    return Veiled(record, masked, old, visible, traces, made.submission_set.unique_id, alone_uuid, shared_uuid)


# every way to come near the masked document: query, slots
WAYS = {
    "FindDocuments": lambda v: [(f"{DE}PatientId", v.record.cx), (f"{DE}Status", ANY)],
    "FindDocuments by uniqueId": lambda v: [
        (f"{DE}PatientId", v.record.cx),
        (f"{DE}Status", ANY),
        (f"{DE}UniqueId", quoted(v.masked.unique_id)),
    ],
    "FindDocuments by mask": lambda v: [
        (f"{DE}PatientId", v.record.cx),
        (f"{DE}Status", ANY),
        (f"{DE}ConfidentialityCode", "('MASQUE_PS')"),
    ],
    "FindSubmissionSets": lambda v: [(f"{SS}PatientId", v.record.cx), (f"{SS}Status", ANY)],
    "FindFolders": lambda v: [(f"{FD}PatientId", v.record.cx), (f"{FD}Status", ANY)],
    "GetAll": lambda v: [
        ("$patientId", v.record.cx),
        (f"{DE}Status", ANY),
        (f"{SS}Status", ANY),
        (f"{FD}Status", ANY),
    ],
    "GetDocuments": lambda v: [(f"{DE}EntryUUID", quoted(v.masked.entry_uuid))],
    "GetDocuments old version": lambda v: [(f"{DE}EntryUUID", quoted(v.old.entry_uuid))],
    "GetDocuments by uniqueId": lambda v: [(f"{DE}UniqueId", quoted(v.masked.unique_id))],
    "GetDocuments by logicalId": lambda v: [(f"{DE}LogicalID", quoted(v.masked.logical_id))],
    "GetFolders": lambda v: [(f"{FD}EntryUUID", quoted(v.alone))],
    "GetAssociations": lambda v: [("$uuid", quoted(v.masked.entry_uuid, v.old.entry_uuid))],
    "GetAssociations of the visible one": lambda v: [("$uuid", quoted(v.visible.entry_uuid))],
    "GetAssociations of the folder": lambda v: [("$uuid", quoted(v.shared))],
    "GetDocumentsAndAssociations": lambda v: [(f"{DE}EntryUUID", quoted(v.masked.entry_uuid))],
    "GetDocumentsAndAssociations of the visible one": lambda v: [(f"{DE}EntryUUID", quoted(v.visible.entry_uuid))],
    "GetSubmissionSets": lambda v: [("$uuid", quoted(v.masked.entry_uuid, v.old.entry_uuid))],
    "GetSubmissionSets of the folder": lambda v: [("$uuid", quoted(v.alone))],
    "GetSubmissionSetAndContents": lambda v: [(f"{SS}UniqueId", f"'{v.set_id}'")],
    "GetFolderAndContents": lambda v: [(f"{FD}EntryUUID", f"'{v.alone}'")],
    "GetFolderAndContents of the shared one": lambda v: [(f"{FD}EntryUUID", f"'{v.shared}'")],
    "GetFoldersForDocument": lambda v: [(f"{DE}EntryUUID", f"'{v.masked.entry_uuid}'")],
    "GetFoldersForDocument by uniqueId": lambda v: [(f"{DE}UniqueId", f"'{v.masked.unique_id}'")],
    "GetRelatedDocuments": lambda v: [(f"{DE}EntryUUID", f"'{v.masked.entry_uuid}'"), RELATIONS],
    "GetRelatedDocuments of the visible one": lambda v: [(f"{DE}EntryUUID", f"'{v.visible.entry_uuid}'"), RELATIONS],
    "FindDocumentsByReferenceId": lambda v: [
        (f"{DE}PatientId", v.record.cx),
        (f"{DE}Status", ANY),
        (f"{DE}ReferenceIdList", quoted(REFERENCE)),
    ],
    "FindDocumentsForMultiplePatients": lambda v: [(f"{DE}ClassCode", "('10')"), (f"{DE}Status", ANY)],
    "FindFoldersForMultiplePatients": lambda v: [(f"{FD}CodeList", "('SUIVI')"), (f"{FD}Status", ANY)],
    "FindDocumentsByTitle": lambda v: [
        (f"{DE}PatientId", v.record.cx),
        (f"{DE}Status", ANY),
        (f"{DE}Title", quoted("%famille")),
    ],
}


def query_of(way):
    return way.split(" ")[0]


def test_every_stored_query_is_a_way():
    assert {query_of(way) for way in WAYS} == {query.name for query in QUERIES}


@pytest.mark.parametrize("refs", [False, True], ids=["metadata", "references"])
@pytest.mark.parametrize("way", WAYS)
def test_no_query_tells_another_doctor_of_a_masked_document(veiled, way, refs):
    slots = WAYS[way](veiled)
    for another in (False, True):
        answer = veiled.record.ask_raw(
            query_of(way), slots, MEDECIN_TRAITANT if another else HOSPITAL_DOCTOR, refs=refs
        )
        assert answer.query.status is ResponseStatus.SUCCESS
        told = [trace for trace in veiled.traces if trace.encode() in answer.content]
        assert bool(told) is another, told


@pytest.mark.parametrize("refs", [False, True], ids=["metadata", "references"])
@pytest.mark.parametrize(
    ("way", "name", "more"),
    [
        ("GetDocuments", f"{DE}EntryUUID", []),
        ("GetDocuments by logicalId", f"{DE}LogicalID", []),
        ("GetFolders", f"{FD}EntryUUID", []),
        ("GetAssociations", "$uuid", []),
        ("GetDocumentsAndAssociations", f"{DE}EntryUUID", []),
        ("GetSubmissionSets", "$uuid", []),
        ("GetFolderAndContents", f"{FD}EntryUUID", []),
        ("GetFoldersForDocument", f"{DE}EntryUUID", []),
        ("GetRelatedDocuments", f"{DE}EntryUUID", [RELATIONS]),
    ],
)
def test_the_answer_is_that_for_what_never_was(veiled, way, name, more, refs):
    about_the_masked = veiled.record.ask_raw(query_of(way), WAYS[way](veiled), HOSPITAL_DOCTOR, refs=refs)
    slots = [(name, f"'{ABSENT}'"), *more]
    about_nothing = veiled.record.ask_raw(query_of(way), slots, HOSPITAL_DOCTOR, refs=refs)
    assert without_message_ids(about_the_masked.content) == without_message_ids(about_nothing.content)


def without_message_ids(content):
    return re.sub(rb"<wsa:(MessageID|RelatesTo)>[^<]*<", b"<", content)


def test_counts_do_not_tell_either(veiled):
    slots = WAYS["FindDocuments"](veiled)
    assert veiled.record.ask("FindDocuments", slots, HOSPITAL_DOCTOR).total == 1
    assert veiled.record.ask("FindDocuments", slots).total == 3


def test_a_masked_document_is_not_read_and_the_answer_is_that_for_what_never_was(veiled):
    unknown = new_oid()
    masked, given = veiled.record.read(veiled.masked.unique_id, by=HOSPITAL_DOCTOR)
    never, _ = veiled.record.read(unknown, by=HOSPITAL_DOCTOR)
    assert given == ()
    assert (masked.status, masked.errors[0].code) == (never.status, never.errors[0].code)
    assert masked.errors[0].context == never.errors[0].context
    line = veiled.record.trace()[-2]
    assert veiled.masked.unique_id not in str(line["objects"])


def test_beside_a_masked_document_the_others_are_read(veiled):
    answer, given = veiled.record.read(veiled.masked.unique_id, veiled.visible.unique_id, by=HOSPITAL_DOCTOR)
    assert answer.status is ResponseStatus.PARTIAL_SUCCESS
    assert [document.unique_id for document in given] == [veiled.visible.unique_id]


def test_the_medecin_traitant_reads_a_masked_document(veiled):
    assert len(veiled.record.read(veiled.masked.unique_id)[1]) == 1


def test_the_author_finds_and_reads_a_masked_document_another_doctor_of_the_same_house_does_not(house):
    record = house.new_record(BIOLOGIST, HOSPITAL_DOCTOR)
    report = from_cda(level_3(record.draft(type=LAB_REPORT, title="Sérologie", author=BIOLOGIST)), masks=[MASQUE_PS])
    assert not record.send(record.submission(report, by=LABORATORY), LABORATORY).errors
    assert record.titles(by=BIOLOGIST) == ["Sérologie"]
    assert len(record.read(report.entry.unique_id, by=BIOLOGIST)[1]) == 1
    assert record.titles(by=HOSPITAL_DOCTOR) == []


def test_a_mask_given_at_submission_hides_from_the_first_moment(house):
    record = house.new_record(HOSPITAL_DOCTOR)
    entry = record.add(masks=[MASQUE_PS])
    assert record.titles(by=HOSPITAL_DOCTOR) == []
    assert record.versions(entry.unique_id, HOSPITAL_DOCTOR) == ()


def test_unmasking_shows_every_version_again(house):
    record = house.new_record(HOSPITAL_DOCTOR)
    entry = record.add(masks=[MASQUE_PS])
    assert not record.mask(entry, []).errors
    assert [version.version for version in record.versions(entry.unique_id, HOSPITAL_DOCTOR)] == [2, 1]


def test_a_mask_hides_the_second_entry_of_the_same_document_too(house):
    record = house.new_record(HOSPITAL_DOCTOR)
    sent = record.document(title="Deux fois")
    record.put(sent)
    record.put(sent)
    assert not record.mask(record.documents().entries[0], [MASQUE_PS]).errors
    assert record.titles() == ["Deux fois", "Deux fois"]
    assert record.titles(by=HOSPITAL_DOCTOR) == []
    assert record.read(sent.entry.unique_id, by=HOSPITAL_DOCTOR)[1] == ()


# --- acts on what one may not see -------------------------------------------------------------------------------------


@pytest.fixture
def hidden(house):
    """A record with a masked document, and somebody who may read the rest."""
    record = house.new_record(HOSPITAL_DOCTOR)
    return record, record.add(masks=[MASQUE_PS], title="Caché")


@pytest.mark.parametrize("old", [False, True], ids=["current", "old version"])
def test_what_is_hidden_is_updated_as_little_as_what_never_was(hidden, codes, old):
    record, entry = hidden
    if old:
        assert not record.mask(entry, []).errors
        assert not record.mask(record.entry(entry.unique_id), [MASQUE_PS]).errors
    never = replace(entry, entry_uuid=ABSENT, logical_id=ABSENT)
    before = record.house.stored()
    for target in (entry, never):
        for status in (AvailabilityStatus.ARCHIVED, AvailabilityStatus.DELETED):
            assert codes(record.set_status(target, status, HOSPITAL_DOCTOR)) == ["UnresolvedReferenceException"]
        answer = record.mask(target, [], HOSPITAL_DOCTOR)
        assert codes(answer) == ["UnresolvedReferenceException"]
    assert record.house.stored() == before


@pytest.mark.parametrize(
    "kind",
    [AssociationType.RPLC, AssociationType.APND, AssociationType.XFRM, AssociationType.XFRM_RPLC],
    ids=lambda kind: kind.name,
)
def test_what_is_hidden_is_tied_to_as_little_as_what_never_was(hidden, codes, kind):
    record, entry = hidden
    answers = []
    for target in (entry.entry_uuid, ABSENT):
        sent = record.document(author=HOSPITAL_DOCTOR)
        made = record.submission(sent, by=HOSPITAL_DOCTOR, links=[record.tie(kind, "Document01", target)])
        answers.append(record.send(made, HOSPITAL_DOCTOR))
    assert codes(answers[0]) == codes(answers[1]) == ["UnresolvedReferenceException"]
    assert answers[0].errors[0].context == answers[1].errors[0].context
    assert record.entry(entry.unique_id).status is AvailabilityStatus.APPROVED


def test_what_is_hidden_is_not_put_into_a_folder_or_a_set(hidden, codes):
    record, entry = hidden
    for target in (entry.entry_uuid, ABSENT):
        for link in (
            record.holds("Folder01", target),
            record.holds("SubmissionSet01", target, submission_set_status="Reference"),
        ):
            sent = record.document(author=HOSPITAL_DOCTOR)
            made = record.submission(sent, by=HOSPITAL_DOCTOR, folders=[record.folder()], links=[link])
            assert codes(record.send(made, HOSPITAL_DOCTOR)) == ["UnresolvedReferenceException"]


def test_a_folder_that_holds_only_hidden_documents_receives_nothing(house, codes):
    record = house.new_record(HOSPITAL_DOCTOR)
    folder = record.folder()
    record.put(record.document(masks=[MASQUE_PS]), folders=[folder], links=[record.holds("Folder01", "Document01")])
    ((uuid,),) = house.rows("SELECT entry_uuid FROM folder WHERE unique_id = ?", folder.unique_id)
    for target in (uuid, ABSENT):
        sent = record.document(author=HOSPITAL_DOCTOR)
        made = record.submission(sent, by=HOSPITAL_DOCTOR, links=[record.holds(target, "Document01")])
        assert codes(record.send(made, HOSPITAL_DOCTOR)) == ["UnresolvedReferenceException"]


def test_sending_a_hidden_document_again_does_not_show_it(hidden, codes):
    """Its uniqueId is taken: that is all that one learns, and one had to know it."""
    record, entry = hidden
    content = record.read(entry.unique_id)[1][0].content
    again = from_cda(content)
    made = record.submission(again, by=HOSPITAL_DOCTOR)
    assert codes(record.send(made, HOSPITAL_DOCTOR)) == ["XDSDuplicateUniqueIdInRegistry"]
    assert record.titles(by=HOSPITAL_DOCTOR) == []


def test_any_doctor_with_an_authorisation_masks_and_only_the_author_or_the_medecin_traitant_unmasks(house, codes):
    record = house.new_record(HOSPITAL_DOCTOR)
    entry = record.add()
    update = mask_update(
        record.entry(entry.unique_id, HOSPITAL_DOCTOR), [MASQUE_PS], house.caller(HOSPITAL_DOCTOR), system_clock()
    )
    assert not record.update(update, HOSPITAL_DOCTOR).errors
    assert codes(record.mask(record.entry(entry.unique_id), [], HOSPITAL_DOCTOR)) == ["UnresolvedReferenceException"]
    assert not record.mask(record.entry(entry.unique_id), []).errors
