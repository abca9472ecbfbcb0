"""The stored queries through the door (ITI TF-2 §3.18.4.1.2.3; NIST 11897 to 11909, 12364, 12368, 15803), on one record with some of everything.

The record `library` is made once. What is found is named by title; references must be those of the metadata.
"""

from __future__ import annotations

import re

import pytest
from flows_library import ACCESSION, CURRENT, STATUS

from carnet.demo.documents import new_oid
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.metadata import AssociationType, AvailabilityStatus
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.messages import quoted
from carnet.soap.query_table import BY_NAME, QUERIES

APPROVED, DEPRECATED = AvailabilityStatus.APPROVED, AvailabilityStatus.DEPRECATED
ARCHIVED, DELETED = AvailabilityStatus.ARCHIVED, AvailabilityStatus.DELETED
SET_STATUS = ("$XDSSubmissionSetStatus", quoted(APPROVED.value))
FOLDER_STATUS = ("$XDSFolderStatus", quoted(APPROVED.value))
DE = "$XDSDocumentEntry"


# what is found: titles of documents, "+sets", "+folders", "+links" followed by how many
QUERY_CASES = {
    "FindDocuments": (lambda b: [b.patient, STATUS], CURRENT),
    "FindSubmissionSets": (lambda b: [("$XDSSubmissionSetPatientId", b.record.cx), SET_STATUS], ["+sets 6"]),
    "FindFolders": (lambda b: [("$XDSFolderPatientId", b.record.cx), FOLDER_STATUS], ["+folders 1"]),
    "GetAll": (
        lambda b: [("$patientId", b.record.cx), STATUS, SET_STATUS, FOLDER_STATUS],
        [*CURRENT, "+sets 6", "+folders 1", "+links 6"],
    ),
    "GetDocuments": (lambda b: [(f"{DE}EntryUUID", quoted(b.consultation.entry_uuid))], ["Consultation"]),
    "GetFolders": (lambda b: [("$XDSFolderEntryUUID", quoted(b.folder.entry_uuid))], ["+folders 1"]),
    "GetAssociations": (lambda b: [("$uuid", quoted(b.consultation.entry_uuid))], ["+links 2"]),
    "GetDocumentsAndAssociations": (
        lambda b: [(f"{DE}EntryUUID", quoted(b.consultation.entry_uuid))],
        ["Consultation", "+links 2"],
    ),
    "GetSubmissionSets": (
        lambda b: [("$uuid", quoted(b.consultation.entry_uuid, b.report.entry_uuid))],
        ["+sets 2", "+links 2"],
    ),
    "GetSubmissionSetAndContents": (
        lambda b: [("$XDSSubmissionSetUniqueId", f"'{b.first.unique_id}'")],
        ["Consultation", "+sets 1", "+folders 1", "+links 3"],
    ),
    "GetFolderAndContents": (
        lambda b: [("$XDSFolderEntryUUID", f"'{b.folder.entry_uuid}'")],
        ["Consultation", "+folders 1", "+links 1"],
    ),
    "GetFoldersForDocument": (
        lambda b: [(f"{DE}UniqueId", f"'{b.consultation.unique_id}'")],
        ["+folders 1"],
    ),
    "GetRelatedDocuments": (
        lambda b: [
            (f"{DE}EntryUUID", f"'{b.letter.entry_uuid}'"),
            ("$AssociationTypes", quoted(AssociationType.RPLC.value)),
        ],
        ["Ancienne lettre", "Nouvelle lettre", "+links 1"],
    ),
    "FindDocumentsByReferenceId": (
        lambda b: [b.patient, STATUS, (f"{DE}ReferenceIdList", quoted(ACCESSION))],
        ["Consultation"],
    ),
    "FindDocumentsForMultiplePatients": (lambda b: [b.patient, STATUS], CURRENT),
    "FindFoldersForMultiplePatients": (
        lambda b: [("$XDSFolderPatientId", b.record.cx), FOLDER_STATUS],
        ["+folders 1"],
    ),
    "FindDocumentsByTitle": (
        lambda b: [b.patient, STATUS, (f"{DE}Title", quoted("%lettre"))],
        ["Nouvelle lettre"],
    ),
}


def told(answer):
    """An answer in the words of QUERY_CASES."""
    counts = {"+sets": answer.submission_sets, "+folders": answer.folders, "+links": answer.associations}
    return sorted(entry.title for entry in answer.entries) + [
        f"{name} {len(found)}" for name, found in counts.items() if found
    ]


def test_every_stored_query_has_a_case():
    assert set(QUERY_CASES) == {query.name for query in QUERIES}


@pytest.mark.parametrize("name", QUERY_CASES)
def test_a_stored_query_answers_metadata(library, name):
    slots, expected = QUERY_CASES[name]
    answer = library.record.ask(name, slots(library))
    assert not answer.errors
    assert told(answer) == expected
    objects = (*answer.entries, *answer.submission_sets, *answer.folders, *answer.associations)
    assert answer.total == len(objects)
    assert answer.object_refs == ()


@pytest.mark.parametrize("name", QUERY_CASES)
def test_a_stored_query_answers_the_references_of_the_same_objects(library, name):
    slots, _ = QUERY_CASES[name]
    answer = library.record.ask(name, slots(library))
    objects = (*answer.entries, *answer.submission_sets, *answer.folders, *answer.associations)
    references = library.record.ask(name, slots(library), refs=True)
    assert set(references.object_refs) == {item.entry_uuid for item in objects}
    assert not references.entries
    assert references.total == len(objects)


def test_an_answer_says_how_many_it_holds_and_where_it_starts(library):
    content_type, content = library.record.service().request(
        "iti18",
        library.record.identifier,
        b'<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
        b'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><query:ResponseOption returnType="ObjectRef"/>'
        b'<rim:AdhocQuery id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"><rim:Slot name="$XDSDocumentEntryPatientId">'
        b"<rim:ValueList><rim:Value>%s</rim:Value></rim:ValueList></rim:Slot>"
        b'<rim:Slot name="$XDSDocumentEntryStatus"><rim:ValueList><rim:Value>%s</rim:Value></rim:ValueList></rim:Slot>'
        b"</rim:AdhocQuery></query:AdhocQueryRequest>"
        % (library.record.cx.replace("&", "&amp;").encode(), STATUS[1].encode()),
    )
    reply = library.record.house.post("iti18", content_type, content, by=MEDECIN_TRAITANT)
    assert b'startIndex="0" totalResultCount="4"' in reply.content


# --- statuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "found"),
    [
        ((APPROVED,), CURRENT),
        ((DEPRECATED,), ["Ancienne lettre"]),
        ((ARCHIVED,), ["Archive"]),
        ((DELETED,), []),
        ((APPROVED, DEPRECATED), sorted([*CURRENT, "Ancienne lettre"])),
        ((ARCHIVED, DELETED), ["Archive"]),
    ],
    ids=lambda value: (
        "+".join(status.name.lower() for status in value if isinstance(status, AvailabilityStatus)) or None
    ),
)
def test_documents_are_found_in_the_statuses_asked_for_the_french_ones_too(library, statuses, found):
    status = (f"{DE}Status", quoted(*(one.value for one in statuses)))
    assert library.find(status=status) == found


def test_a_document_asked_for_by_name_comes_in_whatever_status(library):
    answer = library.record.ask("GetDocuments", [(f"{DE}UniqueId", quoted(library.old.unique_id))])
    assert [(entry.title, entry.status) for entry in answer.entries] == [("Ancienne lettre", DEPRECATED)]


# --- what is missing, unknown, too much -------------------------------------------------------------------------------


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_required_parameter_that_is_missing_is_named(library, codes, query):
    full = dict(QUERY_CASES[query.name][0](library))
    for parameter in query.parameters:
        if parameter.required:
            slots = [(name, value) for name, value in full.items() if name != parameter.name]
            answer = library.record.ask(query.name, slots)
            assert codes(answer) == ["XDSStoredQueryMissingParam"], parameter.name
            assert answer.errors[0].location == parameter.name
    if query.one_of or query.some_of:
        kept = [(name, value) for name, value in full.items() if name not in (*query.one_of, *query.some_of)]
        assert codes(library.record.ask(query.name, kept)) == ["XDSStoredQueryMissingParam"]


@pytest.mark.parametrize("query", [query for query in QUERIES if len(query.one_of) > 1], ids=lambda query: query.name)
def test_two_ways_to_name_one_object_are_one_too_many(library, codes, query):
    slots = [(name, quoted(library.consultation.entry_uuid)) for name in query.one_of[:2]]
    slots += [("$AssociationTypes", quoted(AssociationType.RPLC.value))]
    assert codes(library.record.ask(query.name, slots)) == ["XDSStoredQueryParamNumber"]


def test_an_unknown_query_is_refused(library, codes):
    answer = library.record.service().search(
        library.record.identifier, f"urn:uuid:{'0' * 8}-0000-0000-0000-{'0' * 12}", []
    )
    assert codes(answer) == ["XDSUnknownStoredQuery"]


def test_an_unknown_parameter_is_ignored(library):
    assert library.find(("$XDSDocumentEntryColour", "('blue')"), ("MyOwn", "7")) == CURRENT


def test_a_parameter_that_takes_one_value_refuses_two(library, codes):
    twice = [library.patient, STATUS, (f"{DE}CreationTimeFrom", ["2020", "2021"])]
    again = [library.patient, STATUS, (f"{DE}TypeCode", "('a')"), (f"{DE}TypeCode", "('b')")]
    for slots in (twice, again):
        assert codes(library.record.ask("FindDocuments", slots)) == ["XDSStoredQueryParamNumber"]


@pytest.mark.parametrize("return_type", ["LeafClassWithRepositoryItem", "leafclass", ""])
def test_another_return_type_is_no_query(library, return_type):
    record = library.record
    body = (
        '<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
        f'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><query:ResponseOption returnType="{return_type}"/>'
        f'<rim:AdhocQuery id="{BY_NAME["GetAll"].uuid}"/></query:AdhocQueryRequest>'
    )
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti18", body.encode())
    assert reply.codes == ["Sender"]


# --- patients ---------------------------------------------------------------------------------------------------------

PATIENT_PARAMETERS = {
    query.name: next(parameter.name for parameter in query.parameters if parameter.field == "patients")
    for query in QUERIES
    if any(parameter.field == "patients" for parameter in query.parameters)
}


@pytest.mark.parametrize("query", PATIENT_PARAMETERS)
@pytest.mark.parametrize("refs", [False, True], ids=["metadata", "references"])
def test_a_query_about_another_patient_than_the_assertions_is_refused(library, other_record, codes, query, refs):
    other_record.add()
    slots = dict(QUERY_CASES[query][0](library)) | {PATIENT_PARAMETERS[query]: other_record.cx}
    answer = library.record.ask(query, list(slots.items()), refs=refs)
    assert codes(answer) == ["XDSPatientIdDoesNotMatch"]
    assert answer.object_refs == answer.entries == ()


@pytest.mark.parametrize("query", ["FindDocumentsForMultiplePatients", "FindFoldersForMultiplePatients"])
def test_metadata_of_several_patients_are_not_given_at_once(library, other_record, codes, query):
    both = f"({library.record.cx},{other_record.cx})"
    slots = list((dict(QUERY_CASES[query][0](library)) | {PATIENT_PARAMETERS[query]: both}).items())
    assert codes(library.record.ask(query, slots)) == ["XDSResultNotSinglePatient"]
    assert codes(library.record.ask(query, slots, refs=True)) == ["XDSPatientIdDoesNotMatch"]


def test_a_query_for_many_patients_that_names_none_is_about_the_assertions_patient(library, other_record):
    other_record.add(title="D'une autre")
    slots = [STATUS, (f"{DE}ClassCode", "('10')")]
    answer = library.record.ask("FindDocumentsForMultiplePatients", slots)
    assert told(answer) == ["Bilan de l'automne", "Consultation", "Nouvelle lettre"]


def test_objects_of_another_patient_are_as_absent_as_those_of_nobody(library, other_record):
    entry = other_record.add()
    own = other_record.entry(entry.unique_id)
    absent = f"urn:uuid:{'1' * 8}-1111-4111-8111-{'1' * 12}"
    for query, slot, theirs, nobodys in (
        ("GetDocuments", f"{DE}EntryUUID", own.entry_uuid, absent),
        ("GetDocuments", f"{DE}UniqueId", own.unique_id, new_oid()),
        ("GetAssociations", "$uuid", own.entry_uuid, absent),
        ("GetSubmissionSets", "$uuid", own.entry_uuid, absent),
        ("GetFoldersForDocument", f"{DE}EntryUUID", own.entry_uuid, absent),
    ):
        answers = [library.record.ask(query, [(slot, quoted(name))]) for name in (theirs, nobodys)]
        assert told(answers[0]) == told(answers[1]) == []
        assert answers[0].status is answers[1].status is ResponseStatus.SUCCESS


def test_a_real_flow_reads_what_came_since_the_last_visit(library):
    """Sets since a moment, their associations, documents by batches, then the documents: as software of the field does."""
    record = library.record
    sets = record.ask("FindSubmissionSets", [("$XDSSubmissionSetPatientId", record.cx), SET_STATUS], refs=True)
    links = record.ask("GetAssociations", [("$uuid", quoted(*sets.object_refs))])
    members = [one.target for one in links.associations if one.type is AssociationType.HAS_MEMBER]
    answer = record.ask("GetDocumentsAndAssociations", [(f"{DE}EntryUUID", quoted(*members))])
    wanted = [entry.unique_id for entry in answer.entries if entry.status is APPROVED]
    retrieved, documents = record.read(*wanted)
    assert retrieved.status is ResponseStatus.SUCCESS
    assert len(documents) == len(wanted) == len(CURRENT)
    assert all(re.search(rb"<ClinicalDocument", document.content) for document in documents)
