"""What kind of document a text seems to be, and of what day: a table of words. The person decides; this only fills a form in."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from carnet.metadata import Code
from carnet.terminology.value_sets import value_set

SYSTEM = "1.2.250.1.213.1.1.4.12"
"""TRE_A05, coding scheme of the types for what patients add."""
OFFERED: tuple[str, ...] = (
    # types of JDV_J66 for what patients add, in the order in which they are offered; DOCPAT08 is the service's own
    *("DOCPAT05", "DOCPAT02", "DOCPAT03", "DOCPAT04", "DOCPAT07", "DOCPAT01", "DOCPAT06", "EXPPAT_3", "EXPPAT_1"),
    *("DOCPAT09", "EXPPAT_2"),
)
OTHER = "EXPPAT_2"
_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # beginnings of words, without accents
        "DOCPAT05": (
            *("laboratoire", "biologie", "prelevement", "hemogramme", "glycemie", "cholesterol", "creatinine"),
            *("numeration", "analyses", "mmol/l", "leucocytes", "plaquettes", "ferritine", "serologie"),
        ),
        "DOCPAT02": (
            *("ordonnance", "comprime", "gelule", "posologie", "matin midi et soir", "renouvel", "pharmaci"),
            *("une fois par jour", "traitement", "seances", "a jeun"),
        ),
        "DOCPAT03": (
            *("compte rendu", "compte-rendu", "consultation", "hospitalis", "confrere", "motif", "antecedents"),
            *("operatoire", "examen clinique", "conclusion"),
        ),
        "DOCPAT04": (
            *("radiographie", "radiologie", "echographie", "scanner", "irm", "imagerie", "mammographie"),
            *("tomodensitometrie", "doppler", "cliche"),
        ),
        "DOCPAT07": ("certificat", "je soussigne", "certifie", "aptitude", "arret de travail", "dispense"),
        "DOCPAT06": ("vaccin", "depistage", "prevention", "rappel", "bilan de prevention"),
        "DOCPAT01": ("synthese", "volet medical", "antecedents et traitements"),
        "EXPPAT_3": ("directives anticipees", "fin de vie", "obstination deraisonnable", "personne de confiance"),
        "EXPPAT_1": ("mes volontes", "mes souhaits", "don d'organes"),
        "DOCPAT09": (
            "attestation",
            "mutuelle",
            "remboursement",
            "facture",
            "carte vitale",
            "convocation",
            "prise en charge",
        ),
    }
)
_DAY = re.compile(r"\b(0?[1-9]|[12]\d|3[01])[/.-](0?[1-9]|1[0-2])[/.-]((?:19|20)\d\d)\b")


def type_for(text: str) -> str:
    """The type whose words come most often in a text, '' when none does. The earlier one of OFFERED at equal number."""
    counted = counts_of(text, {code: _WORDS.get(code, ()) for code in OFFERED})
    best = max(OFFERED, key=lambda code: counted[code])
    return best if counted[best] else ""


def counts_of(text: str, words: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """How many of the words of each type a text has; words are beginnings of words, small and without accents."""
    plain = without_accents(text)
    return {code: sum(bool(re.search(rf"\b{re.escape(word)}", plain)) for word in its) for code, its in words.items()}


def date_for(text: str, *, birth_date: str, today: str) -> str:
    """The one day (yyyymmdd) that a text names, up to `today` and the day of birth apart; '' where there is none or more than one."""
    found = set()
    for day, month, year in _DAY.findall(text):
        try:
            one = dt.date(int(year), int(month), int(day)).strftime("%Y%m%d")
        except ValueError:
            continue
        if birth_date < one <= today:
            found.add(one)
    return found.pop() if len(found) == 1 else ""


def type_code(code: str) -> Code:
    """The type with its scheme and published label. Raises KeyError for what patients do not add."""
    if code not in OFFERED:
        raise KeyError(code)
    return Code(code, SYSTEM, value_set("J66").display(code, SYSTEM))


def without_accents(text: str) -> str:
    """A text in small letters, with plain blanks and apostrophes, and without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'"))
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).split())
