"""Answers of the registry and the repository, written: RegistryResponse, AdhocQueryResponse (ebRS 3.0 §2.1, §6.1, ITI TF-3 §4.2.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from carnet.soap.faults import RegistryErrorItem, Severity, highest_severity
from carnet.soap.namespaces import QUERY, RIM, RS
from carnet.soap.xml_text import attribute, shown, texts


class ResponseStatus(StrEnum):
    """RegistryResponse@status (ITI TF-3 §4.2.4.2)."""

    SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
    PARTIAL_SUCCESS = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"
    FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"


def status_for(errors: Iterable[RegistryErrorItem], *, found: bool = False) -> ResponseStatus:
    """Success unless there is an error (warnings do not count); then PartialSuccess when something is given all the same."""
    if all(item.severity is Severity.WARNING for item in errors):
        return ResponseStatus.SUCCESS
    return ResponseStatus.PARTIAL_SUCCESS if found else ResponseStatus.FAILURE


def registry_response(status: ResponseStatus, errors: Sequence[RegistryErrorItem] = ()) -> bytes:
    """The answer to ITI-41 and ITI-57; `errors` may be warnings beside a Success."""
    return f'<rs:RegistryResponse xmlns:rs="{RS}" status="{status}">{error_list(errors)}</rs:RegistryResponse>'.encode()


def adhoc_query_response(
    fragments: Sequence[bytes] = (),
    object_refs: Sequence[str] = (),
    errors: Sequence[RegistryErrorItem] = (),
    total: int | None = None,
) -> list[bytes]:
    """The answer to ITI-18 in pieces: renditions of objects (LeafClass) or entryUUIDs (ObjectRef), and how many there are in all.

    `total` is what stands here when None. The attributes startIndex and totalResultCount are the DMP's habit.
    """
    status = status_for(errors, found=bool(fragments or object_refs))
    count = len(fragments) + len(object_refs) if total is None else total
    head = (
        f'<query:AdhocQueryResponse xmlns:query="{QUERY}" xmlns:rim="{RIM}" xmlns:rs="{RS}" status="{status}"'
        f' startIndex="0" totalResultCount="{count}">{error_list(errors)}<rim:RegistryObjectList>'
    )
    refs = '"/><rim:ObjectRef id="'.join(texts(object_refs))
    listed = f'<rim:ObjectRef id="{refs}"/>' if object_refs else ""
    return [head.encode(), *fragments, listed.encode(), b"</rim:RegistryObjectList></query:AdhocQueryResponse>"]


def error_list(errors: Sequence[RegistryErrorItem]) -> str:
    """A rs:RegistryErrorList with its highestSeverity; '' without errors. The prefix `rs:` is declared around it."""
    if not errors:
        return ""
    items = "".join(
        [
            f'<rs:RegistryError codeContext="{shown(item.context)}" errorCode={attribute(item.code)}'
            f' severity="{item.severity}"{_location(item)}/>'
            for item in errors
        ]
    )
    return f'<rs:RegistryErrorList highestSeverity="{highest_severity(errors)}">{items}</rs:RegistryErrorList>'


def _location(item: RegistryErrorItem) -> str:
    return f' location="{shown(item.location)}"' if item.location else ""
