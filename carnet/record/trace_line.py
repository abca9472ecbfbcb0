"""The line of the trace that one act leaves, done, refused or failed, written in the act's own transaction."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from carnet.audit.event import AuditEvent, Outcome
from carnet.audit.journal import append as append_to_journal
from carnet.errors import UnknownPatient
from carnet.identity.patients import Patient
from carnet.identity.patients import find as find_patient
from carnet.platform import PatientKey, Platform
from carnet.record.act import Room
from carnet.record.population import PopulationScope
from carnet.record.scope import Scope
from carnet.requester import Requester


def write_line(
    platform: Platform,
    requester: Requester,
    action: str,
    scope: Room | None,
    *,
    outcome: Outcome,
    detail: str,
    rules: tuple[str, ...],
) -> None:
    """Appends the line. `scope` is None when the act never began; `detail` and `rules` of a refusal go before the act's own.

    An act across records leaves a line of no patient, and one more on each person whom it showed.
    """
    patient, key = _traced_patient(platform, requester, scope)
    event = AuditEvent(
        action=action,
        outcome=outcome,
        at=platform.clock(),
        mode=requester.mode.value,
        reason=requester.reason,
        requester_id=requester.identifier,
        requester_name=requester.name,
        requester_role=requester.profession.code,
        organization_id=requester.organization_id,
        software=f"{requester.software.name} {requester.software.version}".strip(),
        address=requester.address,
        certificate=requester.certificate,
        patient=_named_patient(requester, scope),
        objects=tuple(scope.touched) if scope is not None and outcome == "done" else (),
        rules=rules or (tuple(sorted(scope.rules)) if scope is not None else ()),
        matrix_version=scope.matrix_version if scope is not None else "",
        detail=detail or (scope.detail if scope is not None else ""),
        secret=requester.secret_connection,
    )
    append_to_journal(platform.connection, event, patient_key=patient.patient_key if patient else None, key=key)
    if isinstance(scope, PopulationScope) and outcome == "done":
        for one in scope.shown:
            line = replace(event, patient=one.identifier.cx())
            append_to_journal(platform.connection, line, patient_key=one.patient.patient_key, key=one.key)


def _named_patient(requester: Requester, scope: Room | None) -> str:
    if requester.patient is None or isinstance(scope, PopulationScope):
        return ""
    return requester.patient.cx()


def _traced_patient(platform: Platform, requester: Requester, scope: Room | None) -> tuple[Patient | None, PatientKey]:
    """Whose chain the line joins and the key that seals it.

    Nobody's when the person is unknown or their key is destroyed, and for an act across records.
    """
    if isinstance(scope, Scope):
        return scope.patient, scope.key
    if scope is not None:
        return None, platform.keyring.actor_key()
    if requester.patient is not None:
        patient = find_patient(platform.connection, platform.keyring, requester.patient)
        if patient is not None:
            with contextlib.suppress(UnknownPatient):
                return patient, platform.keyring.patient_key(patient.pseudonym)
    return None, platform.keyring.actor_key()
