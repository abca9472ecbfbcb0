"""One document: our reading of it, the signed original one step away, what is said of it, its versions, its signatures, who can see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from starlette.responses import HTMLResponse, Response

from carnet.cda.rendering import PAGE_POLICY
from carnet.errors import IntegrityFailure, Refused, StatusTransition, VersionMismatch
from carnet.portal.languages import language_of
from carnet.portal.patient.document_pages import EXTENSIONS, NOTHING_RUNS, file_name
from carnet.portal.patient.reading_pages import AT_ONCE, View, framed, view_of
from carnet.portal.professional.pro_documents import document_path, number
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.visit import see_other
from carnet.record.document_changes import ChangeKind, changing
from carnet.record.own_documents import SpaceDocument
from carnet.record.retrieval import Located, fetch
from carnet.record.seen_document import Shown, reading, showing
from carnet.record.signature_findings import Signatures, signatures_of
from carnet.viewing.side_room import ROOM

CHANGES: Mapping[str, tuple[ChangeKind, str]] = MappingProxyType(
    {
        # what the form says: the change, and what is said afterwards; what may be gone from sight leads back to the table
        "montrer": (ChangeKind.SHOW_TO_PATIENT, "montre"),
        "montrer-representants": (ChangeKind.SHOW_TO_REPRESENTATIVES, "montre-representants"),
        "masquer": (ChangeKind.MASK, "masque"),
        "demasquer": (ChangeKind.UNMASK, "demasque"),
        "archiver": (ChangeKind.ARCHIVE, "archive"),
        "desarchiver": (ChangeKind.UNARCHIVE, "desarchive"),
        "supprimer": (ChangeKind.DELETE, "supprime"),
    }
)
_GONE = frozenset({ChangeKind.MASK, ChangeKind.DELETE})


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a document: our view and its signatures; None of both where its bytes are damaged."""

    view: View | None = None
    signatures: Signatures | None = None


async def show(visit: ProVisit) -> Response:
    """The page of a document."""
    return await _show(visit)


async def _show(visit: ProVisit, *, status: int = 200, refused: tuple[str, ...] = ()) -> Response:
    unique_id = visit.request.path_params["document"]
    shown = await visit.perform(showing(unique_id))
    read = await _read(visit, shown, unique_id) if shown.readable else None
    return visit.page(
        "pro_document.html",
        status=status,
        address=document_path(visit, unique_id),
        document=shown.document,
        read=read,
        at_once=AT_ONCE,
        refused=refused,
        changes={kind: field for field, (kind, _) in CHANGES.items()},
    )


async def _read(visit: ProVisit, shown: Shown, unique_id: str) -> Read:
    located, _ = await visit.perform(reading(unique_id))
    platform = visit.space.gate.platform
    try:
        content = await fetch(platform, located)
    except IntegrityFailure:
        return Read()
    signature = await _signature(visit, shown.parts.signature)
    page = number(visit.request.query_params.get("page", "1")) or 1
    view = await ROOM.look(partial(view_of, content, page, language_of(visit.request)))
    found = await ROOM.look(partial(signatures_of, platform, shown.parts, content, signature))
    return Read(view, found)


async def _signature(visit: ProVisit, located: Located | None) -> bytes | None:
    """The bytes of the set's signature; None when there is none, or they are damaged: then it cannot be verified."""
    try:
        return await fetch(visit.space.gate.platform, located) if located is not None else None
    except IntegrityFailure:
        return None


async def frame(visit: ProVisit) -> Response:
    """The CDA alone, for the frame of our pages, or to be printed. Raises InvalidDocument for what is none."""
    content, _located, _about = await _content(visit)
    text = await ROOM.look(partial(framed, content, language_of(visit.request)))
    return HTMLResponse(text, headers={"content-security-policy": PAGE_POLICY, "x-frame-options": "SAMEORIGIN"})


async def original(visit: ProVisit) -> Response:
    """The bytes as they were signed, to be kept: nothing in them runs."""
    content, located, about = await _content(visit)
    known = located.mime_type if located.mime_type in EXTENSIONS else "application/octet-stream"
    headers = {
        "content-disposition": f'attachment; filename="{file_name(about, located.mime_type)}"',
        "content-security-policy": NOTHING_RUNS,
    }
    return Response(content, media_type=known, headers=headers)


async def _content(visit: ProVisit) -> tuple[bytes, Located, SpaceDocument]:
    located, about = await visit.perform(reading(visit.request.path_params["document"]))
    return await fetch(visit.space.gate.platform, located), located, about


async def change(visit: ProVisit) -> Response:
    """One change of visibility or state; what the rules refuse is said on the document's page."""
    form = await visit.form()
    unique_id = visit.request.path_params["document"]
    kind, said = CHANGES.get(form.get("quoi", ""), (None, ""))
    if kind is None:
        return see_other(document_path(visit, unique_id))
    try:
        await visit.perform(changing(unique_id, kind))
    except Refused as error:
        return await _show(visit, status=403, refused=error.rules or ("error",))
    except (StatusTransition, VersionMismatch):
        return await _show(visit, status=409, refused=("too-late",))
    back = visit.path("/documents") if kind in _GONE else document_path(visit, unique_id)
    return see_other(f"{back}?fait={said}")
