"""Every address of the professional's portal that shows a page, by its route, with the states in which it is looked at.

In an address, `{inside}` is a record that one reads, `{outside}` one that one does not, `{empty}` one without a document, and `{urgent}` one that is
open in an emergency; the other names are those of things in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from starlette.routing import BaseRoute, Route

RECORD = "/pro/patients/{handle}"
BEFORE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {  # routes of who has not signed in
        "/pro/connexion": ("/pro/connexion",),
    }
)
PAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {  # route: addresses
        "/pro": ("/pro", "/pro?fait=vide"),
        "/pro/journal": ("/pro/journal",),
        "/pro/depots": ("/pro/depots",),
        "/pro/aide": ("/pro/aide",),
        "/pro/situation": ("/pro/situation",),
        "/pro/deconnexion": ("/pro/deconnexion",),
        "/AccesDirect/{page}": ("/AccesDirect/GestionDMPPatient",),
        f"{RECORD}/entree": ("{outside}/entree",),
        f"{RECORD}/identite": ("{empty}/identite", "{inside}/identite"),
        RECORD: ("{inside}", "{empty}", "{urgent}"),
        f"{RECORD}/equipe": ("{inside}/equipe", "{urgent}/equipe"),
        f"{RECORD}/acces": ("{inside}/acces",),
        f"{RECORD}/documents": (
            "{inside}/documents",
            "{inside}/documents?filtres=1&archives=1&masques=1&invisibles=1&apercu={report}",
            "{empty}/documents",
        ),
        f"{RECORD}/documents/{{document}}": ("{inside}/documents/{letter}", "{inside}/documents/{report}"),
        f"{RECORD}/documents/{{document}}/lecture/cadre": ("{inside}/documents/{report}/lecture/cadre",),
        f"{RECORD}/recherche": ("{inside}/recherche", "{inside}/recherche?q=genou", "{inside}/recherche?q=licorne"),
        f"{RECORD}/resultats": (
            "{inside}/resultats",
            "{inside}/resultats?examen=2823-3&examen=14682-9",
            "{empty}/resultats",
        ),
        f"{RECORD}/resultats/{{examen}}": ("{inside}/resultats/2823-3",),
        f"{RECORD}/chronologie": ("{inside}/chronologie", "{empty}/chronologie"),
        f"{RECORD}/synthese": ("{inside}/synthese", "{empty}/synthese"),
        f"{RECORD}/synthese/brouillon": ("{inside}/synthese/brouillon",),
        f"{RECORD}/synthese/relire": ("{inside}/synthese/relire", "{inside}/synthese/relire?modele=vsm"),
        f"{RECORD}/synthese/relire/cadre": ("{inside}/synthese/relire/cadre",),
        f"{RECORD}/examens-deja-faits": (
            "{inside}/examens-deja-faits",
            "{inside}/examens-deja-faits?examen=potassium&jours=1825",
        ),
        f"{RECORD}/deposer": ("{inside}/deposer", "{inside}/deposer?activite=sejour"),
        f"{RECORD}/deposer/{{draft}}/description": ("{inside}/deposer/{begun}/description",),
        f"{RECORD}/deposer/{{draft}}/verification": ("{inside}/deposer/{begun}/verification",),
        f"{RECORD}/deposer/{{draft}}/fait": ("{inside}/deposer/{done}/fait",),
        f"{RECORD}/depots": ("{inside}/depots", "{empty}/depots"),
        f"{RECORD}/depots/{{document}}/{{change}}": ("{inside}/depots/{deposited}/supprimer",),
    }
)
NO_PAGES: Mapping[str, str] = MappingProxyType(
    {
        "/static/{name}": "a file",
        "/pro/langue/{code}": "leads back to the page where it was chosen",
        "/pro/connexion/psc": "leads to Pro Santé Connect",
        "/pro/connexion/retour": "leads on from there, and shows the page of the ways in where it fails",
        "/pro/connexion/jwks.json": "keys, for the provider",
        "/AccesDirect/{page}/{number}": "leads on to an address without the number",
        "/pro/acces-direct/{ticket}": "leads on to the record",
        f"{RECORD}/documents/{{document}}/original": "a file",
    }
)
MISHAPS = ("/pro/nothing", "/pro/patients/0123456789abcdef0123456789abcdef")
"""Addresses of no page: what went wrong is a page too."""


def not_looked_at(routes: Iterable[BaseRoute]) -> set[str]:
    """The routes that a browser opens (GET) of which nobody said that they are looked at, or why not."""
    opened = {one.path for one in routes if isinstance(one, Route) and "GET" in (one.methods or ())}
    return opened - {*BEFORE, *PAGES, *NO_PAGES}


def gone(routes: Iterable[BaseRoute]) -> set[str]:
    """What is said of routes that are not there."""
    return {*BEFORE, *PAGES, *NO_PAGES} - {one.path for one in routes if isinstance(one, Route)}
