"""Where people sign in: what every act there shares. Who asks is not known yet, so each act finds the person, decides, and is traced.

An act runs in one transaction, in the turn of the person whom it is about. What it raises is kept as its answer: the tries that it counted
and the line of the trace stay, whatever becomes of it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from carnet.audit.event import AuditEvent
from carnet.audit.journal import append as append_to_journal
from carnet.clock import HOUR, MINUTE
from carnet.consent.lifecycle import State, life
from carnet.consent.majority import majority_at
from carnet.errors import CarnetError, Refused, SignInFailed, TooManyTries, Unauthenticated, Unavailable, UnknownPatient
from carnet.exchange.notices import owe
from carnet.identity.ins import AUTHORITIES, TEST_AUTHORITIES
from carnet.identity.patients import Patient, traits
from carnet.identity.patients import find as find_patient
from carnet.identity.session_rows import Limits
from carnet.identity.sessions import Opening, Purpose, Session, device_is_known, open_session
from carnet.identity.sign_in_attempts import count_try, forget_counts
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, Platform
from carnet.record.gate import Gate
from carnet.record.groups import turn_of_people
from carnet.record.life import Person, person_of

T = TypeVar("T")
NEW_DEVICE = "sign-in-new-device"
"""Kind of the notice that somebody signed in on a device that the person's space did not know."""
SPAN = HOUR
"""Microseconds within which tries are counted."""
ACTIVATION_LASTS = 30 * MINUTE
Finder = Callable[[Connection], Patient | None]


@dataclass(frozen=True, slots=True)
class Visitor:
    """What is known of who asks: network address, what the device calls itself, and the tokens of its two cookies, '' for none.

    `browser` is of this visit, `device` stays for a year: it tells a device that was used before, and opens nothing.
    """

    address: str = ""
    agent: str = ""
    browser: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that began: the value of its cookie, and the session."""

    token: str = field(repr=False)
    session: Session


@dataclass(slots=True)
class Case:
    """One act at the desk, inside the gate's transaction. `person` is whom it is about, once that is found; `known` that it is they."""

    platform: Platform
    connection: Connection
    visitor: Visitor
    now: int
    person: Person | None = None
    known: bool = False
    detail: str = ""

    def about(self, patient: Patient) -> Person:
        """Says whom the act is about. Raises UnknownPatient when their key is destroyed."""
        self.person = person_of(self.platform, self.connection, patient)
        return self.person

    def admit(self, patient: Patient) -> Person:
        """Says that this is who asks, and may sign in. Raises SignInFailed for the dead and destroyed, Refused for minors."""
        try:
            person = self.about(patient)
        except UnknownPatient as error:
            raise SignInFailed("the person's record is destroyed") from error
        if life(self.connection, patient.patient_key).deceased:
            raise SignInFailed("the person is known to have died")
        if not _of_age(self, person):
            raise Refused("A minor does not sign in: the legal representatives do.", rules=("minor",))
        self.known = True
        return person

    def count(self, what: str, whom: str, maximum: int) -> None:
        """Counts a try. Raises TooManyTries."""
        span = {"maximum": maximum, "span": SPAN, "now": self.now}
        count_try(self.connection, self.platform.keyring, what, whom, **span)

    def count_visit(self, what: str = "address") -> None:
        """Counts a try of the visitor's address. Raises TooManyTries."""
        forget_counts(self.connection, self.now - 2 * SPAN)
        self.count(what, network_of(self.visitor.address), self.platform.settings.sign_in_tries_address)

    def tell(self, kind: str, *, cause: str) -> None:
        """Writes the notice that is owed to the person whom the act is about."""
        assert self.person is not None
        owe(self.connection, self.person.patient.patient_key, kind=kind, recipient="patient", cause=cause, now=self.now)

    def open(self, person: Person, opening: Opening) -> SignedIn:
        """Begins a session of the person, and tells them when the device is new."""
        patient_key = person.patient.patient_key
        new = not device_is_known(self.connection, patient_key, self.visitor.device)
        limits = limits_of(self.platform)
        if opening.purpose is Purpose.ACTIVATION:
            limits = Limits(limits.idle, ACTIVATION_LASTS)
        token, session = open_session(
            self.connection, self.platform.keyring, person.key, patient_key, opening, now=self.now, limits=limits
        )
        self.detail = f"{opening.purpose} {opening.method} {session.session_id}"
        if new:
            self.tell(NEW_DEVICE, cause=session.session_id)
        return SignedIn(token, session)


def network_of(address: str) -> str:
    """Whom tries from an address are counted for: of IPv6 the /64, since whoever has one address there has them all."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 6 and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address


def limits_of(platform: Platform) -> Limits:
    """How long sessions live, by the settings."""
    return Limits(platform.settings.session_idle_minutes * MINUTE, platform.settings.session_hours * HOUR)


def purpose_for(state: State) -> Purpose:
    """What somebody who signs in comes for: the space, once they accepted its terms; before, to say yes or no."""
    return Purpose.SPACE if state is State.ACTIVATED else Purpose.ACTIVATION


def identifiers_of(platform: Platform, number: str) -> tuple[PatientIdentifier, ...]:
    """What a number typed by a person may be the INS of: blanks do not matter, and nobody types an OID."""
    allowed = AUTHORITIES if platform.settings.test_identities else AUTHORITIES - TEST_AUTHORITIES
    typed = "".join(number.split()).upper()[:22]
    return tuple(PatientIdentifier(typed, authority) for authority in sorted(allowed)) if typed else ()


def person_numbered(platform: Platform, connection: Connection, number: str) -> Patient | None:
    """The person of an INS as it is typed."""
    found = (find_patient(connection, platform.keyring, one) for one in identifiers_of(platform, number))
    return next((one for one in found if one is not None), None)


@dataclass(frozen=True, slots=True)
class SignInDesk:
    """The desk, for one visitor."""

    gate: Gate
    visitor: Visitor

    @property
    def platform(self) -> Platform:
        """What was built at start."""
        return self.gate.platform

    def perform(
        self, name: str, work: Callable[[Case], T], *, of: Finder = lambda _connection: None, quiet: bool = False
    ) -> T:
        """Does and traces one act as `sign-in/<name>`; returns what it gives. `of` says whom it may be about, before it begins.

        A `quiet` act leaves a line only when it fails: a page that was opened is no sign-in. An address that tries too often leaves none
        about nobody: its tries until then have theirs, and nobody fills the trace by knocking.
        Raises what the act raises, after its line was kept; Unavailable when whom it is about changed meanwhile.
        """
        platform = self.platform
        turn, expected = self.gate.read(lambda connection: turn_of_people(platform, connection, of(connection)))

        def run(connection: Connection) -> T | CarnetError:
            case = Case(platform, connection, self.visitor, platform.clock())
            answer: T | CarnetError
            try:
                answer = work(case)
            except CarnetError as error:
                answer = error
            if case.person is not None and case.person.patient.patient_key != expected:
                raise Unavailable("Who this is about has just changed; try again.")
            knocks = isinstance(answer, TooManyTries) and case.person is None
            if not knocks and (not quiet or isinstance(answer, CarnetError)):
                _trace(case, name, answer)
            return answer

        answer = self.gate.administer(run, turn=turn)
        if isinstance(answer, CarnetError):
            raise answer
        return answer


def _of_age(case: Case, person: Person) -> bool:
    """A date of birth that cannot be read makes nobody of age."""
    try:
        born = traits(case.connection, person.patient.patient_key, person.key).birth_date
        return majority_at(born) <= case.now
    except ValueError:
        return False


def _trace(case: Case, name: str, answer: object) -> None:
    refused = isinstance(answer, CarnetError)
    person = case.person
    key = person.key if person is not None else case.platform.keyring.actor_key()
    event = AuditEvent(
        action=f"sign-in/{name}",
        outcome="done" if not refused else "refused" if isinstance(answer, Unauthenticated | Refused) else "failed",
        at=case.now,
        requester_id=person.cx.partition("^")[0] if person is not None and case.known else "",
        requester_role="holder" if case.known else "",
        address=case.visitor.address,
        patient=person.cx if person is not None else "",
        rules=answer.rules if isinstance(answer, Refused) else ("authentication",) if refused else (),
        detail=answer.message if isinstance(answer, Unauthenticated) else case.detail,
    )
    append_to_journal(case.connection, event, patient_key=person.patient.patient_key if person else None, key=key)
