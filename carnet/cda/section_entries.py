"""What stands in a section of a CDA document: its statements, whom they are about, and its text row by row.

A document speaks of others too: the child in a mother's, the relatives of a patient. The nearest `subject` says so (CDA R2 §4.3.4), and what
it says of them is nothing about the patient.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from carnet.cda.participants import HL7, child_at, code_of
from carnet.cda.result_values import Anchors, plain_text, referred_text

_SELF = frozenset({"SELF", "ONESELF"})
"""HL7 RoleCode: the patient themself."""
IN_ERROR = "nullified"
"""ActStatus of what was entered in error: it was never so."""
_COMMENT = "48767-8"


def sections_of(document: Any) -> Iterator[tuple[str, Any]]:
    """Every section about the patient, in the document's order, after the code that says what it is."""
    for section in document.iter(f"{HL7}section"):
        if not of_another(section):
            yield code_of(child_at(section, "code")).code, section


def of_another(element: Any) -> bool:
    """Whether an entry or section is about somebody other than the patient."""
    while element is not None:
        if child_at(element, "subject") is not None:
            return names_another(element)
        element = element.getparent()
    return False


def names_another(element: Any) -> bool:
    """Whether an entry or section names a subject of its own who is not the patient."""
    subject = child_at(element, "subject")
    return subject is not None and code_of(child_at(subject, "relatedSubject", "code")).code not in _SELF


def is_in_error(element: Any) -> bool:
    """Whether a statement was entered in error, as its status says."""
    return code_of(child_at(element, "statusCode")).code == IN_ERROR


def _is_said(element: Any) -> bool:
    """Whether an entry says what is so of the patient: not of another, not in error, neither asked for nor planned (its mood is EVN)."""
    return element.get("moodCode", "EVN") == "EVN" and not names_another(element) and not is_in_error(element)


def statements_in(section: Any) -> Iterator[tuple[Any, Any]]:
    """The observations of a section that say what is so of the patient, each with the concern (act) that holds it, else itself."""
    for entry in section.iterchildren(f"{HL7}entry"):
        for element in entry.iterchildren(f"{HL7}act", f"{HL7}observation"):
            if not _is_said(element):
                continue
            if element.tag == f"{HL7}observation":
                yield element, element
                continue
            for relation in element.iterchildren(f"{HL7}entryRelationship"):
                for observation in filter(_is_said, relation.iterchildren(f"{HL7}observation")):
                    yield observation, element


def comments_of(statement: Any, anchors: Anchors) -> Iterator[str]:
    """The comments that a statement carries itself."""
    for relation in statement.iterchildren(f"{HL7}entryRelationship"):
        act = child_at(relation, "act")
        if act is not None and code_of(child_at(act, "code")).code == _COMMENT:
            text = referred_text(child_at(act, "text"), anchors)
            if text:
                yield text


def period_of(statement: Any) -> tuple[str, str]:
    """Beginning and end as received, '' where not told; a single moment is the beginning."""
    time = child_at(statement, "effectiveTime")
    return _stamp(child_at(time, "low")) or _stamp(time), _stamp(child_at(time, "high"))


def _stamp(element: Any) -> str:
    return "" if element is None else str(element.get("value", ""))


def text_rows(section: Any) -> Iterator[str]:
    """The rows of a section's tables, else its items or paragraphs, else its text: what a section without entries says."""
    text = child_at(section, "text")
    if text is None:
        return
    for names in (("tbody", "tr"), ("item",), ("paragraph",)):
        rows = text.findall(".//" + "/".join(HL7 + name for name in names))
        if rows:
            break
    else:
        rows = [text]
    yield from filter(None, map(plain_text, rows))
