"""The line of the trace that an operator's command leaves: in the chain of the patient whom it is about, or of nobody."""

from __future__ import annotations

from carnet.audit.event import AuditEvent, Outcome
from carnet.audit.journal import append as append_to_journal
from carnet.errors import CarnetError, Refused, UnknownPatient
from carnet.identity.patients import Patient, identifiers
from carnet.identity.patients import find as find_patient
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, PatientKey, Platform


def write_operator_line(
    platform: Platform,
    connection: Connection,
    action: str,
    *,
    operator: str,
    patient: Patient | None = None,
    answer: object = None,
    reason: str = "",
    detail: str = "",
    objects: tuple[str, ...] = (),
    secret: bool = False,
    cx: str = "",
) -> None:
    """Appends the line. `answer` is what the command made; an error says that it was refused or failed. `patient` None: of nobody.

    `cx` is the INS (CX) that a line of nobody names: whom the operator asked for in vain. `secret` is for a line about what was done in a connexion secrète: no legal representative is shown it.
    """
    key = platform.keyring.patient_key(patient.pseudonym) if patient is not None else platform.keyring.actor_key()
    event = AuditEvent(
        action=action,
        outcome=_outcome(answer),
        at=platform.clock(),
        reason=reason,
        requester_id=operator,
        requester_role="operator",
        patient=_cx(connection, patient, key) if patient is not None else cx,
        objects=objects,
        rules=answer.rules if isinstance(answer, Refused) else (),
        detail=type(answer).__name__ if isinstance(answer, CarnetError) else detail,
        secret=secret,
    )
    append_to_journal(connection, event, patient_key=patient.patient_key if patient is not None else None, key=key)


def known_patient(platform: Platform, connection: Connection, identifier: PatientIdentifier) -> Patient:
    """The person of an INS. Raises UnknownPatient."""
    known = find_patient(connection, platform.keyring, identifier)
    if known is None:
        raise UnknownPatient("No person is known for this identifier.")
    return known


def given(answer: object) -> None:
    """Raises what a command answered when that is an error: after its line was written and kept."""
    if isinstance(answer, CarnetError):
        raise answer


def _cx(connection: Connection, patient: Patient, key: PatientKey) -> str:
    known = identifiers(connection, patient.patient_key, key)
    return known[-1].identifier.cx() if known else ""


def _outcome(answer: object) -> Outcome:
    if isinstance(answer, CarnetError):
        return "refused" if isinstance(answer, Refused | UnknownPatient) else "failed"
    return "done"
