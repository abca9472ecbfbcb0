"""A synthesis about nobody, with a line of every sort."""

from carnet.cda.participants import PROFESSIONALS, STRUCTURES, Identifier, Organization, Participant, Patient
from carnet.cda.synthesis_model import LOINC, Model, Part, Stated, Synthesis, SynthesisLine, Told
from carnet.cda.synthesis_templates import ROLES, SNOMED
from carnet.metadata import Code

CIM_10 = "2.16.840.1.113883.6.3"
CIS = "1.2.250.1.213.2.3.1"
STRUCTURE = Organization(
    (Identifier(STRUCTURES, "10B0127189"),),
    "Cabinet du Dr Martin",
    Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
)
DOCTOR = Participant(
    (Identifier(PROFESSIONALS, "899700000012"),),
    Code("G15_10/SM26", "1.2.250.1.213.1.1.4.5", "Médecin - Qualifié en Médecine Générale (SM)"),
    family="MARTIN",
    given="Anne",
    organization=STRUCTURE,
)
PATIENT = Patient(
    (Identifier("1.2.250.1.213.1.4.10", "279035121518989"),),
    "PAT-TROIS",
    "PAT-TROIS",
    "DOMINIQUE MARIE-LOUISE",
    "DOMINIQUE",
    "DOMINIQUE",
    "F",
    "19790328",
    "51215",
)


def told(part, *lines):
    return Stated(part, Told.LINES, lines)


EVERY_PART = (
    told(
        Part.PROBLEMS,
        SynthesisLine("Diabète de type 2", Code("E11", CIM_10), start="201503", note="suivi à l'hôpital"),
        SynthesisLine("Lombalgie", nature=Code("404684003", SNOMED, "constatation clinique")),
    ),
    told(Part.HISTORY, SynthesisLine("Pyélonéphrite", Code("N10", CIM_10), start="20180114", end="20180125")),
    told(
        Part.PROCEDURES,
        SynthesisLine("Appendicectomie", Code("HHFA001", "1.2.250.1.215.300.1"), start="1999"),
        SynthesisLine("Pose d'un drain"),
    ),
    told(
        Part.ALLERGIES,
        SynthesisLine(
            "Amoxicilline",
            Code("J01CA04", "2.16.840.1.113883.6.73"),
            nature=Code("416098002", SNOMED, "allergie médicamenteuse"),
            start="2011",
            note="urticaire",
        ),
        SynthesisLine("Pollen"),
    ),
    told(
        Part.TREATMENTS,
        SynthesisLine("LEVOTHYROX 75 µg", Code("62080626", CIS), start="20220211", note="1 comprimé le matin"),
        SynthesisLine("Doliprane"),
    ),
    told(
        Part.DEVICES,
        SynthesisLine("Stimulateur cardiaque", Code("J010104", "1.2.250.1.213.2.68"), start="20190811"),
        SynthesisLine("Canne"),
    ),
    told(Part.ALERTS, SynthesisLine("Vit seule au 4e étage")),
    told(Part.FUNCTION, SynthesisLine("Marche avec une canne")),
    told(
        Part.MEASUREMENTS,
        SynthesisLine("Poids", Code("29463-7", LOINC), start="20260402", value="58.0", unit="kg"),
        SynthesisLine("Saturation en O2", Code("20564-1", LOINC), value="97", unit="%", note="au repos"),
    ),
    told(
        Part.HABITS,
        SynthesisLine("Statut tabagique", Code("72166-2", LOINC), value="ancien fumeur"),
        SynthesisLine(
            "Consommation tabagique", Code("74011-8", LOINC), value="25", unit="{pack}/a", note="arrêt en 2012"
        ),
        SynthesisLine(
            "Exercice physique", Code("73985-4", LOINC), value="quotidien", answer=Code("LA6111-4", LOINC), start="2024"
        ),
    ),
    told(Part.WORK, SynthesisLine("Amiante")),
    told(
        Part.FAMILY,
        SynthesisLine("Cancer du sein", Code("C50", CIM_10), relative=Code("MTH", ROLES, "Mère")),
        SynthesisLine("Hypertension"),
    ),
    told(
        Part.VACCINATIONS,
        SynthesisLine("REVAXIS", Code("60917345", CIS), start="20090928", lot="4456672", rank="2"),
        SynthesisLine("BCG"),
    ),
)


def synthesis(parts=EVERY_PART, *, version=1, replaces="", model=Model.IPS_FR):
    return Synthesis(
        "2.25.123", "2.25.12", PATIENT, DOCTOR, STRUCTURE, Code("SA07", "1.2.250.1.71.4.2.4", "Cabinet individuel"),
        "20261122230000", tuple(parts), version, replaces, model,
    )  # fmt: skip


def by_part(parts):
    return {one.part: one for one in parts}


def joined(stated):
    """As a draft joins what is fitted: each part once."""
    found = {}
    for one in stated:
        lines = found.get(one.part, Stated(one.part)).lines + one.lines
        found[one.part] = Stated(one.part, Told.LINES, lines) if lines else one
    return tuple(found.values())
