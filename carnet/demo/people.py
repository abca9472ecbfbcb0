"""Fictitious people for the demonstration and the tests: nobody of these exists.

Patients have INS under the OID of tests. Two are those of the public sample documents, with the traits that those documents give; the
others have numbers of communes that do not exist. Professionals and structures have numbers of the ranges used for tests (`8999…`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from carnet.identity.ins import NIR_TEST
from carnet.identity.patients import Traits
from carnet.metadata import Code, PatientIdentifier

G15 = "1.2.250.1.71.1.2.7"
KNOW_HOW = "1.2.250.1.71.4.2.5"
PHARMACISTS_SECTION = "1.2.250.1.71.4.2.6"
SECTORS = "1.2.250.1.71.4.2.4"


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """A fictitious patient; `note` says what the person is there to show."""

    identifier: PatientIdentifier
    traits: Traits
    note: str


@dataclass(frozen=True, slots=True)
class DemoOrganization:
    """A fictitious structure: Struct_IdNat, name and sector of activity."""

    identifier: str
    name: str
    sector: Code


@dataclass(frozen=True, slots=True)
class DemoProfessional:
    """A fictitious professional: PS_IdNat, the roles that their card states, where they work, what the person is there to show."""

    identifier: str
    family_name: str
    given_name: str
    profession: Code
    specialty: Code | None
    organization: DemoOrganization
    note: str
    other_organizations: tuple[DemoOrganization, ...] = ()

    @property
    def name(self) -> str:
        """Given name, then family name."""
        return f"{self.given_name} {self.family_name}"


def _patient(ins: str, traits: Traits, note: str) -> DemoPatient:
    return DemoPatient(PatientIdentifier(ins, NIR_TEST), traits, note)


PAT_TROIS = _patient(
    "279035121518989",
    Traits("PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "F", "19790328", "51215", "PAT-TROIS", "DOMINIQUE"),
    "the patient of the public sample documents",
)
NESSI = _patient(
    "277076322082910",
    Traits("NESSI", "RUTH ISABELLE", "F", "19770714", "75115", "DECOURCY", "RUTH"),
    "the other patient of the public sample documents; uses a name that is not of birth",
)
LANTERNE = _patient(
    "155112A99900124",
    Traits("LANTERNE", "ANGE FELIX", "M", "19551103", "2A004"),
    "born in Corsica; has a long-term illness",
)
MIRABELLE = _patient(
    "211045799900122",
    Traits("MIRABELLE", "ZOE ALIX", "F", "20110420", "57463"),
    "a minor, who may ask that her legal representatives do not see an act",
)
BOUSSOLE = _patient(
    "193089999900128",
    Traits("BOUSSOLE", "TAREK", "M", "19930817", "99350"),
    "born abroad; opposes emergency access",
)
GIROUETTE = _patient(
    "138015099900154",
    Traits("GIROUETTE", "OCTAVE EUGENE", "M", "1938", "50129"),
    "of whose date of birth only the year is known; in a nursing home",
)
PATIENTS = (PAT_TROIS, NESSI, LANTERNE, MIRABELLE, BOUSSOLE, GIROUETTE)

OFFICE = DemoOrganization(
    "499970000016001", "Cabinet du docteur Alizé Montrieux", Code("SA07", SECTORS, "Cabinet individuel")
)
GROUP_OFFICE = DemoOrganization(
    "1990000010", "Cabinet médical des Quatre Vents", Code("SA08", SECTORS, "Cabinet de groupe")
)
HOSPITAL = DemoOrganization(
    "1990000028", "Centre hospitalier de Valmorte", Code("SA01", SECTORS, "Etablissement public de santé")
)
LABORATORY = DemoOrganization(
    "1990000036", "Laboratoire de la Grande Rue", Code("SA25", SECTORS, "Laboratoire de biologie médicale")
)
PHARMACY = DemoOrganization("1990000044", "Pharmacie du Beffroi", Code("SA33", SECTORS, "Pharmacie d'officine"))
SAMU = DemoOrganization(
    "1990000051", "SAMU 99 - Centre 15 de Valmorte", Code("SA01", SECTORS, "Etablissement public de santé")
)
OCCUPATIONAL_SERVICE = DemoOrganization(
    "399900000000011",
    "Service de prévention et de santé au travail du Plateau",
    Code("SA66", SECTORS, "Services de Prévention et de Santé au Travail (SPST)"),
)
SERVICE = DemoOrganization(
    "1990000069", "Carnet, portail de démonstration", Code("SA24", SECTORS, "Organisme de sécurité sociale")
)
"""Who runs the service: the organization that its portal's seal names. It is no structure of care and calls nobody."""
ORGANIZATIONS = (OFFICE, GROUP_OFFICE, HOSPITAL, LABORATORY, PHARMACY, SAMU, OCCUPATIONAL_SERVICE)

DOCTOR = Code("10", G15, "Médecin")
PHARMACIST = Code("21", G15, "Pharmacien")
NURSE = Code("60", G15, "Infirmier")
GENERAL_MEDICINE = Code("SM54", KNOW_HOW, "Médecine générale (SM)")

MEDECIN_TRAITANT = DemoProfessional(
    "899970000016", "MONTRIEUX", "ALIZE", DOCTOR, GENERAL_MEDICINE, OFFICE, "the médecin traitant of PAT-TROIS"
)
OTHER_GP = DemoProfessional(
    "899970000024",
    "SAULNIER",
    "BASTIEN",
    DOCTOR,
    GENERAL_MEDICINE,
    GROUP_OFFICE,
    "a general practitioner like any other",
)
HOSPITAL_DOCTOR = DemoProfessional(
    "899970000032",
    "KERVADEC",
    "SOAZIG",
    DOCTOR,
    Code("SM04", KNOW_HOW, "Cardiologie et maladies vasculaires (SM)"),
    HOSPITAL,
    "a cardiologist of the hospital",
)
PHARMACIST_OWNER = DemoProfessional(
    "899970000040",
    "TEYSSIER",
    "CLOVIS",
    PHARMACIST,
    Code("A", PHARMACISTS_SECTION, "Pharmacien titulaire d'officine"),
    PHARMACY,
    "keeps the pharmacy",
)
COMMUNITY_NURSE = DemoProfessional(
    "899970000057", "DELORMEAU", "INES", NURSE, None, GROUP_OFFICE, "a nurse, without know-how in the directory"
)
BIOLOGIST = DemoProfessional(
    "899970000065",
    "VERNOUILLET",
    "HORTENSE",
    DOCTOR,
    Code("SM03", KNOW_HOW, "Biologie médicale (SM)"),
    LABORATORY,
    "signs the laboratory's reports, and practises in the hospital too: two situations to choose from in the portal",
    (HOSPITAL,),
)
OCCUPATIONAL_DOCTOR = DemoProfessional(
    "899970000073",
    "ASTIER",
    "PAULIN",
    DOCTOR,
    Code("SM25", KNOW_HOW, "Médecine du travail (SM)"),
    OCCUPATIONAL_SERVICE,
    "an occupational doctor, whom the rules treat apart",
)
REGULATOR = DemoProfessional(
    "899970000081",
    "QUILLIEN",
    "NOAM",
    DOCTOR,
    Code("SM59", KNOW_HOW, "Médecine d'urgence (SM)"),
    SAMU,
    "answers calls to the 15",
)
PROFESSIONALS = (
    MEDECIN_TRAITANT,
    OTHER_GP,
    HOSPITAL_DOCTOR,
    PHARMACIST_OWNER,
    COMMUNITY_NURSE,
    BIOLOGIST,
    OCCUPATIONAL_DOCTOR,
    REGULATOR,
)


def identity_feed() -> str:
    """The patients as an identity feed (`identity.patients_import`)."""
    rows = (
        (
            person.identifier.value,
            person.identifier.authority,
            person.traits.birth_name,
            person.traits.birth_given_names,
            person.traits.used_name,
            person.traits.used_given_name,
            person.traits.sex,
            person.traits.birth_date,
            person.traits.birth_place,
        )
        for person in PATIENTS
    )
    return _csv("ins;oid;nom_naissance;prenoms;nom_utilise;prenom_utilise;sexe;date_naissance;lieu_naissance", rows)


def directory_feed() -> str:
    """Professionals and structures as a directory feed of our own form (`identity.directory_feed`)."""
    structures = (("", "", "", "", "", "", one.identifier, one.name, one.sector.code) for one in ORGANIZATIONS)
    persons = (
        (
            one.identifier,
            one.family_name,
            one.given_name,
            one.profession.code,
            "C",
            one.specialty.code if one.specialty else "",
            place.identifier,
            place.name,
            place.sector.code,
        )
        for one in PROFESSIONALS
        for place in (one.organization, *one.other_organizations)
    )
    header = "ps_idnat;nom;prenom;profession;categorie;savoir_faire;struct_idnat;raison_sociale;secteur"
    return _csv(header, (*structures, *persons))


def _csv(header: str, rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    text.write(f"{header}\n")
    csv.writer(text, delimiter=";", lineterminator="\n").writerows(rows)
    return text.getvalue()
