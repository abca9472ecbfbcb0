"""The sections that the content models of a synthesis share, as tables with codes and templates.

Facts of the CI-SIS. What states an absence is coded as the international patient summary has it (JDV_AbsentOrUnknown…_CISIS, 20211222).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from carnet.cda.stated_absences import ABSENT_OR_UNKNOWN
from carnet.cda.synthesis_model import LOINC, Part
from carnet.metadata import Code

PCC = "1.3.6.1.4.1.19376.1.5.3.1"
CCD = "2.16.840.1.113883.10.20.1"
FR = "1.2.250.1.213.1.1"
SNOMED = "2.16.840.1.113883.6.96"
ROLES = "2.16.840.1.113883.5.111"
"""HL7 RoleCode."""

PROBLEM_NATURE = Code("55607006", SNOMED, "problème")
"""What sort of statement a problem is where nobody said more."""
PROBLEM_NATURES = frozenset({"404684003", "55607006", "64572001", "248536006", "1269496002", "418799008", "282291009"})
"""The sorts that there are (SNOMED CT, JDV_ProblemCodes_CISIS)."""
ALLERGY_NATURE = Code("420134006", SNOMED, "propension aux effets indésirables")
"""The same of an allergy: neither allergy nor intolerance is claimed."""
CIS = "1.2.250.1.213.2.3.1"
"""The one scheme by which the rules let a product be coded (FR-Produit-de-sante); packs stand beside it as a translation."""
PRODUCT_SYSTEMS = frozenset({CIS, "1.2.250.1.213.2.3.2", "1.2.250.1.213.2.62"})
"""CIS, CIP and UCD: schemes of products. A class (ATC) is none: two medicines of one class are two."""
FAMILY_MEMBER = Code("FAMMEMB", ROLES, "Autre membre de la famille")


@dataclass(frozen=True, slots=True)
class SectionTemplate:
    """A section; `mandatory` in the model, so that it is there to say that nothing is stated."""

    code: Code
    title: str
    templates: tuple[str, ...]
    mandatory: bool = False


def _section(code: str, display: str, title: str, *templates: str, mandatory: bool = False) -> SectionTemplate:
    return SectionTemplate(Code(code, LOINC, display), title, templates, mandatory)


SECTIONS: Mapping[Part, SectionTemplate] = MappingProxyType(
    {
        Part.PROBLEMS: _section(
            "11450-4", "Liste des problèmes actifs", "Problèmes actifs",
            f"{CCD}.11", f"{PCC}.3.6", f"{FR}.2.132", mandatory=True,
        ),
        Part.HISTORY: _section(
            "11348-0", "Antécédents médicaux", "Antécédents médicaux", f"{PCC}.3.8", f"{FR}.2.134",
        ),
        Part.PROCEDURES: _section(
            "47519-4", "Historique des actes", "Actes et interventions",
            f"{CCD}.12", f"{PCC}.3.11", f"{PCC}.3.12", f"{FR}.2.136", mandatory=True,
        ),
        Part.ALLERGIES: _section(
            "48765-2", "Allergies et hypersensibilités", "Allergies et hypersensibilités",
            f"{CCD}.2", f"{PCC}.3.13", f"{FR}.2.137", mandatory=True,
        ),
        Part.TREATMENTS: _section(
            "10160-0", "Historique de la prise médicamenteuse", "Traitements",
            f"{CCD}.8", f"{PCC}.3.19", f"{FR}.2.143", mandatory=True,
        ),
        Part.DEVICES: _section(
            "46264-8", "Dispositifs médicaux", "Dispositifs médicaux",
            "2.16.840.1.11383.10.20.1.7", f"{PCC}.1.5.3.5", f"{FR}.2.1", mandatory=True,
        ),
        Part.ALERTS: _section("44944-7", "Autres alertes", "Points de vigilance", f"{FR}.2.245"),
        Part.FUNCTION: _section(
            "47420-5", "Évaluation du statut fonctionnel", "Statut fonctionnel",
            "2.16.840.1.113883.10.22.3.8", f"{FR}.2.246",
        ),
        Part.MEASUREMENTS: _section(
            "8716-3", "Signes vitaux", "Mesures", f"{CCD}.16", f"{PCC}.3.25", f"{PCC}.1.5.3.2", f"{FR}.2.75",
        ),
        Part.HABITS: _section(
            "29762-2", "Habitus, Mode de vie", "Facteurs de risque et mode de vie",
            f"{CCD}.15", f"{PCC}.3.16", f"{PCC}.3.16.1", f"{FR}.2.141",
        ),
        Part.WORK: _section(
            "10161-8", "Facteurs de risques professionnels", "Facteurs de risques professionnels",
            f"{PCC}.1.5.3.1", f"{FR}.2.74",
        ),
        Part.FAMILY: _section(
            "10157-6", "Historique des pathologies familiales", "Antécédents familiaux",
            f"{CCD}.4", f"{PCC}.3.14", f"{PCC}.3.15", f"{FR}.2.139",
        ),
        Part.VACCINATIONS: _section(
            "11369-6", "Historique des vaccinations", "Vaccinations", f"{CCD}.6", f"{PCC}.3.23", f"{FR}.2.147",
        ),
    }
)  # fmt: skip
PART_OF: Mapping[str, Part] = MappingProxyType({one.code.code: part for part, one in SECTIONS.items()})
"""The part that a section's LOINC code makes."""


_PROBLEMS = (
    Code("no-known-problems", ABSENT_OR_UNKNOWN, "Pas de problème connu"),
    Code("no-problem-info", ABSENT_OR_UNKNOWN, "Pas d'information sur les problèmes"),
)
ABSENCES: Mapping[Part, tuple[Code, Code]] = MappingProxyType(
    {
        # part: (there is none as far as is known, nothing is known of any)
        Part.PROBLEMS: _PROBLEMS,
        Part.HISTORY: _PROBLEMS,
        Part.ALLERGIES: (
            Code("no-known-allergies", ABSENT_OR_UNKNOWN, "Pas d'allergie/hypersensibilité connue"),
            Code("no-allergy-info", ABSENT_OR_UNKNOWN, "Pas d'information sur les allergies/hypersensibilités"),
        ),
        Part.TREATMENTS: (
            Code("no-known-medications", ABSENT_OR_UNKNOWN, "Pas de traitement médicamenteux connu"),
            Code("no-medication-info", ABSENT_OR_UNKNOWN, "Pas d'information sur les traitements médicamenteux"),
        ),
        Part.PROCEDURES: (
            Code("no-known-procedures", ABSENT_OR_UNKNOWN, "Pas d'acte ou intervention connu"),
            Code("no-procedure-info", ABSENT_OR_UNKNOWN, "Pas d'information sur les actes et interventions"),
        ),
        Part.DEVICES: (
            Code("no-known-devices", ABSENT_OR_UNKNOWN, "Pas de dispositif médical connu"),
            Code("no-device-info", ABSENT_OR_UNKNOWN, "Pas d'information sur les dispositifs médicaux"),
        ),
        Part.VACCINATIONS: (
            Code("no-known-immunizations", ABSENT_OR_UNKNOWN, "Pas de vaccin connu"),
            Code("no-immunization-info", ABSENT_OR_UNKNOWN, "Pas d'information sur les vaccins"),
        ),
    }
)
"""The parts that can state that there is nothing; of the others a doctor states lines, or nothing."""
MEASUREMENTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # LOINC: label, UCUM unit (JDV_SignesVitaux_CISIS, and the units that PCC asks for)
        "29463-7": ("Poids", "kg"),
        "8302-2": ("Taille", "cm"),
        "39156-5": ("Index de masse corporelle (IMC)", "kg/m2"),
        "8480-6": ("Pression artérielle systolique", "mm[Hg]"),
        "8462-4": ("Pression artérielle diastolique", "mm[Hg]"),
        "8867-4": ("Fréquence cardiaque", "/min"),
        "9279-1": ("Fréquence respiratoire", "/min"),
        "8310-5": ("Température corporelle", "Cel"),
        "20564-1": ("Saturation en O2", "%"),
        "8287-5": ("Périmètre crânien", "cm"),
        "8280-0": ("Périmètre abdominal (à l'ombilic)", "cm"),
        "8306-3": ("Taille (couché)", "cm"),
    }
)
HABITS: Mapping[str, str] = MappingProxyType(
    {
        # LOINC of JDV_SocialHistoryCodes_CISIS: label
        "72166-2": "Statut tabagique",
        "74011-8": "Consommation tabagique",
        "74013-4": "Consommation d'alcool",
        "11343-1": "Consommation de drogue non médicales",
        "73985-4": "Exercice physique",
        "81663-7": "Régime",
        "92944-8": "Exposition à risque",
        "8683-5": "Exposition professionnelle",
        "67875-5": "Statut d'emploi",
        "29556-8": "Trouble du comportement",
        "11345-6": "Autre élément social",
    }
)
RELATIVES: Mapping[str, str] = MappingProxyType(
    {
        # HL7 RoleCode (JDV_HL7_PersonalRelationshipRoleType_CISIS): label
        "MTH": "Mère",
        "FTH": "Père",
        "SIS": "Sœur",
        "BRO": "Frère",
        "DAUC": "Fille",
        "SONC": "Fils",
        "GRMTH": "Grand-mère",
        "GRFTH": "Grand-père",
        "FAMMEMB": "Autre membre de la famille",
    }
)
SYSTEM_NAMES: Mapping[str, str] = MappingProxyType(
    {
        # coding scheme: what it is called in a narrative
        "2.16.840.1.113883.6.3": "CIM-10",
        "2.16.840.1.113883.6.347": "CIM-11",
        "2.16.840.1.113883.6.139": "CISP-2",
        "1.2.250.1.215.300.1": "CCAM",
        "1.2.250.1.213.2.5": "CCAM",
        CIS: "CIS",
        "1.2.250.1.213.2.62": "UCD",
        "1.2.250.1.213.2.3.2": "CIP",
        "2.16.840.1.113883.6.73": "ATC",
        "1.2.250.1.213.2.68": "EMDN",
        LOINC: "LOINC",
        SNOMED: "SNOMED CT",
    }
)
