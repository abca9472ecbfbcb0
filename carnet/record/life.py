"""One event in the life of a record, with what goes with it in the same transaction: the line of the trace and the notice that is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from carnet.audit.event import AuditEvent
from carnet.audit.journal import append as append_to_journal
from carnet.consent.lifecycle import Event, Transition, move
from carnet.exchange.notices import owe
from carnet.identity.patients import Patient, identifiers
from carnet.platform import Connection, PatientKey, Platform

NOTICES: Mapping[Event, str] = MappingProxyType(
    {
        # what the holder did not do, and must be told                                      clause
        Event.INFORM: "enrolment-information",  # R1111-28 CSP
        Event.ANNOUNCE_FORMER: "enrolment-information",  # R1111-40 CSP
        Event.SUSPEND: "record-suspended",  # R1111-36 CSP
        Event.SUSPENSION_ENDS: "record-closed",  # R1111-36 CSP
    }
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes something happen, for the trace: `role` is operator, enrolment or system."""

    identifier: str
    role: str


SYSTEM = Actor("system", "system")
"""What happens because time has passed."""


@dataclass(frozen=True, slots=True)
class Person:
    """A known person, with the key that seals their lines and the INS that these name (CX)."""

    patient: Patient
    key: PatientKey
    cx: str


def person_of(platform: Platform, connection: Connection, patient: Patient) -> Person:
    """Reads key and current INS. Raises UnknownPatient when the key is destroyed."""
    key = platform.keyring.patient_key(patient.pseudonym)
    known = identifiers(connection, patient.patient_key, key)
    return Person(patient, key, known[-1].identifier.cx() if known else "")


def happen(
    connection: Connection, person: Person, event: Event, *, by: Actor, now: int, reason: str = ""
) -> Transition | None:
    """Lets an event happen, traces it and writes the notice that it demands; None when there was nothing to change.

    Raises what `lifecycle.move` raises, and then nothing is written.
    """
    patient_key = person.patient.patient_key
    row = move(connection, patient_key, event, now=now, reason=reason, actor=by.identifier)
    if row is None:
        return None
    trace(connection, person, f"life/{event}", by=by, now=now, detail=" ".join(filter(None, (row.after, row.reason))))
    if event in NOTICES:
        owe(connection, patient_key, kind=NOTICES[event], recipient="patient", cause=str(row.number), now=now)
    return row


def trace(
    connection: Connection,
    person: Person,
    action: str,
    *,
    by: Actor,
    now: int,
    objects: tuple[str, ...] = (),
    detail: str = "",
) -> None:
    """Appends a line to the person's trace."""
    event = AuditEvent(
        action=action,
        outcome="done",
        at=now,
        requester_id=by.identifier,
        requester_role=by.role,
        patient=person.cx,
        objects=objects,
        detail=detail,
    )
    append_to_journal(connection, event, patient_key=person.patient.patient_key, key=person.key)
