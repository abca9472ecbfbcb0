from dataclasses import fields

import pytest

from carnet.document_query import FindDocuments, FindFolders, FindSubmissionSets, Get, GetAll, GetObjects
from carnet.soap.query_table import BY_NAME, BY_UUID, QUERIES, Form, Repeat

UUIDS = {
    "FindDocuments": "14d4debf-8f97-4251-9a74-a90016b0af0d",
    "FindSubmissionSets": "f26abbcb-ac74-4422-8a30-edb644bbc1a9",
    "FindFolders": "958f3006-baad-4929-a4de-ff1114824431",
    "GetAll": "10b545ea-725c-446d-9b95-8aeb444eddf3",
    "GetDocuments": "5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4",
    "GetFolders": "5737b14c-8a1a-4539-b659-e03a34a5e1e4",
    "GetAssociations": "a7ae438b-4bc2-4642-93e9-be891f7bb155",
    "GetDocumentsAndAssociations": "bab9529a-4a10-40b3-a01f-f68a615d247a",
    "GetSubmissionSets": "51224314-5390-4169-9b91-b1980040715a",
    "GetSubmissionSetAndContents": "e8e3cb2c-e39c-46b9-99e4-c12f57260b83",
    "GetFolderAndContents": "b909a503-523d-4517-8acf-8e5834dfc4c7",
    "GetFoldersForDocument": "10cae35a-c7f9-4cf5-b61e-fc3278ffb578",
    "GetRelatedDocuments": "d90e5407-b356-4d91-a89f-873917b4b0e6",
    "FindDocumentsByReferenceId": "12941a89-e02e-4be5-967c-ce4bfc8fe492",
    "FindDocumentsForMultiplePatients": "3d1bdb10-39a2-11de-89c2-2f44d94eaa9f",
    "FindFoldersForMultiplePatients": "50d3f5ac-39a2-11de-a1ca-b366239e58df",
    "FindDocumentsByTitle": "ab474085-82b5-402d-8115-3f37cb1e2405",
}


def test_the_sixteen_queries_and_the_one_by_title_have_their_uuids():
    assert {query.name: query.uuid for query in QUERIES} == {name: f"urn:uuid:{uuid}" for name, uuid in UUIDS.items()}
    assert len(BY_UUID) == len(BY_NAME) == len(QUERIES) == 17


def test_every_query_by_identifier_is_there():
    assert {get.value for get in Get} <= set(BY_NAME)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_every_parameter_fills_a_field_of_its_query(query):
    kind = getattr(query.build, "func", query.build)
    assert kind in {FindDocuments, FindSubmissionSets, FindFolders, GetAll, GetObjects}
    known = {field.name for field in fields(kind)}
    assert {parameter.field for parameter in query.parameters} <= known
    names = [parameter.name for parameter in query.parameters]
    assert len(names) == len(set(names))
    assert set(query.one_of) | set(query.some_of) <= set(names)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_field_is_filled_once_but_for_the_two_ends_of_a_time(query):
    filled = [parameter.field for parameter in query.parameters if parameter.form is not Form.TO]
    assert len(filled) == len(set(filled))


def test_only_repeatable_attributes_may_be_asked_for_several_times():
    repeatable = {p.field for query in QUERIES for p in query.parameters if p.repeat is Repeat.ALL_OF}
    assert repeatable == {"event_codes", "confidentiality_codes", "reference_ids", "codes"}


def test_the_required_parameters_are_those_of_the_standard():
    required = {query.name: {p.name for p in query.parameters if p.required} for query in QUERIES}
    find = {"$XDSDocumentEntryPatientId", "$XDSDocumentEntryStatus"}
    assert required["FindDocuments"] == find
    assert required["FindDocumentsByReferenceId"] == find | {"$XDSDocumentEntryReferenceIdList"}
    assert required["FindDocumentsByTitle"] == find | {"$XDSDocumentEntryTitle"}
    assert required["FindSubmissionSets"] == {"$XDSSubmissionSetPatientId", "$XDSSubmissionSetStatus"}
    assert required["FindFolders"] == {"$XDSFolderPatientId", "$XDSFolderStatus"}
    assert required["FindDocumentsForMultiplePatients"] == {"$XDSDocumentEntryStatus"}
    assert required["GetAll"] == {
        "$patientId",
        "$XDSDocumentEntryStatus",
        "$XDSSubmissionSetStatus",
        "$XDSFolderStatus",
    }
    assert required["GetRelatedDocuments"] == {"$AssociationTypes"}
