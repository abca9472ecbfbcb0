"""What an operator does in the life of a record for its holder, until the holder's own doors exist: each act traced like any other."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.consent import destruction_orders, enrolments
from carnet.consent.lifecycle import Event, State, Transition, history, life, move
from carnet.consent.opposition_proofs import last_proof, one_line, verified_reference, write_proof
from carnet.errors import RecordClosed, UnknownPatient
from carnet.exchange.notices import owe
from carnet.identity.patients import by_key
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection
from carnet.record.administration import Administration
from carnet.record.endings import give_links_back, settle_after
from carnet.record.life import NOTICES

DESTRUCTION_NOTICE = "destruction-confirmed"
_TOLD_AGAIN = {
    # where a withdrawn death leads back to, and what its delay was told by: the dead are sent nothing      clause
    State.INFORMED: Event.INFORM,  # R1111-28 CSP
    State.OPEN: Event.ANNOUNCE_FORMER,  # R1111-40 CSP
    State.ACTIVATED: Event.ANNOUNCE_FORMER,  # R1111-40 CSP
    State.SUSPENDED: Event.SUSPEND,  # R1111-36 CSP
}


@dataclass(frozen=True, slots=True)
class Custody(Administration):
    """One operator. Every method returns whether it changed anything; UnknownPatient when nobody is known, RecordClosed when refused."""

    def oppose(self, patient: PatientIdentifier, identity: str) -> bool:
        """Objects for a person, in whose words `identity` is; a proof is kept (`proof`). An open record of before 2022 stays apart."""
        given = one_line(identity)

        def change(connection: Connection, patient_key: int, now: int) -> bool:
            now_is = life(connection, patient_key)
            joining = now_is.state in {State.OPEN, State.ACTIVATED} and now_is.due_at is not None
            event = Event.KEEP_APART if joining else Event.OPPOSE
            if move(connection, patient_key, event, now=now, actor=self.operator) is None:
                return False
            platform = self.gate.platform
            settle_after(platform, connection, patient_key, event, now=now)
            key = platform.keyring.patient_key(by_key(connection, patient_key).pseudonym)
            sign = platform.keyring.sign_checkpoint
            write_proof(connection, patient_key, identity=given, key=key, sign=sign, now=now)
            return True

        return self._change(patient, "oppose", change)

    def proof(self, patient: PatientIdentifier) -> str:
        """The signed statement of a person's last objection. Raises UnknownPatient when there is none."""
        found: list[str] = []

        def read(connection: Connection, patient_key: int, _now: int) -> bool:
            key = self.gate.platform.keyring.patient_key(by_key(connection, patient_key).pseudonym)
            statement = last_proof(connection, patient_key, key)
            if statement is None:
                raise UnknownPatient("This person has not objected.")
            found.append(statement)
            return True

        self._change(patient, "opposition-proof", read)
        return found[0]

    def history(self, patient: PatientIdentifier) -> tuple[Transition, ...]:
        """Every transition of a record, the first one first."""
        found: list[Transition] = []

        def read(connection: Connection, patient_key: int, _now: int) -> bool:
            found.extend(history(connection, patient_key))
            return True

        self._change(patient, "read-history", read)
        return tuple(found)

    def verify_proof(self, statement: str) -> str:
        """The reference of a statement that was signed here. Raises IntegrityFailure."""
        return verified_reference(statement, self.gate.platform.keyring.checkpoint_public_key())

    def activate(self, patient: PatientIdentifier) -> bool:
        """Notes that the holder accepted the terms."""
        return self._event(patient, Event.ACTIVATE)

    def suspend(self, patient: PatientIdentifier, reason: str) -> bool:
        """Suspends a record after a serious malfunction or fraud; it closes after six weeks unless it is resumed."""
        return self._event(patient, Event.SUSPEND, reason)

    def resume(self, patient: PatientIdentifier) -> bool:
        """Ends a suspension: the holder objected to the closing, or the cause is mended."""
        return self._event(patient, Event.RESUME)

    def died(self, patient: PatientIdentifier) -> bool:
        """Closes the record of a person who died; whoever has none is never informed, never opened."""

        def change(connection: Connection, patient_key: int, now: int) -> bool:
            struck = enrolments.strike(connection, patient_key)
            moved = move(connection, patient_key, Event.DEATH, now=now, actor=self.operator) is not None
            settle_after(self.gate.platform, connection, patient_key, Event.DEATH, now=now)
            return moved or struck

        return self._change(patient, Event.DEATH.value, change)

    def withdraw_death(self, patient: PatientIdentifier) -> bool:
        """Gives a record back that was closed for a death that did not happen; a delay that runs again is told again."""

        def change(connection: Connection, patient_key: int, now: int) -> bool:
            past = history(connection, patient_key)
            row = move(connection, patient_key, Event.WITHDRAW_DEATH, now=now, actor=self.operator)
            if row is not None:
                died_at = max(one.at for one in past if one.event == Event.DEATH.value)
                give_links_back(self.gate.platform, connection, patient_key, died_at=died_at, now=now)
            if row is not None and row.after in _TOLD_AGAIN and life(connection, patient_key).due_at is not None:
                kind = NOTICES[_TOLD_AGAIN[row.after]]
                owe(connection, patient_key, kind=kind, recipient="patient", cause=str(row.number), now=now)
            return row is not None

        return self._change(patient, Event.WITHDRAW_DEATH.value, change)

    def order_destruction(self, patient: PatientIdentifier, requested_at: int | None = None) -> bool:
        """Orders the destruction of a closed record, at its holder's request of a moment; somebody else confirms it."""

        def change(connection: Connection, patient_key: int, now: int) -> bool:
            if life(connection, patient_key).state is not State.CLOSED:
                raise RecordClosed("Only a closed record is destroyed: close it first.")
            asked = now if requested_at is None else requested_at
            return destruction_orders.order(connection, patient_key, requested_at=asked, by=self.operator, now=now)

        return self._change(patient, "order-destruction", change)

    def confirm_destruction(self, patient: PatientIdentifier) -> bool:
        """Confirms what another operator ordered; `carnet due` carries it out, and the holder is told. Raises Refused for the same person."""

        def change(connection: Connection, patient_key: int, now: int) -> bool:
            if not destruction_orders.confirm(connection, patient_key, by=self.operator, now=now):
                return False
            owe(connection, patient_key, kind=DESTRUCTION_NOTICE, recipient="patient", cause=self.operator, now=now)
            return True

        return self._change(patient, "confirm-destruction", change)

    def cancel_destruction(self, patient: PatientIdentifier) -> bool:
        """Takes an order back."""
        return self._change(
            patient,
            "cancel-destruction",
            lambda connection, key, now: destruction_orders.cancel(connection, key, now=now),
        )

    def _event(self, patient: PatientIdentifier, event: Event, reason: str = "") -> bool:
        def change(connection: Connection, patient_key: int, now: int) -> bool:
            row = move(connection, patient_key, event, now=now, reason=reason, actor=self.operator)
            if row is not None:
                settle_after(self.gate.platform, connection, patient_key, event, now=now)
            if row is not None and event in NOTICES:
                owe(connection, patient_key, kind=NOTICES[event], recipient="patient", cause=str(row.number), now=now)
            return row is not None

        return self._change(patient, event.value, change, detail=reason)
