"""Lines made to fit the entries in which they will be signed, before a doctor reads them: what is drafted is what is signed, and what is read again.

Documents of others carry codes of retired schemes, dates that are none, measurements that no vital sign has a code for. What an entry may not hold by the
published rules is left out of the code, never out of the words: a measurement or habit without its code becomes a point to watch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from carnet.cda.stated_absences import ABSENT_OR_UNKNOWN
from carnet.cda.synthesis_markup import clean
from carnet.cda.synthesis_model import LOINC, NO_CODE, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_narrative import date_words
from carnet.cda.synthesis_templates import (
    ALLERGY_NATURE,
    HABITS,
    MEASUREMENTS,
    PROBLEM_NATURE,
    PROBLEM_NATURES,
    PRODUCT_SYSTEMS,
    ROLES,
    SNOMED,
)
from carnet.metadata import Code

LONGEST = 10_000
"""Characters of a text, as they are read again (`result_values.plain_text`)."""
_STAMP = re.compile(r"\d{4}(?:\d\d){0,5}(?:\.\d{1,4})?(?:[+-]\d{4})?", re.ASCII)
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+", re.ASCII)
_TOKEN = re.compile(r"[!-~]+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_TEXTS = frozenset({Part.ALERTS, Part.WORK, Part.FUNCTION})
_CONDITIONS = frozenset({Part.PROBLEMS, Part.HISTORY, Part.FAMILY})
_PRODUCTS = frozenset({Part.TREATMENTS, Part.VACCINATIONS})
_ENDING = frozenset(
    {Part.PROBLEMS, Part.HISTORY, Part.ALLERGIES, Part.TREATMENTS, Part.PROCEDURES, Part.DEVICES, Part.FAMILY}
)
_UNITS: Mapping[str, tuple[str, ...]] = MappingProxyType({"29463-7": ("kg", "g"), "8302-2": ("cm", "m")})
"""Measurements of which more than one unit is read (IHE PCC)."""


def fitted(stated: Iterable[Stated]) -> tuple[Stated, ...]:
    """What is stated, each line as its entry can hold it; a line that says nothing is left out, and a part that has none left is not stated."""
    found: list[Stated] = []
    for one in stated:
        placed = [_placed(one.part, line) for line in one.lines]
        own = tuple(line for part, line in placed if part is one.part and line.label)
        other = tuple(line for part, line in placed if part is not one.part and line.label)
        told = one.told if own or one.told is not Told.LINES else Told.NOT_STATED
        found.append(Stated(one.part, told, own))
        if other:
            found.append(Stated(Part.ALERTS, Told.LINES, other))
    return tuple(found)


def _placed(part: Part, line: SynthesisLine) -> tuple[Part, SynthesisLine]:
    """The part in which a line can stand, and the line as it stands there."""
    line = replace(
        line,
        label=_text(line.label),
        value=_text(line.value),
        unit=_text(line.unit),
        rank=_text(line.rank),
        lot=_text(line.lot),
        note=_text(line.note),
        code=_code(line.code),
        start=_stamp(line.start),
        end=_stamp(line.end),
    )
    if part in _TEXTS:
        return part, SynthesisLine(line.label)
    if part is Part.MEASUREMENTS:
        return _measurement(line)
    if part is Part.HABITS:
        return _habit(line)
    ends = part in _ENDING
    return part, replace(
        line,
        start=line.start if ends else line.start or line.end,
        end=line.end if ends else "",
        nature=_nature(part, line.nature),
        relative=_relative(line.relative) if part is Part.FAMILY else NO_CODE,
        value="",
        unit="",
        answer=NO_CODE,
        code=NO_CODE if part in _PRODUCTS and line.code.system not in PRODUCT_SYSTEMS else line.code,
        lot=line.lot if part in _PRODUCTS else "",
        rank=line.rank if part is Part.VACCINATIONS else "",
        note=line.note if line.note != line.label else "",
    )


def _measurement(line: SynthesisLine) -> tuple[Part, SynthesisLine]:
    """A vital sign has a code of the list, digits, and the unit that goes with it."""
    _label, usual = MEASUREMENTS.get(line.code.code, ("", ""))
    known = line.code.system == LOINC and line.unit in _UNITS.get(line.code.code, (usual,))
    if known and usual and _NUMBER.fullmatch(line.value):
        return Part.MEASUREMENTS, _observed(line)
    return Part.ALERTS, _in_words(line)


def _habit(line: SynthesisLine) -> tuple[Part, SynthesisLine]:
    """A habit has a code of the list, and says something: a quantity, a coded answer or words."""
    if line.code.system != LOINC or line.code.code not in HABITS or not line.value:
        return Part.ALERTS, _in_words(line)
    if line.unit and not (_NUMBER.fullmatch(line.value) and _TOKEN.fullmatch(line.unit)):
        line = replace(line, value=f"{line.value} {line.unit}", unit="")
    return Part.HABITS, _observed(replace(line, answer=NO_CODE if line.unit else _code(line.answer)))


def _observed(line: SynthesisLine) -> SynthesisLine:
    return SynthesisLine(
        line.label,
        line.code,
        start=line.start or line.end,
        value=line.value,
        unit=line.unit,
        answer=line.answer,
        note=line.note,
    )


def _in_words(line: SynthesisLine) -> SynthesisLine:
    """What it says as one text; nothing where it names something without saying what it is."""
    value = f"{line.value} {line.unit}".strip()
    told = " : ".join(filter(None, (line.label, value)))
    date = f"({date_words(line.start or line.end)})" if line.start or line.end else ""
    return SynthesisLine(
        " ".join(filter(None, (told, line.note, date)))[:LONGEST].strip() if value or line.note else ""
    )


def _nature(part: Part, nature: Code) -> Code:
    """The sort of statement, where the list of the part has it and it says more than the part does."""
    told = nature.system == SNOMED and nature.code not in (PROBLEM_NATURE.code, ALLERGY_NATURE.code)
    known = part is Part.ALLERGIES or (part in _CONDITIONS and nature.code in PROBLEM_NATURES)
    return _displayed(nature) if told and known and _code(nature).code else NO_CODE


def _relative(relative: Code) -> Code:
    return _displayed(relative) if relative.system == ROLES and _code(relative).code not in ("", "FAMMEMB") else NO_CODE


def _displayed(code: Code) -> Code:
    """With the label that a reader sees: that of a code without one is the code."""
    return Code(code.code, code.system, clean(code.display) or code.code)


def _code(code: Code) -> Code:
    """A code as the XML schema lets it stand, without its label, which is the line's; one of absence names nothing."""
    valid = _TOKEN.fullmatch(code.code) and _OID.fullmatch(code.system) and code.system != ABSENT_OR_UNKNOWN
    return Code(code.code, code.system) if valid else NO_CODE


def _text(text: str) -> str:
    return clean(text)[:LONGEST].strip()


def _stamp(stamp: str) -> str:
    return stamp if _STAMP.fullmatch(stamp) else ""
