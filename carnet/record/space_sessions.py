"""The sessions of the space: who a cookie is, the list of devices, signing out here or everywhere, and the provider's word that it is over."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from carnet.errors import Unavailable, UnknownPatient
from carnet.identity.logout_tokens import use_logout_token
from carnet.identity.patient_search import person_of as person_of_key
from carnet.identity.patients import Patient, identifiers
from carnet.identity.sessions import (
    NOTED_AFTER,
    Session,
    end_all_sessions,
    end_by_provider,
    end_session,
    living_sessions,
    note_use,
    session_of,
    was_ended,
)
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection
from carnet.record.gate import Gate
from carnet.record.groups import OF_NOBODY
from carnet.record.life import person_of
from carnet.record.sign_in_desk import Case, SignInDesk, Visitor, limits_of

BY_PERSON, BY_REVOCATION = "person", "another device"


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is signed in: the session, the person, and the INS that acts on their record take."""

    session: Session
    patient: Patient
    identifier: PatientIdentifier


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A line of the list of devices; `here` is the one from which the list is looked at."""

    session_id: str
    device: str
    method: str
    began_at: int
    seen_at: int
    here: bool


def present(gate: Gate, token: str) -> Present | None:
    """Who the cookie of a session is, None when it is no living session. Its use is noted, once a minute. Raises Unavailable."""
    platform = gate.platform
    now = platform.clock()

    def read(connection: Connection) -> Present | None:
        found = session_of(connection, token, now=now, limits=limits_of(platform))
        if found is None:
            return None
        try:
            key = platform.keyring.patient_key(found.pseudonym)
        except UnknownPatient:
            return None
        known = identifiers(connection, found.patient_key, key)
        patient = Patient(found.patient_key, found.pseudonym)
        return Present(found, patient, known[-1].identifier) if known and known[-1].until is None else None

    who = gate.read(read)
    if who is not None and now - who.session.seen_at >= NOTED_AFTER:
        with contextlib.suppress(Unavailable):  # it ends earlier, that is all
            gate.administer(lambda connection: note_use(connection, who.session, now=now), turn=OF_NOBODY)
    return who


def ended_by_somebody(gate: Gate, token: str) -> bool:
    """Whether the cookie is of a session that somebody ended, as on a phone that is lost; not of one that ran out. Raises Unavailable."""
    return gate.read(lambda connection: was_ended(connection, token))


@dataclass(frozen=True, slots=True)
class SpaceSessions(SignInDesk):
    """What somebody who is signed in does with sessions."""

    who: Present

    def sign_out(self) -> str:
        """Ends this session; returns the ID token that the provider wants to see, '' when the person did not come from there."""
        return self.perform("sign-out", partial(_sign_out, who=self.who), of=self._of)

    def sign_out_everywhere(self) -> int:
        """Ends every session of the person, this one too; returns how many."""
        return self.perform("sign-out-everywhere", partial(_everywhere, who=self.who), of=self._of)

    def end(self, session_id: str) -> bool:
        """Ends another session of the person, on a device that is lost or not theirs; False when there is none of that id."""
        return self.perform("end-session", partial(_end, who=self.who, session_id=session_id), of=self._of)

    def devices(self) -> tuple[ShownSession, ...]:
        """The living sessions of the person, the one used last first. Nothing of anybody else's, so it leaves no line."""
        platform, who = self.platform, self.who

        def read(connection: Connection) -> tuple[ShownSession, ...]:
            key = platform.keyring.patient_key(who.patient.pseudonym)
            limits = limits_of(platform)
            living = living_sessions(connection, who.patient.patient_key, now=platform.clock(), limits=limits)
            here = who.session.session_id
            return tuple(
                ShownSession(
                    one.session_id,
                    one.details(key).device,
                    one.method,
                    one.began_at,
                    one.seen_at,
                    one.session_id == here,
                )
                for one in living
            )

        return self.gate.read(read)

    def _of(self, _connection: Connection) -> Patient:
        return self.who.patient


def _known(case: Case, who: Present) -> int:
    case.about(who.patient)
    case.known = True
    return who.patient.patient_key


def _sign_out(case: Case, *, who: Present) -> str:
    patient_key = _known(case, who)
    end_session(case.connection, patient_key, who.session.session_id, by=BY_PERSON, now=case.now)
    case.detail = who.session.session_id
    person = person_of(case.platform, case.connection, who.patient)
    return who.session.details(person.key).id_token


def _everywhere(case: Case, *, who: Present) -> int:
    ended = end_all_sessions(case.connection, _known(case, who), by=BY_PERSON, now=case.now)
    case.detail = f"{ended} sessions"
    return ended


def _end(case: Case, *, who: Present, session_id: str) -> bool:
    patient_key = _known(case, who)
    mine = living_sessions(case.connection, patient_key, now=case.now, limits=limits_of(case.platform))
    if session_id not in {one.session_id for one in mine}:
        case.detail = "nothing changed"
        return False
    case.detail = session_id
    return end_session(case.connection, patient_key, session_id, by=BY_REVOCATION, now=case.now)


def end_at_providers_word(gate: Gate, visitor: Visitor, issuer: str, claims: Mapping[str, Any]) -> int:
    """Ends what a verified logout token names, and traces it in each person's chain; returns how many sessions. A token counts once.

    Raises SignInFailed for a token that came before.
    """
    desk = SignInDesk(gate, visitor)
    ended = desk.perform("provider-logout", partial(_at_providers_word, issuer=issuer, claims=claims), quiet=True)
    for patient_key, session_id in ended:
        of = partial(person_of_key, patient_key=patient_key)

        def tell(case: Case, patient_key: int = patient_key, session_id: str = session_id) -> None:
            patient = person_of_key(case.connection, patient_key)
            if patient is not None:
                case.about(patient)
            case.detail = session_id

        desk.perform("provider-logout", tell, of=of)
    return len(ended)


def _at_providers_word(case: Case, *, issuer: str, claims: Mapping[str, Any]) -> list[tuple[int, str]]:
    session, subject = use_logout_token(case.connection, "logout", issuer, claims, now=case.now)
    return end_by_provider(
        case.connection, case.platform.keyring, issuer, session=session, subject=subject, now=case.now
    )
