"""Whether submitted metadata is complete and each value has its form: required attributes, times, identifiers, lengths.

ITI TF-3 tables 4.2.3.1.7-2 and 4.3.1.1-3 with the cardinalities of the CI-SIS. Value sets and the links between objects are checked
by those who know them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from carnet.errors import CarnetError, InvalidMetadata, Several
from carnet.metadata import Author, Code, DocumentEntry, Folder, Submission, SubmissionSet
from carnet.soap.field_values import is_dtm, is_media_type, is_oid, patient_identifier

MAXIMUM_TITLE = 128
"""CI-SIS, volet Structuration minimale."""
MAXIMUM_COMMENTS = 1024
"""ebRIM 3.0, FreeFormText."""
MAXIMUM_CODE = 256
"""ebRIM 3.0, LongName; schemes too."""
MAXIMUM_VALUE = 1024
MAXIMUM_IDENTIFIER = 256
MAXIMUM_ERRORS = 50

_SHA1 = re.compile(r"[0-9a-f]{40}")

# attribute as the standard names it -> field, of those that must be present
_ENTRY_REQUIRED = {
    "uniqueId": "unique_id",
    "creationTime": "creation_time",
    "languageCode": "language",
    "mimeType": "mime_type",
    "serviceStartTime": "service_start_time",
    "sourcePatientId": "source_patient_id",
    "title": "title",
}
_ENTRY_REQUIRED_BUT_FOR_SIGNATURES = {"legalAuthenticator": "legal_authenticator"}
_ENTRY_CODES = {
    "classCode": "class_code",
    "typeCode": "type_code",
    "formatCode": "format_code",
    "healthcareFacilityTypeCode": "facility_type",
    "practiceSettingCode": "practice_setting",
}
_ENTRY_REPEATED_CODES = {"confidentialityCode": "confidentiality_codes", "eventCodeList": "event_codes"}
_ENTRY_TIMES = {
    "creationTime": "creation_time",
    "serviceStartTime": "service_start_time",
    "serviceStopTime": "service_stop_time",
}


def check_forms(submission: Submission) -> None:
    """Raises InvalidMetadata for the one defect found, Several for more (at most 50), each naming the object and the attribute."""
    found: list[CarnetError] = []
    for kind, identifier, problems in _all(submission):
        found += (InvalidMetadata(f"{kind} {identifier[:128]}: {problem}", subject=identifier) for problem in problems)
        if len(found) >= MAXIMUM_ERRORS:
            break
    if len(found) > 1:
        raise Several(tuple(found[:MAXIMUM_ERRORS]))
    if found:
        raise found[0]


def _all(submission: Submission) -> Iterator[tuple[str, str, list[str]]]:
    yield "SubmissionSet", submission.submission_set.entry_uuid, _of_submission_set(submission.submission_set)
    for entry in submission.entries:
        yield "DocumentEntry", entry.entry_uuid, _of_entry(entry)
    for folder in submission.folders:
        yield "Folder", folder.entry_uuid, _of_folder(folder)
    for link in submission.associations:
        long = max(len(link.entry_uuid), len(link.source), len(link.target)) > MAXIMUM_IDENTIFIER
        yield "Association", link.entry_uuid, ["an identifier is too long."] if long else []


def _of_entry(entry: DocumentEntry) -> list[str]:
    required = _ENTRY_REQUIRED if entry.is_signature else _ENTRY_REQUIRED | _ENTRY_REQUIRED_BUT_FOR_SIGNATURES
    problems = [f"{name} is missing." for name, field in required.items() if not getattr(entry, field)]
    problems += _of_common(entry)
    problems += _of_entry_codes(entry)
    problems += _of_authors(entry.authors)
    for name, field in _ENTRY_TIMES.items():
        problems += _of_time(name, getattr(entry, field))
    texts = (entry.language, entry.legal_authenticator, entry.source_patient_id, entry.repository_unique_id, entry.uri)
    problems += _of_texts("an attribute", (*texts, *entry.source_patient_info, *entry.reference_ids))
    if entry.mime_type and not is_media_type(entry.mime_type):
        problems.append("mimeType is not a media type.")
    if entry.source_patient_id and patient_identifier(entry.source_patient_id) is None:
        problems.append("sourcePatientId is not of the form value^^^&OID&ISO^type.")
    if entry.hash and not _SHA1.fullmatch(entry.hash):
        problems.append("hash is not a SHA-1 in hexadecimal.")
    return problems


def _of_entry_codes(entry: DocumentEntry) -> list[str]:
    problems = [] if entry.confidentiality_codes else ["confidentialityCode is missing."]
    for name, field in _ENTRY_CODES.items():
        problems += _of_code(name, getattr(entry, field))
    for name, field in _ENTRY_REPEATED_CODES.items():
        for code in getattr(entry, field):
            problems += _of_code(name, code)
    return problems


def _of_submission_set(submission_set: SubmissionSet) -> list[str]:
    problems = [] if submission_set.unique_id else ["uniqueId is missing."]
    if not is_oid(submission_set.source_id):
        problems.append("sourceId is missing or not an OID.")
    if not submission_set.submission_time:
        problems.append("submissionTime is missing.")
    problems += _of_common(submission_set)
    problems += _of_code("contentTypeCode", submission_set.content_type)
    problems += _of_authors(submission_set.authors)
    problems += _of_time("submissionTime", submission_set.submission_time)
    problems += _of_texts("intendedRecipient", submission_set.intended_recipients)
    return problems


def _of_folder(folder: Folder) -> list[str]:
    required = {"uniqueId": folder.unique_id, "codeList": folder.codes, "title": folder.title}
    problems = [f"{name} is missing." for name, value in required.items() if not value]
    problems += _of_common(folder)
    for code in folder.codes:
        problems += _of_code("codeList", code)
    problems += _of_time("lastUpdateTime", folder.last_update_time)
    return problems


def _of_common(item: DocumentEntry | SubmissionSet | Folder) -> list[str]:
    problems: list[str] = []
    if len(item.entry_uuid) > MAXIMUM_IDENTIFIER:
        problems.append("the id is too long.")
    if item.unique_id and not is_oid(item.unique_id):
        problems.append("uniqueId is not an OID without extension, of at most 64 characters.")
    if len(item.title) > MAXIMUM_TITLE:
        problems.append(f"title is longer than {MAXIMUM_TITLE} characters.")
    if len(item.comments) > MAXIMUM_COMMENTS:
        problems.append(f"comments is longer than {MAXIMUM_COMMENTS} characters.")
    for name, values in item.extra:
        problems += _of_texts("an extra slot", (name, *values))
    return problems


def _of_code(name: str, code: Code) -> tuple[str, ...]:
    if not code.code:
        return (f"{name} is missing.",)
    if not code.system:
        return (f"{name} has no codingScheme.",)
    if len(code.code) > MAXIMUM_CODE or len(code.system) > MAXIMUM_CODE or len(code.display) > MAXIMUM_CODE:
        return (f"{name} is longer than {MAXIMUM_CODE} characters.",)
    return ()


def _of_authors(authors: tuple[Author, ...]) -> list[str]:
    problems = [] if authors else ["author is missing."]
    for author in authors:
        if not author.person:
            problems.append("authorPerson is missing in an author.")
        texts = (author.person, *author.institutions, *author.roles, *author.specialties, *author.telecoms)
        problems += _of_texts("an author", texts)
    return problems


def _of_time(name: str, value: str) -> tuple[str, ...]:
    return (f"{name} is not a time in UTC of 4 to 14 digits.",) if value and not is_dtm(value) else ()


def _of_texts(where: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if max(map(len, values), default=0) > MAXIMUM_VALUE:
        return (f"{where} holds a value longer than {MAXIMUM_VALUE} characters.",)
    return ()
