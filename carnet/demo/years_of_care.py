"""Some years of care of the demonstration's first patient: laboratory reports that compare and some that do not, medicines, vaccinations, imaging.

Every value was invented. What is there to be seen: a value that a later report repeats, a laboratory that writes another unit, a result
below what can be measured, a value outside its range, a vaccination that is due.
"""

from __future__ import annotations

from collections.abc import Iterator

from carnet.clock import DAY, to_dtm
from carnet.demo.care_documents import (
    BODY_LOCATION,
    CHEST,
    CHEST_SCAN,
    DISPENSING,
    IMAGING_REPORT,
    MODALITY,
    SCANNER,
    VACCINATIONS,
    Jab,
    Ordered,
    Product,
    dispensing,
    imaging_report,
    prescription,
    vaccination_history,
)
from carnet.demo.documents import LAB_REPORT, PRESCRIPTION, Draft, new_oid
from carnet.demo.lab_reports import Measured, lab_report
from carnet.demo.people import BIOLOGIST, HOSPITAL_DOCTOR, MEDECIN_TRAITANT, PHARMACIST_OWNER, DemoProfessional

POTASSIUM = ("2823-3", "Potassium [Moles/Volume] Sérum/Plasma", "mmol/L", "3.5", "5.1")
CREATININE = ("14682-9", "Créatinine [Moles/Volume] Sérum/Plasma", "umol/L", "45", "84")
LDL = ("22748-8", "Cholestérol LDL [Moles/Volume] Sérum/Plasma", "mmol/L", "", "4.10")
TSH = ("3016-3", "Thyrotropine [Unités/Volume] Sérum/Plasma", "m[IU]/L", "0.40", "4.00")
CRP = ("1988-5", "Protéine C réactive [Masse/Volume] Sérum/Plasma", "mg/L", "", "5")
REPORTS: tuple[tuple[int, DemoProfessional, tuple[tuple[tuple[str, str, str, str, str], str, str], ...]], ...] = (
    # days ago, who signs, results: examination, digits, sign of what is beyond measuring
    (2_210, BIOLOGIST, ((POTASSIUM, "4.0", ""), (CREATININE, "61", ""), (LDL, "4.52", ""), (TSH, "2.10", ""))),
    (
        1_480,
        BIOLOGIST,
        ((POTASSIUM, "4.2", ""), (CREATININE, "64", ""), (LDL, "4.31", ""), (TSH, "2.450", ""), (CRP, "5", "<")),
    ),
    (760, HOSPITAL_DOCTOR, ((POTASSIUM, "5.3", ""), (CREATININE, "70", ""), (CRP, "42.0", ""))),
    (
        390,
        BIOLOGIST,
        ((POTASSIUM, "4.4", ""), (CREATININE, "66", ""), (LDL, "3.60", ""), (TSH, "1.950", ""), (CRP, "5", "<")),
    ),
    (24, BIOLOGIST, ((POTASSIUM, "4.10", ""), (CREATININE, "65", ""), (LDL, "3.05", ""), (TSH, "2.20", ""))),
)
STATIN = Product("ROSUVASTATINE 5 mg, comprimé pelliculé", atc="C10AA07", atc_name="Rosuvastatine")
PARACETAMOL = Product("PARACETAMOL 1 g, comprimé", atc="N02BE01", atc_name="Paracétamol")
TETANUS = Product(
    "VACCIN DTP, suspension injectable",
    atc="J07CA01",
    atc_name="Vaccin contre la diphtérie, la poliomyélite et le tétanos",
    batch="V7714-02",
)
FLU = Product("VACCIN GRIPPAL, suspension injectable", atc="J07BB02", atc_name="Vaccin contre la grippe", batch="G2231")
FLU_DUE = Product("Vaccin contre la grippe", atc="J07BB02", atc_name="Vaccin contre la grippe")


def years_of_care(now: int) -> Iterator[tuple[str, bytes]]:
    """Documents with a name for each, the oldest first within a kind; `now` in microseconds UTC."""
    for number, (days, author, results) in enumerate(REPORTS):
        yield f"laboratory report {number + 1}", _report(now - days * DAY, author, results)
    yield "laboratory report in another unit", _in_another_unit(now - 1_120 * DAY)
    yield from _treatment(now - 20 * DAY)
    yield "vaccinations", _vaccinations(now)
    yield "imaging report", _imaging(now - 745 * DAY)


def _report(
    at: int, author: DemoProfessional, results: tuple[tuple[tuple[str, str, str, str, str], str, str], ...]
) -> bytes:
    measured = [
        Measured(*test[:2], digits, test[2], _stamp(at), test[3], test[4], comparator=sign)
        for test, digits, sign in results
    ]
    return lab_report(_draft(at, author), measured, collected=_stamp(at))


def _draft(at: int, author: DemoProfessional) -> Draft:
    return Draft(at, type=LAB_REPORT, title="Compte rendu d'examens biologiques", author=author)


def _stamp(at: int) -> str:
    return f"{to_dtm(at)}+0000"


def _in_another_unit(at: int) -> bytes:
    """Creatinine in milligrams: the same code, another unit; and a potassium that an earlier report of the same laboratory told."""
    code, name, *_ = CREATININE
    other = Measured(code, name, "7.4", "mg/L", _stamp(at), "5.1", "9.5")
    before = at + 1_120 * DAY - 1_480 * DAY
    repeated = Measured(POTASSIUM[0], POTASSIUM[1], "4.2", POTASSIUM[2], _stamp(before))
    now = Measured(*POTASSIUM[:2], "4.3", POTASSIUM[2], _stamp(at), POTASSIUM[3], POTASSIUM[4], before=(repeated,))
    return lab_report(_draft(at, BIOLOGIST), [other, now], collected=_stamp(at))


def _treatment(at: int) -> Iterator[tuple[str, bytes]]:
    line, day, end = new_oid(), to_dtm(at)[:8], to_dtm(at + 90 * DAY)[:8]
    statin = Ordered(STATIN, "1 comprimé le soir, tous les jours", day, end, line, quantity="90")
    stopped = Ordered(
        PARACETAMOL, "1 comprimé si douleur, 3 par jour au plus", day, to_dtm(at + 5 * DAY)[:8], new_oid(), "aborted"
    )
    title = "Ordonnance de médicaments"
    yield (
        "prescription",
        prescription(Draft(at, type=PRESCRIPTION, title=title, author=MEDECIN_TRAITANT), [statin, stopped]),
    )
    given = Ordered(STATIN, "1 comprimé le soir", to_dtm(at + DAY)[:8], quantity="30", answers=line)
    draft = Draft(at + DAY, type=DISPENSING, title="Délivrance en pharmacie", author=PHARMACIST_OWNER)
    yield "dispensing", dispensing(draft, [given])


def _vaccinations(now: int) -> bytes:
    jabs = (
        Jab(TETANUS, to_dtm(now - 2_900 * DAY)[:8], "5"),
        Jab(FLU, to_dtm(now - 400 * DAY)[:8]),
        Jab(Product("VACCIN ROR", atc="J07BD52", atc_name="Vaccin contre la rougeole, les oreillons et la rubéole")),
        Jab(FLU_DUE, to_dtm(now + 21 * DAY)[:8], due=True),
    )
    draft = Draft(now - 30 * DAY, type=VACCINATIONS, title="Historique des vaccinations", author=MEDECIN_TRAITANT)
    return vaccination_history(draft, jabs)


def _imaging(at: int) -> bytes:
    draft = Draft(
        at,
        type=IMAGING_REPORT,
        title="Scanner thoracique",
        author=HOSPITAL_DOCTOR,
        event=CHEST_SCAN,
        event_about=((MODALITY, SCANNER), (BODY_LOCATION, CHEST)),
    )
    study = new_oid()
    address = f"https://images.valmorte.example/studies/{study}"
    return imaging_report(draft, study, modality="CT", display="Tomodensitométrie", address=address, began=_stamp(at))
