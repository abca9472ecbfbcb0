"""What a form of the synthesis says of one line: texts made clean, dates at the precision that they were typed in, digits as they came."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from carnet.cda.synthesis_markup import clean
from carnet.cda.synthesis_model import LOINC, NO_CODE, Part, SynthesisLine
from carnet.cda.synthesis_narrative import date_words
from carnet.cda.synthesis_templates import HABITS, MEASUREMENTS, RELATIVES, ROLES
from carnet.metadata import Code

FIELDS: Mapping[Part, tuple[str, ...]] = MappingProxyType(
    {
        # part: what its form asks for, in order
        Part.ALLERGIES: ("libelle", "debut", "precision"),
        Part.PROBLEMS: ("libelle", "debut", "precision"),
        Part.TREATMENTS: ("libelle", "debut", "fin", "precision"),
        Part.HISTORY: ("libelle", "debut", "fin", "precision"),
        Part.PROCEDURES: ("libelle", "debut", "precision"),
        Part.DEVICES: ("libelle", "debut", "precision"),
        Part.ALERTS: ("libelle",),
        Part.VACCINATIONS: ("libelle", "debut", "rang", "lot", "precision"),
        Part.MEASUREMENTS: ("mesure", "valeur", "debut", "precision"),
        Part.HABITS: ("habitude", "valeur", "debut", "precision"),
        Part.WORK: ("libelle",),
        Part.FAMILY: ("parent", "libelle", "precision"),
        Part.FUNCTION: ("libelle",),
    }
)
LONGEST = MappingProxyType({"libelle": 300, "valeur": 300, "precision": 1000, "rang": 20, "lot": 60})
"""Characters of a text; what is longer is a document, not a line."""
_DATE = re.compile(r"(?:(?:(\d{1,2})[/.-])?(\d{1,2})[/.-])?(\d{4})", re.ASCII)
_NUMBER = re.compile(r"\d{1,6}(?:[.,]\d{1,4})?", re.ASCII)
_FIRST_YEAR = 1880


@dataclass(frozen=True, slots=True)
class WrongLine(Exception):
    """What was typed cannot be a line: the field, and why by a word that the page has a sentence for; `typed` is kept for the form."""

    name: str
    why: str
    typed: Mapping[str, str] = field(default_factory=dict)


def typed_of(part: Part, line: SynthesisLine) -> dict[str, str]:
    """What the form of a line shows in its fields."""
    shown = {
        "libelle": line.label,
        "debut": date_words(line.start),
        "fin": date_words(line.end),
        "valeur": line.value,
        "precision": line.note,
        "rang": line.rank,
        "lot": line.lot,
        "mesure": line.code.code,
        "habitude": line.code.code,
        "parent": line.relative.code or "FAMMEMB",
    }
    return {name: shown[name] for name in FIELDS[part]}


def line_of(part: Part, fields: Mapping[str, str], known: SynthesisLine | None = None) -> SynthesisLine:
    """The line that a form says; where it corrects one, what was not touched stays as it came. Raises WrongLine."""
    before = typed_of(part, known) if known is not None else {}
    typed = {name: clean(fields.get(name, "")) for name in FIELDS[part]}
    for name, most in LONGEST.items():
        if len(typed.get(name, "")) > most:
            raise WrongLine(name, "long", typed)
    line = known if known is not None else SynthesisLine("")
    for name, said in typed.items():
        if name not in before or said != clean(before[name]):
            line = _changed(part, line, name, said, typed)
    if not line.label:
        raise WrongLine("libelle" if "libelle" in typed else FIELDS[part][0], "empty", typed)
    if "valeur" in typed and not line.value:
        raise WrongLine("valeur", "empty", typed)
    if line.end and line.end[: len(line.start)] < line.start[: len(line.end)]:
        raise WrongLine("fin" if "fin" in typed else "debut", "order", typed)
    return line


def _changed(part: Part, line: SynthesisLine, name: str, said: str, typed: Mapping[str, str]) -> SynthesisLine:
    match name:
        case "libelle":
            return replace(line, label=said)
        case "precision":
            return replace(line, note=said)
        case "rang":
            return replace(line, rank=said)
        case "lot":
            return replace(line, lot=said)
        case "debut":
            return replace(line, start=_date(name, said, typed))
        case "fin":
            return replace(line, end=_date(name, said, typed))
        case "parent":
            return replace(line, relative=_relative(said, typed))
        case "mesure" | "habitude":
            return _about(line, name, said, typed)
        case _:
            return _valued(part, line, said, typed)


def _relative(said: str, typed: Mapping[str, str]) -> Code:
    if said not in RELATIVES:
        raise WrongLine("parent", "unknown", typed)
    return NO_CODE if said == "FAMMEMB" else Code(said, ROLES, RELATIVES[said])


def _about(line: SynthesisLine, name: str, said: str, typed: Mapping[str, str]) -> SynthesisLine:
    """A measurement brings its unit; what a habit is about changes what its value means, so its code goes."""
    if name == "mesure" and said in MEASUREMENTS:
        label, unit = MEASUREMENTS[said]
        return replace(line, label=label, code=Code(said, LOINC), unit=unit)
    if name == "habitude" and said in HABITS:
        return replace(line, label=HABITS[said], code=Code(said, LOINC), answer=NO_CODE)
    raise WrongLine(name, "unknown" if said else "empty", typed)


def _valued(part: Part, line: SynthesisLine, said: str, typed: Mapping[str, str]) -> SynthesisLine:
    """Digits as typed, with a point; another value of a habit is a text without the unit and code of the one before."""
    if part is not Part.MEASUREMENTS:
        return replace(line, value=said, unit="", answer=NO_CODE)
    if said and not _NUMBER.fullmatch(said):
        raise WrongLine("valeur", "number", typed)
    return replace(line, value=said.replace(",", "."))


def _date(name: str, said: str, typed: Mapping[str, str]) -> str:
    """`14/01/2018`, `01/2018`, `2018` as HL7 writes them, '' for none."""
    if not said:
        return ""
    found = _DATE.fullmatch(said)
    if found is None:
        raise WrongLine(name, "date", typed)
    day, month, year = (int(one) if one else 0 for one in found.groups())
    try:
        dt.date(max(year, _FIRST_YEAR), month or 1, day or 1)
    except ValueError as error:
        raise WrongLine(name, "date", typed) from error
    if year < _FIRST_YEAR:
        raise WrongLine(name, "date", typed)
    return f"{year:04}{month:02}{day:02}" if day else f"{year:04}{month:02}" if month else f"{year:04}"
