"""The words of ours on the page of a document, French and English, and how days are written in both."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from types import MappingProxyType

_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


def _typeset(tables: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    """The words with the apostrophe of print, which the source writes as that of a keyboard."""
    return MappingProxyType(
        {
            language: {name: text.replace("'", _APOSTROPHE) for name, text in words.items()}
            for language, words in tables.items()
        }
    )


WORDS: Mapping[str, Mapping[str, str]] = _typeset(
    {
        "fr": {
            "notice": "Présentation faite par Carnet à partir du document reçu. Le document d'origine, tel qu'il a été signé, fait foi.",
            "patient": "Patient",
            "born": "né(e) le",
            "author": "Auteur",
            "written": "Date du document",
            "act": "Acte",
            "recipient": "Destinataire",
            "authenticator": "Responsable",
            "custodian": "Conservé par",
            "replaces": "Version",
            "version": "version {number}",
            "replacing": "remplace une version précédente",
            "missing": "Texte non renseigné dans le document ({flavor}).",
            "empty": "Cette rubrique n'a pas de texte dans le document.",
            "wrapped": "Ce document contient un fichier ({kind}) et n'a pas d'autre texte.",
            "attached": "Fichiers joints à l'intérieur du document",
            "unnamed": "Rubrique sans titre",
            "about": "À propos de ce document",
        },
        "en": {
            "notice": "Presentation made by Carnet from the document as received. The original, as it was signed, is what counts.",
            "patient": "Patient",
            "born": "born",
            "author": "Author",
            "written": "Date of the document",
            "act": "Act",
            "recipient": "Recipient",
            "authenticator": "Responsible",
            "custodian": "Kept by",
            "replaces": "Version",
            "version": "version {number}",
            "replacing": "replaces an earlier version",
            "missing": "Text not stated in the document ({flavor}).",
            "empty": "This section has no text in the document.",
            "wrapped": "This document holds a file ({kind}) and no other text.",
            "attached": "Files inside the document",
            "unnamed": "Section without a title",
            "about": "About this document",
        },
    }
)

FLAVORS: Mapping[str, Mapping[str, str]] = _typeset(
    {
        "fr": {
            "NA": "sans objet",
            "UNK": "inconnu",
            "NASK": "non demandé",
            "ASKU": "demandé et inconnu",
            "NAV": "non disponible pour le moment",
            "MSK": "masqué par l'auteur",
            "NI": "sans information",
            "OTH": "autre",
        },
        "en": {
            "NA": "not applicable",
            "UNK": "unknown",
            "NASK": "not asked",
            "ASKU": "asked and unknown",
            "NAV": "not available for now",
            "MSK": "masked by the author",
            "NI": "no information",
            "OTH": "other",
        },
    }
)
"""HL7 NullFlavor in words; another code is shown as it is."""

_MONTHS = {
    "fr": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
_STAMP = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?\d*(?:\.\d+)?(?:[+-]\d{4})?", re.ASCII)


def day_words(stamp: str, language: str) -> str:
    """An HL7 time stamp in words, in its own local time and as precisely as it came: `4 janvier 2024 à 13 h 19`.

    What is no time stamp, such as 20092012, stands as received; '' for ''.
    """
    found = _STAMP.fullmatch(stamp)
    if found is None:
        return stamp
    year, month, day, hour, minute = found.groups()
    try:
        dt.datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), tzinfo=dt.UTC)
    except ValueError:
        return stamp
    if month is None:
        return year
    name = _MONTHS[language][int(month) - 1]
    if day is None:
        return f"{name} {year}"
    number = "1er" if language == "fr" and int(day) == 1 else str(int(day))
    date = f"{number} {name} {year}"
    if hour is None:
        return date
    if language == "fr":
        return f"{date} à {int(hour)} h {minute or ''}".rstrip()
    return f"{date}, {hour}:{minute or '00'}"
