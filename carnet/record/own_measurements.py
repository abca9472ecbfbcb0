"""What the patient's side measures: readings declared, corrected and withdrawn, targets, and what is computed from them.

Professionals have no door to these: they are the holder's, and of those who act for the holder. Numbers are texts with the digits that were
typed and a decimal point; moments are microseconds UTC with the zone in which they were taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from carnet.authorization.patient_side import PatientRight, decide
from carnet.errors import UnknownDocument
from carnet.identity.patients import traits
from carnet.measures import reading_store
from carnet.measures.childhood import Child, child_of
from carnet.measures.computed import Computed, body_mass_indexes, glucose_management_indicators
from carnet.measures.kept_reading import KeptReading, Target
from carnet.measures.measure_kinds import BMI, GMI, HEIGHT, INTERSTITIAL, KINDS, WEIGHT, MeasureKind, coded
from carnet.metadata import PatientIdentifier
from carnet.record.measurement_changes import (
    Declared,
    Ends,
    add_readings,
    correct_reading,
    set_target,
    withdraw_reading,
)
from carnet.record.patient_room import PatientDesk, PatientRoom


@dataclass(frozen=True, slots=True)
class Series:
    """The readings of one kind that hold, oldest first, or the computed values; and what may be done with them."""

    kind: MeasureKind
    readings: tuple[KeptReading, ...]
    computed: tuple[Computed, ...]
    target: Target | None
    child: Child | None
    may_add: bool
    may_export: bool


@dataclass(frozen=True, slots=True)
class OneReading:
    """One reading with its history, the first version first; the last one holds unless it was withdrawn."""

    kind: MeasureKind
    versions: tuple[KeptReading, ...]
    may_correct: bool
    may_withdraw: bool

    @property
    def current(self) -> KeptReading:
        """The newest version, withdrawn or not."""
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class OwnReading:
    """A number of the patient's own for a page of results: digits as typed, UCUM unit, moment with its zone, who declared it."""

    value: str
    unit: str
    at: int
    zone: str
    name: str


@dataclass(frozen=True, slots=True)
class OwnMeasurements(PatientDesk):
    """The acts."""

    def overview(self, patient: PatientIdentifier) -> tuple[Series, ...]:
        """Every kind in the order of pages, with its readings, empty where nothing was stated."""
        return self.perform(patient, "list-measurements", PatientRight.SEE, _overview)

    def series(self, patient: PatientIdentifier, kind: MeasureKind) -> Series:
        """The readings of one kind."""
        return self.perform(
            patient, "show-measurements", PatientRight.SEE, lambda room: _series(room, kind), detail=kind.slug
        )

    def table(self, patient: PatientIdentifier, kind: MeasureKind) -> Series:
        """The same, to be taken away as a file: a carer does not."""
        return self.perform(
            patient, "export-measurements", PatientRight.EXPORT, lambda room: _series(room, kind), detail=kind.slug
        )

    def add(self, patient: PatientIdentifier, declared: Sequence[Declared]) -> int:
        """Keeps readings, all or none, and returns how many. Raises Implausible."""
        return self.perform(
            patient,
            "add-measurement",
            PatientRight.ADD,
            lambda room: add_readings(room, declared),
            detail=_kinds(declared),
        )

    def reading(self, patient: PatientIdentifier, reading_id: str) -> OneReading:
        """One reading with its history. Raises UnknownDocument for one of somebody else too."""
        return self.perform(
            patient,
            "show-measurements",
            PatientRight.SEE,
            lambda room: _one(room, reading_id),
            objects=(reading_id,),
        )

    def correct(self, patient: PatientIdentifier, reading_id: str, declared: Declared) -> bool:
        """Puts another version in the place of the one that holds, which stays in the history. Raises Implausible, UnknownDocument."""
        return self.perform(
            patient,
            "correct-measurement",
            PatientRight.REPLACE,
            lambda room: correct_reading(room, reading_id, declared),
            objects=(reading_id,),
        )

    def withdraw(self, patient: PatientIdentifier, reading_id: str) -> bool:
        """Takes a reading out of lists and curves; its history stays. False when it was withdrawn. Raises UnknownDocument."""
        return self.perform(
            patient,
            "withdraw-measurement",
            PatientRight.DELETE,
            lambda room: withdraw_reading(room, reading_id),
            objects=(reading_id,),
        )

    def set_target(self, patient: PatientIdentifier, kind: MeasureKind, ends: Ends, unit: str) -> bool:
        """Writes the range that the person aims at, ('', '') for each part to have none. Raises Implausible."""
        return self.perform(
            patient,
            "set-measure-target",
            PatientRight.ADD,
            lambda room: set_target(room, kind, ends, unit),
            detail=kind.slug,
        )

    def readings_for(self, patient: PatientIdentifier, loinc: str, ucum: str) -> tuple[OwnReading, ...]:
        """The readings of a LOINC code in a UCUM unit, oldest first; none for a code that patients do not declare here."""
        return self.perform(
            patient, "show-measurements", PatientRight.SEE, lambda room: own_readings(room, loinc, ucum), detail=loinc
        )


def own_readings(room: PatientRoom, loinc: str, ucum: str) -> tuple[OwnReading, ...]:
    """The same inside an act of another desk, that has asked for the right to see by then."""
    found = coded(loinc, ucum)
    if found is None:
        return ()
    kind, part = found
    held = reading_store.readings(room.connection, room.patient_key, room.key, kind.slug)
    return tuple(
        OwnReading(one.said.values[part], ucum, one.measured_at, one.said.zone, one.said.name)
        for one in held
        if one.said.unit == ucum and not one.said.days
    )


def _kinds(declared: Sequence[Declared]) -> str:
    return " ".join(dict.fromkeys(one.kind.slug for one in declared))


# --- reading ------------------------------------------------------------------------------------------------------


def _overview(room: PatientRoom) -> tuple[Series, ...]:
    held = reading_store.readings(room.connection, room.patient_key, room.key)
    aims = reading_store.targets(room.connection, room.patient_key, room.key)
    by_kind: dict[str, list[KeptReading]] = {slug: [] for slug in KINDS}
    for one in held:
        by_kind[one.kind].append(one)
    return tuple(_made(room, kind, by_kind, aims.get(slug)) for slug, kind in KINDS.items())


def _series(room: PatientRoom, kind: MeasureKind) -> Series:
    needed = {BMI.slug: (WEIGHT, HEIGHT), GMI.slug: (INTERSTITIAL,)}.get(kind.slug, (kind,))
    by_kind = {
        one.slug: reading_store.readings(room.connection, room.patient_key, room.key, one.slug) for one in needed
    }
    aims = reading_store.targets(room.connection, room.patient_key, room.key)
    return _made(room, kind, by_kind, aims.get(kind.slug))


def _made(room: PatientRoom, kind: MeasureKind, by_kind: dict[str, list[KeptReading]], target: Target | None) -> Series:
    child = _child(room)
    return Series(
        kind=kind,
        readings=() if kind.computed else tuple(by_kind[kind.slug]),
        computed=_computed(kind, by_kind, child),
        target=target,
        child=child,
        may_add=decide(room.facts, PatientRight.ADD).allowed,
        may_export=decide(room.facts, PatientRight.EXPORT).allowed,
    )


def _computed(kind: MeasureKind, by_kind: dict[str, list[KeptReading]], child: Child | None) -> tuple[Computed, ...]:
    if kind is BMI:
        born_at = child.born_at if child is not None else None
        return body_mass_indexes(by_kind[WEIGHT.slug], by_kind[HEIGHT.slug], born_at=born_at)
    return glucose_management_indicators(by_kind[INTERSTITIAL.slug]) if kind is GMI else ()


def _child(room: PatientRoom) -> Child | None:
    known = traits(room.connection, room.patient_key, room.key)
    return child_of(known.birth_date, known.sex, now=room.now)


def _one(room: PatientRoom, reading_id: str) -> OneReading:
    found = reading_store.versions(room.connection, room.patient_key, room.key, reading_id)
    if not found:
        raise UnknownDocument("No such measurement in this record.", subject=reading_id)
    held = not found[-1].ended_by
    return OneReading(
        kind=KINDS[found[-1].kind],
        versions=tuple(found),
        may_correct=held and decide(room.facts, PatientRight.REPLACE).allowed,
        may_withdraw=held and decide(room.facts, PatientRight.DELETE).allowed,
    )
