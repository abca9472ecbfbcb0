"""Saying yes or no to the space: with the provisional code of the letter, or after another sign-in; creating and objecting weigh the same.

What each does is the table of the record's life; here stand who may do it, and what goes with it. R1111-28, R1111-36, R1111-40 CSP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from carnet.clock import DAY
from carnet.consent.lifecycle import CELLS, NOTHING, REFUSED, Event, State, life
from carnet.consent.majority import majority_at
from carnet.consent.opposition_proofs import last_proof, write_proof
from carnet.errors import InvalidMetadata, RecordClosed, Refused, SignInFailed, TooManyTries, UnknownPatient
from carnet.identity.contacts import address_of_patient
from carnet.identity.patients import Patient, Traits, traits
from carnet.identity.provisional_codes import end_codes, issue_code, try_code
from carnet.identity.sessions import Details, Level, Opening, Purpose, end_session, keep_provider
from carnet.platform import Connection, Platform
from carnet.record.endings import settle_after
from carnet.record.life import Actor, Person, happen
from carnet.record.sign_in_desk import Case, SignedIn, SignInDesk, person_numbered
from carnet.record.space_sessions import Present

PROVISIONAL_CODE = "provisional-code"
CODE_ASKED = "enrolment-code-asked"
"""Kind of the notice that a person without e-mail asked for another provisional code: a letter is due."""
BY_HOLDER = "FERMETURE_DEMANDE_PATIENT"
_NO: Mapping[State, Event] = MappingProxyType(
    {
        # state: what saying no is                 clause
        State.INFORMED: Event.OPPOSE,  # R1111-28 CSP
        State.OPEN: Event.CLOSE,  # R1111-36 CSP: the delay has passed
    }
)
WITHOUT_SPACE = frozenset({State.INFORMED, State.OPPOSED, State.OPEN, State.CLOSED})
"""States in which a provisional code is given."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A provisional code and the address where it goes."""

    address: str
    code: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a person may say now. `no` is the event that saying no is; `name` is how the page calls them."""

    state: State
    yes: bool
    no: Event | None
    proof: bool
    name: str


@dataclass(frozen=True, slots=True)
class ProvisionalCodes(SignInDesk):
    """Before anybody is known: the code of the letter, and another one."""

    def by_code(self, number: str, birth_date: str, code: str) -> SignedIn:
        """Begins a session of half an hour for whoever has INS, date of birth and code; `birth_date` as yyyymmdd, 00 for what is not known.

        Raises SignInFailed, CodeExpired for the right code too late, TooManyTries, Refused for a minor.
        """
        work = partial(_by_code, number=number, birth_date=birth_date, code=code)
        return self.perform(PROVISIONAL_CODE, work, of=partial(_numbered, self, number))

    def ask_another(self, number: str, birth_date: str, *, by_email: bool = True) -> Sent | None:
        """Makes another code for somebody who has no space yet: for e-mail, or a letter becomes due. None when nothing is to be sent now.

        Whoever asked is told the same in every case. Raises TooManyTries, of the address it comes from alone.
        """
        work = partial(_ask_another, number=number, birth_date=birth_date, by_email=by_email)
        return self.perform("ask-provisional-code", work, of=partial(_numbered, self, number))


@dataclass(frozen=True, slots=True)
class Activation(SignInDesk):
    """What somebody in a session does who has not activated the space."""

    who: Present

    def offer(self) -> Offer:
        """What may be said now. Nothing of it is of the record, so it leaves no line."""
        platform = self.platform

        def read(connection: Connection) -> Offer:
            key = platform.keyring.patient_key(self.who.patient.pseudonym)
            now_is = life(connection, self.who.patient.patient_key)
            no = _event_of_no(now_is.state, joining=now_is.due_at is not None)
            proof = last_proof(connection, self.who.patient.patient_key, key) is not None
            named = called(traits(connection, self.who.patient.patient_key, key))
            return Offer(now_is.state, _may_say_yes(now_is.state), no, proof, named)

        return self.gate.read(read)

    def create(self, *, terms: bool) -> SignedIn:
        """Creates or opens the space again, and activates it; the session goes on under a new cookie, for the space.

        Raises InvalidMetadata without the terms, RecordClosed where the life of the record refuses.
        """
        return self.perform("create", partial(_create, who=self.who, terms=terms), of=self._of)

    def refuse(self) -> Event:
        """Says no: objects within the delay, with a proof, keeps a record of before 2022 apart, or closes one that is open.

        Raises RecordClosed where there is nothing to say no to any more.
        """
        return self.perform("refuse", partial(_refuse, who=self.who), of=self._of)

    def proof(self) -> str:
        """The signed statement of the person's last objection. Raises UnknownPatient when there is none."""
        return self.perform("opposition-proof", partial(_proof, who=self.who), of=self._of)

    def _of(self, _connection: Connection) -> Patient:
        return self.who.patient


# --- the code -------------------------------------------------------------------------------------------------------


def _numbered(desk: ProvisionalCodes, number: str, connection: Connection) -> Patient | None:
    return person_numbered(desk.platform, connection, number)


def _by_code(case: Case, *, number: str, birth_date: str, code: str) -> SignedIn:
    case.count_visit()
    case.count("provisional code", "".join(number.split()), case.platform.settings.sign_in_tries_account)
    patient = person_numbered(case.platform, case.connection, number)
    if patient is None:
        raise SignInFailed("no person has this number")
    person = _about(case, patient)
    if not _born_on(case, person, birth_date):
        raise SignInFailed("the date of birth is another")
    channel = try_code(case.connection, case.platform.keyring, patient.patient_key, code, now=case.now)
    if life(case.connection, patient.patient_key).state not in WITHOUT_SPACE:
        raise SignInFailed("a provisional code is for who has no space")
    person = case.admit(patient)
    level = Level.STRONG if channel == "post" else Level.PLAIN
    details = Details(case.visitor.agent, case.visitor.address)
    return case.open(person, Opening(Purpose.ACTIVATION, PROVISIONAL_CODE, level, case.visitor.device, details))


def _ask_another(case: Case, *, number: str, birth_date: str, by_email: bool) -> Sent | None:
    case.count_visit()
    patient = person_numbered(case.platform, case.connection, number)
    try:
        case.count("code asked", "".join(number.split()), case.platform.settings.sign_in_tries_account)
        person = _about(case, patient) if patient is not None else None
    except (SignInFailed, TooManyTries):
        return None
    if person is None or not _born_on(case, person, birth_date) or not _may_have_code(case, person):
        case.detail = "sent to nobody"
        return None
    address = address_of_patient(case.connection, person.patient.patient_key, person.key)
    if not (address and by_email):
        case.tell(CODE_ASKED, cause="code")
        case.detail = "a letter is due"
        return None
    case.detail = "sent"
    code = write_provisional_code(case.platform, case.connection, person.patient.patient_key, "email", case.now)
    return Sent(address, code)


def write_provisional_code(platform: Platform, connection: Connection, patient_key: int, channel: str, now: int) -> str:
    """Makes a provisional code for e-mail or post; it ends the one before."""
    ends = now + platform.settings.provisional_code_days * DAY
    return issue_code(connection, platform.keyring, patient_key, channel=channel, now=now, expires_at=ends)


def _about(case: Case, patient: Patient) -> Person:
    try:
        return case.about(patient)
    except UnknownPatient as error:
        raise SignInFailed("the person's record is destroyed") from error


def _may_have_code(case: Case, person: Person) -> bool:
    now_is = life(case.connection, person.patient.patient_key)
    try:
        born = traits(case.connection, person.patient.patient_key, person.key).birth_date
        return now_is.state in WITHOUT_SPACE and not now_is.deceased and majority_at(born) <= case.now
    except ValueError:
        return False


def _born_on(case: Case, person: Person, birth_date: str) -> bool:
    known = traits(case.connection, person.patient.patient_key, person.key).birth_date
    return known.ljust(8, "0") == birth_date.ljust(8, "0")


# --- yes or no ------------------------------------------------------------------------------------------------------


def _create(case: Case, *, who: Present, terms: bool) -> SignedIn:
    person = _present(case, who)
    if not terms:
        raise InvalidMetadata("The terms are not accepted.", subject="terms")
    patient_key, by = who.patient.patient_key, _holder(who)
    state = life(case.connection, patient_key).state
    if not _may_say_yes(state):
        raise RecordClosed("This space cannot be created.")
    if CELLS[state, Event.OPEN] != NOTHING:
        happen(case.connection, person, Event.OPEN, by=by, now=case.now)
    happen(case.connection, person, Event.ACTIVATE, by=by, now=case.now)
    end_codes(case.connection, patient_key, by="used", now=case.now)
    end_session(case.connection, patient_key, who.session.session_id, by="activated", now=case.now)
    opening = Opening(
        Purpose.SPACE, who.session.method, who.session.level, case.visitor.device, who.session.details(person.key)
    )
    signed_in = case.open(person, opening)
    keep_provider(case.connection, patient_key, former=who.session.session_id, name=signed_in.session.session_id)
    return signed_in


def _refuse(case: Case, *, who: Present) -> Event:
    person = _present(case, who)
    patient_key = who.patient.patient_key
    now_is = life(case.connection, patient_key)
    event = _event_of_no(now_is.state, joining=now_is.due_at is not None)
    if event is None:
        raise RecordClosed("There is nothing to object to any more.")
    reason = BY_HOLDER if event is Event.CLOSE else ""
    happen(case.connection, person, event, by=_holder(who), now=case.now, reason=reason)
    settle_after(case.platform, case.connection, patient_key, event, now=case.now)
    if event is not Event.CLOSE:
        identity = called(traits(case.connection, patient_key, person.key))
        sign = case.platform.keyring.sign_checkpoint
        write_proof(case.connection, patient_key, identity=identity, key=person.key, sign=sign, now=case.now)
    case.detail = event.value
    return event


def _proof(case: Case, *, who: Present) -> str:
    person = _present(case, who)
    found = last_proof(case.connection, who.patient.patient_key, person.key)
    if found is None:
        raise UnknownPatient("This person has not objected.")
    return found


def _present(case: Case, who: Present) -> Person:
    """The person of a session that is for this. Raises Refused for a session of the space."""
    if who.session.purpose is not Purpose.ACTIVATION:
        raise Refused("This session is for the space.", rules=("purpose",))
    return case.admit(who.patient)


def _may_say_yes(state: State) -> bool:
    """Whether the record may be open, and then activated."""
    opened = State.OPEN if CELLS[state, Event.OPEN] in {NOTHING, State.OPEN.value} else state
    return CELLS[state, Event.OPEN] != REFUSED and CELLS[opened, Event.ACTIVATE] == State.ACTIVATED.value


def _event_of_no(state: State, *, joining: bool) -> Event | None:
    """A record of before 2022 whose delay runs is kept apart: it stays what it was (R1111-40 CSP)."""
    return Event.KEEP_APART if state is State.OPEN and joining else _NO.get(state)


def _holder(who: Present) -> Actor:
    return Actor(who.identifier.value, "holder")


def called(known: Traits) -> str:
    """How a person is called: the used names, or those of birth."""
    given = known.used_given_name or known.birth_given_names.partition(" ")[0]
    return f"{given} {known.used_name or known.birth_name}".strip()
