"""The words of a CDA document, for searching: the narrative of each section, and the labels of coded entries that the narrative leaves out.

Of a self-presenting document the ClinicalDocument inside is read. Nothing is interpreted: every character of the narrative is kept, in its order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from carnet.cda.contents import clinical_document, media_of, wrapped_of
from carnet.cda.header_model import LEVEL_1, LEVEL_3
from carnet.cda.participants import HL7, child_at, text_of
from carnet.cda.section_model import Medium

_BLOCKS = frozenset(
    HL7 + name
    for name in ("paragraph", "list", "item", "table", "caption", "thead", "tbody", "tfoot", "tr", "br", "footnote")
)
_CELLS = frozenset({f"{HL7}td", f"{HL7}th"})
_MOST_LABELS = 3_000


@dataclass(frozen=True, slots=True)
class ReadableText:
    """The words. `sections` are headings with texts in the order of the document; `wrapped` is the file of a level 1 document."""

    sections: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    medicines: tuple[str, ...] = ()
    wrapped: Medium | None = None
    attached: tuple[Medium, ...] = field(default=(), repr=False)


def readable_text(content: bytes) -> ReadableText:
    """The words of a document, from its bytes. Raises InvalidDocument for what is no CDA."""
    document = clinical_document(content)
    body = child_at(document, "component")
    structured = child_at(body, LEVEL_3)
    sections = () if structured is None else tuple(_sections(structured))
    told = "\n".join(text for part in sections for text in part).casefold()
    labels = () if structured is None else _labels(structured, told)
    return ReadableText(
        sections=sections,
        labels=labels,
        medicines=tuple(_medicines(document)),
        wrapped=wrapped_of(child_at(body, LEVEL_1, "text")),
        attached=tuple(media_of(document)),
    )


def _sections(structured: Any) -> Iterator[tuple[str, str]]:
    for section in structured.iter(f"{HL7}section"):
        text = child_at(section, "text")
        yield text_of(child_at(section, "title")), "" if text is None else narrative_text(text)


def narrative_text(text: Any) -> str:
    """Every character of a narrative block; blocks stand in lines of their own, and each cell of a row ends with a tab."""
    written: list[str] = []
    for event, element in etree.iterwalk(text, events=("start", "end", "comment", "pi")):
        if event == "start":
            if element.tag in _BLOCKS:
                written.append("\n")
            written.append(element.text or "")
            continue
        if event == "end" and element.tag in _BLOCKS:
            written.append("\n")
        if event == "end" and element.tag in _CELLS:
            written.append("\t")
        if element is not text:
            written.append(element.tail or "")
    lines = ("\t".join(" ".join(cell.split()) for cell in line.split("\t")) for line in "".join(written).split("\n"))
    return "\n".join(line for line in lines if line.strip())


def _labels(structured: Any, told: str) -> tuple[str, ...]:
    """The display names and original texts of coded entries that the narrative does not say, each once."""
    found: dict[str, None] = {}
    for element in structured.iter(f"{HL7}code", f"{HL7}value", f"{HL7}originalText", f"{HL7}translation"):
        label = text_of(element) if element.tag == f"{HL7}originalText" else element.get("displayName", "")
        label = " ".join(label.split())
        if label and label.casefold() not in told:
            found[label] = None
        if len(found) >= _MOST_LABELS:
            break
    return tuple(found)


def _medicines(document: Any) -> Iterator[str]:
    """The names of what was prescribed, dispensed or injected."""
    for material in document.iter(f"{HL7}manufacturedMaterial"):
        code = child_at(material, "code")
        name = text_of(child_at(material, "name")) or ("" if code is None else code.get("displayName", ""))
        if name:
            yield name
