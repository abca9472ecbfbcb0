"""Who acts for somebody, and for whom somebody acts, as the space shows both; a carer named, and a child's space created or refused.

What a link allows is the table of the patient's side; what it is worth now is consent's to say. Moments are microseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from carnet.authorization.patient_side import PatientRight, decide
from carnet.consent.acting_links import Acting, Representation, State, acted_for, acting_for, lives
from carnet.consent.lifecycle import CELLS, NOTHING, REFUSED, Event, life, move
from carnet.consent.lifecycle import State as LifeState
from carnet.errors import CarnetError, InvalidMetadata, RecordClosed, UnknownPatient
from carnet.identity.patients import by_key, identifiers, traits
from carnet.identity.patients import find as find_patient
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection
from carnet.record.delegations import Delegations
from carnet.record.operator_line import known_patient
from carnet.record.own_circle import Whose, name_of
from carnet.record.patient_room import PATIENT_SIDE, PatientDesk, PatientRoom, majority_of
from carnet.record.sign_in_desk import identifiers_of

OVER = "over"
"""State of a link that was accepted and holds no longer: its date passed, or the child came of age."""


@dataclass(frozen=True, slots=True)
class Bond:
    """One link, of whichever side: `kind` and `state` are those of `representation`, or OVER. `of_age` is when majority ended it, None else."""

    kind: str
    state: str
    since: int
    starts_at: int
    ends_at: int | None
    answer_by: int | None
    of_age: int | None


@dataclass(frozen=True, slots=True)
class Relative:
    """Somebody who acts, or was asked to, for the holder of the record. `identifier` is None when their own record was destroyed."""

    identifier: PatientIdentifier | None
    name: str
    bond: Bond

    @property
    def revocable(self) -> bool:
        """Whether the holder's side may take it back: a carer, or a link that is over."""
        return self.identifier is not None and (self.bond.kind == Representation.CARER.value or self.bond.state == OVER)


@dataclass(frozen=True, slots=True)
class Family:
    """Who acts for the holder; whether the person may name carers (`carers`), and invite the second representative."""

    relatives: tuple[Relative, ...]
    carers: bool
    second: bool
    majority: int | None
    minor: bool


@dataclass(frozen=True, slots=True)
class ActedFor:
    """Somebody for whom the person acts, or was asked to. `record` is the state of the record; `choice` whether it waits for a yes or a no."""

    whose: Whose
    bond: Bond
    record: str
    choice: bool
    minor: bool
    majority: int | None


@dataclass(frozen=True, slots=True)
class OwnFamily(PatientDesk):
    """The acts."""

    def family(self, patient: PatientIdentifier) -> Family:
        """Who acts for the holder of the record."""
        return self.perform(patient, "list-representatives", PatientRight.CARERS, _family)

    def name_carer(
        self, patient: PatientIdentifier, number: str, birth_date: str, *, ends_at: int | None = None
    ) -> bool:
        """Invites the person of an INS as it is typed, born on a day (yyyymmdd), as a carer. See `_invite`."""
        return self._invite(patient, number, birth_date, Representation.CARER, ends_at)

    def name_second(self, patient: PatientIdentifier, number: str, birth_date: str) -> bool:
        """Invites the second legal representative of a minor. See `_invite`."""
        return self._invite(patient, number, birth_date, Representation.SECOND_REPRESENTATIVE, None)

    def _invite(
        self, patient: PatientIdentifier, number: str, birth_date: str, kind: Representation, ends_at: int | None
    ) -> bool:
        """False when the person is asked or acts already. Raises Refused with the rule beyond the limits.

        Nobody with this number, born on another day, or without a space of their own: InvalidMetadata in each case, so that nobody learns who has one.
        """
        found = self.gate.read(lambda connection: _person(self, connection, number, birth_date, kind))
        if found is not None:
            return Delegations(self.gate, self.operator, self.acting).invite(patient, found, kind, ends_at=ends_at)

        def nobody(_room: PatientRoom) -> bool:
            raise InvalidMetadata("Nobody can be invited by this number and date of birth.")

        right = PatientRight.CARERS if kind is Representation.CARER else PatientRight.REPRESENTATIVES
        return self.perform(patient, f"invite-{kind.value.replace('_', '-')}", right, nobody)

    def accept_terms(self, patient: PatientIdentifier, *, certified: bool) -> bool:
        """Creates, or takes up, the space of somebody for whom the person acts by law. Raises InvalidMetadata unless they certify that they do.

        RecordClosed where the life of the record refuses.
        """

        def work(room: PatientRoom) -> bool:
            if not certified:
                raise InvalidMetadata(
                    "Who creates the space of another certifies to represent them.", subject="certified"
                )
            state = life(room.connection, room.patient_key).state
            if not may_be_created(state):
                raise RecordClosed("This space cannot be created.")
            if CELLS[state, Event.OPEN] != NOTHING:
                move(room.connection, room.patient_key, Event.OPEN, now=room.now, actor=PATIENT_SIDE)
            return move(room.connection, room.patient_key, Event.ACTIVATE, now=room.now, actor=PATIENT_SIDE) is not None

        return self.perform(patient, "activate-for", PatientRight.ACTIVATE, work)


def people_acted_for(desk: PatientDesk, person: PatientIdentifier) -> tuple[ActedFor, ...]:
    """Everybody for whom the person acts, was asked to act, or acted until it ended by itself. Reads links, names and the state of records alone."""

    def work(connection: Connection) -> tuple[ActedFor, ...]:
        platform, now = desk.gate.platform, desk.gate.platform.clock()
        me = known_patient(platform, connection, person)
        links = [one for one in acted_for(connection, me.patient_key, now) if one.state is not State.REFUSED]
        newest = {one.patient_key: one for one in sorted(links, key=lambda one: (lives(one, now), one.since))}
        found = (_acted_for(desk, connection, one, now) for one in newest.values())
        return tuple(one for one in found if one is not None)

    return desk.gate.read(work)


def may_be_created(state: LifeState) -> bool:
    """Whether the record may be open, and then activated."""
    opened = LifeState.OPEN if CELLS[state, Event.OPEN] in {NOTHING, LifeState.OPEN.value} else state
    return CELLS[state, Event.OPEN] != REFUSED and CELLS[opened, Event.ACTIVATE] == LifeState.ACTIVATED.value


def _acted_for(desk: PatientDesk, connection: Connection, link: Acting, now: int) -> ActedFor | None:
    """None when the other's key is gone."""
    try:
        other = by_key(connection, link.patient_key)
        key = desk.gate.platform.keyring.patient_key(other.pseudonym)
        current = identifiers(connection, other.patient_key, key)[-1].identifier
        majority = majority_of(connection, other, key)
    except (CarnetError, IndexError):
        return None
    bond = _bond(link, now, majority)
    state = life(connection, other.patient_key).state
    by_law = link.kind is not Representation.CARER and bond.state == State.ACCEPTED.value
    return ActedFor(
        whose=Whose(current, name_of(desk, connection, other.patient_key), link.kind.value),
        bond=bond,
        record=state.value,
        choice=by_law and state is not LifeState.ACTIVATED and may_be_created(state),
        minor=majority is not None and now < majority,
        majority=majority,
    )


def _family(room: PatientRoom) -> Family:
    majority = majority_of(room.connection, room.patient, room.key)
    minor = majority is not None and room.now < majority
    links = acting_for(room.connection, room.patient_key, now=room.now)
    living = {one.kind for one in links if lives(one, room.now) and not one.lapsed(room.now, majority=majority)}
    second = decide(room.facts, PatientRight.REPRESENTATIVES).allowed
    return Family(
        relatives=tuple(_relative(room, one, majority) for one in links if one.state is not State.REFUSED),
        carers=room.platform.settings.carers and decide(room.facts, PatientRight.CARERS).allowed,
        second=second and minor and Representation.SECOND_REPRESENTATIVE not in living,
        majority=majority,
        minor=minor,
    )


def _relative(room: PatientRoom, link: Acting, majority: int | None) -> Relative:
    try:
        other = by_key(room.connection, link.acting_key)
        key = room.platform.keyring.patient_key(other.pseudonym)
        identifier = identifiers(room.connection, other.patient_key, key)[-1].identifier
        known = traits(room.connection, other.patient_key, key)
    except (CarnetError, IndexError):
        return Relative(None, "", _bond(link, room.now, majority))
    given = known.used_given_name or known.birth_given_names.split(" ")[0]
    return Relative(
        identifier, f"{given} {known.used_name or known.birth_name}".title(), _bond(link, room.now, majority)
    )


def _bond(link: Acting, now: int, majority: int | None) -> Bond:
    lapsed = link.lapsed(now, majority=majority)
    ended = link.state is State.ACCEPTED and (lapsed or (link.ends_at is not None and now >= link.ends_at))
    state = OVER if ended else State.EXPIRED.value if lapsed else link.state.value
    of_age = majority if lapsed else None
    return Bond(link.kind.value, state, link.since, link.starts_at, link.ends_at, link.answer_by, of_age)


def _person(
    desk: PatientDesk, connection: Connection, number: str, birth_date: str, kind: Representation
) -> PatientIdentifier | None:
    """The INS of the person of a number, born on a day: 00 stands for what is not known of it. A carer has an active space."""
    platform = desk.gate.platform
    for one in identifiers_of(platform, number):
        found = find_patient(connection, platform.keyring, one)
        if found is None:
            continue
        try:
            key = platform.keyring.patient_key(found.pseudonym)
        except UnknownPatient:
            return None
        born = traits(connection, found.patient_key, key).birth_date
        ready = kind is not Representation.CARER or life(connection, found.patient_key).state is LifeState.ACTIVATED
        return one if ready and born.ljust(8, "0") == birth_date.ljust(8, "0") else None
    return None
