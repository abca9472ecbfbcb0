import pytest

from carnet import hardened_xml
from carnet.document_query import (
    CodeFilter,
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
    Get,
    GetAll,
    GetObjects,
    ReturnType,
    TimeRange,
)
from carnet.errors import MalformedMessage, QueryParameterInvalid, QueryParameterMissing, UnknownQuery
from carnet.metadata import AssociationType, AvailabilityStatus, ObjectType, PatientIdentifier
from carnet.soap import envelope
from carnet.soap.messages import adhoc_query_request, quoted
from carnet.soap.query_parameters import stored_query
from carnet.soap.query_table import BY_NAME

PATIENT = PatientIdentifier("299019912345680", "1.2.250.1.213.1.4.10")
CX = f"'{PATIENT.cx()}'"
APPROVED = AvailabilityStatus.APPROVED
STATUS = quoted(APPROVED)
DE, SS, FD = "$XDSDocumentEntry", "$XDSSubmissionSet", "$XDSFolder"


def ask(name, slots, return_type="LeafClass"):
    body = adhoc_query_request(BY_NAME[name].uuid, return_type, slots)
    return stored_query(hardened_xml.parse(body))


def find(*slots):
    return ask("FindDocuments", [(f"{DE}PatientId", [CX]), (f"{DE}Status", [STATUS]), *slots]).query


def test_a_query_is_read_as_care_software_writes_it(read_message):
    read = stored_query(envelope.parse(read_message("find_documents")).body_element)
    assert (read.name, read.return_type, read.composed, read.metadata_level) == (
        "FindDocuments",
        ReturnType.LEAF_CLASS,
        True,
        1,
    )
    assert read.query == FindDocuments(
        patients=(PATIENT,),
        statuses=(APPROVED, AvailabilityStatus.ARCHIVED, AvailabilityStatus.DELETED),
        type_codes=(CodeFilter("11488-4"),),
        class_codes=(CodeFilter("10", "1.2.250.1.213.1.1.4.1"), CodeFilter("11", "1.2.250.1.213.1.1.4.1")),
        event_codes=((CodeFilter("E1", "1.2.3"), CodeFilter("E2")), (CodeFilter("E3", "1.2.3"),)),
        service_start_time=TimeRange("2024", "20260101"),
        author_persons=("%O'BRIEN%",),
        unique_ids=("1.2.250.1.999.1.1",),
    )
    assert read.ignored == ("$XDSDocumentEntryDocumentAvailability", "$SomethingElse")


def test_every_filter_of_find_documents_has_its_field():
    code = [quoted("c^^s")]
    filters = (CodeFilter("c", "s"),)
    read = find(
        (f"{DE}ClassCode", code),
        (f"{DE}TypeCode", code),
        (f"{DE}PracticeSettingCode", code),
        (f"{DE}HealthcareFacilityTypeCode", code),
        (f"{DE}FormatCode", code),
        (f"{DE}EventCodeList", code),
        (f"{DE}ConfidentialityCode", code),
        (f"{DE}ConfidentialityCode", code),
        (f"{DE}ReferenceIdList", [quoted("r1", "r2")]),
        (f"{DE}ReferenceIdList", [quoted("r3")]),
        (f"{DE}CreationTimeFrom", ["2024"]),
        (f"{DE}CreationTimeTo", ["2025"]),
        (f"{DE}ServiceStopTimeTo", ["2026"]),
        (f"{DE}Type", [quoted(ObjectType.STABLE, ObjectType.ON_DEMAND)]),
        (f"{DE}LogicalID", [quoted("urn:uuid:l")]),
    )
    assert read == FindDocuments(
        (PATIENT,), (APPROVED,),
        class_codes=filters, type_codes=filters, practice_settings=filters, facility_types=filters, format_codes=filters,
        event_codes=(filters,), confidentiality_codes=(filters, filters), reference_ids=(("r1", "r2"), ("r3",)),
        creation_time=TimeRange("2024", "2025"), service_stop_time=TimeRange("", "2026"),
        object_types=(ObjectType.STABLE, ObjectType.ON_DEMAND), logical_ids=("urn:uuid:l",),
    )  # fmt: skip


def test_without_a_type_only_stable_documents_are_meant():
    assert find().object_types == (ObjectType.STABLE,)


def test_find_submission_sets():
    slots = [
        (f"{SS}PatientId", [CX]), (f"{SS}Status", [STATUS]), (f"{SS}SourceId", [quoted("1.2", "1.3")]),
        (f"{SS}SubmissionTimeFrom", ["20240105"]), (f"{SS}AuthorPerson", ["'%A%'"]), (f"{SS}ContentType", [quoted("07^^1.2")]),
    ]  # fmt: skip
    assert ask("FindSubmissionSets", slots).query == FindSubmissionSets(
        (PATIENT,), (APPROVED,), ("1.2", "1.3"), TimeRange("20240105"), ("%A%",), (CodeFilter("07", "1.2"),)
    )


def test_find_folders():
    slots = [
        (f"{FD}PatientId", [CX]), (f"{FD}Status", [STATUS]), (f"{FD}LastUpdateTimeFrom", ["2024"]),
        (f"{FD}CodeList", [quoted("a")]), (f"{FD}CodeList", [quoted("b")]),
    ]  # fmt: skip
    expected = FindFolders((PATIENT,), (APPROVED,), TimeRange("2024"), ((CodeFilter("a"),), (CodeFilter("b"),)))
    assert ask("FindFolders", slots).query == expected


def test_get_all():
    slots = [("$patientId", [CX]), (f"{DE}Status", [STATUS]), (f"{SS}Status", [STATUS]), (f"{FD}Status", [STATUS])]
    assert ask("GetAll", slots).query == GetAll((PATIENT,), (APPROVED,), (APPROVED,), (APPROVED,))


def test_the_queries_of_several_patients():
    other = PatientIdentifier("184067511122253", "1.2.250.1.213.1.4.10")
    both = [quoted(PATIENT.cx(), other.cx())]
    documents = ask("FindDocumentsForMultiplePatients", [(f"{DE}PatientId", both), (f"{DE}Status", [STATUS])])
    assert documents.query == FindDocuments((PATIENT, other), (APPROVED,))
    folders = ask("FindFoldersForMultiplePatients", [(f"{FD}CodeList", [quoted("a")]), (f"{FD}Status", [STATUS])])
    assert folders.query == FindFolders((), (APPROVED,), codes=((CodeFilter("a"),),))


def test_the_queries_by_reference_and_by_title():
    base = [(f"{DE}PatientId", [CX]), (f"{DE}Status", [STATUS])]
    by_reference = ask("FindDocumentsByReferenceId", [*base, (f"{DE}ReferenceIdList", [quoted("r")])])
    assert by_reference.query == FindDocuments((PATIENT,), (APPROVED,), reference_ids=(("r",),))
    by_title = ask("FindDocumentsByTitle", [*base, (f"{DE}Title", [quoted("%bio%")])])
    assert by_title.query == FindDocuments((PATIENT,), (APPROVED,), titles=("%bio%",))


@pytest.mark.parametrize(
    ("name", "slot", "field"),
    [
        ("GetDocuments", f"{DE}EntryUUID", "entry_uuids"),
        ("GetDocuments", f"{DE}UniqueId", "unique_ids"),
        ("GetDocuments", f"{DE}LogicalID", "logical_ids"),
        ("GetFolders", f"{FD}EntryUUID", "entry_uuids"),
        ("GetFolders", f"{FD}UniqueId", "unique_ids"),
        ("GetAssociations", "$uuid", "entry_uuids"),
        ("GetDocumentsAndAssociations", f"{DE}UniqueId", "unique_ids"),
        ("GetSubmissionSets", "$uuid", "entry_uuids"),
        ("GetSubmissionSetAndContents", f"{SS}EntryUUID", "entry_uuids"),
        ("GetSubmissionSetAndContents", f"{SS}UniqueId", "unique_ids"),
        ("GetFolderAndContents", f"{FD}UniqueId", "unique_ids"),
        ("GetFoldersForDocument", f"{DE}EntryUUID", "entry_uuids"),
    ],
)
def test_the_queries_by_identifier(name, slot, field):
    assert ask(name, [(slot, [quoted("a")])]).query == GetObjects(Get(name), **{field: ("a",)})


def test_related_documents_of_given_kinds():
    slots = [(f"{DE}UniqueId", ["'1.2'"]), ("$AssociationTypes", [quoted(AssociationType.RPLC, AssociationType.APND)])]
    expected = GetObjects(
        Get.RELATED_DOCUMENTS, unique_ids=("1.2",), association_types=(AssociationType.RPLC, AssociationType.APND)
    )
    assert ask("GetRelatedDocuments", slots).query == expected


def test_contents_may_be_filtered():
    slots = [
        (f"{SS}UniqueId", ["'1.2'"]), (f"{DE}FormatCode", [quoted("f")]), (f"{DE}ConfidentialityCode", [quoted("N")]),
        (f"{DE}ConfidentialityCode", [quoted("R")]),
    ]  # fmt: skip
    read = ask("GetSubmissionSetAndContents", slots).query
    assert read.format_codes == (CodeFilter("f"),)
    assert read.confidentiality_codes == ((CodeFilter("N"),), (CodeFilter("R"),))


def test_the_status_of_associations_may_be_asked_for():
    slots = [("$uuid", [quoted("a")]), ("$XDSAssociationStatus", [quoted(AvailabilityStatus.DEPRECATED)])]
    assert ask("GetAssociations", slots).query.association_statuses == (AvailabilityStatus.DEPRECATED,)


@pytest.mark.parametrize(
    ("name", "slots", "missing"),
    [
        ("FindDocuments", [(f"{DE}Status", [STATUS])], f"{DE}PatientId"),
        ("FindDocuments", [(f"{DE}PatientId", [CX])], f"{DE}Status"),
        ("FindDocuments", [(f"{DE}PatientId", [CX]), (f"{DE}Status", [""])], f"{DE}Status"),
        ("FindDocumentsByReferenceId", [(f"{DE}PatientId", [CX]), (f"{DE}Status", [STATUS])], f"{DE}ReferenceIdList"),
        ("GetDocuments", [], f"{DE}EntryUUID"),
        ("GetAssociations", [], "$uuid"),
        ("GetRelatedDocuments", [(f"{DE}UniqueId", ["'1.2'"])], "$AssociationTypes"),
        ("FindDocumentsForMultiplePatients", [(f"{DE}Status", [STATUS])], f"{DE}PatientId"),
        ("FindFoldersForMultiplePatients", [(f"{FD}Status", [STATUS])], f"{FD}PatientId"),
    ],
)
def test_a_missing_parameter_is_named(name, slots, missing):
    with pytest.raises(QueryParameterMissing) as refusal:
        ask(name, slots)
    assert refusal.value.subject == missing


@pytest.mark.parametrize(
    ("name", "slots", "wrong"),
    [
        ("GetDocuments", [(f"{DE}EntryUUID", ["'a'"]), (f"{DE}UniqueId", ["'b'"])], f"{DE}UniqueId"),
        ("GetDocuments", [(f"{DE}EntryUUID", ["'a'"]), (f"{DE}EntryUUID", ["'b'"])], f"{DE}EntryUUID"),
        ("GetFoldersForDocument", [(f"{DE}EntryUUID", [quoted("a", "b")])], f"{DE}EntryUUID"),
        ("FindDocuments", [(f"{DE}PatientId", [CX, CX]), (f"{DE}Status", [STATUS])], f"{DE}PatientId"),
        (
            "FindDocuments",
            [(f"{DE}PatientId", [CX]), (f"{DE}Status", [STATUS]), (f"{DE}Status", [STATUS])],
            f"{DE}Status",
        ),
        ("FindDocuments", [(f"{DE}PatientId", [CX]), (f"{DE}Status", [APPROVED])], f"{DE}Status"),
        ("FindDocuments", [(f"{DE}PatientId", [PATIENT.cx()]), (f"{DE}Status", [STATUS])], f"{DE}PatientId"),
        (
            "FindDocuments",
            [(f"{DE}PatientId", [CX]), (f"{DE}Status", [STATUS]), (f"{DE}CreationTimeFrom", ["2024", "2025"])],
            f"{DE}CreationTimeFrom",
        ),
        ("GetAssociations", [("$uuid", ["'a'"]), ("$MetadataLevel", ["3"])], "$MetadataLevel"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(name, slots, wrong):
    with pytest.raises(QueryParameterInvalid) as refusal:
        ask(name, slots)
    assert refusal.value.subject == wrong


def test_the_metadata_level_is_read():
    assert ask("GetAssociations", [("$uuid", ["'a'"]), ("$MetadataLevel", ["2"])]).metadata_level == 2


def test_an_unknown_query_is_named():
    body = adhoc_query_request("urn:uuid:00000000-0000-0000-0000-000000000000", "LeafClass", [])
    with pytest.raises(UnknownQuery) as refusal:
        stored_query(hardened_xml.parse(body))
    assert refusal.value.subject == "urn:uuid:00000000-0000-0000-0000-000000000000"


def test_a_query_s_uuid_may_come_without_its_prefix():
    body = adhoc_query_request(
        BY_NAME["GetAssociations"].uuid.removeprefix("urn:uuid:"), "ObjectRef", [("$uuid", ["'a'"])]
    )
    assert stored_query(hardened_xml.parse(body)).name == "GetAssociations"


@pytest.mark.parametrize(
    "broken", [("LeafClass", "LeafClassWithRepositoryItem"), ("ResponseOption", "Option"), ("AdhocQuery ", "Query ")]
)
def test_a_request_of_another_form_is_malformed(broken):
    body = adhoc_query_request(BY_NAME["GetAssociations"].uuid, "LeafClass", [("$uuid", ["'a'"])]).decode()
    text = body.replace(*broken).replace(
        "</rim:AdhocQuery>", "</rim:Query>" if broken[0] == "AdhocQuery " else "</rim:AdhocQuery>"
    )
    assert text != body
    with pytest.raises(MalformedMessage):
        stored_query(hardened_xml.parse(text.encode()))
