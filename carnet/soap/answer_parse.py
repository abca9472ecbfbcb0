"""Reading answers, for the reference client: registry answers, query results, SOAP faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from carnet.errors import MalformedMessage
from carnet.metadata import Association, DocumentEntry, Folder, SubmissionSet
from carnet.soap.ebrim_objects import CLASSIFICATION
from carnet.soap.ebrim_parse import association, document_entry, folder, submission_set
from carnet.soap.ebrim_schemes import SUBMISSION_SET_NODE
from carnet.soap.envelope import Envelope
from carnet.soap.faults import RegistryErrorItem, Severity
from carnet.soap.namespaces import (
    ADHOC_QUERY_RESPONSE,
    OBJECT_REF,
    REGISTRY_OBJECT_LIST,
    REGISTRY_RESPONSE,
    RIM,
    RS,
    SOAP11,
    SOAP12,
)
from carnet.soap.registry_answers import ResponseStatus
from carnet.soap.submission_parse import package_node

_ERROR = f"{{{RS}}}RegistryError"


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """Status and errors of any answer of the XDS services."""

    status: ResponseStatus
    errors: tuple[RegistryErrorItem, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """What a stored query gave: objects of the model, or references alone. `total` is totalResultCount, None when absent."""

    status: ResponseStatus
    errors: tuple[RegistryErrorItem, ...]
    entries: tuple[DocumentEntry, ...]
    submission_sets: tuple[SubmissionSet, ...]
    folders: tuple[Folder, ...]
    associations: tuple[Association, ...]
    object_refs: tuple[str, ...]
    total: int | None


@dataclass(frozen=True, slots=True)
class SoapFault:
    """A fault as received; codes are local names (`Sender`, `FailedAuthentication`, `DMPInvalidCertificate`)."""

    code: str
    subcode: str
    reason: str


def soap_fault(envelope: Envelope) -> SoapFault | None:
    """The fault that an answer is, SOAP 1.2 or 1.1; None when it is none."""
    fault = envelope.body_element
    if fault.tag == f"{{{SOAP11}}}Fault":
        return SoapFault(_local(fault.findtext("faultcode")), "", (fault.findtext("faultstring") or "").strip())
    if fault.tag != f"{{{SOAP12}}}Fault":
        return None
    code = fault.findtext(f"{{{SOAP12}}}Code/{{{SOAP12}}}Value")
    subcode = fault.findtext(f"{{{SOAP12}}}Code/{{{SOAP12}}}Subcode/{{{SOAP12}}}Value")
    reason = fault.findtext(f"{{{SOAP12}}}Reason/{{{SOAP12}}}Text")
    return SoapFault(_local(code), _local(subcode), (reason or "").strip())


def registry_answer(envelope: Envelope) -> RegistryAnswer:
    """Status and errors of an answer to ITI-18, ITI-41, ITI-43 or ITI-57. Raises MalformedMessage when it is no such answer."""
    body = envelope.body_element
    response = body if body.tag in {REGISTRY_RESPONSE, ADHOC_QUERY_RESPONSE} else body.find(REGISTRY_RESPONSE)
    if response is None:
        raise MalformedMessage("The answer holds no registry response.")
    try:
        return RegistryAnswer(
            ResponseStatus(response.get("status", "")), tuple(_error(item) for item in response.iter(_ERROR))
        )
    except ValueError as error:
        raise MalformedMessage("The answer holds an unknown status or severity.") from error


def query_answer(envelope: Envelope) -> QueryAnswer:
    """Reads an AdhocQueryResponse. Raises MalformedMessage or InvalidMetadata when it cannot be read."""
    answer = registry_answer(envelope)
    entries: list[DocumentEntry] = []
    sets: list[SubmissionSet] = []
    folders: list[Folder] = []
    links: list[Association] = []
    refs: list[str] = []
    warnings: list[str] = []
    objects = envelope.body_element.find(REGISTRY_OBJECT_LIST)
    for element in () if objects is None else objects:
        tag = element.tag
        if tag == f"{{{RIM}}}ExtrinsicObject":
            entries.append(document_entry(element, warnings))
        elif tag == f"{{{RIM}}}Association":
            links.append(association(element, warnings))
        elif tag == OBJECT_REF:
            refs.append(element.get("id", ""))
        elif tag != CLASSIFICATION and package_node(element, []) == SUBMISSION_SET_NODE:
            sets.append(submission_set(element, warnings))
        elif tag != CLASSIFICATION:
            folders.append(folder(element, warnings))
    total = envelope.body_element.get("totalResultCount", "")
    return QueryAnswer(
        answer.status,
        answer.errors,
        tuple(entries),
        tuple(sets),
        tuple(folders),
        tuple(links),
        tuple(refs),
        int(total) if total.isdecimal() else None,
    )


def _error(element: Any) -> RegistryErrorItem:
    return RegistryErrorItem(
        element.get("errorCode", ""),
        element.get("codeContext", ""),
        element.get("location", ""),
        Severity(element.get("severity", Severity.ERROR.value)),
    )


def _local(name: str | None) -> str:
    """The local part of a QName in text."""
    return (name or "").strip().rpartition(":")[2]
