"""Is there a record, and may I read it (TD0.2); the administrative data of an open one (TD1.3a)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from carnet.authorization.facts import Function
from carnet.consent.lifecycle import Event, history
from carnet.consent.record_status import record_status
from carnet.errors import PatientMismatch, UnknownPatient
from carnet.identity.patients import Traits, traits
from carnet.metadata import PatientIdentifier
from carnet.record.act import Act
from carnet.record.scope import UNKNOWN, Scope
from carnet.requester import AccessMode

AuthorisationStatus = Literal["valid", "expired", "none", "blocked"]

KNOWN_STATES: Mapping[str, bool] = {
    # health_record.state: whether software is told that the record is active; what is absent here is told as no record at all
    "open": True,
    "activated": True,
    "suspended": False,  # INFERRED: neither fed nor read, and TD0.2 knows two statuses
    "closed": False,
    # informed, opposed: there is no record yet, or none is wanted (R1111-28 CSP); destroyed: there is none any more (R1111-36)
}
_APART = frozenset({Event.ANNOUNCE_FORMER, Event.KEEP_APART})
_JOINING = frozenset({Event.TAKE_OVER, Event.OPEN, Event.DELAY_ENDS})
ATTACHED: Mapping[str, frozenset[str]] = {
    # setting attached_to_mon_espace_sante: the states of a record that is attached
    "all": frozenset({"open", "activated", "suspended", "closed"}),
    "activated": frozenset({"activated"}),
    "none": frozenset(),
}
_KEPT_OUT = frozenset({"blocked-by-patient", "error"})
"""Rules that tell of a block, or that could not be asked; the first may carry `:error`."""


@dataclass(frozen=True, slots=True)
class RecordSheet:
    """What software is told of a record as a whole. Moments in microseconds UTC.

    `traits` are None for a requester whom the patient has blocked: who is kept out learns the statuses, nothing of the person. The last
    four fields are None where they were not asked for.
    """

    identifier: PatientIdentifier
    active: bool
    authorisation: AuthorisationStatus
    medecin_traitant: bool
    attached: bool
    closed_at: int | None = None
    closing_reason: str = ""
    traits: Traits | None = None
    account_open: bool | None = None
    opposes_bris_de_glace: bool | None = None
    opposes_centre_15: bool | None = None


def existence_test(patient: PatientIdentifier) -> Act[RecordSheet]:
    """The act of TD0.2. It answers about closed records and to blocked callers, and raises UnknownPatient when there is no record."""
    return Act("td0.2", partial(_existence, patient=patient))


def administrative_data(patient: PatientIdentifier) -> Act[RecordSheet]:
    """The act of TD1.3a: the same with the oppositions to emergency access, of an open record, to who is not blocked."""
    return Act("td1.3a", partial(_administrative_data, patient=patient))


def known_record(scope: Scope, patient: PatientIdentifier | None = None) -> bool:
    """Whether the record is active.

    Raises PatientMismatch when `patient` is not the one that the assertion targets (security §5.2), UnknownPatient when software is to be
    told that there is no record.
    """
    if patient is not None and patient != scope.requester.patient:
        raise PatientMismatch("The patient of the message is not the one that the assertion targets.")
    if scope.record.state not in KNOWN_STATES:
        raise UnknownPatient(UNKNOWN)
    return KNOWN_STATES[scope.record.state]


def is_attached(scope: Scope) -> bool:
    """Whether the record is attached to Mon espace santé, by the operator's setting (note 10 of 526)."""
    return scope.record.state in ATTACHED[scope.platform.settings.attached_to_mon_espace_sante] and not _kept_apart(
        scope
    )


def _kept_apart(scope: Scope) -> bool:
    """Whether it is a record of before 2022 that waits outside its holder's space, or was kept there (R1111-40 CSP)."""
    told = [row.event for row in history(scope.connection, scope.patient.patient_key) if row.event in _JOINING | _APART]
    return bool(told) and told[-1] in _APART


def authorisation_of(scope: Scope) -> AuthorisationStatus:
    """The requester's authorisation as TD0.2 tells it: what the rules would say of a reading in the normal mode."""
    requester = replace(scope.requester, mode=AccessMode.NORMAL)
    decision = scope.platform.engine.decide(requester, scope.record, Function.CONSULT, scope.now)
    refusing = set() if decision.allowed else {rule.partition(":")[0] for rule in decision.rules}
    if refusing & _KEPT_OUT:
        return "blocked"
    if "no-authorisation" not in refusing:
        return "valid"
    return "expired" if scope.record.authorisation == "expired" else "none"


def _existence(scope: Scope, *, patient: PatientIdentifier) -> RecordSheet:
    active = known_record(scope, patient)
    scope.require(Function.EXISTENCE_TEST)
    return _sheet(scope, patient, active=active)


def _administrative_data(scope: Scope, *, patient: PatientIdentifier) -> RecordSheet:
    active = known_record(scope, patient)
    scope.require(Function.ADMINISTRATIVE_DATA)
    return _sheet(scope, patient, active=active, whole=True)


def _sheet(scope: Scope, patient: PatientIdentifier, *, active: bool, whole: bool = False) -> RecordSheet:
    status = record_status(scope.connection, scope.patient.patient_key)
    authorisation = authorisation_of(scope)
    blocked = authorisation == "blocked"
    closed = status is not None and status.state == "closed"
    scope.detail = f"{'active' if active else 'terminated'} {authorisation}"
    return RecordSheet(
        identifier=patient,
        active=active,
        authorisation=authorisation,
        medecin_traitant=scope.record.medecin_traitant,
        attached=is_attached(scope),
        closed_at=status.closed_at if status is not None and closed else None,
        closing_reason=status.closing_reason if status is not None and closed else "",
        traits=None if blocked else traits(scope.connection, scope.patient.patient_key, scope.key),
        account_open=None if blocked else scope.record.state == "activated",
        opposes_bris_de_glace=scope.record.opposes_bris_de_glace if whole else None,
        opposes_centre_15=scope.record.opposes_centre_15 if whole else None,
    )
