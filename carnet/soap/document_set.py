"""RetrieveDocumentSet (ITI-43, ITI TF-2 §3.43.4): request and response, each read and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carnet.errors import MalformedMessage
from carnet.soap.envelope import Envelope
from carnet.soap.faults import RegistryErrorItem
from carnet.soap.mtom import Part, cid
from carnet.soap.namespaces import XDSB, XOP
from carnet.soap.registry_answers import ResponseStatus, registry_response
from carnet.soap.xml_text import attribute, text
from carnet.soap.xop import document_contents

_REPOSITORY = f"{{{XDSB}}}RepositoryUniqueId"
_DOCUMENT_ID = f"{{{XDSB}}}DocumentUniqueId"
_MIME_TYPE = f"{{{XDSB}}}mimeType"
_REQUEST = f"{{{XDSB}}}DocumentRequest"
_RESPONSE = f"{{{XDSB}}}DocumentResponse"


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """One wanted document."""

    repository_unique_id: str
    unique_id: str


@dataclass(frozen=True, slots=True)
class RetrievedDocument:
    """One document of an answer: where it comes from, and its bytes."""

    repository_unique_id: str
    unique_id: str
    mime_type: str
    content: bytes


def requested_documents(envelope: Envelope, parts: Mapping[str, Part]) -> tuple[DocumentRequest, ...]:
    """Reads a RetrieveDocumentSetRequest. Raises MalformedMessage when it names no document, half a document, or carries attachments."""
    if document_contents(envelope.root, parts):
        raise MalformedMessage("A request for documents carries none.")
    found = tuple(
        DocumentRequest(_child_text(element, _REPOSITORY), _child_text(element, _DOCUMENT_ID))
        for element in envelope.body_element.iterchildren(_REQUEST)
    )
    if not found or not all(item.repository_unique_id and item.unique_id for item in found):
        raise MalformedMessage(
            "A DocumentRequest needs RepositoryUniqueId and DocumentUniqueId, and there must be one."
        )
    return found


def retrieve_request(documents: Iterable[DocumentRequest]) -> bytes:
    """A RetrieveDocumentSetRequest."""
    wanted = "".join(
        [
            f"<xdsb:DocumentRequest><xdsb:RepositoryUniqueId>{text(item.repository_unique_id)}</xdsb:RepositoryUniqueId>"
            f"<xdsb:DocumentUniqueId>{text(item.unique_id)}</xdsb:DocumentUniqueId></xdsb:DocumentRequest>"
            for item in documents
        ]
    )
    return f'<xdsb:RetrieveDocumentSetRequest xmlns:xdsb="{XDSB}">{wanted}</xdsb:RetrieveDocumentSetRequest>'.encode()


def retrieve_response(
    status: ResponseStatus,
    documents: Sequence[RetrievedDocument],
    content_ids: Sequence[str],
    errors: Sequence[RegistryErrorItem] = (),
) -> bytes:
    """A RetrieveDocumentSetResponse whose documents are attachments named by `content_ids`, one for each, in the same order."""
    given = "".join(
        [
            f"<xdsb:DocumentResponse><xdsb:RepositoryUniqueId>{text(item.repository_unique_id)}</xdsb:RepositoryUniqueId>"
            f"<xdsb:DocumentUniqueId>{text(item.unique_id)}</xdsb:DocumentUniqueId><xdsb:mimeType>{text(item.mime_type)}</xdsb:mimeType>"
            f'<xdsb:Document><xop:Include xmlns:xop="{XOP}" href={attribute(cid(content_id))}/></xdsb:Document></xdsb:DocumentResponse>'
            for item, content_id in zip(documents, content_ids, strict=True)
        ]
    )
    return b"".join(
        (
            f'<xdsb:RetrieveDocumentSetResponse xmlns:xdsb="{XDSB}">'.encode(),
            registry_response(status, errors),
            f"{given}</xdsb:RetrieveDocumentSetResponse>".encode(),
        )
    )


def retrieved_documents(envelope: Envelope, parts: Mapping[str, Part]) -> tuple[RetrievedDocument, ...]:
    """Reads the documents of a RetrieveDocumentSetResponse; its status and errors are `answer_parse.registry_answer`'s."""
    return tuple(
        RetrievedDocument(
            _child_text(element.getparent(), _REPOSITORY),
            _child_text(element.getparent(), _DOCUMENT_ID),
            _child_text(element.getparent(), _MIME_TYPE),
            content,
        )
        for element, content in document_contents(envelope.root, parts)
        if element.getparent().tag == _RESPONSE
    )


def _child_text(element: Any, tag: str) -> str:
    return (element.findtext(tag) or "").strip()
