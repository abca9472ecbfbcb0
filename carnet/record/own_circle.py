"""Who may enter a record and who may not, as its space shows it; whom the person acts for, and whose record that opens."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.authorization.patient_side import Actor, PatientRight, decide
from carnet.consent.acting_links import acted_for
from carnet.consent.care_links import Link, Tie, ties
from carnet.consent.choices import Choice
from carnet.consent.representatives import link_between
from carnet.consent.standing import current_standing
from carnet.errors import CarnetError, Refused, UnknownDocument, UnknownPatient
from carnet.identity.directory import organization, professional
from carnet.identity.patients import by_key, identifiers, traits
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection
from carnet.record.operator_line import known_patient
from carnet.record.own_documents import party_name
from carnet.record.patient_acts import PatientActs
from carnet.record.patient_room import PatientDesk, PatientRoom, facts_of_actor, majority_of
from carnet.terminology.value_sets import value_set

G15 = "1.2.250.1.71.1.2.7"
HIDDEN = frozenset({Link.FEEDING_OPPOSED})


@dataclass(frozen=True, slots=True)
class Party:
    """A professional or a structure, and how it is tied to the record. Moments in microseconds UTC; `until` None: no end."""

    identifier: str
    name: str
    profession: str
    grounds: tuple[str, ...]
    since: int
    until: int | None
    blocked: bool


@dataclass(frozen=True, slots=True)
class Circle:
    """Everybody who is tied to the record, and the four general choices by name, None where one cannot be read."""

    parties: tuple[Party, ...]
    choices: dict[str, bool]
    manages: bool
    """Whether the person who asks may change them."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Somebody whose record the person may open; `kind` is a kind of representation, '' for the person's own."""

    identifier: PatientIdentifier
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class OwnCircle(PatientDesk):
    """The acts."""

    def circle(self, patient: PatientIdentifier) -> Circle:
        """Who may enter and who may not, and the general choices."""
        return self.perform(patient, "list-professionals", PatientRight.SEE, _circle)

    def party(self, patient: PatientIdentifier, identifier: str) -> Party:
        """One professional or structure of the directory, tied to the record or not. Raises UnknownDocument when nobody has the number."""
        return self.perform(
            patient, "look-up-professional", PatientRight.PROFESSIONALS, lambda room: _party_of(room, identifier)
        )

    def choose_by_name(self, patient: PatientIdentifier, name: str, *, value: bool) -> bool:
        """Writes one of the general choices. Raises Refused for what is none."""
        if name not in {one.value for one in Choice}:
            raise Refused("This is no choice.", rules=("unknown-choice",))
        return PatientActs(self.gate, self.operator, self.acting, self.assurance).choose(
            patient, Choice(name), value=value
        )


def whose_records(desk: PatientDesk, person: PatientIdentifier) -> tuple[Whose, ...]:
    """The person, then everybody for whom the person acts now. Reads links and names alone; opening one of the records is decided again."""

    def work(connection: Connection) -> tuple[Whose, ...]:
        platform, now = desk.gate.platform, desk.gate.platform.clock()
        me = known_patient(platform, connection, person)
        mine = Whose(person, name_of(desk, connection, me.patient_key), "")
        found = [mine]
        for key in dict.fromkeys(link.patient_key for link in acted_for(connection, me.patient_key, now)):
            other = _acted_for(desk, connection, me.patient_key, key, now)
            if other is not None:
                found.append(other)
        return tuple(found)

    return desk.gate.read(work)


def _acted_for(desk: PatientDesk, connection: Connection, acting_key: int, patient_key: int, now: int) -> Whose | None:
    """None when the link is not in force, or the other's key is gone."""
    try:
        other, me = by_key(connection, patient_key), by_key(connection, acting_key)
        key = desk.gate.platform.keyring.patient_key(other.pseudonym)
        majority = majority_of(connection, other, key)
        link = link_between(connection, patient_key, acting_key, now=now, majority=majority)
        if link is None or not facts_of_actor(other, me, link, majority=majority, now=now).in_force:
            return None
        current = identifiers(connection, patient_key, key)[-1].identifier
        return Whose(current, name_of(desk, connection, patient_key), link.kind.value)
    except CarnetError:
        return None


def name_of(desk: PatientDesk, connection: Connection, patient_key: int) -> str:
    """First given name and the name that is used, '' for somebody whose key is gone."""
    try:
        key = desk.gate.platform.keyring.patient_key(by_key(connection, patient_key).pseudonym)
    except UnknownPatient:
        return ""
    known = traits(connection, patient_key, key)
    given = known.used_given_name or known.birth_given_names.split(" ")[0]
    return f"{given} {known.used_name or known.birth_name}".title()


def _circle(room: PatientRoom) -> Circle:
    standing = current_standing(room.connection, room.patient_key, professional="", organization="", now=room.now)
    assert standing is not None
    parties = dict.fromkeys(one.party for one in _ties(room))
    return Circle(
        parties=tuple(_party(room, one) for one in parties),
        choices={one.value: bool(getattr(standing, one.value)) for one in Choice},
        manages=decide(room.facts, PatientRight.PROFESSIONALS).allowed,
    )


def _ties(room: PatientRoom) -> list[Tie]:
    held = ties(room.connection, room.patient_key, now=room.now)
    living = [one for one in held if one.expires_at is None or one.expires_at > room.now]
    if room.facts.actor not in {Actor.HOLDER, Actor.MINOR}:
        living = [one for one in living if not one.in_secret]
    return [one for one in living if one.kind not in HIDDEN]


def _party(room: PatientRoom, identifier: str) -> Party:
    own = [one for one in _ties(room) if one.party == identifier]
    kinds = tuple(dict.fromkeys(one.kind.value for one in own))
    ends = [one.expires_at for one in own]
    return Party(
        identifier=identifier,
        name=party_name(room, identifier),
        profession=_profession(room, identifier),
        grounds=kinds,
        since=max((one.since for one in own), default=0),
        until=None if None in ends or not ends else max(end for end in ends if end is not None),
        blocked=_is_blocked(room, kinds),
    )


def _is_blocked(room: PatientRoom, kinds: tuple[str, ...]) -> bool:
    stands = Link.MEDECIN_TRAITANT.value in kinds and not room.platform.settings.medecin_traitant_can_be_blocked
    return Link.BLOCKED.value in kinds and not stands


def _profession(room: PatientRoom, identifier: str) -> str:
    person = professional(room.connection, identifier)
    if person is None or not person.roles:
        return ""
    return value_set("J65").display(person.roles[0].profession, G15)


def _party_of(room: PatientRoom, identifier: str) -> Party:
    known = professional(room.connection, identifier) or organization(room.connection, identifier)
    if known is None:
        raise UnknownDocument("The directory knows nobody by this number.", subject=identifier)
    room.touched.append(identifier)
    return _party(room, identifier)
