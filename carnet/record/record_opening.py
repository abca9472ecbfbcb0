"""Opening a record in the portal: asked for by its INS (TD0.2), opened in an emergency (TD0.9), left.

An opening lets nobody in: it remembers whose record a page is about, and in which mode acts are asked for. Each act is decided on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from carnet.authorization.facts import Function
from carnet.clock import DAY, HOUR, MINUTE
from carnet.consent.majority import end_after
from carnet.errors import Refused, UnknownDocument, UnknownPatient
from carnet.exchange.emergency_reason import REASONS
from carnet.exchange.emergency_windows import standing_until
from carnet.identity.ins_scanning import ScannedIdentity
from carnet.identity.patients import Traits, traits
from carnet.identity.record_openings import (
    OpeningDetails,
    OpeningRow,
    change_row,
    forget_recent,
    leave_row,
    open_row,
    row_of,
)
from carnet.identity.sign_in_attempts import count_try
from carnet.metadata import PatientIdentifier
from carnet.platform import Platform
from carnet.record.act import Act
from carnet.record.existence import authorisation_of, known_record
from carnet.record.open_records import grounds_to_read, is_minor, kept_out
from carnet.record.population import PopulationScope, open_population
from carnet.record.scope import NOBODY, Scope, open_scope, read_facts
from carnet.requester import AccessMode, Requester

COUNTED = "record opening"
NOT_OPEN = "No such record is open in this session."


@dataclass(frozen=True, slots=True)
class Opened:
    """What asking for a record came to. `handle` is '' where it is not to be opened: no record, closed, or kept out, which look alike.

    `differs`: the sex or the birth date that was scanned is not the person's, and nothing was opened.
    """

    handle: str = ""
    may_read: bool = False
    differs: bool = False


@dataclass(frozen=True, slots=True)
class EntryTerms:
    """What each way in would mean from now on, in words of a page: until when (microseconds UTC), for how long, on what reason.

    `reasons` are the coded reasons of breaking the glass, each in French and in English; the sentence beside has `letters` at least.
    """

    consent_until: int
    team_until: int
    window_minutes: int
    letters: int
    reasons: Mapping[str, tuple[str, str]]


def entry_terms(platform: Platform) -> EntryTerms:
    """The terms, by the settings of this service."""
    settings, now = platform.settings, platform.clock()
    return EntryTerms(
        consent_until=now + settings.authorisation_days * DAY,
        team_until=end_after(now, settings.care_team_days) - 1,
        window_minutes=settings.emergency_window_minutes,
        letters=settings.emergency_reason_letters,
        reasons=REASONS,
    )


def open_record(
    patient: PatientIdentifier, requester: Requester, session_id: str, scanned: ScannedIdentity | None = None
) -> Act[Opened]:
    """The act of TD0.2 by a page: it asks whether there is a record, and opens it in the session unless its requester is kept out.

    Raises TooManyTries beyond `record_opening_tries` within an hour, UnknownPatient when nobody has the identifier.
    """
    counted = f"{COUNTED}|{requester.identifier}"
    run = partial(_open, patient=patient, session_id=session_id, scanned=scanned)
    return Act("td0.2", run, Function.EXISTENCE_TEST, _counted, registers=lambda: (counted,))


def enter_in_emergency(handle: str, session_id: str) -> Act[None]:
    """The act of TD0.9 in the mode and with the reason of its requester: from then on the opening is in that mode, until the access ends.

    Raises ReasonRequired, Refused where the mode is not open, UnknownDocument for an opening that ended.
    """
    return Act("td0.9", partial(_enter, handle=handle, session_id=session_id), Function.WEB_ACCESS)


def state_identity(handle: str, session_id: str) -> Act[None]:
    """The professional says that they checked the person's identity (RNIV): the INS counts as qualified in this opening."""
    run = partial(_amend, handle=handle, session_id=session_id, change=partial(replace, identity_checked=True))
    return Act("pro/identity-checked", run, Function.ADMINISTRATIVE_DATA)


def make_secret(handle: str, session_id: str) -> Act[None]:
    """The opening goes on as a minor's secret connection (rules §1.3). Raises Refused for an adult's record."""
    return Act(
        "pro/secret-connection", partial(_secretly, handle=handle, session_id=session_id), Function.ADMINISTRATIVE_DATA
    )


def leave_record(handle: str, session_id: str) -> Act[bool]:
    """Ends the opening; False when it had ended."""
    return Act("pro/leave-record", partial(_leave, handle=handle, session_id=session_id), Function.EXISTENCE_TEST)


def empty_recent() -> Act[None]:
    """Empties the requester's list of recent records."""
    return Act("pro/empty-recent", _empty, Function.EXISTENCE_TEST, open_population)


def _counted(platform: Platform, requester: Requester, action: str) -> Scope:
    """The room of TD0.2. The try counts before it is known whether there is such a person, and stays counted when there is none.

    About somebody whom nobody knows as many statements run as about a record that is closed or kept from its requester.
    """
    most, now = platform.settings.record_opening_tries, platform.clock()
    count_try(platform.connection, platform.keyring, COUNTED, requester.identifier, maximum=most, span=HOUR, now=now)
    try:
        return open_scope(platform, requester, action)
    except UnknownPatient:
        read_facts(platform, requester, NOBODY, now)
        raise


def _open(scope: Scope, *, patient: PatientIdentifier, session_id: str, scanned: ScannedIdentity | None) -> Opened:
    active = known_record(scope, patient)
    scope.require(Function.EXISTENCE_TEST)
    scope.detail = f"{'active' if active else 'terminated'} {authorisation_of(scope)}"
    if not active or kept_out(scope.platform, scope.requester, scope.record, scope.now):
        return Opened()
    if scanned is not None and not _agrees(scanned, traits(scope.connection, scope.patient_key, scope.key)):
        return Opened(differs=True)
    handle = open_row(
        scope.connection,
        scope.platform.keyring,
        scope.key,
        scope.patient_key,
        OpeningDetails(patient.value, patient.authority),
        session_id=session_id,
        opener=scope.requester.identifier,
        now=scope.now,
        until=scope.now + scope.platform.settings.record_opening_minutes * MINUTE,
    )
    return Opened(handle, may_read=bool(grounds_to_read(scope.platform, scope.requester, scope.record, scope.now)))


def _agrees(scanned: ScannedIdentity, known: Traits) -> bool:
    """Whether what was scanned beside the INS is the person's; what is not known to the day cannot disagree."""
    same_sex = not scanned.sex or "I" in {scanned.sex, known.sex} or scanned.sex == known.sex
    whole = len(known.birth_date) == len(scanned.birth_date) == 8 and "00" not in known.birth_date[4:]
    return same_sex and (not whole or scanned.birth_date == known.birth_date)


def _mine(scope: Scope, handle: str, session_id: str) -> tuple[OpeningRow, OpeningDetails]:
    """The living opening of this record in this session. Raises UnknownDocument."""
    row = row_of(scope.connection, handle, session_id)
    if row is None or row.patient_key != scope.patient_key or not row.lives(scope.now):
        raise UnknownDocument(NOT_OPEN)
    return row, row.details(scope.key)


def _enter(scope: Scope, *, handle: str, session_id: str) -> None:
    """The gate has decided and admitted the mode before this runs; the access itself is written after it, in the same transaction."""
    requester, now = scope.requester, scope.now
    if requester.mode is AccessMode.NORMAL:
        raise Refused("This is the way in of an emergency.", rules=("emergency-only",))
    row, details = _mine(scope, handle, session_id)
    standing = standing_until(
        scope.connection,
        scope.patient_key,
        requester=requester.identifier,
        mode=requester.mode.value,
        now=now,
        secret=requester.secret_connection,
    )
    until = standing or now + scope.platform.settings.emergency_window_minutes * MINUTE
    changed = replace(details, mode=requester.mode.value, reason=requester.reason, secret=requester.secret_connection)
    change_row(scope.connection, scope.key, row, changed, until=until)


def _amend(scope: Scope, *, handle: str, session_id: str, change: Callable[[OpeningDetails], OpeningDetails]) -> None:
    row, details = _mine(scope, handle, session_id)
    change_row(scope.connection, scope.key, row, change(details), until=row.ends_at)


def _secretly(scope: Scope, *, handle: str, session_id: str) -> None:
    known = traits(scope.connection, scope.patient_key, scope.key)
    if not (scope.requester.secret_connection and is_minor(known, scope.now)):
        raise Refused("A secret connection is to a minor's record.", rules=("minor-only",))
    _amend(scope, handle=handle, session_id=session_id, change=partial(replace, secret=True))


def _leave(scope: Scope, *, handle: str, session_id: str) -> bool:
    try:
        row, _details = _mine(scope, handle, session_id)
    except UnknownDocument:
        return False
    return leave_row(scope.connection, row, now=scope.now)


def _empty(scope: PopulationScope) -> None:
    forget_recent(scope.connection, scope.platform.keyring, scope.requester.identifier)
