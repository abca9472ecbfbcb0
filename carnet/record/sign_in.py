"""Signing in: by an identity provider, by a passkey, by a code sent to the person's address. Each ends in a session, or in a refusal.

What a browser begins is kept for a few minutes, bound to that browser, and used once: a code, a state or a challenge that comes again, or
from another browser, is nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from carnet.clock import MINUTE
from carnet.consent.lifecycle import State, life
from carnet.consent.majority import majority_at
from carnet.errors import IntegrityFailure, Refused, SignInFailed, TooManyTries, UnknownPatient
from carnet.identity import passkeys
from carnet.identity.contacts import address_of_patient, address_since
from carnet.identity.oidc_client import Arrival, Begun
from carnet.identity.one_time_codes import code_of, holder_of_code, write_code
from carnet.identity.passkeys import CLONED, CopiedPasskey, Party, end_passkey, passkey_answered, signing_in_options
from carnet.identity.patient_search import person_of as person_of_key
from carnet.identity.patients import Patient, by_key, traits
from carnet.identity.pivot_identity import person_described, read_pivot
from carnet.identity.sessions import Details, Level, Opening, Purpose
from carnet.identity.sign_in_attempts import begin, take
from carnet.identity.subject_links import link
from carnet.platform import Connection
from carnet.record.life import Person
from carnet.record.sign_in_desk import Case, SignedIn, SignInDesk, person_numbered, purpose_for

PROVIDER, PASSKEY, ONE_TIME_CODE = "provider", "passkey", "one-time-code"
"""How somebody signs in: the name of the act, and the method of the session."""
BEGUN_LASTS = 10 * MINUTE
PASSKEY_COPIED = "sign-in-passkey-copied"
"""Kind of the notice that a passkey was ended because its counter went back."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A code and where it goes. Nothing of it is shown to whoever asked."""

    address: str
    code: str


@dataclass(frozen=True, slots=True)
class SignIn(SignInDesk):
    """The ways in."""

    # --- an identity provider ----------------------------------------------------------------------------------

    def begin_provider(self) -> Begun:
        """Keeps the secrets of a sign-in at the provider for this browser. Raises TooManyTries."""
        begun = Begun.new()
        self._begin(PROVIDER, begun.state, {"nonce": begun.nonce, "verifier": begun.verifier})
        return begun

    def take_provider(self, state: str) -> Begun:
        """What was kept with a state, once. Raises SignInFailed, traced: it was not begun in this browser, or it came before."""
        return self.perform(f"{PROVIDER}-return", partial(_take_provider, state=state), quiet=True)

    def by_provider(self, arrival: Arrival) -> SignedIn:
        """Signs in whom the provider identified, when exactly one person of ours has the traits. Raises SignInFailed, Refused."""
        return self.perform(PROVIDER, partial(_by_provider, arrival=arrival), of=partial(_described, self, arrival))

    def failed(self, method: str, error: SignInFailed) -> None:
        """Traces a sign-in that failed before it came here: what the provider sent back was not right."""

        def work(case: Case) -> None:
            case.count_visit("address of what failed")
            raise error

        try:
            self.perform(method, work)
        except SignInFailed:
            return

    # --- a passkey ---------------------------------------------------------------------------------------------

    def begin_passkey(self, party: Party) -> str:
        """What the browser is asked to sign (JSON), by any passkey of ours that the device holds. Raises TooManyTries."""
        challenge = secrets.token_bytes(32)
        self._begin(PASSKEY, self.visitor.browser, {"challenge": passkeys.challenge_text(challenge)})
        return signing_in_options(party, challenge)

    def by_passkey(self, party: Party, answer: str) -> SignedIn:
        """Signs in the holder of the passkey that signed. Raises SignInFailed, Refused; a passkey that may be a copy is ended."""
        return self.perform(PASSKEY, partial(_by_passkey, party=party, answer=answer), of=partial(_holder, answer))

    # --- a code by e-mail --------------------------------------------------------------------------------------

    def ask_code(self, number: str, address: str) -> Sending | None:
        """Makes a code for the person of an INS whose known address this is; None when there is nobody to send it to.

        Whoever asked is told the same in both cases. Raises TooManyTries, of the address it comes from alone.
        """
        of = partial(_numbered, self, number)
        return self.perform("ask-code", partial(_ask_code, number=number, address=address), of=of)

    def by_code(self, code: str) -> SignedIn:
        """Signs in with the code that this browser asked for. Raises SignInFailed, TooManyTries, Refused."""
        return self.perform(ONE_TIME_CODE, partial(_by_code, code=code), of=partial(_asked, self))

    def _begin(self, kind: str, state: str, values: Mapping[str, str]) -> None:
        self.perform(f"begin-{kind}", partial(_begin, kind=kind, state=state, values=values), quiet=True)


# --- what is begun --------------------------------------------------------------------------------------------------


def _begin(case: Case, *, kind: str, state: str, values: Mapping[str, str]) -> None:
    case.count_visit()
    key = case.platform.keyring.actor_key()
    times = {"now": case.now, "expires_at": case.now + BEGUN_LASTS}
    begin(case.connection, key, kind, state=state, browser=case.visitor.browser, values=values, **times)


def _take(case: Case, kind: str, state: str) -> dict[str, str]:
    key = case.platform.keyring.actor_key()
    return take(case.connection, key, kind, state=state, browser=case.visitor.browser, now=case.now)


def _take_provider(case: Case, *, state: str) -> Begun:
    case.count_visit("address back from the provider")
    kept = _take(case, PROVIDER, state)
    return Begun(state, kept["nonce"], kept["verifier"])


# --- a provider -----------------------------------------------------------------------------------------------------


def _described(desk: SignIn, arrival: Arrival, connection: Connection) -> Patient | None:
    platform = desk.platform
    try:
        maximum = platform.settings.maximum_searched_people
        return person_described(connection, platform.keyring, read_pivot(arrival.pivot), maximum=maximum)
    except SignInFailed:
        return None


def _by_provider(case: Case, *, arrival: Arrival) -> SignedIn:
    platform, who = case.platform, arrival.who
    maximum = platform.settings.maximum_searched_people
    patient = person_described(case.connection, platform.keyring, read_pivot(arrival.pivot), maximum=maximum)
    case.about(patient)
    link(case.connection, platform.keyring, patient.patient_key, issuer=who.issuer, subject=who.subject, now=case.now)
    person = case.admit(patient)
    return case.open(
        person,
        Opening(
            purpose_for(life(case.connection, patient.patient_key).state),
            PROVIDER,
            Level.STRONG,
            case.visitor.device,
            replace(_details(case), id_token=arrival.id_token),
            issuer=who.issuer,
            provider_session=who.session,
            provider_subject=who.subject,
        ),
    )


# --- a passkey ------------------------------------------------------------------------------------------------------


def _holder(answer: str, connection: Connection) -> Patient | None:
    found = passkeys.holder_of(connection, answer)
    return person_of_key(connection, found) if found is not None else None


def _by_passkey(case: Case, *, party: Party, answer: str) -> SignedIn:
    case.count_visit()
    challenge = passkeys.challenge_bytes(_take(case, PASSKEY, case.visitor.browser)["challenge"])
    try:
        used = passkey_answered(
            case.connection, case.platform.keyring, party, answer, challenge=challenge, now=case.now
        )
    except CopiedPasskey as error:
        _end_copied(case, error)
        raise
    person = case.admit(Patient(used.patient_key, used.pseudonym))
    return case.open(person, _opening(case, person, PASSKEY, Level.STRONG))


def _end_copied(case: Case, error: CopiedPasskey) -> None:
    held = error.key
    case.about(Patient(held.patient_key, held.pseudonym))
    end_passkey(case.connection, held.patient_key, held.passkey_id, by=CLONED, now=case.now)
    case.tell(PASSKEY_COPIED, cause=held.passkey_id)


# --- a code by e-mail -----------------------------------------------------------------------------------------------


def _numbered(desk: SignIn, number: str, connection: Connection) -> Patient | None:
    return person_numbered(desk.platform, connection, number)


def _ask_code(case: Case, *, number: str, address: str) -> Sending | None:
    case.count_visit()
    patient = person_numbered(case.platform, case.connection, number)
    reached = _reached_at(case, patient, address) if patient is not None else None
    try:
        case.count("code asked", "".join(number.split()), case.platform.settings.sign_in_tries_account)
    except TooManyTries:
        reached = None  # whoever asks too often for somebody learns nothing by it
    of = patient.patient_key if patient is not None and reached is not None else None
    code = write_code(case.connection, case.platform.keyring, of, browser=case.visitor.browser, now=case.now)
    case.detail = "sent" if reached is not None else "sent to nobody"
    return Sending(reached, code) if reached is not None else None


def _reached_at(case: Case, patient: Patient, address: str) -> str | None:
    """The address at which a person is told, as it is known, when they may have a code and it is the one given."""
    try:
        person = case.about(patient)
        known = address_of_patient(case.connection, patient.patient_key, person.key)
        born = traits(case.connection, patient.patient_key, person.key).birth_date
        theirs = address_since(case.connection, patient.patient_key) >= majority_at(born)
    except (UnknownPatient, IntegrityFailure, ValueError):
        return None
    active = life(case.connection, patient.patient_key).state is State.ACTIVATED
    given = address.strip().casefold()
    return known if active and theirs and known and known.casefold() == given else None


def _asked(desk: SignIn, connection: Connection) -> Patient | None:
    patient_key = holder_of_code(connection, desk.visitor.browser)
    return person_of_key(connection, patient_key) if patient_key is not None else None


def _by_code(case: Case, *, code: str) -> SignedIn:
    case.count_visit()
    if not case.platform.settings.one_time_codes:
        raise Refused("No code lets anybody in here.", rules=("one-time-codes",))
    holder = holder_of_code(case.connection, case.visitor.browser)
    if holder is not None:
        case.about(by_key(case.connection, holder))
        _count_code_tried(case, holder)
    patient_key = code_of(case.connection, case.platform.keyring, code, browser=case.visitor.browser, now=case.now)
    person = case.admit(by_key(case.connection, patient_key))
    opening = _opening(case, person, ONE_TIME_CODE, Level.PLAIN)
    if opening.purpose is not Purpose.SPACE:
        raise SignInFailed("a code lets in only where the space is activated")
    return case.open(person, opening)


def _count_code_tried(case: Case, holder: int) -> None:
    """Too many are told as one that is wrong: where nobody has the code there is nobody to count for, and the two must look the same."""
    try:
        case.count("code tried", str(holder), case.platform.settings.sign_in_tries_account)
    except TooManyTries as error:
        raise SignInFailed(error.message) from error


def _opening(case: Case, person: Person, method: str, level: Level) -> Opening:
    state = life(case.connection, person.patient.patient_key).state
    return Opening(purpose_for(state), method, level, case.visitor.device, _details(case))


def _details(case: Case) -> Details:
    return Details(case.visitor.agent, case.visitor.address)
