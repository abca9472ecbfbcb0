"""An OpenID provider shaped like Pro Santé Connect, for the demonstration and the tests: the fictitious professionals, with the claims of protocols §8.5.

The protocol is that of `identity_provider`; tokens are signed and not encrypted, and what it says of a person is plain JSON, as there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette

from carnet.config import load
from carnet.demo.identity_provider import Chosen, DemonstrationProvider, Population
from carnet.demo.people import PROFESSIONALS, DemoOrganization, DemoProfessional
from carnet.errors import ConfigurationError
from carnet.portal.provider_keys import shared_secret

ACR = "eidas1"
ROLES = "1.2.250.1.213.1.1.5.5"
CLAIMS = (
    "SubjectNameID",
    "preferred_username",
    "family_name",
    "given_name",
    "SubjectRole",
    "SubjectOrganization",
    "SubjectOrganizationID",
    "Secteur_Activite",
    "authMode",
    "otherIds",
    "SubjectRefPro",
)


def of_home(home: Path) -> tuple[Starlette, str, int]:
    """The provider that a home's settings name, with the host and port to serve it on.

    Raises ConfigurationError in production, and for an issuer that is not on loopback: whoever asks may be anybody here.
    """
    settings = load(home)
    place = urlsplit(settings.pro_oidc_issuer)
    if settings.environment == "production" or place.hostname not in {"127.0.0.1", "localhost"} or not place.port:
        raise ConfigurationError(
            "The demonstration's identity provider is for pro_oidc_issuer on loopback, never in production."
        )
    provider = DemonstrationProvider(
        settings.pro_oidc_issuer,
        professionals(PROFESSIONALS),
        client_id=settings.pro_oidc_client_id,
        client_secret=shared_secret(settings, settings.pro_oidc_client_secret_file),
        redirect_uri=f"{settings.space_origin}/pro/connexion/retour",
        logout_uri=f"{settings.space_origin}/pro/connexion",
    )
    return provider.application(), place.hostname, place.port


def main() -> None:
    """`python -m carnet.demo.professional_provider HOME`: serves it until it is interrupted."""
    app, host, port = of_home(Path(sys.argv[1]))
    uvicorn.run(app, host=host, port=port, log_level="warning")


def professionals(people: Sequence[DemoProfessional]) -> Population:
    """Fictitious professionals, as Pro Santé Connect knows them."""
    known = {
        one.identifier: Chosen(f"{one.given_name} {one.family_name}, {one.profession.display}", claims_of(one))
        for one in people
    }
    return Population(known, {"scope_all": CLAIMS}, acr=ACR, encrypts=False)


def claims_of(person: DemoProfessional) -> dict[str, Any]:
    """What Pro Santé Connect says of somebody: who they are, and each of their practice situations."""
    places = (person.organization, *person.other_organizations)
    return {
        "SubjectNameID": person.identifier,
        "preferred_username": person.identifier,
        "family_name": person.family_name,
        "given_name": person.given_name,
        "SubjectRole": [f"{person.profession.code}^{ROLES}"],
        "SubjectOrganization": places[0].name,
        "SubjectOrganizationID": places[0].identifier,
        "Secteur_Activite": f"{places[0].sector.code}^{places[0].sector.system}",
        "authMode": "CARD",
        "otherIds": [{"identifiant": person.identifier, "origine": "RPPS", "qualite": 1}],
        "SubjectRefPro": {"codeCivilite": "DR", "exercices": [_practice(person, places)]},
    }


def _practice(person: DemoProfessional, places: Sequence[DemoOrganization]) -> dict[str, Any]:
    second = person.specialty.code if person.specialty is not None else ""
    doctor = person.profession.code == "10"
    return {
        "codeProfession": person.profession.code,
        "codeCategorieProfessionnelle": "C",
        "nomDexercice": person.family_name,
        "prenomDexercice": person.given_name,
        "codeTypeSavoirFaire": "S" if doctor else "",
        "codeSavoirFaire": second if doctor else "",
        "activities": [
            {
                "codeModeExercice": "L",
                "codeSecteurDactivite": place.sector.code,
                "codeSectionPharmacien": "" if doctor else second,
                "codeRole": "",
                "raisonSocialeSite": place.name,
                **_identifiers(place.identifier),
            }
            for place in places
        ],
    }


def _identifiers(structure: str) -> dict[str, str]:
    """A Struct_IdNat as the claims carry it: the number without its prefix, or an office by its former identifier."""
    names = {"1": "numeroFinessSite", "3": "numeroSiretSite"}
    name = names.get(structure[0], "ancienIdentifiantDeLaStructure")
    number = structure[1:] if structure[0] in names else structure
    return {"numeroFinessSite": "", "numeroSiretSite": "", "ancienIdentifiantDeLaStructure": "", name: number}


if __name__ == "__main__":
    main()
