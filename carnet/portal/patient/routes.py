"""The pages of the patient's space by their paths. A page that is not here is not linked."""

from __future__ import annotations

from starlette.routing import Route

from carnet.portal.patient import (
    access_pages,
    card_pages,
    document_pages,
    home_page,
    imaging_pages,
    measure_pages,
    profile_pages,
    reading_pages,
    result_pages,
    search_page,
    settings_pages,
    treatment_pages,
)
from carnet.portal.space import Space
from carnet.portal.visit import Page, visiting

GET, POST = "GET", "POST"
PAGES: tuple[tuple[str, str, Page], ...] = (
    (GET, "/", home_page.show),
    (POST, "/dossier", home_page.switch),
    (GET, "/recherche", search_page.show),
    (GET, "/documents", document_pages.shelf),
    (GET, "/documents/{document}", document_pages.show),
    (GET, "/documents/{document}/original", document_pages.original),
    (GET, "/documents/{document}/lecture", reading_pages.read),
    (GET, "/documents/{document}/lecture/cadre", reading_pages.frame),
    (POST, "/documents/{document}/masquer", document_pages.mask),
    (POST, "/documents/{document}/demasquer", document_pages.unmask),
    (POST, "/documents/{document}/supprimer", document_pages.delete),
    (GET, "/resultats", result_pages.overview),
    (GET, "/resultats/{examen}", result_pages.history),
    (GET, "/medicaments", treatment_pages.medicines),
    (GET, "/vaccins", treatment_pages.vaccinations),
    (GET, "/imagerie", imaging_pages.examinations),
    (GET, "/mesures", measure_pages.overview),
    (GET, "/mesures/tension/carnet", measure_pages.diary),
    (POST, "/mesures/tension/carnet", measure_pages.add_diary),
    (GET, "/mesures/{kind}", measure_pages.show),
    (POST, "/mesures/{kind}", measure_pages.add),
    (POST, "/mesures/{kind}/objectif", measure_pages.aim),
    (GET, "/mesures/{kind}/tableau.csv", measure_pages.table),
    (GET, "/mesures/{kind}/{reading}", measure_pages.one),
    (POST, "/mesures/{kind}/{reading}", measure_pages.correct),
    (POST, "/mesures/{kind}/{reading}/retirer", measure_pages.withdraw),
    (GET, "/acces", access_pages.trail),
    (GET, "/acces/export", access_pages.export_page),
    (POST, "/acces/export", access_pages.export),
    (GET, "/acces/qui", access_pages.circle),
    (GET, "/acces/professionnel", access_pages.party),
    (POST, "/acces/professionnel", access_pages.change_party),
    (POST, "/acces/choix", access_pages.choose),
    (GET, "/urgence", card_pages.show),
    (GET, "/urgence/carte", card_pages.sheet),
    (POST, "/urgence/choix", card_pages.choose),
    (POST, "/urgence/acces", card_pages.access),
    (POST, "/urgence/code", card_pages.code),
    (POST, "/urgence/code/arreter", card_pages.end_code),
    (POST, "/urgence/garder", card_pages.keep),
    (GET, "/profil", profile_pages.show),
    (GET, "/profil/{section}", profile_pages.section),
    (POST, "/profil/{section}/ajouter", profile_pages.add),
    (POST, "/profil/{section}/corriger", profile_pages.correct),
    (POST, "/profil/{section}/retirer", profile_pages.withdraw),
    (POST, "/profil/{section}/rien", profile_pages.nothing),
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
