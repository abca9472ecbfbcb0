"""What the records that are open in a professional's session stand for now: whose, in which mode, on what grounds, and what may be chosen there.

An opening lets nobody in. It is found again only as long as its professional is in the directory and is not kept out of the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from carnet.authorization.facts import Function, RecordFacts
from carnet.consent.majority import majority_at
from carnet.errors import UnknownPatient
from carnet.exchange.emergency_reason import reason_in_words
from carnet.identity.directory import confirm
from carnet.identity.patients import Traits, identifiers, traits
from carnet.identity.patients import find as find_patient
from carnet.identity.record_openings import OpeningRow, recalled_row, row_of
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, PatientKey, Platform
from carnet.record.gate import Gate
from carnet.record.population import BESIDE_THE_DOOR
from carnet.record.scope import read_facts
from carnet.requester import AccessMode, Requester


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

    def stated_reason(self, language: str) -> tuple[str, str]:
        """The words in `fr` or `en` of the reason's code, '' where it has none, and its sentence."""
        return reason_in_words(self.reason, language)


def opening_of(gate: Gate, requester: Requester, session_id: str, handle: str) -> Opening | None:
    """The living opening behind a handle; None for one of another session, ended, unknown, or whose record keeps its professional out.

    Raises AssertionInvalid for somebody whom the directory does not confirm any more: their pages show no banner either.
    """

    def read(connection: Connection) -> Opening | None:
        if requester.portal:
            confirm(connection, requester)
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
        known = [one for one in possible if find_patient(connection, keyring, one) is not None]  # each is looked for
        return known[0] if known else possible[0]

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
        grounds=grounds_to_read(platform, asks, record, now),
        authorisation=record.authorisation,
        medecin_traitant=record.medecin_traitant,
        minor=is_minor(known, now),
        offers=_offers(platform, asks, record, now),
    )


def grounds_to_read(platform: Platform, requester: Requester, record: RecordFacts, now: int) -> tuple[str, ...]:
    """The rules on which the documents of a record may be read now, empty where they may not."""
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
