"""The pages of the patient's space by their paths. A page that is not here is not linked."""

from __future__ import annotations

from starlette.routing import Route

from carnet.portal.patient import (
    access_pages,
    document_pages,
    family_pages,
    home_page,
    reading_pages,
    report_pages,
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
    (GET, "/documents/{document}/signaler", report_pages.of_document),
    (POST, "/documents/{document}/signaler", report_pages.report_document),
    (GET, "/acces", access_pages.trail),
    (GET, "/acces/signaler", report_pages.of_access),
    (POST, "/acces/signaler", report_pages.report_access),
    (GET, "/acces/export", access_pages.export_page),
    (POST, "/acces/export", access_pages.export),
    (GET, "/acces/qui", access_pages.circle),
    (GET, "/acces/professionnel", access_pages.party),
    (POST, "/acces/professionnel", access_pages.change_party),
    (POST, "/acces/choix", access_pages.choose),
    (GET, "/signalements", report_pages.reports),
    (POST, "/signalements/{report}/clore", report_pages.close),
    (GET, "/proches", family_pages.show),
    (POST, "/proches/inviter", family_pages.invite),
    (POST, "/proches/retirer", family_pages.revoke),
    (POST, "/proches/repondre", family_pages.answer),
    (POST, "/proches/cesser", family_pages.give_up),
    (GET, "/proches/enfant", family_pages.choice),
    (POST, "/proches/enfant/creer", family_pages.create),
    (POST, "/proches/enfant/refuser", family_pages.refuse),
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
