"""The requests of the overload: searches, submissions, masks and emergencies, each with an assertion of its own."""

from __future__ import annotations

from collections.abc import Sequence

from bench import messages
from bench.messages import Sender, Template
from bench.population import Population, person, small_document
from bench.servers import Server
from bench.stock import put
from carnet.client.exchange_service import ExchangeService
from carnet.client.feeding import mask_update
from carnet.clock import system_clock
from carnet.demo.people import LABORATORY, MEDECIN_TRAITANT, OTHER_GP
from carnet.document_query import ReturnType
from carnet.metadata import MASQUE_PS, PatientIdentifier
from carnet.requester import AccessMode
from carnet.soap.answer_parse import query_answer
from carnet.soap.envelope import parse
from carnet.soap.messages import update_request


class Makers:
    """Requests of each kind, every one with an assertion of its own."""

    def __init__(self, population: Population, server: Server, masks: Sequence[int]) -> None:
        """`masks`: how many documents are put in to be masked, in so many submissions."""
        stage = population.stage
        self._address = f"http://127.0.0.1:{stage.settings.port}"
        self._doctor, self._stranger, self._laboratory = (
            Sender(stage.callers[one.identifier], self._address) for one in (MEDECIN_TRAITANT, OTHER_GP, LABORATORY)
        )
        masked, *self._readers = population.readers
        self._writers = population.writers
        self._template = Template(small_document(person(0)))
        for count in masks:
            put(server, self._laboratory, self._template, masked, count)
        for reader in self._readers:
            put(server, self._laboratory, self._template, reader, 20)
        answer = server.exchange(messages.search(self._doctor, masked, ReturnType.LEAF_CLASS))
        self._to_mask = iter(query_answer(parse(answer, addressing=False)).entries)

    def usual(self, number: int) -> bytes:
        """Two searches, then a submission."""
        return self.search(number) if number % 3 else self.submission(number)

    def search(self, number: int) -> bytes:
        """Metadata of twenty documents."""
        return messages.search(self._doctor, self._readers[number % len(self._readers)], ReturnType.LEAF_CLASS)

    def submission(self, number: int) -> bytes:
        """A small document."""
        one = self._template.edition(self._writers[number % len(self._writers)])
        return messages.submission(self._laboratory, [one], signed=True)

    def mask(self) -> bytes:
        """One more document masked."""
        entry = next(self._to_mask)
        update = mask_update(entry, [MASQUE_PS], self._doctor.caller, system_clock())
        return self._doctor.post("iti57", entry.patient_id, update_request(update))

    def break_glass(self, number: int) -> bytes:
        """A search by a doctor who has no right to it."""
        emergency = Emergency(self._stranger.caller, self._address)
        return messages.search(emergency, self._writers[number % len(self._writers)], ReturnType.OBJECT_REF)


class Emergency(Sender):
    """A caller who breaks the glass."""

    def post(
        self,
        transaction: str,
        patient: PatientIdentifier,
        body: bytes,
        parts: list[tuple[str, str, bytes]] | None = None,
    ) -> bytes:
        """A complete HTTP request with the mode and its reason; the head is that of an ordinary one."""
        service = ExchangeService(
            self.address, self.caller, "", purpose=AccessMode.BRIS_DE_GLACE, reason="Patient inconscient aux urgences"
        )
        content_type, content = service.request(transaction, patient, body, parts or ())
        lines = super().post(transaction, patient, body, parts).partition(b"\r\n\r\n")[0].split(b"\r\n")
        kept = [one for one in lines if not one.lower().startswith((b"content-type", b"content-length"))]
        kept += [f"Content-Type: {content_type}".encode(), b"Content-Length: %d" % len(content)]
        return b"\r\n".join(kept) + b"\r\n\r\n" + content
