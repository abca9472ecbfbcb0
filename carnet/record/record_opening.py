"""Opening a record in the portal: asked for by its INS (TD0.2), opened in an emergency (TD0.9), left; and what an open one stands for.

An opening lets nobody in: it remembers whose record a page is about, and in which mode acts are asked for. Each act is decided on its own,
and an opening is found again only as long as its professional is not kept out of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from carnet.authorization.facts import Function, RecordFacts
from carnet.clock import DAY, HOUR, MINUTE
from carnet.consent.majority import end_after, majority_at
from carnet.errors import Refused, UnknownDocument, UnknownPatient
from carnet.exchange.emergency_reason import REASONS
from carnet.exchange.emergency_windows import standing_until
from carnet.identity.ins_scanning import ScannedIdentity
from carnet.identity.patients import Traits, identifiers, traits
from carnet.identity.patients import find as find_patient
from carnet.identity.record_openings import (
    OpeningDetails,
    OpeningRow,
    change_row,
    forget_recent,
    leave_row,
    open_row,
    recalled_row,
    row_of,
)
from carnet.identity.sign_in_attempts import count_try
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, PatientKey, Platform
from carnet.record.act import Act
from carnet.record.existence import existence_test
from carnet.record.gate import Gate
from carnet.record.population import BESIDE_THE_DOOR, PopulationScope, open_population
from carnet.record.scope import Scope, open_scope, read_facts
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
class Opening:
    """One record opened in one session of a professional. Moments in microseconds UTC.

    `handle` names it in addresses, in this session alone. `mode`, `reason` and `secret` go with every act. `grounds` are the rules on which
    its documents may be read now, empty where they may not; `authorisation` is as TD0.2 tells it. `identity_checked`: the professional said
    that they checked the person's identity, without which the INS does not count as qualified and nothing is fed.
    """

    handle: str
    patient: PatientIdentifier
    traits: Traits
    mode: AccessMode
    reason: str
    secret: bool
    identity_checked: bool
    opened_at: int
    ends_at: int
    grounds: tuple[str, ...]
    authorisation: str
    medecin_traitant: bool
    minor: bool
    offers: frozenset[str]
    """What may be chosen to enter: consent, care-team, medecin-traitant, bris_de_glace, centre_15."""

    @property
    def may_read(self) -> bool:
        """Whether the documents of the record may be read now."""
        return bool(self.grounds)

    @property
    def in_emergency(self) -> bool:
        """Whether it is open by breaking the glass, or by a regulation centre."""
        return self.mode is not AccessMode.NORMAL


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


def opening_of(gate: Gate, requester: Requester, session_id: str, handle: str) -> Opening | None:
    """The living opening behind a handle; None for one of another session, ended, unknown, or whose record keeps its professional out."""

    def read(connection: Connection) -> Opening | None:
        row = row_of(connection, handle, session_id)
        if row is None or not row.lives(gate.platform.clock()):
            return None
        try:
            return _opening(gate.platform, connection, requester, row)
        except UnknownPatient:
            return None

    return gate.read(read)


def recalled_patient(gate: Gate, requester: Requester, handle: str) -> PatientIdentifier | None:
    """The present INS of somebody in the requester's list of recent records, by the handle of that opening; None for anything else."""
    platform = gate.platform

    def read(connection: Connection) -> PatientIdentifier | None:
        row = recalled_row(connection, platform.keyring, handle, requester.identifier)
        if row is None:
            return None
        try:
            known = identifiers(connection, row.patient_key, platform.keyring.patient_key(row.pseudonym))
        except UnknownPatient:
            return None
        return known[-1].identifier if known else None

    return gate.read(read)


def known_identifier(gate: Gate, possible: Sequence[PatientIdentifier]) -> PatientIdentifier:
    """The one of several identifiers of the same number that somebody has; the first when nobody has any. It tells nobody anything."""

    def read(connection: Connection) -> PatientIdentifier:
        keyring = gate.platform.keyring
        return next((one for one in possible if find_patient(connection, keyring, one) is not None), possible[0])

    return gate.read(read)


def is_minor(known: Traits, now: int) -> bool:
    """Whether the person is not of age; somebody without a date of birth that can be read is taken for an adult."""
    try:
        return now < majority_at(known.birth_date)
    except ValueError:
        return False


def kept_out(platform: Platform, requester: Requester, record: RecordFacts, now: int) -> bool:
    """Whether a record that is closed, or has blocked its requester, is to them as if it were not there."""
    decision = platform.engine.decide(requester, record, Function.ADMINISTRATIVE_DATA, now)
    return not decision.allowed and bool(set(decision.rules) - BESIDE_THE_DOOR)


def _counted(platform: Platform, requester: Requester, action: str) -> Scope:
    """The room of TD0.2. The try counts before it is known whether there is such a person, and stays counted when there is none."""
    most, now = platform.settings.record_opening_tries, platform.clock()
    count_try(platform.connection, platform.keyring, COUNTED, requester.identifier, maximum=most, span=HOUR, now=now)
    return open_scope(platform, requester, action)


def _open(scope: Scope, *, patient: PatientIdentifier, session_id: str, scanned: ScannedIdentity | None) -> Opened:
    sheet = existence_test(patient).run(scope)
    if not sheet.active or sheet.traits is None or kept_out(scope.platform, scope.requester, scope.record, scope.now):
        return Opened()
    if scanned is not None and not _agrees(scanned, sheet.traits):
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
    return Opened(handle, may_read=bool(_grounds(scope.platform, scope.requester, scope.record, scope.now)))


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


def _opening(platform: Platform, connection: Connection, requester: Requester, row: OpeningRow) -> Opening | None:
    key: PatientKey = platform.keyring.patient_key(row.pseudonym)
    details, now = row.details(key), platform.clock()
    patient = PatientIdentifier(details.value, details.authority)
    asks = replace(
        requester,
        patient=patient,
        mode=AccessMode(details.mode),
        reason=details.reason,
        secret_connection=details.secret,
    )
    record = read_facts(platform, asks, row.patient_key, now)
    if record is None or kept_out(platform, asks, record, now):
        return None
    known = traits(connection, row.patient_key, key)
    return Opening(
        handle=row.handle,
        patient=patient,
        traits=known,
        mode=asks.mode,
        reason=details.reason,
        secret=details.secret,
        identity_checked=details.identity_checked,
        opened_at=row.opened_at,
        ends_at=row.ends_at,
        grounds=_grounds(platform, asks, record, now),
        authorisation=record.authorisation,
        medecin_traitant=record.medecin_traitant,
        minor=is_minor(known, now),
        offers=_offers(platform, asks, record, now),
    )


def _grounds(platform: Platform, requester: Requester, record: RecordFacts, now: int) -> tuple[str, ...]:
    decision = platform.engine.decide(requester, record, Function.CONSULT, now)
    return decision.rules if decision.allowed else ()


def _offers(platform: Platform, requester: Requester, record: RecordFacts, now: int) -> frozenset[str]:
    """What the rules would allow now; each choice is decided again when it is made."""
    normal = replace(requester, mode=AccessMode.NORMAL)
    found = set()
    if platform.engine.decide(normal, record, Function.ADD_AUTHORISATION, now).allowed:
        found |= {"consent", "care-team", "medecin-traitant"}
    for mode in (AccessMode.BRIS_DE_GLACE, AccessMode.CENTRE_15):
        urgent = replace(requester, mode=mode)
        asked = (Function.WEB_ACCESS, Function.CONSULT)
        if all(platform.engine.decide(urgent, record, one, now).allowed for one in asked):
            found.add(mode.value)
    return frozenset(found)
