"""What an act across records may see and do while it runs: one requester, no patient yet, and whom it showed (TD0.4, TD0.5)."""

from __future__ import annotations

from dataclasses import dataclass, field

from carnet.authorization.decision import Decision
from carnet.authorization.facts import Function, RecordFacts
from carnet.errors import Refused
from carnet.identity.patients import Patient
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, PatientKey, Platform
from carnet.record.harvest_budget import READINGS, count_reading
from carnet.record.scope import Scope, read_facts
from carnet.requester import Requester

BESIDE_THE_DOOR = frozenset({"functional-right"})
"""What may refuse the administrative data and not keep a requester out of the record: any other rule, or one that fails, does.

A record that a requester is kept out of, since it is not open or the patient has blocked them, is absent from what is found across records.
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A person whom an act across records showed, with the key that seals the line of their trace."""

    patient: Patient
    key: PatientKey
    identifier: PatientIdentifier


@dataclass(slots=True)
class PopulationScope:
    """The room of one act that targets no patient, inside the gate's transaction."""

    platform: Platform
    requester: Requester
    action: str
    now: int
    shown: list[Shown] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    """Identifiers of professionals whom the act was about, for the trace; never those of patients."""
    detail: str = ""
    rules: set[str] = field(default_factory=set)
    matrix_version: str = ""
    refusal: Refused | None = None
    """What was found against the act when its room was made, to be raised by it once the rules were asked."""

    @property
    def connection(self) -> Connection:
        """The gate's connection, inside its transaction."""
        return self.platform.connection

    @property
    def regulation_centre(self) -> bool:
        """Whether the requester's structure is a declared regulation centre."""
        return self.requester.organization_id in self.platform.settings.regulation_centres

    def decide(self, function: Function) -> Decision:
        """What the rules say of the function to this requester, whatever the record."""
        record = RecordFacts(regulation_centre=self.regulation_centre)
        return self.platform.engine.decide(self.requester, record, function, self.now)

    def require(self, function: Function) -> None:
        """Raises Refused unless the rules allow the function to this requester, whatever the record."""
        decision = self.decide(function)
        self.rules.update(decision.rules)
        self.matrix_version = decision.matrix_version
        if not decision.allowed:
            raise Refused("The rules do not allow this.", rules=decision.rules)

    def enter(self, patient: Patient, *, professional: str = "") -> Scope | None:
        """The room of one person's record; None when there is none, it is not open, or the requester is kept out of it.

        `professional` (PS_IdNat) is whose standing counts, the requester's own when ''. Raises UnknownPatient when the key is destroyed.
        """
        record = read_facts(self.platform, self.requester, patient.patient_key, self.now, professional=professional)
        if record is None:
            return None
        engine = self.platform.engine
        decision = engine.decide(self.requester, record, Function.ADMINISTRATIVE_DATA, self.now)
        if not decision.allowed and set(decision.rules) - BESIDE_THE_DOOR:
            return None
        return Scope(
            platform=self.platform,
            requester=self.requester,
            patient=patient,
            key=self.platform.keyring.patient_key(patient.pseudonym),
            record=record,
            viewer=engine.viewer(self.requester, record, self.now),
            action=self.action,
            now=self.now,
        )

    def show(self, scope: Scope, identifier: PatientIdentifier) -> None:
        """Notes that a person was shown to the requester: their trace gets a line of it."""
        self.shown.append(Shown(scope.patient, scope.key, identifier))

    def fulfil_duties(self) -> None:
        """Counts whom a search showed. Raises OverBudget: then nobody is shown. R1111-48 CSP is about what a record holds."""
        if self.action in READINGS:
            for one in self.shown:
                count_reading(self.platform, self.requester, one.patient.patient_key, self.now)


def open_population(platform: Platform, requester: Requester, action: str) -> PopulationScope:
    """The room of an act across records. A patient whom the assertion targets all the same plays no part."""
    return PopulationScope(platform, requester, action, platform.clock())
