"""The passkeys of somebody who is signed in: adding, naming, removing; the person is told of each that comes or goes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial

from carnet.errors import Refused
from carnet.identity import passkeys
from carnet.identity.passkeys import Party, add_passkey, adding_options, end_passkey, passkeys_of, user_handle
from carnet.identity.patients import Patient, traits
from carnet.identity.sessions import Level, Purpose
from carnet.identity.sign_in_attempts import begin, take
from carnet.platform import Connection
from carnet.record.life import Person
from carnet.record.sign_in import BEGUN_LASTS
from carnet.record.sign_in_desk import Case, SignInDesk
from carnet.record.space_sessions import Present

ADDED, REMOVED = "sign-in-passkey-added", "sign-in-passkey-removed"
"""Kinds of notices."""
ADDING = "passkey-adding"


@dataclass(frozen=True, slots=True)
class ShownPasskey:
    """A line of the list; moments in microseconds UTC. `copied`: the maker of the device keeps a copy for the person's other devices."""

    passkey_id: str
    name: str
    added_at: int
    used_at: int | None
    copied: bool


@dataclass(frozen=True, slots=True)
class PasskeyKeeping(SignInDesk):
    """The desk of one person."""

    who: Present
    party: Party

    def begin_adding(self) -> str:
        """What the browser is asked so that it makes a passkey (JSON). Raises Refused when it takes a stronger sign-in."""
        return self.perform("begin-passkey-adding", partial(_begin, keeping=self), of=self._of, quiet=True)

    def add(self, answer: str, name: str) -> str:
        """Keeps the passkey that the browser made; returns its id. Raises SignInFailed, Refused."""
        return self.perform("add-passkey", partial(_add, keeping=self, answer=answer, name=name), of=self._of)

    def remove(self, passkey_id: str) -> bool:
        """Removes a passkey: it lets nobody in any more; False when there is none of that id. Raises Refused like `begin_adding`."""
        return self.perform("remove-passkey", partial(_remove, keeping=self, passkey_id=passkey_id), of=self._of)

    def listed(self) -> tuple[ShownPasskey, ...]:
        """The person's passkeys, the oldest first."""
        platform, patient = self.platform, self.who.patient

        def read(connection: Connection) -> tuple[ShownPasskey, ...]:
            key = platform.keyring.patient_key(patient.pseudonym)
            return tuple(
                ShownPasskey(one.passkey_id, one.name_of(key), one.added_at, one.used_at, bool(one.backed_up))
                for one in passkeys_of(connection, patient.patient_key)
            )

        return self.gate.read(read)

    def _of(self, _connection: Connection) -> Patient:
        return self.who.patient


def _present(case: Case, keeping: PasskeyKeeping) -> Person:
    """The person, signed in by two factors. Raises Refused for a session that a code by e-mail began, the first passkey included.

    INFERRED: otherwise a mailbox would be worth a passkey for ever, to whomever it is open for a moment.
    """
    session = keeping.who.session
    person = case.admit(keeping.who.patient)
    if session.purpose is not Purpose.SPACE:
        raise Refused("This session is not for the space.", rules=("purpose",))
    if session.level is not Level.STRONG:
        raise Refused("Sign in by a passkey or by the identity provider to change passkeys.", rules=("level",))
    return person


def _begin(case: Case, *, keeping: PasskeyKeeping) -> str:
    person = _present(case, keeping)
    challenge = secrets.token_bytes(32)
    begin(
        case.connection,
        case.platform.keyring.actor_key(),
        ADDING,
        state=_state(keeping),
        browser=keeping.who.session.session_id,
        values={"challenge": passkeys.challenge_text(challenge)},
        now=case.now,
        expires_at=case.now + BEGUN_LASTS,
    )
    known = traits(case.connection, person.patient.patient_key, person.key)
    called = (
        f"{known.used_given_name or known.birth_given_names.partition(' ')[0]} {known.used_name or known.birth_name}"
    )
    handle = user_handle(case.platform.keyring, person.patient.pseudonym)
    held = passkeys_of(case.connection, person.patient.patient_key)
    return adding_options(keeping.party, handle, called.strip(), held, challenge)


def _add(case: Case, *, keeping: PasskeyKeeping, answer: str, name: str) -> str:
    person = _present(case, keeping)
    actor_key, session_id = case.platform.keyring.actor_key(), keeping.who.session.session_id
    kept = take(case.connection, actor_key, ADDING, state=_state(keeping), browser=session_id, now=case.now)
    challenge = passkeys.challenge_bytes(kept["challenge"])
    patient_key = person.patient.patient_key
    case.detail = add_passkey(
        case.connection, keeping.party, person.key, patient_key, answer, challenge=challenge, name=name, now=case.now
    )
    case.tell(ADDED, cause=case.detail)
    return case.detail


def _remove(case: Case, *, keeping: PasskeyKeeping, passkey_id: str) -> bool:
    person = _present(case, keeping)
    patient_key = person.patient.patient_key
    if not end_passkey(case.connection, patient_key, passkey_id, by="person", now=case.now):
        case.detail = "nothing changed"
        return False
    case.detail = passkey_id
    case.tell(REMOVED, cause=passkey_id)
    return True


def _state(keeping: PasskeyKeeping) -> str:
    """One passkey at a time is being made in a session: asking again makes the former challenge worthless."""
    return f"passkey of {keeping.who.session.session_id}"
