"""The documents: the list with its filters, one document, its original, and what the person may do with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote, urlencode

from starlette.responses import Response

from carnet.metadata import PatientIdentifier
from carnet.portal.visit import Visit, see_other
from carnet.record.own_documents import PAGE, Chosen, OwnDocuments, SpaceDocument
from carnet.record.patient_acts import PatientActs
from carnet.record.retrieval import fetch

MAXIMUM_OFFSET = 1_000_000
EXTENSIONS = {
    # what may be named as it is; the rest is sent as bytes of no kind
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "text/plain": "txt",
}
_XML = frozenset({"text/xml", "application/xml"})
NOTHING_RUNS = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


Change = Callable[[PatientActs, PatientIdentifier, str], bool]


async def shelf(visit: Visit) -> Response:
    """The documents that match the filters of the address, thirty a page."""
    asked = visit.request.query_params
    offset = asked.get("depuis", "0")
    start = min(int(offset), MAXIMUM_OFFSET) if offset.isascii() and offset.isdigit() and len(offset) < 9 else 0
    chosen = Chosen(asked.get("famille", ""), asked.get("annee", ""), asked.get("auteur", ""), start - start % PAGE)
    found = visit.desk(OwnDocuments).shelf(visit.patient, chosen)

    def address(**changes: str | int) -> str:
        now = {"famille": chosen.family, "annee": chosen.year, "auteur": chosen.author, "depuis": "", **changes}
        kept = {name: value for name, value in now.items() if value}
        return f"/documents?{urlencode(kept)}" if kept else "/documents"

    return visit.page("documents.html", shelf=found, chosen=chosen, address=address, page_size=PAGE)


async def show(visit: Visit) -> Response:
    """One document in words."""
    found = visit.desk(OwnDocuments).document(visit.patient, visit.request.path_params["document"])
    return visit.page("document.html", document=found)


async def original(visit: Visit) -> Response:
    """The bytes as they were signed, to be kept: never shown by the browser in our place, and nothing in them runs."""
    located, about = visit.desk(OwnDocuments).original(visit.patient, visit.request.path_params["document"])
    content = await fetch(visit.space.gate.platform, located)
    known = located.mime_type if located.mime_type in EXTENSIONS else "application/octet-stream"
    headers = {
        "content-disposition": f'attachment; filename="{file_name(about, located.mime_type)}"',
        "content-security-policy": NOTHING_RUNS,
    }
    return Response(content, media_type=known, headers=headers)


def file_name(about: SpaceDocument, mime_type: str) -> str:
    """A name made of the date and of the published label: never of what a document says of itself."""
    plain = unicodedata.normalize("NFKD", about.kind).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "document"
    extension = "xml" if mime_type in _XML else EXTENSIONS.get(mime_type, "bin")
    return "-".join(part for part in (about.time[:8] if about.time.isdigit() else "", words) if part) + f".{extension}"


async def mask(visit: Visit) -> Response:
    """Hides the document from professionals."""
    return await _change(visit, PatientActs.mask, "masque")


async def unmask(visit: Visit) -> Response:
    """Shows it to them again."""
    return await _change(visit, PatientActs.unmask, "demasque")


async def delete(visit: Visit) -> Response:
    """Deletes what the patient's side added."""
    await visit.form()
    visit.desk(PatientActs).delete(visit.patient, visit.request.path_params["document"])
    return see_other("/documents?fait=supprime")


async def _change(visit: Visit, act: Change, said: str) -> Response:
    await visit.form()
    document = visit.request.path_params["document"]
    act(visit.desk(PatientActs), visit.patient, document)
    return see_other(f"/documents/{quote(document, safe='')}?fait={said}")
