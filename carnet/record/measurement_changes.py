"""Declaring, correcting and withdrawing measurements: what keeps a reading from being taken, and how it is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from carnet.clock import DAY, MINUTE
from carnet.errors import InvalidMetadata, UnknownDocument
from carnet.identity.patients import traits
from carnet.measures import reading_store
from carnet.measures.childhood import YEAR, birth_day, first_moment
from carnet.measures.kept_reading import KeptReading, Reading, Target
from carnet.measures.measure_kinds import ZONES, MeasureKind, Unit
from carnet.measures.plausibility import CONFIRMABLE, Doubt, Fault, judged, typed_number
from carnet.record.patient_room import PatientRoom

Ends = tuple[tuple[str, str], ...]
"""The low and the high end of a target for each part of a kind, '' where open."""
KEPT_AT_MOST = 20_000
"""Versions of readings that one person may have here."""
AT_ONCE = 50
NOTE = 300
"""Characters of a note."""
RECENT = 90 * DAY
STEADY_FROM = 2
"""Years of age from which a leap from one reading to the next is asked about: babies leap."""
AHEAD = 5 * MINUTE
"""How far a clock at home may be ahead of ours."""


class Implausible(InvalidMetadata):
    """Readings that are not taken as they are: `doubts` has those of each, in order. Nothing was kept."""

    def __init__(self, doubts: tuple[tuple[Doubt, ...], ...]) -> None:
        super().__init__("A measurement cannot be taken as it is.")
        self.doubts = doubts


@dataclass(frozen=True, slots=True)
class Declared:
    """A reading as it was typed. `confirmed`: the person says that an unusual value is right."""

    kind: MeasureKind
    values: tuple[str, ...]
    unit: str
    measured_at: int
    zone: str
    context: str = ""
    note: str = ""
    days: int = 0
    coverage: int = -1
    confirmed: bool = False


def add_readings(room: PatientRoom, declared: Sequence[Declared]) -> int:
    """Keeps readings, all or none, and returns how many. Raises Implausible."""
    if not 0 < len(declared) <= AT_ONCE:
        raise Implausible(((Doubt(Fault.FULL, "value-0"),),))
    kept = reading_store.count(room.connection, room.patient_key)
    if kept + len(declared) > KEPT_AT_MOST:
        raise Implausible(((Doubt(Fault.FULL, "value-0"),),))
    held = {slug: _readings(room, slug) for slug in {one.kind.slug for one in declared}}
    doubts = tuple(_doubts(room, one, held[one.kind.slug], declared[:place]) for place, one in enumerate(declared))
    if any(doubts):
        raise Implausible(doubts)
    for one in declared:
        said = _said(room, one)
        name = reading_store.add(
            room.connection,
            room.patient_key,
            room.key,
            said,
            kind=one.kind.slug,
            measured_at=one.measured_at,
            now=room.now,
        )
        room.touched.append(name)
    return len(declared)


def correct_reading(room: PatientRoom, reading_id: str, declared: Declared) -> bool:
    """Keeps another version; False for a reading that was withdrawn. Raises Implausible, UnknownDocument."""
    former = _held(room, reading_id)
    if former is None or declared.kind.slug != former.kind:
        return False
    others = [one for one in _readings(room, former.kind) if one.reading_id != reading_id]
    doubts = _doubts(room, declared, others)
    if doubts:
        raise Implausible((doubts,))
    said = _said(room, declared)
    reading_store.correct(
        room.connection, room.patient_key, room.key, former, said, measured_at=declared.measured_at, now=room.now
    )
    return True


def withdraw_reading(room: PatientRoom, reading_id: str) -> bool:
    """Ends a reading; False when it was ended. Raises UnknownDocument."""
    if _held(room, reading_id) is None:
        return False
    reading_store.end(room.connection, room.patient_key, reading_id, "withdrawn", now=room.now)
    return True


def _held(room: PatientRoom, reading_id: str) -> KeptReading | None:
    """The version that holds, None for a reading that was withdrawn. Raises UnknownDocument."""
    found = reading_store.versions(room.connection, room.patient_key, room.key, reading_id)
    if not found:
        raise UnknownDocument("No such measurement in this record.", subject=reading_id)
    return None if found[-1].ended_by else found[-1]


def _said(room: PatientRoom, one: Declared) -> Reading:
    """What is kept, with who declares it."""
    numbers = tuple(typed_number(text) or "" for text in one.values)
    name = _name(room)
    return Reading(
        numbers, one.unit, one.zone, one.context, one.note, one.days, one.coverage, room.facts.actor.value, name
    )


def _name(room: PatientRoom) -> str:
    """First given name and the name that is used of the person who acts."""
    key = room.platform.keyring.patient_key(room.acting.pseudonym)
    known = traits(room.connection, room.acting.patient_key, key)
    given = known.used_given_name or known.birth_given_names.split(" ")[0]
    return f"{given} {known.used_name or known.birth_name}".title()


def _readings(room: PatientRoom, kind: str) -> list[KeptReading]:
    return reading_store.readings(room.connection, room.patient_key, room.key, kind)


def _doubts(
    room: PatientRoom, one: Declared, held: Sequence[KeptReading], before: Sequence[Declared] = ()
) -> tuple[Doubt, ...]:
    """What keeps a reading from being taken beside those that are `held`, and those that come with it and `before` it."""
    unit = one.kind.unit(one.unit)
    if unit is None or one.kind.computed or one.zone not in ZONES or len(one.values) != len(one.kind.parts):
        return (Doubt(Fault.UNKNOWN, "unit"),)
    born = birth_day(traits(room.connection, room.patient_key, room.key).birth_date)
    found = [*_doubts_of_moment(room, one, born), *_doubts_of_words(one)]
    age = None if born is None else (one.measured_at - first_moment(born)) / (YEAR * DAY)
    last = _last(one, held) if age is None or age >= STEADY_FROM else None
    values = judged(one.kind, unit, one.values, child=age is not None and age < 18, last=last)
    found += [doubt for doubt in values if not (one.confirmed and doubt.fault in CONFIRMABLE)]
    if not found and _is_twice(one, held, before):
        found.append(Doubt(Fault.TWICE, "value-0"))
    return tuple(found)


def _doubts_of_moment(room: PatientRoom, one: Declared, born: dt.date | None) -> list[Doubt]:
    if one.measured_at > room.now + AHEAD:
        return [Doubt(Fault.FUTURE, "moment")]
    if born is not None and one.measured_at < first_moment(born) - DAY:
        return [Doubt(Fault.BEFORE_BIRTH, "moment")]
    return []


def _doubts_of_words(one: Declared) -> list[Doubt]:
    found = []
    allowed = one.kind.contexts or ("",)
    if one.context not in allowed:
        found.append(Doubt(Fault.MISSING if one.kind.context_asked and not one.context else Fault.UNKNOWN, "context"))
    if len(one.note) > NOTE:
        found.append(Doubt(Fault.LONG, "note", high=Decimal(NOTE)))
    if not 0 <= one.days <= (90 if one.kind.over_days else 0):
        found.append(Doubt(Fault.IMPOSSIBLE, "days", Decimal(1), Decimal(90)))
    if not -1 <= one.coverage <= (100 if one.days else -1):
        found.append(Doubt(Fault.IMPOSSIBLE, "coverage", Decimal(0), Decimal(100)))
    return found


def _last(one: Declared, held: Sequence[KeptReading]) -> tuple[Decimal, ...] | None:
    """The numbers of the last reading before, in the same unit and not long ago."""
    near = [kept for kept in held if kept.said.unit == one.unit and 0 <= one.measured_at - kept.measured_at <= RECENT]
    return tuple(Decimal(text) for text in near[-1].said.values) if near else None


def _is_twice(one: Declared, held: Sequence[KeptReading], before: Sequence[Declared]) -> bool:
    numbers = [Decimal(typed_number(text) or 0) for text in one.values]
    same = [kept.said.values for kept in held if kept.measured_at == one.measured_at and kept.said.unit == one.unit]
    same += [other.values for other in before if other.measured_at == one.measured_at and other.kind is one.kind]
    return any([Decimal(typed_number(text) or 0) for text in values] == numbers for values in same)


def set_target(room: PatientRoom, kind: MeasureKind, ends: Ends, unit: str) -> bool:
    """Writes the range that the person aims at, or takes it away. Raises Implausible."""
    known = kind.unit(unit)
    if known is None or len(ends) != len(kind.parts):
        raise Implausible(((Doubt(Fault.UNKNOWN, "unit"),),))
    doubts = _doubts_of_target(kind, known, ends)
    if doubts:
        raise Implausible((doubts,))
    numbers = tuple((typed_number(low) or "", typed_number(high) or "") for low, high in ends)
    target = Target(numbers, unit, room.facts.actor.value, _name(room)) if any(map(any, numbers)) else None
    reading_store.set_target(room.connection, room.patient_key, room.key, kind.slug, target, now=room.now)
    return True


def _doubts_of_target(kind: MeasureKind, unit: Unit, ends: Ends) -> tuple[Doubt, ...]:
    found = []
    for part, pair in enumerate(ends):
        possible = unit.bounds[part].possible
        typed = [text for text in pair if text.strip()]
        numbers = [typed_number(text) for text in typed]
        if None in numbers:
            found.append(Doubt(Fault.NO_NUMBER, f"target-{part}"))
            continue
        values = [Decimal(text) for text in numbers if text is not None]
        if any(len(text.partition(".")[2]) > kind.places for text in numbers if text is not None):
            found.append(Doubt(Fault.PLACES if kind.places else Fault.WHOLE, f"target-{part}", high=Decimal(kind.places)))  # fmt: skip
        elif any(not possible[0] <= value <= possible[1] for value in values):
            found.append(Doubt(Fault.IMPOSSIBLE, f"target-{part}", *possible))
        elif len(values) == 2 and values[0] > values[1]:
            found.append(Doubt(Fault.REVERSED, f"target-{part}"))
    return tuple(found)
