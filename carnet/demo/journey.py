"""A document's whole journey through the real door: put in, found, read back, replaced, masked, read in an emergency, and the trace of it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from carnet.client.exchange_service import ExchangeService
from carnet.client.feeding import Sent, from_cda, mask_update, submission_of
from carnet.clock import SECOND, system_clock
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import HOSPITAL_DOCTOR, LABORATORY, MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from carnet.demo.samples import Sample
from carnet.demo.scanned_page import scanned_page
from carnet.demo.stage import Stage
from carnet.demo.years_of_care import years_of_care
from carnet.errors import CarnetError
from carnet.metadata import MASQUE_PS, AvailabilityStatus, DocumentEntry, PatientIdentifier
from carnet.requester import AccessMode
from carnet.soap.document_set import DocumentRequest
from carnet.soap.messages import quoted

FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
PATIENT = PAT_TROIS.identifier
SCANNED = (
    "Docteur Martin, pneumologue",
    "LA RADIOGRAPHIE DU THORAX DU 12 MARS EST NORMALE.",
    "LA SPIROMETRIE MONTRE UN ASTHME BIEN TRAITE",
    "PAR LE SALBUTAMOL. REVOIR DANS UN AN.",
)
"""What the scanned letter says, in dots alone."""


class JourneyFailed(CarnetError):
    """A step of the journey did not end as it must; the message names the step."""


@dataclass(slots=True)
class Journey:
    """One walk over a stage whose server is running. `say` receives a line for each step done."""

    stage: Stage
    samples: tuple[Sample, ...]
    say: Callable[[str], None]
    sent: list[Sent] = field(default_factory=list)
    recorder: list[tuple[str, bytes, bytes]] = field(default_factory=list)

    def walk(self) -> None:
        """Takes every step. Raises JourneyFailed at the first that fails."""
        for name, step in self._steps():
            try:
                self.say(f"{name}: {step()}")
            except JourneyFailed:
                raise
            except CarnetError as error:
                raise JourneyFailed(f"{name}: {error.message}") from error

    def _steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "submitted", self.submit
        yield "found", self.find
        yield "read back", self.read_back
        yield "replaced", self.replace
        yield "masked", self.mask
        yield "emergency", self.emergency

    def service(self, person: str, *, purpose: AccessMode = AccessMode.NORMAL, reason: str = "") -> ExchangeService:
        """The service as one caller sees it."""
        return ExchangeService(
            self.stage.address,
            self.stage.callers[person],
            str(self.stage.authorities),
            purpose=purpose,
            reason=reason,
            recorder=self.recorder,
        )

    def submit(self) -> str:
        """The laboratory's software puts every document in, each in a signed submission set of its own."""
        caller = self.stage.callers[LABORATORY.identifier]
        refused = []
        with self.service(LABORATORY.identifier) as service:
            for name, content in self._contents():
                try:
                    one = from_cda(content)
                    answer = service.submit(submission_of([one], caller, system_clock()))
                except CarnetError as error:
                    refused.append(f"{name}: {error.message}")
                    continue
                if answer.errors:
                    refused.append(f"{name}: {answer.errors[0].code}: {answer.errors[0].context}")
                else:
                    self.sent.append(one)
        if refused:
            raise JourneyFailed("submitted: " + "; ".join(refused))
        size = sum(len(one.content) for one in self.sent)
        corrected = sum(sample.corrected for sample in self.samples)
        note = f"; the INS of {corrected} samples had a wrong key, which was put right" if corrected else ""
        return f"{len(self.sent)} documents ({size // 1024} KB) by {LABORATORY.name}, server certificate and seal{note}"

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        for sample in self.samples:
            yield sample.name, sample.content
        hour = system_clock() - 3_600 * SECOND
        yield "letter (PDF)", documents.level_1(Draft(hour, title="Lettre de consultation"))
        yield "letter (text)", documents.level_1(Draft(hour, title="Note de suivi"), media_type="text/plain")
        yield from years_of_care(hour)
        scanned = documents.wrapping(Draft(hour, title="Courrier numérisé"), "image/jpeg", scanned_page(SCANNED))
        yield "scanned letter (JPEG)", scanned
        yield "lab report", documents.level_3(Draft(hour, type=documents.LAB_REPORT, title="Bilan lipidique"))

    def find(self) -> str:
        """The médecin traitant finds exactly the patients' documents."""
        with self.service(MEDECIN_TRAITANT.identifier) as service:
            for patient in self._patients():
                expected = {one.entry.unique_id for one in self.sent if one.entry.patient_id == patient}
                found = {entry.unique_id for entry in self._search(service, patient)}
                if found != expected:
                    raise JourneyFailed(f"found: {len(found)} documents of a patient who has {len(expected)}")
        return f"all of them, in {len(self._patients())} records, by {MEDECIN_TRAITANT.name}, card"

    def read_back(self) -> str:
        """Every document comes back byte for byte."""
        repository = self.stage.settings.repository_unique_id
        with self.service(MEDECIN_TRAITANT.identifier) as service:
            for one in self.sent:
                wanted = DocumentRequest(repository, one.entry.unique_id)
                _, given = service.retrieve(one.entry.patient_id, [wanted])
                if len(given) != 1 or given[0].content != one.content:
                    raise JourneyFailed(f"read back: {one.entry.unique_id} is not what was put in")
        return "every document, byte for byte"

    def replace(self) -> str:
        """The médecin traitant puts a letter in and corrects it; the first version is then deprecated."""
        caller = self.stage.callers[MEDECIN_TRAITANT.identifier]
        now = system_clock()
        draft = Draft(now - 120 * SECOND, title="Compte rendu de consultation")
        with self.service(MEDECIN_TRAITANT.identifier) as service:
            first = from_cda(documents.level_1(draft))
            _accepted(service.submit(submission_of([first], caller, now)).errors)
            old = self._entry(service, first)
            second = from_cda(documents.level_1(draft.next_version(now - 60 * SECOND)))
            links = {second.entry.entry_uuid: old.entry_uuid}
            _accepted(service.submit(submission_of([second], caller, now, replaces=links)).errors)
            current = {entry.unique_id for entry in self._search(service, PATIENT)}
            former = {entry.unique_id for entry in self._search(service, PATIENT, AvailabilityStatus.DEPRECATED)}
        if first.entry.unique_id in current or second.entry.unique_id not in current:
            raise JourneyFailed("replaced: the first version is still current")
        if first.entry.unique_id not in former:
            raise JourneyFailed("replaced: the first version is not kept as deprecated")
        self.sent.append(second)
        return "a letter by its author; its first version is kept, deprecated"

    def mask(self) -> str:
        """The médecin traitant masks that letter: the hospital doctor, who saw it before, finds and reads nothing of it."""
        letter = self.sent[-1]
        with self.service(HOSPITAL_DOCTOR.identifier) as other:
            if letter.entry.unique_id not in {entry.unique_id for entry in self._search(other, PATIENT)}:
                raise JourneyFailed("masked: the other doctor did not see the letter before")
            caller = self.stage.callers[MEDECIN_TRAITANT.identifier]
            with self.service(MEDECIN_TRAITANT.identifier) as service:
                update = mask_update(self._entry(service, letter), [MASQUE_PS], caller, system_clock())
                _accepted(service.update(update).errors)
            if letter.entry.unique_id in {entry.unique_id for entry in self._search(other, PATIENT)}:
                raise JourneyFailed("masked: the other doctor still finds the letter")
            wanted = DocumentRequest(self.stage.settings.repository_unique_id, letter.entry.unique_id)
            answer, given = other.retrieve(PATIENT, [wanted])
            if given or [item.code for item in answer.errors] != ["XDSDocumentUniqueIdError"]:
                raise JourneyFailed("masked: the other doctor still reads the letter")
        return f"the letter, then absent for {HOSPITAL_DOCTOR.name}"

    def emergency(self) -> str:
        """A doctor without authorisation is refused, then breaks the glass and reads one document."""
        wanted = self.sent[0].entry
        request = [DocumentRequest(self.stage.settings.repository_unique_id, wanted.unique_id)]
        with self.service(OTHER_GP.identifier) as service:
            answer, given = service.retrieve(wanted.patient_id, request)
        if given or not answer.errors:
            raise JourneyFailed("emergency: a doctor without authorisation was let in")
        reason = "Patient inconscient aux urgences"
        with self.service(OTHER_GP.identifier, purpose=AccessMode.BRIS_DE_GLACE, reason=reason) as service:
            answer, given = service.retrieve(wanted.patient_id, request)
        if len(given) != 1 or answer.errors:
            raise JourneyFailed("emergency: the glass could not be broken")
        return (
            f"{OTHER_GP.name} was refused ({answer.status.name.lower()} only after breaking the glass, with a reason)"
        )

    def _patients(self) -> tuple[PatientIdentifier, ...]:
        return tuple(dict.fromkeys(one.entry.patient_id for one in self.sent))

    def _search(
        self,
        service: ExchangeService,
        patient: PatientIdentifier,
        status: AvailabilityStatus = AvailabilityStatus.APPROVED,
    ) -> tuple[DocumentEntry, ...]:
        slots = [
            ("$XDSDocumentEntryPatientId", [f"'{patient.cx()}'"]),
            ("$XDSDocumentEntryStatus", [quoted(status.value)]),
        ]
        answer = service.search(patient, FIND_DOCUMENTS, slots)
        _accepted(answer.errors)
        return answer.entries

    def _entry(self, service: ExchangeService, one: Sent) -> DocumentEntry:
        found = [e for e in self._search(service, one.entry.patient_id) if e.unique_id == one.entry.unique_id]
        if len(found) != 1:
            raise JourneyFailed(f"{one.entry.unique_id} is not found once but {len(found)} times")
        return found[0]


def _accepted(errors: tuple[object, ...]) -> None:
    if errors:
        raise JourneyFailed(f"refused: {errors[0]}")
