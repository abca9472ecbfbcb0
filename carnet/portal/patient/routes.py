"""The pages of the patient's space by their paths. A page that is not here is not linked."""

from __future__ import annotations

from starlette.routing import Route

from carnet.portal.patient import (
    access_pages,
    adding_pages,
    describing_pages,
    document_pages,
    export_pages,
    home_page,
    parts_pages,
    reading_pages,
    settings_pages,
)
from carnet.portal.space import Space
from carnet.portal.visit import Page, visiting

GET, POST = "GET", "POST"
PAGES: tuple[tuple[str, str, Page], ...] = (
    (GET, "/", home_page.show),
    (POST, "/dossier", home_page.switch),
    (GET, "/documents", document_pages.shelf),
    (GET, "/documents/{document}", document_pages.show),
    (GET, "/documents/{document}/original", document_pages.original),
    (GET, "/documents/{document}/lecture", reading_pages.read),
    (GET, "/documents/{document}/lecture/cadre", reading_pages.frame),
    (POST, "/documents/{document}/masquer", document_pages.mask),
    (POST, "/documents/{document}/demasquer", document_pages.unmask),
    (POST, "/documents/{document}/supprimer", document_pages.delete),
    (GET, "/ajouter", adding_pages.choose),
    (POST, "/ajouter", adding_pages.begin),
    (POST, "/ajouter/parties", parts_pages.begin),
    (GET, "/ajouter/{draft}", adding_pages.pages),
    (POST, "/ajouter/{draft}", adding_pages.more),
    (POST, "/ajouter/{draft}/page", adding_pages.arrange),
    (POST, "/ajouter/{draft}/abandonner", adding_pages.give_up),
    (POST, "/ajouter/{draft}/assembler", adding_pages.put_together),
    (GET, "/ajouter/{draft}/partie", parts_pages.held),
    (POST, "/ajouter/{draft}/partie", parts_pages.take),
    (GET, "/ajouter/{draft}/description", describing_pages.description),
    (POST, "/ajouter/{draft}/description", describing_pages.describe),
    (GET, "/ajouter/{draft}/verification", describing_pages.confirmation),
    (POST, "/ajouter/{draft}/verification", describing_pages.add),
    (GET, "/export", export_pages.show),
    (POST, "/export", export_pages.ask),
    (GET, "/export/{ticket}", export_pages.fetch_export),
    (GET, "/acces", access_pages.trail),
    (GET, "/acces/export", access_pages.export_page),
    (POST, "/acces/export", access_pages.export),
    (GET, "/acces/qui", access_pages.circle),
    (GET, "/acces/professionnel", access_pages.party),
    (POST, "/acces/professionnel", access_pages.change_party),
    (POST, "/acces/choix", access_pages.choose),
    (GET, "/avis", settings_pages.notices),
    (GET, "/reglages", settings_pages.show),
    (POST, "/reglages/adresse", settings_pages.address),
    (POST, "/reglages/avis", settings_pages.preferences),
    (GET, "/reglages/fermer", settings_pages.closing),
    (POST, "/reglages/fermer", settings_pages.close),
    (POST, "/reglages/opposition", settings_pages.oppose),
)


def patient_routes(space: Space) -> list[Route]:
    """Every route that needs a person."""
    return [Route(path, visiting(space, page), methods=[method]) for method, path, page in PAGES]
