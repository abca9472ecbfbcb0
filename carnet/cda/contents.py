"""A CDA document (level 1 or 3, self-presenting or not) as structured contents for a reader.

A stylesheet that comes with a document is never looked at: of a self-presenting one the ClinicalDocument inside is read, and the
`xml-stylesheet` of another, whatever it embeds, is passed over.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Any

from carnet import hardened_xml
from carnet.cda.embedded_figures import Figures
from carnet.cda.header import read_header
from carnet.cda.header_model import LEVEL_1, LEVEL_3
from carnet.cda.narrative import safe_html
from carnet.cda.narrative_markup import language_of
from carnet.cda.participants import HL7, child_at, code_of, identifiers_of, text_of
from carnet.cda.section_model import Contents, Drawn, Medium, Reader, Section
from carnet.errors import InvalidDocument, MalformedMessage

_DOCUMENT = f"{HL7}ClinicalDocument"
_LONGEST_TEXT = 10_000_000
"""libxml2's own bound on a text node, lifted only for documents that may need it."""
_DEEPEST = 20
"""Sections inside each other, from which on a document is refused: the deepest of the public samples has 3."""

Redraw = Callable[[bytes], Drawn | None]
"""Makes a picture anew from bytes that nobody has looked at; None when they are no picture that can be shown."""


def contents_of(content: bytes, redraw: Redraw, *, language: str = "fr") -> Contents:
    """The contents of a document, from its bytes. `redraw` is asked for each picture that the narrative shows, and for no other file.

    `language` (fr or en) is that of the few words that are ours. Raises InvalidDocument for what is no CDA.
    """
    header = read_header(content)
    document = clinical_document(content)
    media = tuple(media_of(document))
    body = child_at(document, "component")
    figures = Figures(media, redraw, language)
    sections = _sections(child_at(body, LEVEL_3), figures, 1)
    return Contents(
        header=header,
        recipients=tuple(_recipient(one) for one in document.iterchildren(f"{HL7}informationRecipient")),
        sections=sections,
        media=figures.told(),
        wrapped=wrapped_of(child_at(body, LEVEL_1, "text")),
        written=child_at(document, "effectiveTime").get("value", ""),
        act_began=_beginning(document, header.events.index(header.main_event) if header.events else 0),
    )


def clinical_document(content: bytes) -> Any:
    """The ClinicalDocument of a document's bytes with its whole tree, taken out of the stylesheet of a self-presenting one.

    Raises InvalidDocument.
    """
    try:
        root = hardened_xml.parse(content, what="document", huge_text=len(content) > _LONGEST_TEXT)
    except MalformedMessage as error:
        raise InvalidDocument(error.message) from error
    found = root if root.tag == _DOCUMENT else next(root.iter(_DOCUMENT), None)
    if found is None:
        raise InvalidDocument("The document is not a CDA: it holds no ClinicalDocument.")
    return found


def _sections(parent: Any, figures: Figures, depth: int) -> tuple[Section, ...]:
    if parent is None:
        return ()
    if depth > _DEEPEST:
        raise InvalidDocument(f"The document's sections stand more than {_DEEPEST} deep in each other.")
    found = (
        one for component in parent.iterchildren(f"{HL7}component") for one in component.iterchildren(f"{HL7}section")
    )
    return tuple(_section(one, figures, depth) for one in found)


def _section(element: Any, figures: Figures, depth: int) -> Section:
    text = child_at(element, "text")
    language = child_at(element, "languageCode")
    return Section(
        code=code_of(child_at(element, "code")),
        title=text_of(child_at(element, "title")),
        html="" if text is None else safe_html(text, figures.html),
        language=(language.get("code", "") if language is not None else "") or language_of(element),
        missing="" if text is None else text.get("nullFlavor", ""),
        sections=_sections(element, figures, depth + 1),
    )


def _beginning(document: Any, event: int) -> str:
    """When the act of the documentationOf number `event` began, as received."""
    acts = list(document.iterchildren(f"{HL7}documentationOf"))
    interval = child_at(acts[event], "serviceEvent", "effectiveTime") if acts else None
    bound = child_at(interval, "low")
    found = bound if bound is not None else interval
    return "" if found is None else found.get("value", "")


def _recipient(element: Any) -> Reader:
    intended = child_at(element, "intendedRecipient")
    name = child_at(intended, "informationRecipient", "name")
    return Reader(
        type=element.get("typeCode", ""),
        ids=identifiers_of(intended),
        family=text_of(child_at(name, "family")),
        given=text_of(child_at(name, "given")),
        organization=text_of(child_at(intended, "receivedOrganization", "name")),
    )


def media_of(document: Any) -> Iterator[Medium]:
    """The files inside a ClinicalDocument's entries, in its order."""
    for element in document.iter(f"{HL7}observationMedia"):
        value = child_at(element, "value")
        if value is not None:
            yield Medium(element.get("ID", ""), value.get("mediaType", "").lower(), _decoded(value))


def wrapped_of(text: Any) -> Medium | None:
    """The file that the text of a nonXMLBody wraps, None for no text."""
    return None if text is None else Medium("", text.get("mediaType", "").lower(), _decoded(text))


def _decoded(element: Any) -> bytes:
    """The bytes of an ED: base64, or plain text where it says no representation (CDA R2: the default is TXT)."""
    text = str(element.xpath("string()"))
    if element.get("representation", "TXT") != "B64":
        return text.encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
