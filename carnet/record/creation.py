"""Creating and reactivating a record from care software (TD1.1, TD1.2): withdrawn in 2021, behind a setting that is off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from carnet.authorization.facts import Function, RecordFacts
from carnet.consent.choices import Choice, open_record, set_choice
from carnet.consent.record_status import record_status
from carnet.errors import InvalidMetadata, PatientMismatch, RecordClosed, RecordExists, UnknownPatient
from carnet.identity.patients import find as find_patient
from carnet.metadata import PatientIdentifier
from carnet.platform import Platform
from carnet.record.act import Act
from carnet.record.scope import UNKNOWN, Scope, read_facts
from carnet.requester import Requester

NEVER_OPENED = frozenset({"", "informed", "opposed"})


@dataclass(frozen=True, slots=True)
class OpeningRequest:
    """What TD1.1 and TD1.2 say. `author_named` is false when the author's family or given name is empty, which is refused (617)."""

    patient: PatientIdentifier
    consent: bool
    author_named: bool
    opposes_bris_de_glace: bool = False
    opposes_centre_15: bool = False


def create(request: OpeningRequest) -> Act[bool]:
    """The act of TD1.1, on a person known from the identity feed. Raises RecordExists, RecordClosed (reactivate it), UnknownPatient."""
    return Act("td1.1", partial(_create, request=request), opens=open_future_scope)


def reactivate(request: OpeningRequest) -> Act[bool]:
    """The act of TD1.2, on a closed record. Raises RecordExists, UnknownPatient when there never was one."""
    return Act("td1.2", partial(_reactivate, request=request), opens=open_future_scope)


def open_future_scope(platform: Platform, requester: Requester, action: str) -> Scope:
    """The room of a record that does not exist yet or is closed: the rules judge the requester as if it were open.

    Raises UnknownPatient when the person is not known from the identity feed.
    """
    patient = find_patient(platform.connection, platform.keyring, requester.patient) if requester.patient else None
    if patient is None:
        raise UnknownPatient("No person is known for this identifier: people come from the identity feed.")
    now = platform.clock()
    centre = requester.organization_id in platform.settings.regulation_centres
    past = read_facts(platform, requester, patient.patient_key, now) or RecordFacts(regulation_centre=centre)
    future = replace(past, state="open")
    return Scope(
        platform=platform,
        requester=requester,
        patient=patient,
        key=platform.keyring.patient_key(patient.pseudonym),
        record=future,
        viewer=platform.engine.viewer(requester, future, now),
        action=action,
        now=now,
    )


def _create(scope: Scope, *, request: OpeningRequest) -> bool:
    scope.require(
        Function.ADD_AUTHORISATION
    )  # INFERRED: the row of 526 was removed; a professional in person, in the normal mode
    _check(scope, request)
    if _state(scope) not in NEVER_OPENED:
        raise RecordClosed("The record is closed: it is reactivated, not created.")
    return _open(scope, request)


def _reactivate(scope: Scope, *, request: OpeningRequest) -> bool:
    scope.require(Function.ADD_AUTHORISATION)  # INFERRED, as for TD1.1
    _check(scope, request)
    if _state(scope) in NEVER_OPENED:
        raise UnknownPatient(UNKNOWN)
    return _open(scope, request)


def _check(scope: Scope, request: OpeningRequest) -> None:
    if request.patient != scope.requester.patient:
        raise PatientMismatch("The patient of the message is not the one that the assertion targets.")
    if not request.consent:
        raise InvalidMetadata("The patient's consent is not stated.", subject="CONSENTEMENT")
    if not request.author_named:
        raise InvalidMetadata("The author's family and given names are needed.", subject="assignedPerson")
    if _state(scope) in {"open", "activated"}:
        raise RecordExists("The record is open already.")


def _state(scope: Scope) -> str:
    status = record_status(scope.connection, scope.patient.patient_key)
    return status.state if status is not None else ""


def _open(scope: Scope, request: OpeningRequest) -> bool:
    patient_key = scope.patient.patient_key
    opened = open_record(scope.connection, patient_key, now=scope.now)
    for choice, value in (
        (Choice.OPPOSES_BRIS_DE_GLACE, request.opposes_bris_de_glace),
        (Choice.OPPOSES_CENTRE_15, request.opposes_centre_15),
    ):
        if value:
            set_choice(scope.connection, patient_key, choice, value=True, now=scope.now)
    return opened
