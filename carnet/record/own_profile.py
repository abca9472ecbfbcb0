"""The health profile as its space shows and changes it: declared by the patient's side, each change decided and traced without what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from carnet.authorization.patient_side import PatientRight, decide
from carnet.consent.care_links import Link, ties
from carnet.document_query import CodeFilter, FindDocuments
from carnet.errors import InvalidMetadata, Refused, UnknownDocument
from carnet.identity.patients import traits
from carnet.metadata import AvailabilityStatus, PatientIdentifier
from carnet.profile.emergency_card import CARD, SHOWN, Known, chosen
from carnet.profile.profile_items import Content, Item, add_item, end_item, former_items, living_items
from carnet.profile.profile_sections import MOST_ITEMS, SECTIONS, Section, WrongField, checked
from carnet.record.own_documents import party_name
from carnet.record.patient_documents import facts_of_own
from carnet.record.patient_room import PatientDesk, PatientRoom, majority_of
from carnet.registry.queries import entry as whole_entry
from carnet.registry.queries import find

__all__ = ["OwnProfile", "Profile", "ShownSection", "WrongField", "section_named"]

DIRECTIVES = (CodeFilter("EXPPAT_3", "1.2.250.1.213.1.1.4.12"),)
"""JDV_J07: advance directives."""


@dataclass(frozen=True, slots=True)
class ShownSection:
    """One section. `items` is empty where nothing is stated; `nothing` is the statement that there is nothing to report."""

    name: str
    section: Section
    items: tuple[Item, ...]
    nothing: Item | None


@dataclass(frozen=True, slots=True)
class Profile:
    """The whole profile. `doctor` is the declared médecin traitant, '' for none; `directives` documents: uniqueId, title, creationTime.

    `on_card` are the ids of what stands on the emergency card; `former` what was corrected or withdrawn, the last first.
    """

    sections: tuple[ShownSection, ...]
    doctor: str
    directives: tuple[tuple[str, str, str], ...]
    on_card: frozenset[str]
    may_write: bool
    former: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class OwnProfile(PatientDesk):
    """The acts. Sections that are not for minors are unknown in a minor's profile."""

    def profile(self, patient: PatientIdentifier) -> Profile:
        """Everything that is declared."""
        return self.perform(patient, "show-profile", PatientRight.SEE, _profile)

    def declare(self, patient: PatientIdentifier, section: str, given: Mapping[str, str]) -> str:
        """Adds an item, or puts the one of a section that has one in the place of the former; returns its id.

        Raises WrongField, UnknownDocument for an unknown section, InvalidMetadata when the section is full.
        """
        values = checked(section_named(section), given)

        def work(room: PatientRoom) -> str:
            about, living = _opened(room, section)
            if about.several and len(living) >= MOST_ITEMS:
                raise InvalidMetadata("This section of the profile is full.", subject=section)
            replaced = "" if about.several or not living else living[0].item_id
            if about.several:
                _end(room, [one for one in living if one.nothing])
            return _add(room, Content(section, values), item_id=replaced)

        return self._write(patient, "declare-profile", work)

    def correct(self, patient: PatientIdentifier, section: str, item_id: str, given: Mapping[str, str]) -> str:
        """Puts the next version of an item in its place. Raises WrongField, UnknownDocument for what does not hold."""
        values = checked(section_named(section), given)

        def work(room: PatientRoom) -> str:
            _found(room, section, item_id)
            return _add(room, Content(section, values), item_id=item_id)

        return self._write(patient, "correct-profile", work)

    def withdraw(self, patient: PatientIdentifier, section: str, item_id: str) -> str:
        """Ends an item: from then on nothing is stated by it. Raises UnknownDocument for what does not hold."""

        def work(room: PatientRoom) -> str:
            _end(room, [_found(room, section, item_id)])
            return item_id

        return self._write(patient, "withdraw-profile", work)

    def nothing(self, patient: PatientIdentifier, section: str) -> str:
        """States that there is nothing to report. Raises InvalidMetadata where something is, or where one cannot say so."""
        section_named(section)

        def work(room: PatientRoom) -> str:
            about, living = _opened(room, section)
            if not about.several or living:
                raise InvalidMetadata("Something is stated in this section.", subject=section)
            return _add(room, Content(section, nothing=True))

        return self._write(patient, "nothing-in-profile", work)

    def _write(self, patient: PatientIdentifier, name: str, work: Callable[[PatientRoom], str]) -> str:
        return self.perform(patient, name, PatientRight.PROFILE, work)


def section_named(name: str) -> Section:
    """A section of the table. Raises UnknownDocument."""
    if name not in SECTIONS:
        raise UnknownDocument("The health profile has no such section.", subject=name)
    return SECTIONS[name]


def is_minor(room: PatientRoom) -> bool:
    """Whether the person whose record it is has not come of age, or cannot be said to have."""
    majority = majority_of(room.connection, room.patient, room.key)
    return majority is None or room.now < majority


def items_of(room: PatientRoom) -> tuple[Item, ...]:
    """What is declared now, the choice of the card with it; for a minor without what is for adults alone."""
    found = living_items(room.connection, room.patient_key, room.key)
    if not is_minor(room):
        return found
    return tuple(one for one in found if one.section not in SECTIONS or not SECTIONS[one.section].of_age)


def declared_in(room: PatientRoom, name: str) -> tuple[ShownSection, frozenset[str]]:
    """What one section declares now, and the ids of what stands on the emergency card."""
    living = items_of(room)
    return _shown(section_named(name), living), chosen(living)


def known_of(room: PatientRoom) -> Known:
    """What the record knows by itself for a card."""
    known = traits(room.connection, room.patient_key, room.key)
    given = known.used_given_name or known.birth_given_names.split(" ")[0]
    name = f"{given.title()} {known.used_name or known.birth_name}"
    return Known(name, known.birth_date, _doctor(room), bool(_directives(room)))


def _profile(room: PatientRoom) -> Profile:
    living, minor = items_of(room), is_minor(room)
    return Profile(
        sections=tuple(_shown(one, living) for one in SECTIONS.values() if not (minor and one.of_age)),
        doctor=_doctor(room),
        directives=_directives(room),
        on_card=chosen(living),
        may_write=decide(room.facts, PatientRight.PROFILE).allowed,
        former=tuple(
            one
            for one in former_items(room.connection, room.patient_key, room.key)
            if one.section in SECTIONS and not (minor and SECTIONS[one.section].of_age)
        ),
    )


def _shown(section: Section, living: tuple[Item, ...]) -> ShownSection:
    own = [one for one in living if one.section == section.name]
    nothing = next((one for one in own if one.nothing), None)
    return ShownSection(section.name, section, tuple(one for one in own if not one.nothing), nothing)


def _doctor(room: PatientRoom) -> str:
    held = ties(room.connection, room.patient_key, now=room.now)
    return next((party_name(room, one.party) for one in held if one.kind is Link.MEDECIN_TRAITANT), "")


def _directives(room: PatientRoom) -> tuple[tuple[str, str, str], ...]:
    """The documents of advance directives in use that the person who acts may see."""
    query = FindDocuments((room.identifier,), (AvailabilityStatus.APPROVED,), type_codes=DIRECTIVES)
    shown = []
    for found in find(room.connection, room.holder, query).entries:
        if decide(room.facts, PatientRight.SEE, facts_of_own(room, found)).allowed:
            entry = whole_entry(room.connection, room.holder, found.uuid)
            shown.append((found.unique_id, entry.title, entry.creation_time))
    return tuple(shown)


def _opened(room: PatientRoom, name: str) -> tuple[Section, list[Item]]:
    """A section and what holds in it. Raises Refused for what a minor has no capacity to state (L1111-6, L1111-11 CSP)."""
    section = section_named(name)
    if section.of_age and is_minor(room):
        raise Refused("This is not stated for a minor.", subject=name, rules=("minor",))
    living = living_items(room.connection, room.patient_key, room.key)
    return section, [one for one in living if one.section == name]


def _found(room: PatientRoom, section: str, item_id: str) -> Item:
    _about, living = _opened(room, section)
    for one in living:
        if one.item_id == item_id:
            return one
    raise UnknownDocument("Nothing of this name holds in the health profile.", subject=item_id)


def _add(room: PatientRoom, content: Content, *, item_id: str = "") -> str:
    return add_item(
        room.connection,
        room.patient_key,
        room.key,
        content,
        by=room.facts.actor.value,
        now=room.now,
        item_id=item_id,
    )


def _end(room: PatientRoom, items: list[Item]) -> None:
    for one in items:
        end_item(room.connection, room.patient_key, one.item_id, by=room.facts.actor.value, now=room.now)


def choose_for_card(room: PatientRoom, shown: frozenset[str]) -> bool:
    """Writes what stands on the card; False when it stood so already."""
    living = living_items(room.connection, room.patient_key, room.key)
    former = next((one for one in living if one.section == CARD), None)
    if chosen(living) == shown:
        return False
    _add(room, Content(CARD, {SHOWN: " ".join(sorted(shown))}), item_id=former.item_id if former else "")
    return True
