"""What is measured: each path through the door, what its requests are, and under which settings the server runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import messages
from bench.messages import Sender, Template
from bench.pools import Make
from bench.population import FOUND, READERS, Population
from carnet.clock import MINUTE, system_clock
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import LABORATORY, MEDECIN_TRAITANT
from carnet.document_query import ReturnType
from carnet.metadata import DocumentEntry, PatientIdentifier

SIZE = 100_000
SAMPLE = Path(__file__).parents[2] / "shared" / "samples" / "cda" / "BIO-CR-BIO_2024.01_Microbiologie_V2.xml"
"""A structured document of about the same size, where it is present; a generated one otherwise."""


@dataclass(frozen=True, slots=True)
class Field:
    """All that requests are made from: `stored` are the documents that can be read, each with its patient, `entries` those to be masked."""

    population: Population
    stored: tuple[tuple[PatientIdentifier, str], ...] = ()
    entries: tuple[DocumentEntry, ...] = ()

    def sender(self, identifier: str) -> Sender:
        """One of the callers of the stage."""
        stage = self.population.stage
        return Sender(stage.callers[identifier], f"http://127.0.0.1:{stage.settings.port}")


@dataclass(frozen=True, slots=True)
class Route:
    """One path: `expected` is about how many a second a slow machine answers, to size the first run; `settings` those of the server."""

    name: str
    what: str
    transaction: str
    make: Callable[[Field], Make]
    expected: int
    settings: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    """How many of its requests can be made in all."""

    @property
    def keeps(self) -> bool:
        """Whether the floor keeps what it is sent; it answers the same bytes otherwise."""
        return self.transaction in {"iti41", "iti57"}


def wrapped_pdf() -> Template:
    """A level 1 document around a PDF."""
    return Template(documents.level_1(Draft(system_clock() - 60 * MINUTE), size=SIZE))


def structured() -> Template:
    """A level 3 document: a public example, or a generated report."""
    if SAMPLE.exists():
        return Template(SAMPLE.read_bytes())
    draft = Draft(system_clock() - 60 * MINUTE, type=documents.LAB_REPORT, title="Bilan")
    return Template(documents.level_3(draft, size=SIZE))


def submissions(template: Callable[[], Template], *, signed: bool) -> Callable[[Field], Make]:
    """One document a submission, by the laboratory's software: server certificate, assertion and set signed with the seal."""

    def make(about: Field) -> Make:
        one, sender, patients = template(), about.sender(LABORATORY.identifier), about.population.writers

        def request(number: int) -> bytes:
            return messages.submission(sender, [one.edition(patients[number % len(patients)])], signed=signed)

        return request

    return make


def searches(return_type: ReturnType) -> Callable[[Field], Make]:
    """All approved documents of a patient, by the médecin traitant with a card."""

    def make(about: Field) -> Make:
        sender, patients = about.sender(MEDECIN_TRAITANT.identifier), about.population.readers
        return lambda number: messages.search(sender, patients[number % len(patients)], return_type)

    return make


def readings(about: Field) -> Make:
    """One stored document, by the médecin traitant with a card."""
    sender, repository = about.sender(MEDECIN_TRAITANT.identifier), about.population.stage.settings.repository_unique_id
    return lambda number: messages.reading(sender, *_cut(about.stored[number % len(about.stored)], repository))


def masks(about: Field) -> Make:
    """The médecin traitant masks a document from other professionals: each request another document, so that none contradicts another."""
    sender, entries = about.sender(MEDECIN_TRAITANT.identifier), about.entries
    return lambda number: messages.masking(sender, entries[number % len(entries)])


def _cut(one: tuple[PatientIdentifier, str], repository: str) -> tuple[PatientIdentifier, str, str]:
    patient, unique_id = one
    return patient, repository, unique_id


ROUTES: tuple[Route, ...] = (
    Route("submit_signed", "submit, PDF in a CDA, set signed", "iti41", submissions(wrapped_pdf, signed=True), 120),
    Route(
        "submit_signed_structured",
        "submit, structured CDA, set signed",
        "iti41",
        submissions(structured, signed=True),
        120,
    ),
    Route("query", "search, 200 documents, metadata", "iti18", searches(ReturnType.LEAF_CLASS), 200),
    Route("query_references", "search, 200 documents, references", "iti18", searches(ReturnType.OBJECT_REF), 300),
    Route("retrieve", "read one document", "iti43", readings, 300),
    Route(
        "submit_unsigned",
        "submit, PDF in a CDA, set not signed",
        "iti41",
        submissions(wrapped_pdf, signed=False),
        160,
        {"submission_signature_required": "false"},
    ),
    Route(
        "query_cold",
        "search, 200 documents, nothing remembered",
        "iti18",
        searches(ReturnType.LEAF_CLASS),
        120,
        {"rendition_cache_bytes": "0"},
    ),
    Route("mask", "mask one document", "iti57", masks, 60, limit=READERS * FOUND),
)
