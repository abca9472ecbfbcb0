"""Treatments and vaccinations of a synthesis, as the CI-SIS models them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from carnet.cda.synthesis_markup import coded, element, moment, original, referring, templates
from carnet.cda.synthesis_model import LOINC, NO_CODE, Part, SynthesisLine
from carnet.cda.synthesis_narrative import anchor_of
from carnet.cda.synthesis_statements import comment, labelled, statement_id
from carnet.cda.synthesis_templates import ABSENCES, CCD, CIS, FR, PCC
from carnet.metadata import Code

_ACT_CODE = "2.16.840.1.113883.5.4"
_RANK = Code("30973-2", LOINC, "Rang de la vaccination")
_PRODUCT = (f"{CCD}.53", f"{PCC}.4.7.2", f"{FR}.3.43")


def treatments(part: Part, document: str, lines: Sequence[SynthesisLine]) -> list[Any]:
    """Medicines that the patient takes (FR-Traitement)."""
    return [_treatment(part, document, number, line) for number, line in enumerate(lines, start=1)]


def _treatment(part: Part, document: str, number: int, line: SynthesisLine) -> Any:
    absent = line.code in ABSENCES[part]
    code = line.code if absent else Code("DRUG", _ACT_CODE, "Médicament")
    return element(
        "substanceAdministration",
        *templates(f"{CCD}.24", f"{PCC}.4.7", f"{FR}.3.42", f"{PCC}.4.7.1", f"{FR}.3.42.3"),
        statement_id(document, part, number),
        coded("code", code),
        referring(anchor_of(part, number, "note" if line.note else "")),
        element("statusCode", code="completed"),
        element("effectiveTime", moment("low", line.start), moment("high", line.end), kind="IVL_TS"),
        _product(line, anchor_of(part, number), absent=absent),
        comment(part, number, line),
        classCode="SBADM",
        moodCode="EVN",
    )


def vaccinations(part: Part, document: str, lines: Sequence[SynthesisLine]) -> list[Any]:
    """Vaccinations that were done (FR-Vaccination)."""
    return [_vaccination(part, document, number, line) for number, line in enumerate(lines, start=1)]


def _vaccination(part: Part, document: str, number: int, line: SynthesisLine) -> Any:
    absent = line.code in ABSENCES[part]
    code = line.code if absent else Code("IMMUNIZ", _ACT_CODE, "Vaccination")
    return element(
        "substanceAdministration",
        *templates(f"{CCD}.24", f"{PCC}.4.12", f"{FR}.3.45"),
        statement_id(document, part, number),
        coded("code", code),
        referring(anchor_of(part, number, "note" if line.note else "")),
        element("statusCode", code="completed"),
        moment("effectiveTime", line.start),
        _product(line, anchor_of(part, number), absent=absent),
        _rank(line),
        comment(part, number, line),
        classCode="SBADM",
        negationInd="false",
        moodCode="EVN",
    )


def _product(line: SynthesisLine, anchor: str, *, absent: bool) -> Any:
    material = element(
        "manufacturedMaterial",
        _code(NO_CODE if absent else labelled(line), anchor, missing="NA" if absent else "UNK"),
        element("name", nullFlavor="NA") if absent else element("name", text=line.label),
        element("lotNumberText", text=line.lot) if line.lot else None,
    )
    product = element("manufacturedProduct", *templates(*_PRODUCT), material, classCode="MANU")
    return element("consumable", product, typeCode="CSM")


def _code(code: Code, anchor: str, *, missing: str) -> Any:
    """What the product is called by: its CIS; a code of a pack is a translation of one that is not known."""
    if code.system in ("", CIS):
        return coded("code", code, original(anchor), missing=missing)
    return coded("code", NO_CODE, original(anchor), coded("translation", code))


def _rank(line: SynthesisLine) -> Any:
    if not line.rank:
        return None
    number = line.rank.isascii() and line.rank.isdecimal()
    value = element("value", value=line.rank, kind="INT") if number else element("value", text=line.rank, kind="ST")
    observation = element(
        "observation",
        *templates(f"{CCD}.46", f"{FR}.3.82"),
        coded("code", _RANK),
        element("statusCode", code="completed"),
        value,
        classCode="OBS",
        moodCode="EVN",
    )
    return element("entryRelationship", observation, typeCode="SUBJ")
