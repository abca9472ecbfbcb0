"""Changing the administrative data of a record (TD1.3b) and closing it (TD1.4), where it is not attached to Mon espace santé."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from carnet.authorization.facts import Function
from carnet.consent.choices import Choice, close_record, set_choice
from carnet.consent.lifecycle import Event
from carnet.errors import InvalidMetadata, RecordClosed, Refused
from carnet.identity.patients import register, traits
from carnet.metadata import PatientIdentifier
from carnet.record.act import Act
from carnet.record.endings import settle_after
from carnet.record.existence import is_attached, known_record
from carnet.record.scope import Scope

CLOSING_REASONS = frozenset({"FERMETURE_DEMANDE_PATIENT"})
"""The reasons for which a professional closes (1.2.250.1.213.4.1.2.4): the patient asked. Death comes from the insurer."""
LONGEST_EXPLANATION = 255


@dataclass(frozen=True, slots=True)
class AdministrativeChange:
    """What TD1.3b says of the patient: None where it says nothing. Traits of birth are only compared, never changed."""

    birth_name: str | None = None
    sex: str | None = None
    birth_date: str | None = None
    used_name: str | None = None
    used_given_name: str | None = None
    opposes_bris_de_glace: bool | None = None
    opposes_centre_15: bool | None = None


def update_administrative_data(patient: PatientIdentifier, change: AdministrativeChange) -> Act[bool]:
    """The act of TD1.3b; whether anything changed.

    Raises Refused for a record attached to Mon espace santé (note 10 of 526) and for lifting an opposition, which is the patient's own
    to do; InvalidMetadata when traits of birth differ from those of the identity feed.
    """
    return Act("td1.3b", partial(_update, patient=patient, change=change))


def close(patient: PatientIdentifier, reason: str, explanation: str = "") -> Act[bool]:
    """The act of TD1.4. `reason` is a code of CLOSING_REASONS, `explanation` free text that the trace alone keeps.

    Raises RecordClosed when the record is closed already, Refused as TD1.3b, InvalidMetadata for another reason.
    """
    return Act("td1.4", partial(_close, patient=patient, reason=reason, explanation=explanation))


def _update(scope: Scope, *, patient: PatientIdentifier, change: AdministrativeChange) -> bool:
    known_record(scope, patient)
    scope.require(Function.ADMINISTRATIVE_DATA)
    # INFERRED: the row of 526 was not found; changing is for a professional in person in the normal mode, as TD0.3.
    scope.require(Function.REMOVE_AUTHORISATION)
    _not_attached(scope)
    changed = _change_names(scope, patient, change)
    for choice, value in (
        (Choice.OPPOSES_BRIS_DE_GLACE, change.opposes_bris_de_glace),
        (Choice.OPPOSES_CENTRE_15, change.opposes_centre_15),
    ):
        changed = _oppose(scope, choice, value=value) or changed
    scope.detail = "changed" if changed else "nothing changed"
    return changed


def _close(scope: Scope, *, patient: PatientIdentifier, reason: str, explanation: str) -> bool:
    known_record(scope, patient)
    scope.require(Function.ADMINISTRATIVE_DATA)
    scope.require(Function.REMOVE_AUTHORISATION)  # INFERRED, as for TD1.3b
    _not_attached(scope)
    if reason not in CLOSING_REASONS:
        raise InvalidMetadata("The reason of closing is not one that a professional may give.", subject=reason[:64])
    if not close_record(scope.connection, scope.patient.patient_key, reason, now=scope.now):
        raise RecordClosed("The record is closed already.")
    settle_after(scope.platform, scope.connection, scope.patient.patient_key, Event.CLOSE, now=scope.now)
    scope.detail = f"{reason} {explanation[:LONGEST_EXPLANATION]}".strip()
    return True


def _not_attached(scope: Scope) -> None:
    if is_attached(scope):
        raise Refused(
            "This record is attached to Mon espace santé: its holder changes and closes it there.",
            rules=("attached-to-mon-espace-sante",),
        )


def _change_names(scope: Scope, patient: PatientIdentifier, change: AdministrativeChange) -> bool:
    known = traits(scope.connection, scope.patient.patient_key, scope.key)
    for name in ("birth_name", "sex", "birth_date"):
        said = getattr(change, name)
        if said is not None and said.casefold() != getattr(known, name).casefold():
            raise InvalidMetadata("Traits of birth come from the identity feed and are not changed here.", subject=name)
    wanted = replace(
        known,
        used_name=known.used_name if change.used_name is None else change.used_name,
        used_given_name=known.used_given_name if change.used_given_name is None else change.used_given_name,
    )
    if wanted == known:
        return False
    register(scope.connection, scope.platform.keyring, wanted, patient, scope.now)
    return True


def _oppose(scope: Scope, choice: Choice, *, value: bool | None) -> bool:
    stands = scope.record.opposes_bris_de_glace
    if choice is Choice.OPPOSES_CENTRE_15:
        stands = scope.record.opposes_centre_15
    if value is None or value == stands:
        return False
    if not value:
        raise Refused("An opposition is lifted by the patient alone.", rules=("opposition-is-the-patient-s",))
    return set_choice(scope.connection, scope.patient.patient_key, choice, value=True, now=scope.now)
