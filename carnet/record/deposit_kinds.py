"""What a professional may deposit, and what a form is filled in with: type, practice setting, activity. Tables of words; the person decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from carnet.metadata import Code
from carnet.platform import Platform
from carnet.record.entry_updates import CONSULTATION
from carnet.record.kind_suggestion import counts_of, without_accents
from carnet.requester import Requester
from carnet.terminology.value_sets import class_of, value_set

_NOT_OF_PROFESSIONALS = frozenset(
    # the patient's, the insurer's, a signature's, and what is no file that somebody uploads
    {"DOCPAT01", "DOCPAT08", "74465-6", "EXPPAT_1", "EXPPAT_2", "EXPPAT_3", "REMB", "E1762", "IMG-KOS"}
)
SETTINGS = ("AMBULATOIRE", "ETABLISSEMENT", "HAD", "SAD", "MAD", "PALLIATIF", "ESSMS", "SAMU_SMUR", "DEPISTAGE")
"""Practice settings (JDV_J04) of professionals, in the order in which they are offered."""
_SETTING_SYSTEM = "1.2.250.1.213.1.1.4.9"
_BY_SECTOR: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("SA01", "SA02", "SA03", "SA04", "SA30", "SA34", "SA36", "SA40", "SA53"), "ETABLISSEMENT"),
        **dict.fromkeys(("SA16", "SA17", "SA18", "SA20", "SA21", "SA41"), "ESSMS"),
    }
)
ACTIVITIES: Mapping[str, Code] = MappingProxyType(
    {
        # JDV_J59: what the document comes of, in the words of the form
        "consultation": CONSULTATION,
        "sejour": Code("03", "1.2.250.1.213.2.2", "Hospitalisation complète (non compris hospitalisation de semaine)"),
        "urgences": Code("10", "1.2.250.1.213.2.2", "Accueil des urgences"),
    }
)
_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # beginnings of words, without accents
        "11502-2": ("laboratoire", "biologie medicale", "prelevement", "hemogramme", "glycemie", "creatinine", "leucocytes", "mmol/l"),
        "18748-4": ("radiographie", "echographie", "scanner", "irm", "mammographie", "tomodensitometrie", "doppler", "incidence"),
        "57833-6": ("ordonnance", "comprime", "gelule", "posologie", "renouvel", "une fois par jour", "matin midi et soir"),
        "PRESC-BIO": ("ordonnance", "bilan biologique", "faire pratiquer", "dosage"),
        "55115-0": ("demande d'examen", "demande d'imagerie", "merci de realiser", "merci de bien vouloir realiser"),
        "34874-8": ("operatoire", "intervention", "incision", "anesthesie generale", "chirurgien", "bloc"),
        "11490-0": ("lettre de liaison", "a la sortie", "date de sortie", "traitement de sortie"),
        "34112-3": ("hospitalis", "sejour", "date d'entree", "date de sortie", "service de"),
        "15507-7": ("passage aux urgences", "urgences", "motif de recours"),
        "96349-6": ("cher confrere", "chere consoeur", "je vous adresse", "merci de recevoir", "merci de voir"),
        "89601-9": ("certificat", "je soussigne", "certifie", "remis en main propre"),
        "11488-4": ("consultation", "motif", "examen clinique", "antecedents", "conclusion"),
        "11506-3": ("soins infirmiers", "seance", "pansement", "reeducation", "bilan"),
        "PRESC-KINE": ("kinesitherap", "seances de", "masso"),
        "PRESC-INF": ("soins infirmiers", "infirmier a domicile", "idel"),
    }
)  # fmt: skip
_BY_SPECIALTY: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("SM03",), "11502-2"),
        **dict.fromkeys(("SM44", "SM55", "SCH55", "SM28"), "18748-4"),
        **dict.fromkeys(("SM05", "SM06", "SM07", "SM08", "SM09", "SM10", "SM11", "SM12", "SM13", "SM14"), "34874-8"),
        "SM59": "15507-7",
        "SM01": "60568-3",
        "SM02": "34749-2",
    }
)
_BY_PROFESSION: Mapping[str, str] = MappingProxyType(
    {
        "10": "11488-4",
        "21": "78601-2",
        "40": "11488-4",
        "50": "11488-4",
        "60": "11506-3",
        "70": "11506-3",
        "80": "11506-3",
    }
)


def offered_types(platform: Platform, requester: Requester, at: int) -> tuple[Code, ...]:
    """The types (JDV_J66) that this role may deposit, by their labels.

    INFERRED: those that the matrix opens to the role, without those of the patient's side and of the insurer; no list of its own was found.
    """
    found = [
        Code(one.code, one.system, one.display)
        for one in value_set("J66").codes
        if one.active and may_deposit(platform, requester, one.code, at)
    ]
    return tuple(sorted(found, key=lambda one: without_accents(one.display)))


def may_deposit(platform: Platform, requester: Requester, type_code: str, at: int) -> bool:
    """Whether this role may deposit documents of a type."""
    of_patients = type_code in _NOT_OF_PROFESSIONALS or type_code.startswith("DOCPAT")
    return not of_patients and class_of(type_code) is not None and platform.engine.opens_type(requester, type_code, at)


def type_code(code: str) -> Code:
    """A type with its system and label; Code('') for one that JDV_J66 does not have."""
    return next(
        (Code(one.code, one.system, one.display) for one in value_set("J66").codes if one.code == code), Code("")
    )


def suggested_type(text: str, requester: Requester, offered: Iterable[Code]) -> str:
    """The type that a text seems to be of, else the usual one of the specialty or profession; '' where that may not be deposited."""
    allowed = {one.code for one in offered}
    counted = counts_of(text, {code: words for code, words in _WORDS.items() if code in allowed})
    best = max(counted, key=lambda one: counted[one], default="")
    if best and counted[best] >= 2:
        return best
    specialty = requester.specialty.code if requester.specialty is not None else ""
    usual = _BY_SPECIALTY.get(specialty) or _BY_PROFESSION.get(requester.profession.code, "")
    return usual if usual in allowed else ""


def usual_setting(requester: Requester) -> str:
    """The practice setting of a structure by its sector of activity."""
    return _BY_SECTOR.get(requester.sector.code, "AMBULATOIRE")


def usual_activity(requester: Requester) -> str:
    """A stay for who deposits in a hospital, else a consultation."""
    return "sejour" if usual_setting(requester) == "ETABLISSEMENT" else "consultation"


def setting_code(code: str) -> Code:
    """A practice setting with its label."""
    return Code(code, _SETTING_SYSTEM, value_set("J04").display(code, _SETTING_SYSTEM))
