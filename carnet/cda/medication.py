"""Medicines and vaccinations out of structured documents: what was prescribed, dispensed, stated in a summary, or injected.

The kinds are kept apart and nothing is merged: each line says from which part of which model it comes. Texts are the author's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from carnet.cda.contents import clinical_document
from carnet.cda.header import read_header
from carnet.cda.participants import HL7, Identifier, child_at, code_of, identifiers_of, text_of
from carnet.cda.result_values import Anchors, anchors_of, label_of, referred_text, translations_of, value_of
from carnet.cda.section_entries import is_in_error, of_another
from carnet.cda.stated_absences import Absence, absence_in, absences_of
from carnet.metadata import Code

PRESCRIPTION = "1.2.250.1.213.1.1.1.39"
"""Content model of the prescription of medicines and devices (eP-MED-DM)."""
_VACCINATION = "1.3.6.1.4.1.19376.1.5.3.1.4.12"
_RECOMMENDATION = "1.3.6.1.4.1.19376.1.5.3.1.4.12.2"
"""A vaccination that is proposed (IHE PCC Immunization Recommendation, FR-Recommandation-de-vaccination)."""
_VACCINATION_HISTORY = "11369-6"
_RANK = "30973-2"
_INSTRUCTIONS = frozenset({"PINSTRUCT", "FINSTRUCT"})
_NO_CODE = Code("")


class LineKind(Enum):
    """How a medicine comes into a document."""

    PRESCRIBED = "prescribed"
    DISPENSED = "dispensed"
    STATED = "stated"
    INJECTED = "injected"
    DUE = "due"
    """A vaccination that the document says is to be done."""


@dataclass(frozen=True, slots=True)
class MedicineLine:
    """One line. Times are HL7 time stamps as received, `quantity` digits as received, texts with white space normalised; absent is empty.

    `texts` are those that the line and the dosages inside it point to in the narrative. `refused` marks what was not given (negationInd). `rank` is the number of a vaccination's dose. `answers` are the identifiers of
    the prescription's line that a dispensing answers.
    """

    kind: LineKind
    product: Code
    name: str
    classes: tuple[Code, ...] = ()
    start: str = ""
    end: str = ""
    texts: tuple[str, ...] = ()
    instructions: tuple[str, ...] = ()
    quantity: str = ""
    quantity_unit: str = ""
    repeats: str = ""
    route: str = ""
    site: str = ""
    lot: str = ""
    rank: str = ""
    status: str = ""
    refused: bool = False
    by: str = ""
    organization: str = ""
    section: Code = _NO_CODE
    ids: tuple[Identifier, ...] = ()
    answers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Medication:
    """What one document says of medicines and vaccinations: its lines in order, and what it states there is not."""

    lines: tuple[MedicineLine, ...]
    absences: tuple[Absence, ...]


def medication_of(content: bytes) -> Medication:
    """Lines and statements of absence; none for level 1. Raises InvalidDocument for what is no CDA."""
    return Medication(medicine_lines(content), absences_of(clinical_document(content)))


def medicine_lines(content: bytes) -> tuple[MedicineLine, ...]:
    """The lines of a document, in its order; none for level 1. Raises InvalidDocument for what is no CDA."""
    prescribes = PRESCRIPTION in read_header(content).template_ids
    document = clinical_document(content)
    anchors = anchors_of(document)
    return tuple(
        line
        for section in document.iter(f"{HL7}section")
        for entry in section.iterchildren(f"{HL7}entry")
        for line in _lines(entry, section, anchors, prescribes=prescribes)
    )


def _lines(entry: Any, section: Any, anchors: Anchors, *, prescribes: bool) -> Iterator[MedicineLine]:
    for element in entry.iterchildren(f"{HL7}substanceAdministration", f"{HL7}supply"):
        kind = _kind(element, section, prescribes=prescribes)
        material = None if of_another(element) or is_in_error(element) else _material(element)
        if kind is None or material is None or absence_in(element) is not None:
            continue
        line = _line(kind, element, material, section, anchors)
        if line.name or line.texts or line.instructions:  # a form left empty says nothing
            yield line


def _kind(element: Any, section: Any, *, prescribes: bool) -> LineKind | None:
    mood = element.get("moodCode", "")
    if element.tag == f"{HL7}supply":
        return LineKind.DISPENSED if mood == "EVN" else None
    templates = {one.get("root") for one in element.iterchildren(f"{HL7}templateId")}
    if _RECOMMENDATION in templates:
        return LineKind.DUE if mood in ("INT", "PRP", "RQO") and element.get("negationInd") != "true" else None
    if _VACCINATION in templates or code_of(child_at(section, "code")).code == _VACCINATION_HISTORY:
        return LineKind.INJECTED if mood == "EVN" else None
    return LineKind.PRESCRIBED if prescribes and mood in ("INT", "RQO") else LineKind.STATED


def _material(element: Any) -> Any:
    for way in ("consumable", "product"):
        found = child_at(element, way, "manufacturedProduct", "manufacturedMaterial")
        if found is not None:
            return found
    return None


def _line(kind: LineKind, element: Any, material: Any, section: Any, anchors: Anchors) -> MedicineLine:
    code = child_at(material, "code")
    quantity = _quantity(element)
    start, end = _period(element)
    by, organization = _who(element, section)
    return MedicineLine(
        kind=kind,
        product=code_of(code),
        name=text_of(child_at(material, "name")) or label_of(code, anchors) or _form(material),
        classes=translations_of(code),
        start=start,
        end=end,
        texts=tuple(_texts(element, anchors)),
        instructions=tuple(_instructions(element, anchors)),
        quantity="" if quantity is None else quantity.get("value", ""),
        quantity_unit="" if quantity is None else quantity.get("unit", ""),
        repeats=_value(child_at(element, "repeatNumber")),
        route=label_of(child_at(element, "routeCode"), anchors),
        site=label_of(child_at(element, "approachSiteCode"), anchors),
        lot=text_of(child_at(material, "lotNumberText")),
        rank=_rank(element, anchors),
        status=code_of(child_at(element, "statusCode")).code,
        refused=element.get("negationInd") == "true",
        by=by,
        organization=organization,
        section=code_of(child_at(section, "code")),
        ids=identifiers_of(element),
        answers=tuple(_answered(element)),
    )


def _form(material: Any) -> str:
    """The form of a preparation without a name (`pommade`), from the pharmacy's own namespace."""
    return code_of(next(material.iterchildren("{urn:ihe:pharm:medication}formCode"), None)).display


def _value(element: Any) -> str:
    return "" if element is None else str(element.get("value", ""))


def _related(element: Any, name: str) -> Iterator[Any]:
    for relation in element.iterchildren(f"{HL7}entryRelationship"):
        yield from relation.iterchildren(HL7 + name)


def _period(element: Any) -> tuple[str, str]:
    """The first period that is told; a single moment is its beginning. A dispensing tells it with its dosage."""
    for one in _itself_and_dosages(element):
        for time in one.iterchildren(f"{HL7}effectiveTime"):
            low, high = _value(child_at(time, "low")), _value(child_at(time, "high"))
            if low or high or _value(time):
                return low or _value(time), high
    return "", ""


def _itself_and_dosages(element: Any) -> Iterator[Any]:
    """A line and the dosages inside it; what it answers is neither."""
    yield element
    yield from (one for one in _related(element, "substanceAdministration") if child_at(one, "reference") is None)


def _quantity(element: Any) -> Any:
    own = child_at(element, "quantity")
    asked = (child_at(supply, "quantity") for supply in _related(element, "supply"))
    return own if own is not None else next((one for one in asked if one is not None), None)


def _texts(element: Any, anchors: Anchors) -> Iterator[str]:
    """The text of the line and of the dosages inside it."""
    for one in _itself_and_dosages(element):
        text = referred_text(child_at(one, "text"), anchors)
        if text:
            yield text


def _instructions(element: Any, anchors: Anchors) -> Iterator[str]:
    for act in _related(element, "act"):
        if code_of(child_at(act, "code")).code in _INSTRUCTIONS:
            text = referred_text(child_at(act, "text"), anchors)
            if text:
                yield text


def _rank(element: Any, anchors: Anchors) -> str:
    for observation in _related(element, "observation"):
        value = child_at(observation, "value")
        if value is not None and code_of(child_at(observation, "code")).code == _RANK:
            return value_of(value, anchors).shown
    return ""


def _answered(element: Any) -> Iterator[Identifier]:
    for line in _related(element, "substanceAdministration"):
        if child_at(line, "reference") is not None:
            yield from identifiers_of(line)


def _who(element: Any, section: Any) -> tuple[str, str]:
    """Who prescribed, dispensed or injected, where the line or its section names somebody."""
    for holder, way, role in (
        (element, "performer", "assignedEntity"),
        (element, "author", "assignedAuthor"),
        (section, "author", "assignedAuthor"),
    ):
        assigned = child_at(holder, way, role)
        if assigned is not None:
            name = child_at(assigned, "assignedPerson", "name")
            parts = (text_of(child_at(name, "given")), text_of(child_at(name, "family")))
            return " ".join(filter(None, parts)), text_of(child_at(assigned, "representedOrganization", "name"))
    return "", ""
