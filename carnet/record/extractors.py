"""What is read out of documents once and kept (`document_extract`): a literal table of extractors, each with its version.

Raise the version when what is read, or its form, changes: rows of another version count as missing, and are made anew when they are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from carnet.metadata import DocumentEntry
from carnet.record.searchable_text import text_and_terms
from carnet.record.structured_extracts import (
    has_encounter,
    has_examinations,
    has_medication,
    has_report,
    has_statements,
    has_studies,
    packed_encounter,
    packed_examinations,
    packed_medication,
    packed_report,
    packed_statements,
    packed_studies,
)


class ExtractKind(StrEnum):
    """What an extract is of."""

    TEXT = "text"
    """The text by pages, for the passages of a search (`carnet.searching.paged_text`)."""
    TERMS = "terms"
    """What the document is found by (`carnet.searching.terms`)."""
    REPORT = "report"
    """The results of a laboratory report (`structured_extracts`)."""
    MEDICATION = "medication"
    """Medicines and vaccinations, and what is stated not to be."""
    STATED = "stated"
    """What a document states part by part: problems, history and allergies as pages list them, and what a synthesis takes beside."""
    IMAGING = "imaging"
    """Where the images of an examination are."""
    ENCOUNTER = "encounter"
    """In which encounter (stay, consultation) the document was written."""
    EXAMINATIONS = "examinations"
    """Which examinations of imaging were done, or are asked for."""


class State(StrEnum):
    """How much could be read: all of it, not all of it here, nothing."""

    MADE = "made"
    PARTIAL = "partial"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Material:
    """What an extractor reads: the bytes as they were signed, and the metadata; `own` of what the patient's side added."""

    content: bytes = field(repr=False)
    entry: DocumentEntry
    own: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What came out, in a form of the extractor's own; compressed, unless thousands of them are opened for one page."""

    content: bytes = field(repr=False)
    state: State = State.MADE
    packed: bool = True


Make = Callable[[Material], Mapping[ExtractKind, Part]]


@dataclass(frozen=True, slots=True)
class Extractor:
    """Reads some kinds out of a document at once. `of` says by its type code whether a document has any.

    `make` runs in a thread, outside the gate. It raises InvalidDocument for what cannot be read, which is noted, so that it is not tried for ever.
    """

    version: int
    gives: tuple[ExtractKind, ...]
    of: Callable[[str], bool]
    make: Make


def _every(_type_code: str) -> bool:
    return True


def _search(material: Material) -> Mapping[ExtractKind, Part]:
    found = text_and_terms(material.content, material.entry, own=material.own)
    state = {"": State.MADE, "scanned": State.PARTIAL}.get(found.obstacle, State.UNREADABLE)
    return {ExtractKind.TEXT: Part(found.text, state), ExtractKind.TERMS: Part(found.terms, state, packed=False)}


def _packed(kind: ExtractKind, pack: Callable[[bytes, str], bytes]) -> Make:
    return lambda material: {kind: Part(pack(material.content, material.entry.mime_type))}


EXTRACTORS: tuple[Extractor, ...] = (
    # version, kinds, of which documents, how
    Extractor(1, (ExtractKind.TEXT, ExtractKind.TERMS), _every, _search),
    Extractor(2, (ExtractKind.REPORT,), has_report, _packed(ExtractKind.REPORT, packed_report)),
    Extractor(2, (ExtractKind.MEDICATION,), has_medication, _packed(ExtractKind.MEDICATION, packed_medication)),
    Extractor(3, (ExtractKind.STATED,), has_statements, _packed(ExtractKind.STATED, packed_statements)),
    Extractor(1, (ExtractKind.IMAGING,), has_studies, _packed(ExtractKind.IMAGING, packed_studies)),
    Extractor(1, (ExtractKind.ENCOUNTER,), has_encounter, _packed(ExtractKind.ENCOUNTER, packed_encounter)),
    Extractor(1, (ExtractKind.EXAMINATIONS,), has_examinations, _packed(ExtractKind.EXAMINATIONS, packed_examinations)),
)


def extractor_of(kind: ExtractKind) -> Extractor:
    """The extractor that gives a kind."""
    return next(one for one in EXTRACTORS if kind in one.gives)
