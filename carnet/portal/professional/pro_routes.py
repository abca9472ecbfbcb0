"""The professional's pages by their paths. A page that is not here is not linked."""

from __future__ import annotations

from starlette.routing import Route

from carnet.portal.professional import (
    answer_pages,
    entry_pages,
    find_pages,
    pro_comparison_page,
    pro_deposit_confirmation,
    pro_deposit_description,
    pro_deposit_list,
    pro_depositing,
    pro_document_page,
    pro_documents,
    pro_export,
    pro_repeat_page,
    pro_search_page,
    pro_summary_page,
    pro_timeline_page,
    synthesis_pages,
    synthesis_signing_pages,
    team_pages,
)
from carnet.portal.professional.caller_visit import CallerPage, calling
from carnet.portal.professional.pro_space import ProSpace
from carnet.portal.professional.pro_visit import ROOT, TABS, ProPage, visiting_record

GET, POST = "GET", "POST"
CALLER_PAGES: tuple[tuple[str, str, CallerPage], ...] = (
    (GET, "", find_pages.show),
    (POST, "", find_pages.by_number),
    (POST, "/traits", find_pages.by_traits),
    (POST, "/recents", find_pages.again),
    (POST, "/recents/vider", find_pages.empty),
    (GET, "/journal", answer_pages.journal),
    (GET, "/depots", pro_deposit_list.everywhere),
    (GET, "/aide", answer_pages.keys),
    (POST, "/aide", answer_pages.turn_keys),
)
"""Pages without a patient: method, path under /pro, page."""

PATIENT_PAGES: tuple[tuple[str, str, ProPage], ...] = (
    (GET, "/entree", entry_pages.show),
    (POST, "/entree", entry_pages.enter),
    (GET, "/identite", entry_pages.identity),
    (POST, "/identite", entry_pages.check_identity),
    (POST, "/quitter", entry_pages.leave),
    (GET, "/equipe", team_pages.show),
    (POST, "/equipe", team_pages.change),
    (GET, "/acces", answer_pages.history),
    (GET, "/documents", pro_documents.table),
    (POST, "/documents/exporter", pro_export.export),
    (GET, "/documents/{document}", pro_document_page.show),
    (GET, "/documents/{document}/original", pro_document_page.original),
    (GET, "/documents/{document}/lecture/cadre", pro_document_page.frame),
    (POST, "/documents/{document}/changer", pro_document_page.change),
    (GET, "/recherche", pro_search_page.show),
    (GET, "", pro_summary_page.show),
    (GET, "/resultats", pro_comparison_page.table),
    (GET, "/resultats/{examen}", pro_comparison_page.history),
    (GET, "/chronologie", pro_timeline_page.show),
    (GET, "/synthese", synthesis_pages.show),
    (GET, "/synthese/brouillon", synthesis_pages.draft),
    (POST, "/synthese/lignes/{line}", synthesis_pages.change_line),
    (POST, "/synthese/parties/{part}", synthesis_pages.change_part),
    (POST, "/synthese/abandonner", synthesis_pages.give_up),
    (GET, "/synthese/relire", synthesis_signing_pages.review),
    (GET, "/synthese/relire/cadre", synthesis_signing_pages.review_frame),
    (POST, "/synthese/relire", synthesis_signing_pages.sign),
    (GET, "/examens-deja-faits", pro_repeat_page.show),
    (GET, "/deposer", pro_depositing.choose),
    (POST, "/deposer", pro_depositing.begin),
    (GET, "/deposer/{draft}/description", pro_deposit_description.description),
    (POST, "/deposer/{draft}/description", pro_deposit_description.describe),
    (GET, "/deposer/{draft}/verification", pro_deposit_confirmation.confirmation),
    (POST, "/deposer/{draft}/verification", pro_deposit_confirmation.deposit),
    (GET, "/deposer/{draft}/fait", pro_deposit_confirmation.done),
    (POST, "/deposer/{draft}/abandonner", pro_deposit_description.give_up),
    (GET, "/depots", pro_deposit_list.in_record),
    (GET, "/depots/{document}/{change}", pro_deposit_list.confirm),
    (POST, "/depots/{document}/{change}", pro_deposit_list.correct),
)
"""Pages in an open record: method, path under /pro/patients/{handle}, page."""


def professional_routes(space: ProSpace) -> list[Route]:
    """Every route that needs a professional."""
    there = {path for method, path, _page in PATIENT_PAGES if method == GET}
    tabs = tuple(path for path in TABS if path in there)
    return [
        *(Route(f"/pro{path}", calling(space, page), methods=[method]) for method, path, page in CALLER_PAGES),
        *(
            Route(f"{ROOT}/{{handle}}{path}", visiting_record(space, page, tabs, path), methods=[method])
            for method, path, page in PATIENT_PAGES
        ),
    ]
