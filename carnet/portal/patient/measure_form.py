"""The forms of measurements: what was typed, kept as it is to be shown again, and what it declares."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from carnet.clock import MINUTE, from_datetime, to_datetime
from carnet.measures.kept_reading import KeptReading
from carnet.measures.measure_kinds import BLOOD_PRESSURE, ZONES, MeasureKind
from carnet.measures.plausibility import Doubt, Fault
from carnet.record.measurement_changes import Declared

_DATE = re.compile(r"(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[/. ](\d{1,2})[/. ](\d{4}))", re.ASCII)
_TIME = re.compile(r"(\d{1,2}) ?[:h] ?(\d{2})?(?::\d{2})?", re.ASCII)
DIARY = tuple((part, number) for part in ("morning", "evening") for number in range(3))
"""What one page of a diary of blood pressure asks for: three readings in the morning, three in the evening."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of the form as they were typed."""

    values: tuple[str, ...]
    unit: str
    date: str
    time: str
    zone: str
    context: str = ""
    note: str = ""
    days: str = ""
    coverage: str = ""
    confirm: str = ""

    @property
    def proof(self) -> str:
        """What the box that confirms an unusual value is of: another value is to be confirmed anew."""
        return " / ".join((*(text.strip() for text in self.values), self.unit))


def blank(kind: MeasureKind, now: int, last: KeptReading | None) -> Typed:
    """The form before anything was typed: today and now, in the unit and the zone of the last reading."""
    zone = last.said.zone if last is not None else ZONES[0]
    local = to_datetime(now).astimezone(ZoneInfo(zone))
    unit = last.said.unit if last is not None else kind.units[0].ucum
    return Typed(("",) * len(kind.parts), unit, local.date().isoformat(), f"{local:%H:%M}", zone)


def as_typed(one: KeptReading, language: str) -> Typed:
    """A reading as its form would have it, to be corrected."""
    local = to_datetime(one.measured_at).astimezone(ZoneInfo(one.said.zone))
    return Typed(
        tuple(number(text, language) for text in one.said.values),
        one.said.unit,
        local.date().isoformat(),
        f"{local:%H:%M}",
        one.said.zone,
        one.said.context,
        one.said.note,
        str(one.said.days) if one.said.days else "",
        str(one.said.coverage) if one.said.coverage >= 0 else "",
    )


def typed_of(fields: Mapping[str, str], kind: MeasureKind) -> Typed:
    """What a form says, as it was typed."""
    return Typed(
        tuple(fields.get(f"value-{part}", "") for part in range(len(kind.parts))),
        fields.get("unit", kind.units[0].ucum),
        fields.get("date", ""),
        fields.get("time", ""),
        fields.get("zone", ZONES[0]),
        fields.get("context", ""),
        fields.get("note", "").strip(),
        fields.get("days", "").strip(),
        fields.get("coverage", "").strip(),
        fields.get("confirm", ""),
    )


def declared(kind: MeasureKind, typed: Typed) -> Declared | tuple[Doubt, ...]:
    """The reading that a form declares; or what of its date, days and coverage cannot be read."""
    doubts = []
    at = moment_of(typed.date, "12:00" if kind.daily else typed.time, typed.zone)
    if at is None:
        doubts.append(Doubt(Fault.NO_MOMENT, "moment"))
    numbers = {}
    for name, text, unsaid in (("days", typed.days, 0), ("coverage", typed.coverage, -1)):
        if text and not (text.isascii() and text.isdigit() and len(text) < 5):
            doubts.append(Doubt(Fault.WHOLE, name))
        numbers[name] = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else unsaid
    if doubts or at is None:
        return tuple(doubts)
    return Declared(
        kind,
        typed.values,
        typed.unit,
        at,
        typed.zone,
        context=typed.context,
        note=typed.note,
        days=numbers["days"],
        coverage=numbers["coverage"],
        confirmed=typed.confirm == typed.proof,
    )


def moment_of(date: str, time: str, zone: str) -> int | None:
    """Microseconds UTC of a day (2026-11-22, 22/11/2026) and an hour (8:15, 08h15) at a place; None for what is none.

    An hour that a change of clocks leaves out is none; of one that comes twice the first is meant.
    """
    day, hour = _DATE.fullmatch(date.strip()), _TIME.fullmatch(time.strip())
    if day is None or hour is None or zone not in ZONES:
        return None
    year, month, of_month = map(int, (day[1], day[2], day[3]) if day[1] else (day[6], day[5], day[4]))
    try:
        naive = dt.datetime(year, month, of_month, int(hour[1]), int(hour[2] or 0))  # noqa: DTZ001 - its zone follows
    except ValueError:
        return None
    local = naive.replace(tzinfo=ZoneInfo(zone))
    back = to_datetime(from_datetime(local)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return from_datetime(local) if back == naive else None


def diary_readings(fields: Mapping[str, str]) -> tuple[tuple[int, Typed], ...]:
    """The rows of a diary's page in which something was typed, with their places: each a minute after the one before."""
    found = []
    for place, (part, number_) in enumerate(DIARY):
        values = (fields.get(f"{part}-{number_}-0", ""), fields.get(f"{part}-{number_}-1", ""))
        if any(text.strip() for text in values):
            found.append(
                (
                    place,
                    Typed(
                        values,
                        BLOOD_PRESSURE.units[0].ucum,
                        fields.get("date", ""),
                        fields.get(f"{part}-time", ""),
                        fields.get("zone", ZONES[0]),
                        fields.get("context", ""),
                        confirm=fields.get(f"{part}-{number_}-confirm", ""),
                    ),
                )
            )
    return tuple(found)


def minutes_after(one: Declared, minutes: int) -> int:
    """The moment of a reading so many minutes later."""
    return one.measured_at + minutes * MINUTE


def number(text: str, language: str) -> str:
    """A number with its digits as they were typed, with the decimal mark of the language."""
    return text.replace(".", ",") if language == "fr" else text
