"""Requests as care software writes them, for the reference client, tests and benches: ITI-41, ITI-57, ITI-18.

ITI-43 is in `document_set`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from carnet.document_query import ReturnType
from carnet.metadata import Submission
from carnet.soap.ebrim_render import EbrimRenderer
from carnet.soap.mtom import cid
from carnet.soap.namespaces import LCM, QUERY, RIM, RS, XDSB, XOP
from carnet.soap.xml_text import attribute, text

OCTETS = "application/octet-stream"
_RENDERER = EbrimRenderer()


def provide_and_register_request(submission: Submission) -> tuple[bytes, list[tuple[str, str, bytes]]]:
    """The body of ITI-41 and its attachments as `mtom.write` takes them: (Content-ID, Content-Type, bytes)."""
    kinds = {entry.entry_uuid: entry.mime_type for entry in submission.entries}
    parts = [
        (f"document{number}@carnet", kinds.get(document.entry_id) or OCTETS, document.content)
        for number, document in enumerate(submission.documents, 1)
    ]
    documents = "".join(
        f'<xdsb:Document id={attribute(document.entry_id)}><xop:Include xmlns:xop="{XOP}" href={attribute(cid(content_id))}/>'
        "</xdsb:Document>"
        for document, (content_id, _, _) in zip(submission.documents, parts, strict=True)
    )
    body = b"".join(
        (
            f'<xdsb:ProvideAndRegisterDocumentSetRequest xmlns:xdsb="{XDSB}">'.encode(),
            update_request(submission),
            documents.encode(),
            b"</xdsb:ProvideAndRegisterDocumentSetRequest>",
        )
    )
    return body, parts


def update_request(submission: Submission) -> bytes:
    """The body of ITI-57, a SubmitObjectsRequest; the submission's documents are not part of it."""
    return b"".join(
        (
            f'<lcm:SubmitObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}"><rim:RegistryObjectList>'.encode(),
            *(_RENDERER.entry(entry) for entry in submission.entries),
            _RENDERER.submission_set(submission.submission_set),
            *(_RENDERER.folder(folder) for folder in submission.folders),
            *(_RENDERER.association(association) for association in submission.associations),
            b"</rim:RegistryObjectList></lcm:SubmitObjectsRequest>",
        )
    )


def adhoc_query_request(
    query_uuid: str, return_type: ReturnType, slots: Iterable[tuple[str, Sequence[str]]], *, composed: bool = True
) -> bytes:
    """The body of ITI-18. `slots` are parameter names with `$` and their Values as on the wire; a name may be repeated (AND)."""
    parameters = "".join(
        f"<rim:Slot name={attribute(name)}><rim:ValueList>"
        + "".join(f"<rim:Value>{text(value)}</rim:Value>" for value in values)
        + "</rim:ValueList></rim:Slot>"
        for name, values in slots
    )
    return (
        f'<query:AdhocQueryRequest xmlns:query="{QUERY}" xmlns:rim="{RIM}" xmlns:rs="{RS}">'
        f'<query:ResponseOption returnComposedObjects="{"true" if composed else "false"}" returnType="{return_type}"/>'
        f"<rim:AdhocQuery id={attribute(query_uuid)}>{parameters}</rim:AdhocQuery></query:AdhocQueryRequest>"
    ).encode()


def quoted(*values: str) -> str:
    """Strings in the syntax of stored queries: `('a','b')`, single quotes doubled (ITI TF-2 §3.18.4.1.2.3.5)."""
    return "({})".format(",".join(f"{_QUOTE}{value.replace(_QUOTE, _QUOTE * 2)}{_QUOTE}" for value in values))


_QUOTE = "'"
