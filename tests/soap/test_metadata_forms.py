from dataclasses import replace

import pytest

from carnet.errors import InvalidMetadata, Several
from carnet.metadata import (
    SIGNATURE_CLASS,
    Association,
    AssociationType,
    Author,
    Code,
    Folder,
    PatientIdentifier,
    Submission,
)
from carnet.soap.metadata_forms import MAXIMUM_ERRORS, check_forms

FOLDER = Folder(
    "Folder01",
    "1.2.250.1.999.4",
    PatientIdentifier("299019912345680", "1.2.250.1.213.1.4.10"),
    (Code("F", "1.2.3"),),
    "Suivi",
)


@pytest.fixture
def check_entry(make_set, make_entry):
    return lambda **changes: check_forms(Submission(make_set(), (make_entry(**changes),)))


@pytest.fixture
def check_set(make_set):
    return lambda **changes: check_forms(Submission(make_set(**changes)))


def problem_of(check, **changes):
    with pytest.raises(InvalidMetadata) as refusal:
        check(**changes)
    return refusal.value.message


def test_a_complete_submission_is_accepted(submission):
    check_forms(replace(submission, folders=(FOLDER,)))


@pytest.mark.parametrize(
    ("attribute", "changes"),
    [
        ("uniqueId", {"unique_id": ""}),
        ("creationTime", {"creation_time": ""}),
        ("languageCode", {"language": ""}),
        ("mimeType", {"mime_type": ""}),
        ("serviceStartTime", {"service_start_time": ""}),
        ("sourcePatientId", {"source_patient_id": ""}),
        ("title", {"title": ""}),
        ("legalAuthenticator", {"legal_authenticator": ""}),
        ("classCode", {"class_code": Code("")}),
        ("typeCode", {"type_code": Code("", "1.2")}),
        ("formatCode", {"format_code": Code("")}),
        ("healthcareFacilityTypeCode", {"facility_type": Code("")}),
        ("practiceSettingCode", {"practice_setting": Code("")}),
        ("confidentialityCode", {"confidentiality_codes": ()}),
        ("author", {"authors": ()}),
    ],
)
def test_a_missing_attribute_of_an_entry_is_named(check_entry, attribute, changes):
    assert problem_of(check_entry, **changes) == f"DocumentEntry Document01: {attribute} is missing."


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("uniqueId is not an OID", {"unique_id": "1.2.3^4"}),
        ("uniqueId is not an OID", {"unique_id": "1.2." + "3" * 70}),
        ("creationTime is not a time", {"creation_time": "20260230"}),
        ("serviceStartTime is not a time", {"service_start_time": "20260105101500+0100"}),
        ("serviceStopTime is not a time", {"service_stop_time": "tomorrow"}),
        ("mimeType is not a media type", {"mime_type": "xml"}),
        ("mimeType is not a media type", {"mime_type": "text/xml\r\nX-Injected: 1"}),
        ("sourcePatientId is not of the form", {"source_patient_id": "700123"}),
        ("hash is not a SHA-1", {"hash": "abc"}),
        ("title is longer than 128", {"title": "x" * 129}),
        ("comments is longer than", {"comments": "x" * 1025}),
        ("typeCode has no codingScheme", {"type_code": Code("11488-4")}),
        ("eventCodeList is longer than 256", {"event_codes": (Code("x" * 257, "1.2"),)}),
        ("confidentialityCode has no codingScheme", {"confidentiality_codes": (Code("N"),)}),
        ("authorPerson is missing in an author", {"authors": (Author(roles=("Médecin",)),)}),
        ("an author holds a value longer", {"authors": (Author(person="x" * 1025),)}),
        ("an attribute holds a value longer", {"source_patient_info": ("x" * 1025,)}),
        ("an extra slot holds a value longer", {"extra": (("urn:x", ("x" * 1025,)),)}),
        ("an extra slot holds a value longer", {"extra": (("urn:" + "x" * 1025, ("x",)),)}),
        ("the id is too long", {"entry_uuid": "D" * 257}),
    ],
)
def test_a_value_of_the_wrong_form_is_named(check_entry, problem, changes):
    assert problem in problem_of(check_entry, **changes)


def test_bounds_are_inclusive(check_entry):
    check_entry(title="x" * 128, comments="x" * 1024, unique_id="1.2." + "3" * 60, source_patient_info=("x" * 1024,))


def test_the_entry_of_a_signature_needs_no_legal_authenticator(check_entry):
    signature = Code(SIGNATURE_CLASS, "URN")
    check_entry(class_code=signature, legal_authenticator="")


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("uniqueId is missing", {"unique_id": ""}),
        ("sourceId is missing or not an OID", {"source_id": ""}),
        ("sourceId is missing or not an OID", {"source_id": "me"}),
        ("submissionTime is missing", {"submission_time": ""}),
        ("submissionTime is not a time", {"submission_time": "20261301"}),
        ("contentTypeCode is missing", {"content_type": Code("")}),
        ("author is missing", {"authors": ()}),
        ("intendedRecipient", {"intended_recipients": ("x" * 1025,)}),
    ],
)
def test_a_defect_of_a_submission_set_is_named(check_set, problem, changes):
    message = problem_of(check_set, **changes)
    assert message.startswith("SubmissionSet SubmissionSet01: ")
    assert problem in message


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("uniqueId is missing", {"unique_id": ""}),
        ("codeList is missing", {"codes": ()}),
        ("codeList has no codingScheme", {"codes": (Code("F"),)}),
        ("title is missing", {"title": ""}),
        ("lastUpdateTime is not a time", {"last_update_time": "2"}),
    ],
)
def test_a_defect_of_a_folder_is_named(make_set, problem, changes):
    with pytest.raises(InvalidMetadata, match=f"^Folder Folder01: {problem}"):
        check_forms(Submission(make_set(), folders=(replace(FOLDER, **changes),)))


def test_a_long_identifier_of_an_association_is_refused(make_set):
    link = Association("a", AssociationType.HAS_MEMBER, "s", "t" * 257)
    with pytest.raises(InvalidMetadata, match="Association a: an identifier is too long"):
        check_forms(Submission(make_set(), associations=(link,)))


def test_all_defects_are_reported_together(make_set, make_entry):
    entries = (make_entry(title="", language=""), make_entry(entry_uuid="Document02", mime_type="x"))
    with pytest.raises(Several) as refusal:
        check_forms(Submission(make_set(source_id=""), entries))
    assert [error.subject for error in refusal.value.errors] == [
        "SubmissionSet01",
        "Document01",
        "Document01",
        "Document02",
    ]


def test_no_more_than_fifty_defects_are_reported(make_set, make_entry):
    entries = tuple(make_entry(title="", language="") for _ in range(200))
    with pytest.raises(Several) as refusal:
        check_forms(Submission(make_set(), entries))
    assert len(refusal.value.errors) == MAXIMUM_ERRORS
