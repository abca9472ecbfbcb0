"""What selects in a stored query: codes and schemes, the syntax of values, times, authors, titles (ITI TF-2 §3.18.4.1.2.3; NIST 11897 on)."""

from __future__ import annotations

import pytest
from flows_library import ACCESSION, CCAM, CONSULTED, CURRENT, MEASURED, ORDER, SEWN, SNOMED, STATUS

from carnet.demo.documents import CONSULTATION, LAB_REPORT, LOINC, PRESCRIPTION
from carnet.metadata import AssociationType, AvailabilityStatus
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.messages import quoted

SET_STATUS = ("$XDSSubmissionSetStatus", quoted(AvailabilityStatus.APPROVED.value))
FOLDER_STATUS = ("$XDSFolderStatus", quoted(AvailabilityStatus.APPROVED.value))
DE = "$XDSDocumentEntry"


def titles(answer):
    return sorted(entry.title for entry in answer.entries)


# --- codes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("ClassCode", "('10^^1.2.250.1.213.1.1.4.1')", ["Bilan de l'automne", "Consultation", "Nouvelle lettre"]),
        ("ClassCode", "('42^^1.2.250.1.213.1.1.4.1')", ["Ordonnance"]),
        ("ClassCode", "('10^^9.9.9')", []),
        ("ClassCode", "('10')", ["Bilan de l'automne", "Consultation", "Nouvelle lettre"]),
        (
            "ClassCode",
            "('10^Compte rendu^1.2.250.1.213.1.1.4.1')",
            ["Bilan de l'automne", "Consultation", "Nouvelle lettre"],
        ),
        ("TypeCode", f"('{LAB_REPORT.code}^^{LOINC}')", ["Bilan de l'automne"]),
        (
            "TypeCode",
            f"('{LAB_REPORT.code}^^{LOINC}','{PRESCRIPTION.code}^^{LOINC}')",
            ["Bilan de l'automne", "Ordonnance"],
        ),
        ("TypeCode", f"('{CONSULTATION.code}')", ["Consultation", "Nouvelle lettre"]),
        ("TypeCode", f"('{CONSULTATION.code}^^{SNOMED}')", []),
        ("FormatCode", "('urn:ihe:iti:xds-sd:text:2008')", ["Consultation", "Nouvelle lettre", "Ordonnance"]),
        ("PracticeSettingCode", "('ETABLISSEMENT^^1.2.250.1.213.1.1.4.9')", ["Ordonnance"]),
        ("HealthcareFacilityTypeCode", "('SA25^^1.2.250.1.71.4.2.4')", ["Bilan de l'automne"]),
        ("ConfidentialityCode", "('N^^2.16.840.1.113883.5.25')", CURRENT),
        ("ConfidentialityCode", "('N')", CURRENT),
        ("ConfidentialityCode", "('R^^2.16.840.1.113883.5.25')", []),
        ("EventCodeList", f"('{MEASURED.code}^^{CCAM}')", ["Consultation"]),
        ("EventCodeList", f"('{MEASURED.code}^^{CCAM}','{SEWN.code}^^{CCAM}')", ["Consultation", "Ordonnance"]),
        ("EventCodeList", f"('{MEASURED.code}^^{SNOMED}')", []),
        ("ReferenceIdList", quoted(ORDER), ["Consultation", "Ordonnance"]),
        ("UniqueId", "'1.2.3.4'", []),
        ("Type", "('urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1')", CURRENT),
        ("Type", "('urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248')", []),
    ],
)
def test_documents_are_found_by_code_and_coding_scheme(library, name, value, found):
    assert library.find((f"{DE}{name}", value)) == found


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("EventCodeList", (f"('{MEASURED.code}^^{CCAM}')", f"('{CONSULTED.code}^^{SNOMED}')"), ["Consultation"]),
        ("EventCodeList", (f"('{MEASURED.code}^^{CCAM}')", f"('{SEWN.code}^^{CCAM}')"), []),
        (
            "EventCodeList",
            (f"('{MEASURED.code}^^{CCAM}','{SEWN.code}^^{CCAM}')", f"('{CONSULTED.code}')"),
            ["Consultation", "Ordonnance"],
        ),
        ("ReferenceIdList", (quoted(ORDER), quoted(ACCESSION)), ["Consultation"]),
        ("ConfidentialityCode", ("('N')", "('MASQUE_PS')"), []),
    ],
    ids=["both", "never both", "and of ors", "references", "confidentiality"],
)
def test_a_repeated_slot_means_that_all_must_match(library, name, values, found):
    assert library.find(*((f"{DE}{name}", value) for value in values)) == found


def test_all_filters_together_must_match(library):
    slots = [(f"{DE}ClassCode", "('10')"), (f"{DE}EventCodeList", f"('{CONSULTED.code}')")]
    assert library.find(*slots, (f"{DE}TypeCode", f"('{CONSULTATION.code}')")) == ["Consultation", "Nouvelle lettre"]
    assert library.find(*slots, (f"{DE}TypeCode", f"('{PRESCRIPTION.code}')")) == []


# --- the syntax of values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        ["('Consultation')"],
        ["'Consultation'"],
        ["( 'Consultation' )"],
        ["('Consultation')", "('rien')"],
        ["('rien','Consultation')"],
        ["('rien', 'Consultation')"],
        ["'rien'", "'Consultation'"],
    ],
)
def test_a_list_is_written_in_several_ways(library, values):
    slots = [library.patient, STATUS, (f"{DE}Title", values)]
    assert titles(library.record.ask("FindDocumentsByTitle", slots)) == ["Consultation"]


def test_a_quote_in_a_string_is_doubled(library):
    slots = [library.patient, STATUS, (f"{DE}Title", "('Bilan de l''automne')")]
    assert titles(library.record.ask("FindDocumentsByTitle", slots)) == ["Bilan de l'automne"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Title", "Consultation"),
        ("Title", "('Consultation"),
        ("Title", "('Bilan de l'automne')"),
        ("Title", "('a' 'b')"),
        ("Title", "()"),
        ("Status", "('urn:nobody:Status')"),
        ("Status", "Approved"),
        ("TypeCode", "('a^b')"),
        ("TypeCode", "('^^1.2.3')"),
        ("CreationTimeFrom", "'15 mars'"),
        ("CreationTimeFrom", "202"),
        ("CreationTimeTo", "20261301"),
        ("Type", "('urn:uuid:00000000-0000-0000-0000-000000000000')"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_and_named(library, codes, name, value):
    given = {f"{DE}Status": STATUS[1], f"{DE}Title": "('%')"} | {f"{DE}{name}": value}
    answer = library.record.ask("FindDocumentsByTitle", [library.patient, *given.items()])
    assert codes(answer) == ["XDSStoredQueryParamNumber"]
    assert answer.errors[0].location == f"{DE}{name}"
    assert answer.status is ResponseStatus.FAILURE


def test_a_patient_identifier_with_its_effective_date_is_the_same(library):
    dated = library.record.cx.replace("^NH'", "^NH^^20260101'")
    answer = library.record.ask("FindDocuments", [(f"{DE}PatientId", dated), STATUS])
    assert titles(answer) == CURRENT
    assert {entry.patient_id for entry in answer.entries} == {library.record.identifier}


@pytest.mark.parametrize(
    "written", ["14D4DEBF-8F97-4251-9A74-A90016B0AF0D", "urn:uuid:14D4DEBF-8f97-4251-9a74-a90016b0af0d"]
)
def test_a_query_is_known_by_its_uuid_however_it_is_written(library, written):
    record = library.record
    answer = record.service().search(
        record.identifier, written, [(name, [value]) for name, value in (library.patient, STATUS)]
    )
    assert titles(answer) == CURRENT


def test_a_document_is_found_by_its_entry_uuid_in_capitals(library):
    capitals = f"urn:uuid:{library.consultation.entry_uuid[9:].upper()}"
    answer = library.record.ask("GetDocuments", [(f"{DE}EntryUUID", quoted(capitals))])
    assert titles(answer) == ["Consultation"]


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound", "value", "found"),
    [
        ("From", "20260315120030", True),
        ("From", "20260315120031", False),
        ("From", "202603151200", True),
        ("From", "202603151201", False),
        ("From", "20260315", True),
        ("From", "20260316", False),
        ("From", "2026", True),
        ("From", "2027", False),
        ("To", "20260315120030", False),
        ("To", "20260315120031", True),
        ("To", "202603151200", False),
        ("To", "202603151201", True),
        ("To", "20260315", False),
        ("To", "20260316", True),
        ("To", "2026", False),
        ("To", "2027", True),
        ("To", "'2027'", True),
        ("To", "('2027')", True),
    ],
)
def test_a_time_is_from_inclusive_to_exclusive_at_the_precision_given(library, bound, value, found):
    given = library.find((f"{DE}CreationTime{bound}", value))
    assert ("Consultation" in given) is found


@pytest.mark.parametrize(
    ("name", "start", "stop"),
    [
        ("CreationTime", "20260315120030", "20260315120031"),
        ("ServiceStartTime", "20260315113030", "20260315113031"),
        ("ServiceStopTime", "20260315115530", "20260315115531"),
    ],
)
def test_each_time_of_an_entry_has_its_two_bounds(library, name, start, stop):
    assert library.find((f"{DE}{name}From", start), (f"{DE}{name}To", stop)) == ["Consultation"]


def test_the_time_of_a_set_is_that_of_its_submission(library):
    slots = [("$XDSSubmissionSetPatientId", library.record.cx), SET_STATUS]
    ahead = library.record.ask("FindSubmissionSets", [*slots, ("$XDSSubmissionSetSubmissionTimeFrom", "20990101")])
    since = library.record.ask("FindSubmissionSets", [*slots, ("$XDSSubmissionSetSubmissionTimeFrom", "20200101")])
    assert len(ahead.submission_sets) == 0
    assert len(since.submission_sets) == 6


# --- authors, titles, folders, sets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("%KERVADEC%", ["Ordonnance"]),
        ("%kervadec%", ["Ordonnance"]),
        ("899970000032%", ["Ordonnance"]),
        ("89997000003_^KERVADEC%", ["Ordonnance"]),
        ("KERVADEC", []),
        ("%", CURRENT),
        ("%VERNOUILLET%','%KERVADEC%", ["Bilan de l'automne", "Ordonnance"]),
    ],
)
def test_authors_are_found_by_a_pattern(library, pattern, found):
    assert library.find((f"{DE}AuthorPerson", f"('{pattern}')")) == found


def test_sets_are_found_by_their_author_their_source_and_their_content(library):
    slots = [("$XDSSubmissionSetPatientId", library.record.cx), SET_STATUS]
    for further, count in (
        (("$XDSSubmissionSetAuthorPerson", "'%automate%'"), 1),
        (("$XDSSubmissionSetAuthorPerson", "'%Nobody%'"), 0),
        (("$XDSSubmissionSetSourceId", "('1.2.250.1.999.1.1.8121')"), 6),
        (("$XDSSubmissionSetSourceId", "('1.2.3')"), 0),
        (("$XDSSubmissionSetContentType", "('07^^1.2.250.1.213.2.2')"), 6),
        (("$XDSSubmissionSetContentType", "('07^^9.9')"), 0),
    ):
        answer = library.record.ask("FindSubmissionSets", [*slots, further])
        assert len(answer.submission_sets) == count, further


def test_folders_are_found_by_code_and_by_the_time_of_their_last_change(library):
    slots = [("$XDSFolderPatientId", library.record.cx), FOLDER_STATUS]
    for further, count in (
        (("$XDSFolderCodeList", "('SUIVI^^1.2.250.1.999.7')"), 1),
        (("$XDSFolderCodeList", "('SUIVI^^9.9')"), 0),
        (("$XDSFolderLastUpdateTimeFrom", "2099"), 0),
        (("$XDSFolderLastUpdateTimeTo", "2099"), 1),
    ):
        assert len(library.record.ask("FindFolders", [*slots, further]).folders) == count, further


def test_the_contents_of_a_set_and_of_a_folder_may_be_filtered(library):
    for query, slot in (
        ("GetSubmissionSetAndContents", ("$XDSSubmissionSetUniqueId", f"'{library.first.unique_id}'")),
        ("GetFolderAndContents", ("$XDSFolderUniqueId", f"'{library.folder.unique_id}'")),
    ):
        for name, value, titles in (
            ("FormatCode", "('urn:ihe:iti:xds-sd:text:2008')", ["Consultation"]),
            ("FormatCode", "('urn:ihe:iti:xds-sd:pdf:2008')", []),
            ("ConfidentialityCode", "('N')", ["Consultation"]),
            ("ConfidentialityCode", "('R')", []),
        ):
            answer = library.record.ask(query, [slot, (f"{DE}{name}", value)])
            assert [entry.title for entry in answer.entries] == titles, (query, name, value)


def test_related_documents_are_those_of_the_types_asked_for(library):
    start = (f"{DE}UniqueId", f"'{library.letter.unique_id}'")
    none = library.record.ask("GetRelatedDocuments", [start, ("$AssociationTypes", quoted(AssociationType.APND.value))])
    assert [entry.title for entry in none.entries] == ["Nouvelle lettre"]
    assert none.associations == ()
