"""The results of a structured laboratory report (CR-BIO, TROD), every value with the digits received.

The entries are walked once from the sections down. What stands around an observation holds for it until something nearer says
otherwise: the battery's name, the specimen, the laboratory, the author, the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import structs

from carnet.cda.contents import clinical_document
from carnet.cda.header import read_header
from carnet.cda.header_model import CdaHeader
from carnet.cda.participants import HL7, Organization, child_at, code_of, identifiers_of, organization_of, text_of
from carnet.cda.result_model import Report, Result, Specimen
from carnet.cda.result_values import Anchors, anchors_of, label_of, range_of, referred_text, translations_of, value_of
from carnet.cda.section_entries import names_another
from carnet.errors import InvalidDocument
from carnet.metadata import Code

LAB_TEMPLATES = frozenset({"1.3.6.1.4.1.19376.1.3.3", "1.2.250.1.213.1.1.1.55", "1.2.250.1.213.1.1.1.59"})
"""Content models whose observations are results over time: CR-BIO (IHE XD-LAB and CI-SIS) and TROD."""

_NO_SPECIMEN = Specimen()
_NO_LABORATORY = Organization()
_ATTACHED = "55107-7"
"""Organizer of an attached document: its observation says of which kind the file is, and is no result."""
_COMMENT = "48767-8"
_COLLECTION = "PRELV"
_DEEPEST = 100
_WALKED = {
    HL7 + name
    for name in (
        "component",
        "entry",
        "entryRelationship",
        "section",
        "act",
        "organizer",
        "structuredBody",
        "observation",
    )
}


@dataclass(frozen=True, slots=True)
class _Around:
    """What holds for an observation because of where it stands."""

    group: tuple[str, ...] = ()
    specimen: Specimen = _NO_SPECIMEN
    laboratory: Organization = _NO_LABORATORY
    author: str = ""
    observed: str = ""
    earlier: bool = False


@dataclass(slots=True)
class _Found:
    anchors: Anchors
    results: list[Result] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


def is_lab_report(header: CdaHeader) -> bool:
    """Whether a document's model is one whose observations are results."""
    return not LAB_TEMPLATES.isdisjoint(header.template_ids)


def report_of(content: bytes) -> Report:
    """The results of a document in its order, those of level 1 being none. Raises InvalidDocument for what is no CDA.

    Ask `is_lab_report` first: in other documents an observation may be anything that was noticed.
    """
    header = read_header(content)
    document = clinical_document(content)
    found = _Found(anchors_of(document))
    around = _Around(specimen=Specimen(collected=_collection(document)), laboratory=_laboratory(header))
    body = child_at(document, "component", "structuredBody")
    if body is not None:
        _walk(body, around, found, 0)
    return Report(
        id=header.id,
        set_id=header.set_id,
        version=header.version_number or 1,
        replaces=tuple(one for related in header.related if related.type == "RPLC" for one in related.ids),
        title=header.title or header.code.display,
        written=header.effective_time,
        results=tuple(found.results),
        comments=tuple(found.comments),
    )


def _laboratory(header: CdaHeader) -> Organization:
    authors = (author.organization for author in header.authors)
    return next((one for one in authors if one.ids or one.name), header.custodian)


def _collection(document: Any) -> str:
    """When the specimen was taken, as the header's participant in charge of it says."""
    for participant in document.iterchildren(f"{HL7}participant"):
        if code_of(child_at(participant, "functionCode")).code == _COLLECTION:
            return _stamp(child_at(participant, "time"))
    return ""


def _stamp(element: Any) -> str:
    """A time: its own value, else its end, else its beginning."""
    for one in (element, child_at(element, "high"), child_at(element, "low")):
        if one is not None and one.get("value"):
            return str(one.get("value"))
    return ""


def _walk(element: Any, around: _Around, found: _Found, depth: int) -> None:
    if depth > _DEEPEST:
        raise InvalidDocument(f"The document's entries stand more than {_DEEPEST} deep in each other.")
    for child in element.iterchildren(*_WALKED):
        name = child.tag[len(HL7) :]
        if names_another(child):
            continue
        if name == "observation":
            _observation(child, around, found, depth)
        elif name == "entryRelationship":
            earlier = around.earlier or child.get("typeCode") == "REFR"
            _walk(
                child,
                replace(around, earlier=earlier, laboratory=_NO_LABORATORY) if earlier else around,
                found,
                depth + 1,
            )
        elif name in ("component", "entry", "structuredBody"):
            _walk(child, around, found, depth + 1)
        elif name == "act" and code_of(child_at(child, "code")).code == _COMMENT:
            found.comments += _texts(child, found.anchors)
        elif code_of(child_at(child, "code")).code != _ATTACHED:
            _walk(child, _within(child, around, found.anchors), found, depth + 1)


def _within(element: Any, around: _Around, anchors: Anchors) -> _Around:
    """What holds inside a section, act or organizer."""
    title = text_of(child_at(element, "title")) or label_of(child_at(element, "code"), anchors)
    group = (*around.group, title) if title and title not in around.group else around.group
    performer = child_at(element, "performer", "assignedEntity", "representedOrganization")
    signed = _validator(element) or _author(element)
    return replace(
        around,
        group=group,
        specimen=_specimen(element, around.specimen, anchors),
        laboratory=organization_of(performer) if performer is not None else around.laboratory,
        author=signed or around.author,
        observed=_stamp(child_at(element, "effectiveTime")) or around.observed,
    )


def _specimen(element: Any, known: Specimen, anchors: Anchors) -> Specimen:
    """The specimen of a group: from the procedure that took it, or from the specimen that it names."""
    for relation in element.iterchildren(f"{HL7}entryRelationship", f"{HL7}component"):
        procedure = child_at(relation, "procedure")
        if procedure is not None:
            entity = child_at(procedure, "participant", "participantRole", "playingEntity", "code")
            collected = _stamp(child_at(procedure, "effectiveTime")) or known.collected
            known = replace(known, material=_named(entity, anchors) or known.material, collected=collected)
    playing = child_at(element, "specimen", "specimenRole", "specimenPlayingEntity")
    if playing is not None:
        code = _named(child_at(playing, "code"), anchors)
        if code is not None:
            known = replace(known, isolate=code) if playing.get("classCode") == "MIC" else replace(known, material=code)
    return known


def _named(element: Any, anchors: Anchors) -> Code | None:
    """A code with a display for readers, None for None."""
    if element is None:
        return None
    return structs.replace(code_of(element), display=label_of(element, anchors))


def _validator(element: Any) -> str:
    for participant in element.iterchildren(f"{HL7}participant"):
        if participant.get("typeCode") == "AUTHEN":
            return _name(child_at(participant, "participantRole", "playingEntity", "name"))
    return ""


def _author(element: Any) -> str:
    return _name(child_at(element, "author", "assignedAuthor", "assignedPerson", "name"))


def _name(element: Any) -> str:
    return " ".join(
        part for part in (text_of(child_at(element, "given")), text_of(child_at(element, "family"))) if part
    )


def _observation(element: Any, around: _Around, found: _Found, depth: int) -> None:
    anchors = found.anchors
    here = _within(element, replace(around, group=around.group, observed=""), anchors)
    code = child_at(element, "code")
    ranges = (range_of(one, anchors) for one in element.iterchildren(f"{HL7}referenceRange"))
    found.results.append(
        Result(
            code=code_of(code),
            label=label_of(code, anchors),
            values=tuple(value_of(one, anchors) for one in element.iterchildren(f"{HL7}value")),
            observed=_stamp(child_at(element, "effectiveTime")) or around.observed,
            status=code_of(child_at(element, "statusCode")).code,
            interpretations=tuple(code_of(one) for one in element.iterchildren(f"{HL7}interpretationCode")),
            ranges=tuple(one for one in ranges if one is not None),
            method=_named(child_at(element, "methodCode"), anchors) or Code(""),
            specimen=Specimen(here.specimen.material, isolate=here.specimen.isolate)
            if around.earlier
            else here.specimen,
            laboratory=here.laboratory,
            author=here.author,
            comments=tuple(_comments(element, anchors)),
            group=around.group,
            ids=identifiers_of(element),
            translations=translations_of(code),
            earlier=around.earlier,
        )
    )
    for relation in element.iterchildren(f"{HL7}entryRelationship"):
        if child_at(relation, "act") is None:
            earlier = around.earlier or relation.get("typeCode") == "REFR"
            inner = replace(here, group=around.group, observed=_stamp(child_at(element, "effectiveTime")))
            if earlier and not around.earlier:
                inner = replace(inner, earlier=True, laboratory=_NO_LABORATORY, author="", observed="")
            _walk(relation, inner, found, depth + 2)


def _comments(element: Any, anchors: Anchors) -> Iterator[str]:
    for relation in element.iterchildren(f"{HL7}entryRelationship"):
        act = child_at(relation, "act")
        if act is not None and code_of(child_at(act, "code")).code == _COMMENT:
            yield from _texts(act, anchors)


def _texts(act: Any, anchors: Anchors) -> list[str]:
    text = referred_text(child_at(act, "text"), anchors)
    return [text] if text else []
