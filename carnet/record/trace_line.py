"""The line of the trace that one act leaves, done, refused or failed, written in the act's own transaction."""

from __future__ import annotations

import contextlib

from carnet.audit.event import AuditEvent, Outcome
from carnet.audit.journal import append as append_to_journal
from carnet.errors import UnknownPatient
from carnet.identity.patients import Patient
from carnet.identity.patients import find as find_patient
from carnet.platform import PatientKey, Platform
from carnet.record.scope import Scope
from carnet.requester import Requester


def write_line(
    platform: Platform,
    requester: Requester,
    action: str,
    scope: Scope | None,
    *,
    outcome: Outcome,
    detail: str,
    rules: tuple[str, ...],
) -> None:
    """Appends the line. `scope` is None when the act never began; `detail` and `rules` of a refusal go before the act's own."""
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
        patient=requester.patient.cx() if requester.patient is not None else "",
        objects=tuple(scope.touched) if scope is not None and outcome == "done" else (),
        rules=rules or (tuple(sorted(scope.rules)) if scope is not None else ()),
        matrix_version=scope.matrix_version if scope is not None else "",
        detail=detail or (scope.detail if scope is not None else ""),
        secret=requester.secret_connection,
    )
    append_to_journal(platform.connection, event, patient_key=patient.patient_key if patient else None, key=key)


def _traced_patient(platform: Platform, requester: Requester, scope: Scope | None) -> tuple[Patient | None, PatientKey]:
    """Whose chain the line joins and the key that seals it: nobody's when the person is unknown or their key is destroyed."""
    if scope is not None:
        return scope.patient, scope.key
    if requester.patient is not None:
        patient = find_patient(platform.connection, platform.keyring, requester.patient)
        if patient is not None:
            with contextlib.suppress(UnknownPatient):
                return patient, platform.keyring.patient_key(patient.pseudonym)
    return None, platform.keyring.actor_key()
