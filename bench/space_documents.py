"""Ten years of documents of one fictitious person, for pages that read what is in them: laboratory reports, medicines, consultations, images.

Everything is drawn from a generator with a fixed seed: two runs measure the same record.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from carnet.clock import DAY, to_dtm
from carnet.demo.care_documents import DISPENSING, IMAGING_REPORT, Ordered, Product, dispensing, prescription
from carnet.demo.documents import CONSULTATION, LAB_REPORT, LOINC, PRESCRIPTION, Draft, new_oid, structured
from carnet.demo.lab_reports import Measured, lab_report
from carnet.demo.people import PROFESSIONALS, DemoPatient
from carnet.metadata import Code
from carnet.terminology.value_sets import value_set

_MODEL = "1.2.250.1.213.1.1.1.29"
RESULTS = 20
"""Results of one laboratory report."""
SENTENCES = 24
"""Of a consultation: some 330 words."""
_EXAMINATIONS = (
    # LOINC, name, unit, low, high
    ("2339-0", "Glucose [Masse/Volume] Sang", "g/L", "0.70", "1.10"),
    ("2823-3", "Potassium [Moles/Volume] Sérum/Plasma", "mmol/L", "3.5", "5.1"),
    ("2951-2", "Sodium [Moles/Volume] Sérum/Plasma", "mmol/L", "136", "145"),
    ("14682-9", "Créatinine [Moles/Volume] Sérum/Plasma", "umol/L", "45", "84"),
    ("22748-8", "Cholestérol LDL [Moles/Volume] Sérum/Plasma", "mmol/L", "1.10", "4.10"),
    ("14646-4", "Cholestérol HDL [Moles/Volume] Sérum/Plasma", "mmol/L", "1.00", "2.20"),
    ("14927-8", "Triglycérides [Moles/Volume] Sérum/Plasma", "mmol/L", "0.40", "1.70"),
    ("3016-3", "Thyrotropine [Unités/Volume] Sérum/Plasma", "m[IU]/L", "0.40", "4.00"),
    ("1988-5", "Protéine C réactive [Masse/Volume] Sérum/Plasma", "mg/L", "0", "5"),
    ("4548-4", "Hémoglobine A1c/Hémoglobine totale [Fraction massique] Sang", "%", "4.0", "6.0"),
    ("718-7", "Hémoglobine [Masse/Volume] Sang", "g/dL", "12.0", "16.0"),
    ("789-8", "Hématies [Nombre/Volume] Sang", "10*6/uL", "3.8", "5.9"),
    ("6690-2", "Leucocytes [Nombre/Volume] Sang", "10*3/uL", "4.0", "10.0"),
    ("777-3", "Plaquettes [Nombre/Volume] Sang", "10*3/uL", "150", "400"),
    ("1742-6", "Alanine aminotransférase [Activité/Volume] Sérum/Plasma", "U/L", "7", "40"),
    ("1920-8", "Aspartate aminotransférase [Activité/Volume] Sérum/Plasma", "U/L", "13", "40"),
    ("2324-2", "Gamma glutamyl transférase [Activité/Volume] Sérum/Plasma", "U/L", "6", "42"),
    ("6768-6", "Phosphatase alcaline [Activité/Volume] Sérum/Plasma", "U/L", "35", "105"),
    ("14631-6", "Bilirubine [Moles/Volume] Sérum/Plasma", "umol/L", "3", "21"),
    ("2276-4", "Ferritine [Masse/Volume] Sérum/Plasma", "ng/mL", "15", "150"),
    ("2132-9", "Cobalamine [Masse/Volume] Sérum/Plasma", "pg/mL", "190", "900"),
    ("2284-8", "Folate [Masse/Volume] Sérum/Plasma", "ng/mL", "4", "20"),
    ("1989-3", "25-hydroxycalciférol [Masse/Volume] Sérum/Plasma", "ng/mL", "30", "60"),
    ("17861-6", "Calcium [Masse/Volume] Sérum/Plasma", "mg/L", "86", "102"),
)
_MEDICINES = (
    ("METFORMINE 850 mg, comprimé", "A10BA02", "Metformine"),
    ("ROSUVASTATINE 5 mg, comprimé", "C10AA07", "Rosuvastatine"),
    ("RAMIPRIL 5 mg, comprimé", "C09AA05", "Ramipril"),
    ("BISOPROLOL 2,5 mg, comprimé", "C07AB07", "Bisoprolol"),
    ("PARACETAMOL 1 g, comprimé", "N02BE01", "Paracétamol"),
    ("LEVOTHYROXINE 75 microgrammes, comprimé", "H03AA01", "Lévothyroxine"),
    ("FUROSEMIDE 40 mg, comprimé", "C03CA01", "Furosémide"),
    ("AMOXICILLINE 1 g, comprimé", "J01CA04", "Amoxicilline"),
)
_WHO = (
    *("Le patient", "La tension artérielle", "Le bilan sanguin", "La marche", "Le sommeil", "La fonction rénale"),
    *("L'auscultation cardiaque", "La douleur du genou droit", "Le diabète de type 2", "La respiration", "Le poids"),
    *("L'appétit", "La vision de l'oeil gauche", "La cicatrice", "Le traitement antalgique", "La rééducation"),
)
_IS = (
    *("reste stable depuis la dernière consultation", "s'améliore lentement avec le traitement en cours"),
    *("justifie une surveillance rapprochée", "ne montre pas de signe inquiétant", "est évoqué longuement ce jour"),
    *("demande un avis spécialisé en cardiologie", "a été contrôlé par le laboratoire de la ville"),
    *("se dégrade à l'effort et après les repas", "sera revu à distance de l'intervention chirurgicale"),
)
_THEN = (
    *("sans fièvre ni frissons", "malgré une bonne observance", "avec une gêne modérée le soir"),
    *("sous réserve d'un scanner thoracique", "et une consigne de repos est donnée", "en accord avec la famille"),
    *("et une ordonnance de kinésithérapie est remise", "avec un régime pauvre en sel", "sans oedème des chevilles"),
    *("et la vaccination contre la grippe est proposée", "après arrêt des anti-inflammatoires"),
)


@dataclass(frozen=True, slots=True)
class Written:
    """A document and its draft."""

    draft: Draft
    content: bytes


def document(number: int, at: int, patient: DemoPatient) -> Written:
    """The document of a number, written at a moment (microseconds UTC)."""
    drawn = random.Random(number)
    kind = _KINDS[number % len(_KINDS)]
    author = PROFESSIONALS[drawn.randrange(len(PROFESSIONALS))]
    draft = Draft(at, patient=patient, author=author)
    return kind(draft, drawn)


def _laboratory(draft: Draft, drawn: random.Random) -> Written:
    draft = replace(draft, type=LAB_REPORT, title="Compte rendu d'examens biologiques")
    taken = f"{to_dtm(draft.created)}+0000"
    told = [_measured(one, taken, drawn) for one in drawn.sample(_EXAMINATIONS, RESULTS)]
    return Written(draft, lab_report(draft, told, collected=taken))


def _measured(one: tuple[str, str, str, str, str], taken: str, drawn: random.Random) -> Measured:
    code, name, unit, low, high = one
    digits = len(low.partition(".")[2])
    value = drawn.uniform(float(low) * 0.9, float(high) * 1.1)
    return Measured(code, name, f"{value:.{digits}f}", unit, taken, low, high)


def _prescription(draft: Draft, drawn: random.Random) -> Written:
    draft = replace(draft, type=PRESCRIPTION, title="Ordonnance")
    return Written(draft, prescription(draft, _lines(draft, drawn)))


def _dispensing(draft: Draft, drawn: random.Random) -> Written:
    draft = replace(draft, type=DISPENSING, title="Délivrance en pharmacie")
    return Written(draft, dispensing(draft, _lines(draft, drawn)))


def _lines(draft: Draft, drawn: random.Random) -> list[Ordered]:
    start, end = to_dtm(draft.created)[:8], to_dtm(draft.created + 90 * DAY)[:8]
    return [
        Ordered(Product(name, atc=atc, atc_name=named), "1 comprimé le matin, tous les jours", start, end, new_oid())
        for name, atc, named in drawn.sample(_MEDICINES, 4)
    ]


def _consultation(draft: Draft, drawn: random.Random) -> Written:
    draft = replace(draft, type=CONSULTATION, title=f"Consultation de suivi, {drawn.choice(_WHO).lower()}")
    return Written(draft, structured(draft, (_MODEL,), _narrative("Compte rendu", _sentences(drawn))))


def _imaging(draft: Draft, drawn: random.Random) -> Written:
    draft = replace(draft, type=IMAGING_REPORT, title="Radiographie du thorax")
    return Written(draft, structured(draft, (_MODEL,), _narrative("Résultats", _sentences(drawn))))


def _sentences(drawn: random.Random) -> Sequence[str]:
    other = drawn.sample(value_set("J01").codes, SENTENCES)  # labels of specialties: a vocabulary like that of care
    return [f"{drawn.choice(_WHO)} {drawn.choice(_IS)} {drawn.choice(_THEN)}. {one.display}." for one in other]


def _narrative(title: str, sentences: Sequence[str]) -> str:
    code = f'<code code="{_NARRATED.code}" codeSystem="{LOINC}" displayName="{_NARRATED.display}"/>'
    text = "".join(f"<paragraph>{one}</paragraph>" for one in sentences)
    return f"<component><section>{code}<title>{title}</title><text>{text}</text></section></component>"


_NARRATED = Code("51899-3", LOINC, "Texte")
_KINDS: tuple[Callable[[Draft, random.Random], Written], ...] = (
    # a fifth reports of laboratories, three tenths medicines
    *(_laboratory, _consultation, _prescription, _consultation, _dispensing),
    *(_laboratory, _consultation, _prescription, _imaging, _consultation),
)
