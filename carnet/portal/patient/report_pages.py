"""Reporting what is wrong: an error in a document, an access that is not recognised; and what became of each report."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from starlette.responses import Response

from carnet.errors import InvalidMetadata
from carnet.portal.visit import Visit, see_other
from carnet.record.own_documents import OwnDocuments
from carnet.record.own_reports import LONGEST, OwnReports, ReportKind, Wrong, reasons_of


async def reports(visit: Visit) -> Response:
    """Every report, with where it stands."""
    return visit.page("reports.html", reports=visit.desk(OwnReports).reports(visit.patient))


async def close(visit: Visit) -> Response:
    """Says that nothing more is expected."""
    await visit.form()
    visit.desk(OwnReports).close(visit.patient, visit.request.path_params["report"])
    return see_other("/signalements?fait=clos")


# --- a document -----------------------------------------------------------------------------------------------------


async def of_document(visit: Visit) -> Response:
    """The form about one document."""
    return _document_form(visit)


def _document_form(visit: Visit, *, status: int = 200, wrong: str = "", given: Wrong | None = None) -> Response:
    found = visit.desk(OwnDocuments).document(visit.patient, visit.request.path_params["document"])
    return visit.page(
        "report_document.html",
        status=status,
        about=found.about,
        reasons=reasons_of(ReportKind.DOCUMENT),
        longest=LONGEST,
        wrong=wrong,
        given=given or Wrong("", ""),
    )


async def report_document(visit: Visit) -> Response:
    """Sends it to the author's structure."""
    fields = await visit.form()
    document, wrong = visit.request.path_params["document"], _wrong(fields)
    try:
        visit.desk(OwnReports).report_document(visit.patient, document, wrong)
    except InvalidMetadata as error:
        return _document_form(visit, status=422, wrong=error.subject, given=wrong)
    return see_other("/signalements?fait=envoye")


# --- an access ------------------------------------------------------------------------------------------------------


def line_handle(visit: Visit, ticket: int) -> str:
    """What names a line of the trail in this session: its place in the whole trace is for nobody's eyes."""
    return hmac.new(visit.person.form_key, f"line|{ticket}".encode(), hashlib.sha256).hexdigest()[:32]


def _recognises(visit: Visit, handle: str) -> Callable[[int], bool]:
    return lambda ticket: hmac.compare_digest(line_handle(visit, ticket).encode(), handle.encode())


async def of_access(visit: Visit) -> Response:
    """The form about one line of the trail."""
    return _access_form(visit, visit.request.query_params.get("ligne", ""))


def _access_form(
    visit: Visit, handle: str, *, status: int = 200, wrong: str = "", given: Wrong | None = None
) -> Response:
    told = visit.desk(OwnReports).line_in_words(visit.patient, visit.language, _recognises(visit, handle))
    return visit.page(
        "report_access.html",
        status=status,
        line=handle,
        told=told,
        reasons=reasons_of(ReportKind.ACCESS),
        longest=LONGEST,
        wrong=wrong,
        given=given or Wrong("", ""),
    )


async def report_access(visit: Visit) -> Response:
    """Sends it to the service."""
    fields = await visit.form()
    handle, wrong = fields.get("ligne", ""), _wrong(fields)
    try:
        visit.desk(OwnReports).report_access(visit.patient, _recognises(visit, handle), wrong)
    except InvalidMetadata as error:
        return _access_form(visit, handle, status=422, wrong=error.subject, given=wrong)
    return see_other("/signalements?fait=envoye")


def _wrong(fields: dict[str, str]) -> Wrong:
    return Wrong(fields.get("motif", ""), fields.get("texte", "").replace("\r\n", "\n"))
