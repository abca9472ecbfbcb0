"""What stands in the records before the first measure, put in through the door like everything else."""

from __future__ import annotations

from bench import messages
from bench.messages import Sender, Template
from bench.paths import Field, wrapped_pdf
from bench.population import FOUND, Population, person, small_document
from bench.servers import Server, ServerFailed
from carnet.demo.people import LABORATORY, MEDECIN_TRAITANT
from carnet.document_query import ReturnType
from carnet.metadata import DocumentEntry, PatientIdentifier
from carnet.soap.answer_parse import query_answer
from carnet.soap.envelope import parse

TOGETHER = 40
"""Small documents a submission set."""
SUCCESS = b"ResponseStatusType:Success"
STORED = 3
"""Documents of full size in each record that takes submissions, to be read back."""


def stock(population: Population, server: Server) -> Field:
    """Fills the records that are searched, and puts documents of full size into the others."""
    sender = Field(population).sender(LABORATORY.identifier)
    small, large = Template(small_document(person(0))), wrapped_pdf()
    for patient in population.readers:
        for _ in range(FOUND // TOGETHER):
            put(server, sender, small, patient, TOGETHER)
    stored = [(patient, one) for patient in population.writers for one in put(server, sender, large, patient, STORED)]
    return Field(population, tuple(stored), _entries(population, server))


def _entries(population: Population, server: Server) -> tuple[DocumentEntry, ...]:
    """Every document of the records that are searched, as a search answers it."""
    doctor = Field(population).sender(MEDECIN_TRAITANT.identifier)
    answers = [server.exchange(messages.search(doctor, one, ReturnType.LEAF_CLASS)) for one in population.readers]
    return tuple(entry for answer in answers for entry in query_answer(parse(answer)).entries)


def put(server: Server, sender: Sender, template: Template, patient: PatientIdentifier, count: int) -> list[str]:
    """Submits so many editions in one signed set; returns their uniqueIds. Raises ServerFailed when that is refused."""
    sent = [template.edition(patient, number) for number in range(1, count + 1)]
    answer = server.exchange(messages.submission(sender, sent, signed=True))
    if SUCCESS not in answer:
        raise ServerFailed(f"A submission was refused: {answer[-600:]!r}")
    return [one.entry.unique_id for one in sent]
