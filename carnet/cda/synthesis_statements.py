"""What the entries of a synthesis share: identifiers under the document's own, the label with its code, the comment."""

from __future__ import annotations

from typing import Any

from carnet.cda.synthesis_markup import coded, element, original, referring, templates
from carnet.cda.synthesis_model import LOINC, Part, SynthesisLine
from carnet.cda.synthesis_narrative import anchor_of
from carnet.cda.synthesis_templates import CCD, FR, PCC
from carnet.metadata import Code

_COMMENT = Code("48767-8", LOINC, "Commentaire")


def statement_id(document: str, part: Part, number: int, detail: str = "") -> Any:
    """The identifier of a statement: what its line is called in the narrative, under the document's OID."""
    return element("id", root=document, extension=anchor_of(part, number, detail))


def comment(part: Part, number: int, line: SynthesisLine) -> Any:
    """The note of a line (FR-Commentaire-ER), None where there is none."""
    if not line.note:
        return None
    act = element(
        "act",
        *templates(f"{CCD}.40", f"{PCC}.4.2", f"{FR}.3.32"),
        coded("code", _COMMENT),
        referring(anchor_of(part, number, "note")),
        element("statusCode", code="completed"),
        classCode="ACT",
        moodCode="EVN",
    )
    return element("entryRelationship", act, typeCode="SUBJ", inversionInd="true")


def coded_value(line: SynthesisLine, anchor: str) -> Any:
    """The label as a coded value."""
    return coded("value", labelled(line), original(anchor), kind="CD")


def labelled(line: SynthesisLine) -> Code:
    """The code of a line with the label that the doctor reads."""
    return Code(line.code.code, line.code.system, line.label)
