"""The room in which an act of the patient's side runs: who acts for whom, what they may do, and the line that the act leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from carnet.audit.event import AuditEvent, Outcome
from carnet.audit.journal import append as append_to_journal
from carnet.authorization.facts import DocumentFacts
from carnet.authorization.patient_side import Actor, PatientRight, PatientSideFacts, decide
from carnet.clock import MINUTE
from carnet.consent.acting_links import Acting
from carnet.consent.majority import majority_at
from carnet.consent.representatives import link_between
from carnet.consent.standing import current_standing
from carnet.errors import CarnetError, RecordClosed, Refused, UnknownPatient
from carnet.identity.patients import Patient, traits
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, PatientKey, Platform
from carnet.record.gate import Gate
from carnet.record.groups import turn_of_named
from carnet.record.operator_desk import administer_known
from carnet.record.operator_line import known_patient
from carnet.record.scope import UNKNOWN
from carnet.record.step_up import Assurance
from carnet.registry.holder import Holder

T = TypeVar("T")
PATIENT_SIDE = "EXP_PATIENT"
"""Role of JDV_J65 under which the patient's side stands as depositor and in the trace of the registry."""


@dataclass(slots=True)
class PatientRoom:
    """One act of the patient's side, inside the gate's transaction. `patient` is whose record it is, `acting` who acts."""

    platform: Platform
    patient: Patient
    identifier: PatientIdentifier
    key: PatientKey
    acting: Patient
    facts: PatientSideFacts
    now: int
    touched: list[str] = field(default_factory=list)
    detail: str = ""

    @property
    def connection(self) -> Connection:
        """The gate's connection, inside its transaction."""
        return self.platform.connection

    @property
    def patient_key(self) -> int:
        """The internal key of the patient whose record it is."""
        return self.patient.patient_key

    @property
    def holder(self) -> Holder:
        """Whose registry this is; the patient's side registers under its role, so that no INS stands in clear."""
        return Holder(self.patient_key, self.key, PATIENT_SIDE, "", self.now, self.identifier.cx())

    def require(self, right: PatientRight, document: DocumentFacts | None = None, *, subject: str = "") -> None:
        """Raises Refused (or RecordClosed) unless the table of the patient's side allows it."""
        decision = decide(self.facts, right, document)
        if decision.allowed:
            return
        if "record-not-open" in decision.rules:
            raise RecordClosed("The record is not open.", subject=subject, rules=decision.rules)
        raise Refused("This is not for the person who asks.", subject=subject, rules=decision.rules)


@dataclass(frozen=True, slots=True)
class PatientDesk:
    """Where the patient's side is served until it has doors of its own: an operator writes what the patient says.

    `acting` is who speaks: None for the holder, else the INS of the representative or carer. `assurance` is how well and when they showed
    it, None where an operator writes, who saw them.
    """

    gate: Gate
    operator: str
    acting: PatientIdentifier | None = None
    assurance: Assurance | None = None

    def perform(
        self,
        patient: PatientIdentifier,
        name: str,
        right: PatientRight | None,
        work: Callable[[PatientRoom], T],
        *,
        objects: tuple[str, ...] = (),
        detail: str = "",
        others: tuple[PatientIdentifier, ...] = (),
        quiet: bool = False,
    ) -> T:
        """Decides, does and traces one act as `patient/<name>`; returns what it gives. `right` None: the act itself decides.

        `quiet`: a step of something that leaves its one line when it is done, and that shows nothing of the record: it leaves a line where it
        was refused or failed, and none otherwise.

        The act has the turn of the record, of who acts, and of `others`, whose links it counts or writes; acts on other people go on beside it.

        Raises UnknownPatient, Refused, RecordClosed, StepUpNeeded, and what the act raises; an act that failed has changed nothing.
        """

        def run(connection: Connection) -> T | CarnetError:
            room = open_room(self.gate.platform, connection, patient, self.acting)

            def decided() -> T:
                if self.assurance is not None:
                    within = self.gate.platform.settings.step_up_minutes * MINUTE
                    self.assurance.require(name, now=room.now, within=within)
                if right is not None:
                    room.require(right)
                return work(room)

            answer = self.gate.attempt(decided)
            room.touched[:0] = objects
            room.detail = detail if answer is not False else "nothing changed"
            if not quiet or isinstance(answer, CarnetError):
                self._trace(room, name, answer)
            return answer

        named = (patient,) if self.acting is None else (patient, self.acting)
        turn = turn_of_named(self.gate.platform, (*named, *others))
        answer = administer_known(self.gate, self.operator, f"patient/{name}", named, run, turn=turn)
        if isinstance(answer, CarnetError):
            raise answer
        return answer

    def _trace(self, room: PatientRoom, name: str, answer: object) -> None:
        refused = isinstance(answer, CarnetError)
        event = AuditEvent(
            action=f"patient/{name}",
            outcome=_outcome(answer),
            at=room.now,
            requester_id=(self.acting or room.identifier).value,
            requester_name=self.operator,
            requester_role=room.facts.actor.value,
            software=self.operator,
            patient=room.identifier.cx(),
            objects=tuple(room.touched),
            rules=answer.rules if isinstance(answer, Refused) else ("patient-right", room.facts.actor.value),
            detail=type(answer).__name__ if refused else room.detail,
        )
        append_to_journal(room.connection, event, patient_key=room.patient_key, key=room.key)


def _outcome(answer: object) -> Outcome:
    if isinstance(answer, CarnetError):
        return "refused" if isinstance(answer, Refused) else "failed"
    return "done"


def open_room(
    platform: Platform, connection: Connection, patient: PatientIdentifier, acting: PatientIdentifier | None
) -> PatientRoom:
    """Reads who acts for whom. Raises UnknownPatient when either is unknown, or the patient has no record."""
    now = platform.clock()
    known = known_patient(platform, connection, patient)
    key = platform.keyring.patient_key(known.pseudonym)
    standing = current_standing(connection, known.patient_key, professional="", organization="", now=now)
    if standing is None:
        raise UnknownPatient(UNKNOWN)
    majority = majority_of(connection, known, key)
    who = known if acting is None else known_patient(platform, connection, acting)
    link = link_between(connection, known.patient_key, who.patient_key, now=now, majority=majority)
    facts = replace(facts_of_actor(known, who, link, majority=majority, now=now), state=standing.state)
    return PatientRoom(platform, known, patient, key, who, facts, now)


def facts_of_actor(
    patient: Patient, acting: Patient, link: Acting | None, *, majority: int | None, now: int
) -> PatientSideFacts:
    """Who somebody is to a record at a moment. A minor whose date of birth cannot be read is taken for an adult by nobody."""
    if patient.patient_key == acting.patient_key:
        of_age = majority is not None and now >= majority
        return PatientSideFacts(Actor.HOLDER if of_age else Actor.MINOR)
    if link is None:
        return PatientSideFacts(Actor.CARER)
    return PatientSideFacts(Actor(link.kind.value), in_force=link.in_force(now, majority=majority))


def majority_of(connection: Connection, patient: Patient, key: PatientKey) -> int | None:
    """When the person comes, or came, of age (microseconds UTC); None when the date of birth cannot be read."""
    try:
        return majority_at(traits(connection, patient.patient_key, key).birth_date)
    except ValueError:
        return None
