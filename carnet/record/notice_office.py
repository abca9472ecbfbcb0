"""What is shown and settled of notices: the list of the space, addresses, what a patient wants by e-mail, what is uncertain. All traced."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from carnet.audit.sentences import Viewer
from carnet.errors import CarnetError, InvalidMetadata, Refused, UnknownDocument, UnknownPatient
from carnet.exchange.notice_states import settle_by_hand
from carnet.exchange.notice_topics import prefer, sentences
from carnet.exchange.notices import Notice, find_notice, notices_in, notices_of_medecin_traitant, notices_of_patient
from carnet.identity.contacts import PERSON, checked_address, import_addresses, set_address
from carnet.identity.feed_file import Report
from carnet.identity.patients import Patient, identifiers, pseudonym_of
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, PatientKey
from carnet.record.operator_desk import OperatorDesk, administer_known
from carnet.record.operator_line import given, known_patient

Change = Callable[[Connection, Patient, PatientKey, int], bool]
"""(connection, patient, key, now) -> whether anything changed."""


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice as the space shows it: its row, and its sentence in French and in English."""

    notice: Notice
    french: str
    english: str


@dataclass(frozen=True, slots=True)
class Letter:
    """Somebody to write to; `due_at` in microseconds UTC."""

    notice_id: str
    patient: PatientIdentifier
    kind: str
    due_at: int


SETTLED = frozenset({"uncertain", "post"})
SENT_AGAIN = frozenset({"uncertain", "post", "failed"})


@dataclass(frozen=True, slots=True)
class NoticeOffice(OperatorDesk):
    """One operator at the command line. UnknownPatient when nobody is known for an identifier."""

    def of_patient(self, patient: PatientIdentifier, viewer: Viewer = Viewer.HOLDER) -> list[ShownNotice]:
        """The list that the patient's space shows to the holder, or to a representative: without what was done in secret. The oldest first."""

        def work(connection: Connection) -> list[ShownNotice]:
            known = known_patient(self.gate.platform, connection, patient)
            found = notices_of_patient(connection, known.patient_key)
            self.line(connection, "notice-list", patient=known)
            return [shown(one) for one in found if not (one.secret and viewer is Viewer.REPRESENTATIVE)]

        return administer_known(self.gate, self.operator, "administration/notice-list", (patient,), work)

    def of_medecin_traitant(self, professional: str) -> list[ShownNotice]:
        """What a médecin traitant (PS_IdNat) is told about his or her patients."""
        return self.of_nobody("notice-list", lambda c: [shown(o) for o in notices_of_medecin_traitant(c, professional)])

    def in_state(self, state: str) -> list[Notice]:
        """The notices in one state, of everybody."""
        return self.of_nobody("notice-list", lambda connection: notices_in(connection, state))

    def settle(self, notice_id: str, *, sent: bool) -> Notice:
        """Says of an uncertain notice, or of one left to the post, that it was sent; or sends it, or a failed one, again.

        Raises Refused in another state.
        """

        def work(connection: Connection) -> Notice | CarnetError:
            found = find_notice(connection, notice_id)
            answer: Notice | CarnetError = found or UnknownDocument("No such notice is known.")
            if found is not None and found.state not in (SETTLED if sent else SENT_AGAIN):
                answer = Refused(
                    "Only an uncertain notice or a letter is settled, or a failed one sent again.", rules=("state",)
                )
            elif found is not None:
                moment = self.gate.platform.clock()
                settle_by_hand(connection, found.patient_key, notice_id, found.state, sent=sent, now=moment)
            detail = "sent" if sent else "again"
            self.line(connection, "notice-settle", answer=answer, detail=detail, objects=(notice_id,))
            return answer

        answer = self.gate.administer(work)
        given(answer)
        assert isinstance(answer, Notice)
        return answer

    def letters(self) -> list[Letter]:
        """Who must be told by post, each reading traced: the insurer knows where they live by their INS."""
        platform = self.gate.platform

        def work(connection: Connection) -> list[Letter]:
            found = []
            for one in notices_in(connection, "post"):
                pseudonym = pseudonym_of(connection, one.patient_key) or ""
                try:
                    key = platform.keyring.patient_key(pseudonym)
                except UnknownPatient:
                    continue
                current = identifiers(connection, one.patient_key, key)[-1].identifier
                self.line(
                    connection, "notice-letter", patient=Patient(one.patient_key, pseudonym), objects=(one.notice_id,)
                )
                found.append(Letter(one.notice_id, current, one.kind, one.due_at))
            return found

        return self.gate.administer(work)

    def set_address(self, patient: PatientIdentifier, address: str) -> bool:
        """Writes the e-mail address that the person gave, '' ends it. Raises InvalidMetadata for what is no address."""
        checked = checked_address(address) if address else ""

        def change(connection: Connection, known: Patient, key: PatientKey, now: int) -> bool:
            return set_address(connection, known.patient_key, checked, key=key, source=PERSON, now=now)

        return self._change(patient, "contact", change)

    def prefer(self, patient: PatientIdentifier, topic: str, *, email: bool) -> bool:
        """Writes whether the person wants an e-mail about a topic. Raises InvalidMetadata for an unknown one."""

        def change(connection: Connection, known: Patient, _key: PatientKey, now: int) -> bool:
            return prefer(connection, known.patient_key, topic, email=email, now=now)

        try:
            return self._change(patient, "notice-preference", change, detail=f"{topic}: {'yes' if email else 'no'}")
        except ValueError as error:
            raise InvalidMetadata(f"This cannot be written: {error}.") from error

    def import_addresses(self, lines: Iterable[str], *, source: str) -> Report:
        """Takes in the professional addresses of a file of the directory."""
        now = self.gate.platform.clock()
        return self.gate.administer_in_steps(
            lambda connection, commit: import_addresses(connection, lines, now, source=source, commit=commit)
        )

    def _change(self, patient: PatientIdentifier, action: str, change: Change, *, detail: str = "") -> bool:
        platform = self.gate.platform

        def work(connection: Connection) -> bool:
            known = known_patient(platform, connection, patient)
            changed = change(connection, known, platform.keyring.patient_key(known.pseudonym), platform.clock())
            self.line(connection, action, patient=known, detail=detail if changed else "nothing changed")
            return changed

        return administer_known(self.gate, self.operator, f"administration/{action}", (patient,), work)


def shown(notice: Notice) -> ShownNotice:
    """A notice with the sentences of its kind."""
    french, english = sentences(notice.kind)
    return ShownNotice(notice, french, english)
