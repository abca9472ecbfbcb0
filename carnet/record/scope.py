"""What an act may see and do while it runs: one patient, one requester, the facts, the verdicts, and what the trace will say."""

from __future__ import annotations

from dataclasses import dataclass, field

from carnet.audit.journal import foresee as foresee_line
from carnet.authorization.decision import Decision, Duty
from carnet.authorization.engine import Viewer
from carnet.authorization.facts import DocumentFacts, Function, RecordFacts
from carnet.consent.standing import Standing, current_standing
from carnet.errors import RecordClosed, Refused, UnknownPatient
from carnet.identity.patients import Patient
from carnet.identity.patients import find as find_patient
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, PatientKey, Platform
from carnet.record.emergency import Beginning, admit, write_beginning
from carnet.record.harvest_budget import READINGS, count_reading
from carnet.registry.holder import Holder
from carnet.requester import AccessMode, Requester

NOBODY = 0
"""The internal key of no patient: its facts are read where an answer is not to be told by how much was read."""
UNKNOWN = "No record is known for this patient identifier."


@dataclass(slots=True)
class Scope:
    """The room in which one act runs, inside the gate's transaction."""

    platform: Platform
    requester: Requester
    patient: Patient
    key: PatientKey
    record: RecordFacts
    viewer: Viewer
    action: str
    now: int
    touched: list[str] = field(default_factory=list)
    """uniqueIds (or other identifiers) shown or changed, for the trace."""
    detail: str = ""
    rules: set[str] = field(default_factory=set)
    duties: set[Duty] = field(default_factory=set)
    matrix_version: str = ""
    _in_emergency: bool = False
    _beginning: Beginning | None = None

    @property
    def connection(self) -> Connection:
        """The gate's connection, inside its transaction."""
        return self.platform.connection

    @property
    def patient_key(self) -> int:
        """The internal key of the patient whose record it is."""
        return self.patient.patient_key

    @property
    def identifier(self) -> PatientIdentifier:
        """The INS by which the record was asked for; a scope is of somebody (`open_scope`)."""
        assert self.requester.patient is not None
        return self.requester.patient

    @property
    def holder(self) -> Holder:
        """Whose registry this is and who registers, for the registry capability."""
        return Holder(
            patient_key=self.patient.patient_key,
            key=self.key,
            requester_id=self.requester.identifier,
            organization_id=self.requester.organization_id,
            now=self.now,
            identifier=self.requester.patient.cx() if self.requester.patient else "",
        )

    def require(self, function: Function, document: DocumentFacts | None = None, *, subject: str = "") -> None:
        """Raises Refused (or RecordClosed) unless the rules allow the function, on the document when one is given.

        In an emergency mode it also raises ReasonRequired where an access would begin without its reason.
        """
        engine = self.platform.engine
        if document is None:
            decision = engine.decide(self.requester, self.record, function, self.now)
        else:
            decision = engine.decide_document(self.requester, self.record, document, function, self.now)
        self._remember(decision)
        if decision.allowed:
            if decision.duties and self.requester.mode is not AccessMode.NORMAL:
                self._enter_emergency()
            return
        if "record-not-open" in decision.rules:
            raise RecordClosed("The record is not open.", subject=subject, rules=decision.rules)
        raise Refused("The rules of this record do not allow this.", subject=subject, rules=decision.rules)

    def _remember(self, decision: Decision) -> None:
        self.rules.update(decision.rules)
        self.matrix_version = decision.matrix_version
        if decision.allowed:
            self.duties.update(decision.duties)

    def _enter_emergency(self) -> None:
        """Raises ReasonRequired or Refused when an emergency access can neither go on nor begin with this call."""
        if not self._in_emergency:
            self._beginning = admit(self.platform, self.requester, self.patient.patient_key, self.now)
            self._in_emergency = True

    def fulfil_duties(self) -> None:
        """Counts what was read, and writes the emergency access that this act began, with all that it owes (R1111-48 CSP), in the act's own transaction.

        Raises OverBudget: then the act is taken back, and nothing of it leaves.
        """
        if self.action in READINGS:
            count_reading(self.platform, self.requester, self.patient.patient_key, self.now)
        if self._beginning is not None:
            write_beginning(
                self.platform,
                self.requester,
                self.patient,
                self.key,
                beginning=self._beginning,
                duties=self.duties,
                now=self.now,
            )


def open_scope(platform: Platform, requester: Requester, action: str) -> Scope:
    """Reads the facts about the requester and the patient that the assertion targets.

    Raises UnknownPatient when no person, no record or no key is known for the identifier: the three look alike.
    """
    if requester.patient is None:
        raise UnknownPatient("The call names no patient.")
    now = platform.clock()
    patient = find_patient(platform.connection, platform.keyring, requester.patient)
    if patient is None:
        raise UnknownPatient(UNKNOWN)
    foresee_line(platform.connection, patient.patient_key)
    record = read_facts(platform, requester, patient.patient_key, now)
    if record is None:
        raise UnknownPatient(UNKNOWN)
    return Scope(
        platform=platform,
        requester=requester,
        patient=patient,
        key=platform.keyring.patient_key(patient.pseudonym),
        record=record,
        viewer=platform.engine.viewer(requester, record, now),
        action=action,
        now=now,
    )


def read_facts(
    platform: Platform, requester: Requester, patient_key: int, now: int, *, professional: str = ""
) -> RecordFacts | None:
    """What stands between a record and the requester now; None when there is no record.

    `professional` (PS_IdNat) is whose standing counts beside that of the requester's structure, the requester's own when ''.
    """
    found = current_standing(
        platform.connection,
        patient_key,
        professional=professional or requester.identifier,
        organization=requester.organization_id,
        now=now,
    )
    if found is None:
        return None
    return facts_of(found, regulation_centre=requester.organization_id in platform.settings.regulation_centres)


def facts_of(found: Standing, *, regulation_centre: bool) -> RecordFacts:
    """What consent knows, in the words of the rules."""
    return RecordFacts(
        state=found.state,
        blocked=found.blocked,
        authorisation=found.authorisation,
        medecin_traitant=found.medecin_traitant,
        administrator=found.administrator,
        opposes_bris_de_glace=found.opposes_bris_de_glace,
        opposes_centre_15=found.opposes_centre_15,
        masked_in_emergency=found.masked_in_emergency,
        care_team=found.care_team,
        authorised_by_name=found.authorised_by_name,
        feeding_opposed=found.feeding_opposed,
        masks_everything=found.masks_everything,
        regulation_centre=regulation_centre,
    )
