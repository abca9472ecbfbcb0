"""Values, reference ranges and texts of CDA observations (HL7 data types R1, CI-SIS Compte rendu d'examens de biologie médicale).

The type of a value is a QName: real documents write `PQ` and `c:PQ`. Digits are never parsed and written again: they are kept.
"""

from __future__ import annotations

from typing import Any

from carnet.cda.participants import HL7, child_at, code_of, text_of
from carnet.cda.result_model import Bound, ReferenceRange, Value
from carnet.metadata import Code

_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NUMBERS = frozenset({"PQ", "REAL", "INT", "MO"})
_LONGEST = 10_000
"""Characters of a text that are kept as a value or comment; a narrative text is shown in full elsewhere."""

_PARTING = frozenset(HL7 + name for name in ("br", "td", "th", "tr", "item", "paragraph", "list", "table", "caption"))

Anchors = dict[str, Any]
"""The elements of a document's narrative by their ID."""


def anchors_of(document: Any) -> Anchors:
    """The elements of the sections' narrative that carry an ID."""
    found: Anchors = {}
    for text in document.iter(f"{HL7}text"):
        for element in text.iter(f"{HL7}*"):
            name = element.get("ID")
            if name:
                found.setdefault(name, element)
    return found


def plain_text(element: Any) -> str:
    """The text inside an element, comments left out, white space normalised; lines and cells are parted by a space."""
    if element is None:
        return ""
    parts = [element.text or ""]
    for one in element.iterdescendants():
        known = isinstance(one.tag, str)
        parts += (" " if known and one.tag in _PARTING else "", one.text or "" if known else "", one.tail or "")
    return " ".join("".join(parts).split())[:_LONGEST]


def referred_text(element: Any, anchors: Anchors) -> str:
    """The text of an ED (`text`, `originalText`): its own, or that of the narrative which its reference names, with or without `#`."""
    if element is None:
        return ""
    own = plain_text(element)
    reference = child_at(element, "reference")
    if own or reference is None:
        return own
    return plain_text(anchors.get(reference.get("value", "").removeprefix("#")))


def label_of(element: Any, anchors: Anchors) -> str:
    """What a reader sees of a coded element: its displayName, else the text it comes from, else a translation's, else the code."""
    if element is None:
        return ""
    code = code_of(element)
    return (
        code.display
        or referred_text(child_at(element, "originalText"), anchors)
        or next((one.display for one in translations_of(element) if one.display), "")
        or code.code
    )


def translations_of(element: Any) -> tuple[Code, ...]:
    """The same meaning in other code systems; () for None."""
    return () if element is None else tuple(code_of(one) for one in element.iterchildren(f"{HL7}translation"))


def value_of(element: Any, anchors: Anchors) -> Value:
    """A `value` element, whatever its type; of an unknown type what is legible is kept as text."""
    kind = _kind_of(element)
    missing = element.get("nullFlavor", "")
    if kind in _NUMBERS:
        return Value(kind, element.get("value", ""), element.get("unit", ""), text=text_of(element), missing=missing)
    if kind.startswith(("IVL", "PIVL", "RTO")):
        return _interval(element, kind, missing)
    if kind in ("CD", "CE", "CV", "CO", "CS"):
        return Value(kind, text=_coded_text(element, anchors), code=code_of(element), missing=missing)
    text = referred_text(element, anchors) or element.get("value", "")
    return Value(kind, text=text, missing=missing)


def _coded_text(element: Any, anchors: Anchors) -> str:
    """The words that a code was made from; the code's own beside them where it says something else (a public example: « négatif », coded positive)."""
    original = referred_text(child_at(element, "originalText"), anchors)
    coded = code_of(element).display
    if original and coded and original.casefold() != coded.casefold():
        return f"{original} (codé « {coded} »)"
    return original or label_of(element, anchors)


def _kind_of(element: Any) -> str:
    """The local name of xsi:type; where it is not told, the one that the attributes speak for."""
    told = (element.get(_TYPE) or "").strip().rpartition(":")[2]
    if told:
        return str(told)
    if element.get("value") is not None:
        return "PQ" if element.get("unit") is not None else "REAL"
    return "CD" if element.get("code") is not None else "ED"


def _interval(element: Any, kind: str, missing: str) -> Value:
    ends = ("numerator", "denominator") if kind.startswith("RTO") else ("low", "high")
    first, second = (_bound(child_at(element, name)) for name in ends)
    own = element.get("value", "")
    if kind.startswith("RTO"):
        text = f"{first.digits} / {second.digits}" if first.digits and second.digits else ""
        return Value(kind, text=text, missing=missing)
    return Value(kind, own, element.get("unit", ""), first, second, text=text_of(element), missing=missing)


def _bound(element: Any) -> Bound:
    if element is None or not element.get("value"):
        return Bound()
    return Bound(element.get("value", ""), element.get("unit", ""), element.get("inclusive", "true") != "false")


def range_of(element: Any, anchors: Anchors) -> ReferenceRange | None:
    """A `referenceRange`; None when it says nothing."""
    inside = child_at(element, "observationRange")
    if inside is None:
        return None
    value = child_at(inside, "value")
    criterion = child_at(inside, "precondition", "criterion")
    found = ReferenceRange(
        value=Value("") if value is None else value_of(value, anchors),
        text=referred_text(child_at(inside, "text"), anchors),
        interpretation=code_of(child_at(inside, "interpretationCode")),
        criterion=_criterion(criterion, anchors),
    )
    return found if found.value.shown or found.text else None


def _criterion(element: Any, anchors: Anchors) -> str:
    if element is None:
        return ""
    value = child_at(element, "value")
    told = "" if value is None else value_of(value, anchors).shown
    return referred_text(child_at(element, "text"), anchors) or told or label_of(child_at(element, "code"), anchors)
