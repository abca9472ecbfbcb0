"""An emergency access begins: on what reason, for how long, who is told, who reviews it, and when it is one too many.

The VIHF keeps no state, so the first call in the mode begins the access with its reason, and those that follow ride on it until its end;
a call in a connexion secrète rides on a secret one alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from carnet.authorization.decision import Duty
from carnet.errors import ReasonRequired, Refused
from carnet.exchange.alarms import CUT_OFF, is_sounding, last_settled, raise_alarm, sound
from carnet.exchange.emergency_reason import StatedReason, stated_reason
from carnet.exchange.emergency_reviews import request_review
from carnet.exchange.emergency_windows import begin, rate, stands
from carnet.exchange.notices import owe
from carnet.identity.patients import Patient
from carnet.platform import PatientKey, Platform
from carnet.requester import AccessMode, Requester

RECIPIENTS = {Duty.TELL_PATIENT: "patient", Duty.TELL_MEDECIN_TRAITANT: "medecin_traitant"}
_GLASS = AccessMode.BRIS_DE_GLACE


@dataclass(frozen=True, slots=True)
class Beginning:
    """An emergency access that is to begin with this call; `reason` is None for the regulation centre, which states none."""

    reason: StatedReason | None


def admit(platform: Platform, requester: Requester, patient_key: int, now: int) -> Beginning | None:
    """What a call in an emergency mode begins, None when it rides on what a call before it began.

    Raises ReasonRequired for a break-glass call that begins one without a reason that says something, Refused for a requester who broke
    the glass so often that the mode is closed to him or her (setting emergency_cut_off_day). It writes nothing.
    """
    connection, settings = platform.connection, platform.settings
    secret = requester.secret_connection
    standing = partial(
        stands, connection, patient_key, requester=requester.identifier, mode=requester.mode.value, now=now
    )
    if standing(secret=secret):
        return None
    if requester.mode is not _GLASS:
        return Beginning(None)
    closed = settings.emergency_cut_off_day and is_sounding(connection, CUT_OFF, requester.identifier)
    if closed and not standing(secret=not secret):  # who is in this record goes on, openly or in secret
        raise Refused(
            "The glass was broken so often that the mode is closed to this requester until the operator has reviewed it.",
            rules=(CUT_OFF,),
        )
    try:
        reason = stated_reason(
            requester.reason,
            minimum_letters=settings.emergency_reason_letters,
            code_required=settings.emergency_reason_code_required,
        )
    except ReasonRequired as error:
        raise ReasonRequired(error.message, rules=("emergency-reason",)) from None
    return Beginning(reason)


def write_beginning(
    platform: Platform,
    requester: Requester,
    patient: Patient,
    key: PatientKey,
    *,
    beginning: Beginning,
    duties: Iterable[Duty],
    now: int,
) -> None:
    """Writes the access, the notices and the review that it owes (R1111-48 CSP), and the alarms that it raises."""
    connection, settings = platform.connection, platform.settings
    mode = requester.mode.value
    access_id = begin(
        connection,
        patient.patient_key,
        requester=requester.identifier,
        organization=requester.organization_id,
        mode=mode,
        now=now,
        minutes=settings.emergency_window_minutes,
        secret=requester.secret_connection,
    )
    for duty in sorted(duties):
        if duty in RECIPIENTS:
            owe(
                connection,
                patient.patient_key,
                kind=f"emergency-access-{mode}",
                recipient=RECIPIENTS[duty],
                cause=access_id,
                now=now,
                secret=requester.secret_connection,
            )
    if beginning.reason is not None:
        request_review(
            connection,
            patient.patient_key,
            access_id,
            key=key,
            requester=requester.identifier,
            mode=mode,
            reason=beginning.reason.text,
            now=now,
            within_hours=settings.emergency_review_hours,
        )
        _sound_alarms(platform, requester, now)


def _sound_alarms(platform: Platform, requester: Requester, now: int) -> None:
    connection, settings = platform.connection, platform.settings
    who, where = requester.identifier, requester.organization_id
    mine = rate(connection, who, structure=False, mode=_GLASS.value, now=now)
    ours = rate(connection, where, structure=True, mode=_GLASS.value, now=now)
    for kind, subject, counted, threshold in (
        ("emergency-requester-hour", who, mine.hour, settings.emergency_alarm_requester_hour),
        ("emergency-requester-day", who, mine.day, settings.emergency_alarm_requester_day),
        ("emergency-structure-hour", where, ours.hour, settings.emergency_alarm_structure_hour),
        ("emergency-structure-day", where, ours.day, settings.emergency_alarm_structure_day),
    ):
        sound(connection, kind, subject, counted=counted, threshold=threshold, now=now)
    if settings.emergency_cut_off_day:
        _perhaps_cut_off(platform, who, settings.emergency_cut_off_day, now)


def _perhaps_cut_off(platform: Platform, who: str, allowed: int, now: int) -> None:
    """Closes the mode when this access is the last one allowed: the call itself goes on, so that the alarm is kept with it."""
    connection = platform.connection
    since = last_settled(connection, CUT_OFF, who)
    recent = rate(connection, who, structure=False, mode=_GLASS.value, now=now, since=since).day
    if recent >= allowed:
        raise_alarm(connection, CUT_OFF, who, counted=recent, threshold=allowed, now=now)
