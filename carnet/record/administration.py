"""What an operator does to a record from the command line until the patient's own doors exist: each act traced like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from carnet.audit.event import AuditEvent, Outcome
from carnet.audit.journal import append as append_to_journal
from carnet.audit.signed_note import COSIGNATURE, read_verifier_key
from carnet.audit.trail import read_trail
from carnet.audit.verification import Report, verify
from carnet.consent import care_links, choices
from carnet.consent.choices import Choice
from carnet.consent.lifecycle import Event
from carnet.errors import CarnetError, InvalidMetadata, Refused
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection
from carnet.record.endings import settle_after
from carnet.record.gate import Gate
from carnet.record.operator_desk import OperatorDesk, administer_known
from carnet.record.operator_line import known_patient

Change = Callable[[Connection, int, int], bool]
"""(connection, patient_key, now) -> whether anything changed."""


@dataclass(frozen=True, slots=True)
class Administration(OperatorDesk):
    """One operator at the command line. Every method returns whether it changed anything; UnknownPatient when nobody is known."""

    def open_record(self, patient: PatientIdentifier) -> bool:
        """Opens the record of a known person."""
        return self._change(
            patient,
            "open-record",
            lambda connection, key, now: choices.open_record(connection, key, now=now, actor=self.operator),
        )

    def close_record(self, patient: PatientIdentifier, reason: str) -> bool:
        """Closes a record; its content stays and nobody reads it."""

        def change(connection: Connection, patient_key: int, now: int) -> bool:
            closed = choices.close_record(connection, patient_key, reason, now=now, actor=self.operator)
            settle_after(self.gate.platform, connection, patient_key, Event.CLOSE, now=now)
            return closed

        return self._change(patient, "close-record", change, detail=reason)

    def authorise(self, patient: PatientIdentifier, party: str, until: int | None) -> bool:
        """Authorises a professional (PS_IdNat) or a structure (Struct_IdNat) to read, until a moment or without end."""
        return self._change(
            patient,
            "authorise",
            lambda connection, key, now: care_links.authorise(
                connection, key, party, until=until, source=self.operator, now=now
            ),
            party=party,
        )

    def end_authorisation(self, patient: PatientIdentifier, party: str) -> bool:
        """Ends an authorisation."""
        return self._link(patient, "end-authorisation", party, care_links.end_authorisation)

    def block(self, patient: PatientIdentifier, party: str) -> bool:
        """Blocks a professional or a structure: neither gets in, in any mode."""
        return self._link(patient, "block", party, partial(care_links.block, source=self.operator))

    def unblock(self, patient: PatientIdentifier, party: str) -> bool:
        """Ends a block; it does not bring an authorisation back (rules §2.2)."""
        return self._link(patient, "unblock", party, care_links.unblock)

    def declare_medecin_traitant(self, patient: PatientIdentifier, party: str) -> bool:
        """Declares the médecin traitant, in place of the former one."""
        change = partial(care_links.declare_medecin_traitant, source=self.operator)
        return self._link(patient, "declare-medecin-traitant", party, change)

    def choose(self, patient: PatientIdentifier, choice: Choice, *, value: bool) -> bool:
        """Writes one of the patient's standing choices."""
        return self._change(
            patient,
            f"choose-{choice.value}",
            lambda connection, key, now: choices.set_choice(connection, key, choice, value=value, now=now),
            detail="yes" if value else "no",
        )

    def _link(self, patient: PatientIdentifier, name: str, party: str, change: Callable[..., bool]) -> bool:
        return self._change(
            patient, name, lambda connection, key, now: change(connection, key, party, now=now), party=party
        )

    def _change(
        self, patient: PatientIdentifier, name: str, change: Change, *, party: str = "", detail: str = ""
    ) -> bool:
        platform = self.gate.platform

        def work(connection: Connection) -> bool | CarnetError:
            known = known_patient(platform, connection, patient)
            now = platform.clock()
            answer = _answer(change, connection, known.patient_key, now)
            event = AuditEvent(
                action=f"administration/{name}",
                outcome=_outcome(answer),
                at=now,
                requester_id=self.operator,
                requester_role="operator",
                patient=patient.cx(),
                objects=(party,) if party else (),
                rules=answer.rules if isinstance(answer, Refused) else (),
                detail=_detail(answer, detail),
            )
            key = platform.keyring.patient_key(known.pseudonym)
            append_to_journal(connection, event, patient_key=known.patient_key, key=key)
            return answer

        answer = administer_known(self.gate, self.operator, f"administration/{name}", (patient,), work)
        if isinstance(answer, CarnetError):
            raise answer
        return answer


def _answer(change: Change, connection: Connection, patient_key: int, now: int) -> bool | CarnetError:
    """What a change said, an error included: consent refuses before it writes, so that the line of the trace is all that is kept."""
    try:
        return change(connection, patient_key, now)
    except CarnetError as error:
        return error
    except ValueError as error:
        return InvalidMetadata(f"This cannot be written: {error}.")


def _outcome(answer: bool | CarnetError) -> Outcome:
    if isinstance(answer, CarnetError):
        return "refused" if isinstance(answer, Refused) else "failed"
    return "done"


def _detail(answer: bool | CarnetError, detail: str) -> str:
    if isinstance(answer, CarnetError):
        return type(answer).__name__
    return detail if answer else "nothing changed"


def trail(gate: Gate, patient: PatientIdentifier, *, operator: str) -> list[dict[str, object]]:
    """The lines of one patient's trace, opened, oldest first. Reading them is traced too, and comes last."""
    platform = gate.platform

    def work(connection: Connection) -> list[dict[str, object]]:
        known = known_patient(platform, connection, patient)
        key = platform.keyring.patient_key(known.pseudonym)
        event = AuditEvent(
            action="administration/read-trail",
            outcome="done",
            at=platform.clock(),
            requester_id=operator,
            requester_role="operator",
            patient=patient.cx(),
        )
        append_to_journal(connection, event, patient_key=known.patient_key, key=key)
        return list(read_trail(connection, known.patient_key, key))

    return administer_known(gate, operator, "administration/read-trail", (patient,), work)


def verify_trace(gate: Gate, known: tuple[str, ...] = (), witnesses: tuple[str, ...] = ()) -> Report:
    """Proves the whole trace again in one read; `known` are checkpoints kept elsewhere. The report names the first bad line.

    `witnesses` are verifier keys, beside the one of the settings: what is kept as signed by them must be.
    """
    platform, settings = gate.platform, gate.platform.settings
    given = {*witnesses, settings.witness_key} - {""}
    keys = tuple(read_verifier_key(text, COSIGNATURE) for text in sorted(given))
    public_key = platform.keyring.checkpoint_public_key()
    return gate.read(
        lambda connection: verify(connection, public_key, settings.audit_origin, known=known, witnesses=keys)
    )
