"""Measurements: every kind with its newest value, one kind with its curve and table, adding, correcting, withdrawing, targets, a diary."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from carnet.clock import to_datetime
from carnet.errors import UnknownDocument
from carnet.measures.growth import EXTREME
from carnet.measures.measure_kinds import BLOOD_PRESSURE, KINDS, ZONES, MeasureKind
from carnet.measures.plausibility import CONFIRMABLE, Doubt
from carnet.portal.dates_in_words import brief
from carnet.portal.patient.measure_form import (
    DIARY,
    Typed,
    as_typed,
    blank,
    declared,
    diary_readings,
    minutes_after,
    number,
    typed_of,
)
from carnet.portal.patient.measure_view import drawing, growth_of, is_thinned, rows_of, shown_unit, shown_value, small
from carnet.portal.space import file_of
from carnet.portal.visit import Visit, see_other
from carnet.record.measurement_changes import Declared, Implausible
from carnet.record.own_measurements import OwnMeasurements, Series

PAGE = 20
HEADS: Mapping[str, tuple[str, ...]] = {
    # of the file: stable names, so that a sheet made once fits the next file
    "fr": ("date_heure", "fuseau", "valeur", "valeur_2", "unite_ucum", "loinc", "contexte", "jours", "donnees_pourcent", "remarque", "declare_par"),
    "en": ("measured_at", "zone", "value", "value_2", "unit_ucum", "loinc", "context", "days", "data_percent", "note", "declared_by"),
}  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def overview(visit: Visit) -> Response:
    """Every kind with its newest value, and what was never stated."""
    found = visit.desk(OwnMeasurements).overview(visit.patient)
    shown = [(one, newest[0] if (newest := rows_of(one, visit.language)[:1]) else None, small(one)) for one in found]
    return visit.page("measures.html", shown=shown, **_shared(visit))


async def show(visit: Visit) -> Response:
    """One kind: curve, table, target, the form to add."""
    return _page(visit, _kind(visit))


def _kind(visit: Visit) -> MeasureKind:
    found = KINDS.get(visit.request.path_params["kind"])
    if found is None:
        raise UnknownDocument("There is no such kind of measurement.")
    return found


def _page(visit: Visit, kind: MeasureKind, *, status: int = 200, **about: Any) -> Response:
    """The page of a kind. `about` may hold what was typed and what is wrong with it."""
    series = visit.desk(OwnMeasurements).series(visit.patient, kind)
    rows = rows_of(series, visit.language)
    asked = visit.request.query_params
    offset = asked.get("depuis", "0")
    start = int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 7 else 0
    start -= start % PAGE
    last = series.readings[-1] if series.readings else None
    values = {
        "series": series,
        "kind": kind,
        "rows": rows[start : start + PAGE],
        "matching": len(rows),
        "offset": start,
        "page_size": PAGE,
        "apart": sum(not one.drawn for one in rows),
        "authors": {one.name for one in rows if one.name},
        "rows_drawn": sum(one.drawn for one in rows),
        "newest": rows[0] if rows else None,
        "oldest": rows[-1] if rows else None,
        "draw": drawing(series, visit.language),
        "thinned": is_thinned(series),
        "growth": growth_of(series, asked.get("reperes", ""), visit.language),
        "typed": blank(kind, visit.space.gate.platform.clock(), last),
        "doubts": (),
        "target_typed": _target_typed(series, visit.language),
        "target_doubts": (),
        **_shared(visit),
        **about,
    }
    return visit.page("measure.html", status=status, **values)


def _shared(visit: Visit) -> dict[str, Any]:
    """What templates of measurements call."""
    return {
        "number": lambda value: number(str(value), visit.language),
        "shown_unit": shown_unit,
        "shown_value": lambda one: shown_value(one, visit.language),
        "confirmable": CONFIRMABLE,
        "extreme": EXTREME,
        "brief": lambda kind, at, zone: brief(at, visit.language, zone, hour=not kind.daily),
        "zones": ZONES,
        "kinds": KINDS,
    }


def _target_typed(series: Series, language: str) -> tuple[tuple[str, str], ...]:
    if series.target is None:
        return (("", ""),) * len(series.kind.parts)
    return tuple((number(low, language), number(high, language)) for low, high in series.target.ends)


# --- changing -----------------------------------------------------------------------------------------------------


async def add(visit: Visit) -> Response:
    """Adds one reading, or says what is wrong with it beside the field, with what was typed."""
    fields = await visit.form()
    kind = _kind(visit)
    typed = typed_of(fields, kind)
    doubts = _kept(visit, kind, typed)
    if doubts:
        return _page(visit, kind, status=422, typed=typed, doubts=doubts)
    return see_other(f"/mesures/{kind.slug}?fait=ajout")


def _kept(visit: Visit, kind: MeasureKind, typed: Typed) -> tuple[Doubt, ...]:
    one = declared(kind, typed)
    if not isinstance(one, Declared):
        return one
    try:
        visit.desk(OwnMeasurements).add(visit.patient, (one,))
    except Implausible as refused:
        return refused.doubts[0]
    return ()


async def one(visit: Visit) -> Response:
    """One reading: to be corrected or withdrawn, with its history."""
    return _one_page(visit)


def _one_page(visit: Visit, *, status: int = 200, typed: Typed | None = None, doubts: tuple[Doubt, ...] = ()) -> Response:  # fmt: skip
    found = visit.desk(OwnMeasurements).reading(visit.patient, visit.request.path_params["reading"])
    if found.kind is not _kind(visit):
        raise UnknownDocument("No such measurement in this record.")
    return visit.page(
        "measure_reading.html",
        status=status,
        found=found,
        kind=found.kind,
        typed=typed or as_typed(found.current, visit.language),
        doubts=doubts,
        **_shared(visit),
    )


async def correct(visit: Visit) -> Response:
    """Puts another version in the reading's place."""
    fields = await visit.form()
    kind, reading = _kind(visit), visit.request.path_params["reading"]
    typed = typed_of(fields, kind)
    one = declared(kind, typed)
    if not isinstance(one, Declared):
        return _one_page(visit, status=422, typed=typed, doubts=one)
    try:
        visit.desk(OwnMeasurements).correct(visit.patient, reading, one)
    except Implausible as refused:
        return _one_page(visit, status=422, typed=typed, doubts=refused.doubts[0])
    return see_other(f"/mesures/{kind.slug}?fait=correction")


async def withdraw(visit: Visit) -> Response:
    """Takes the reading out of lists and curves."""
    await visit.form()
    visit.desk(OwnMeasurements).withdraw(visit.patient, visit.request.path_params["reading"])
    return see_other(f"/mesures/{_kind(visit).slug}?fait=retrait")


async def aim(visit: Visit) -> Response:
    """Writes the range that the person aims at, or takes it away."""
    fields = await visit.form()
    kind = _kind(visit)
    ends = tuple((fields.get(f"target-{part}-low", ""), fields.get(f"target-{part}-high", "")) for part in range(len(kind.parts)))  # fmt: skip
    if fields.get("sans"):
        ends = (("", ""),) * len(kind.parts)
    try:
        visit.desk(OwnMeasurements).set_target(visit.patient, kind, ends, fields.get("unit", kind.units[0].ucum))
    except Implausible as refused:
        return _page(visit, kind, status=422, target_typed=ends, target_doubts=refused.doubts[0])
    return see_other(f"/mesures/{kind.slug}?fait=objectif")


# --- a diary of blood pressure ------------------------------------------------------------------------------------


async def diary(visit: Visit) -> Response:
    """A day of a diary: three readings in the morning, three in the evening."""
    start = blank(BLOOD_PRESSURE, visit.space.gate.platform.clock(), None)
    return _diary_page(visit, {"date": start.date, "zone": start.zone, "morning-time": "", "evening-time": ""}, {})


def _diary_page(visit: Visit, fields: Mapping[str, str], doubts: Mapping[int, tuple[Doubt, ...]]) -> Response:
    return visit.page(
        "measure_diary.html",
        status=422 if doubts else 200,
        kind=BLOOD_PRESSURE,
        fields=fields,
        doubts=doubts,
        diary=DIARY,
        proofs={place: typed.proof for place, typed in diary_readings(fields)},
        **_shared(visit),
    )


async def add_diary(visit: Visit) -> Response:
    """Adds what was typed of the day, all or nothing."""
    fields = await visit.form()
    made: list[tuple[int, Declared]] = []
    doubts: dict[int, tuple[Doubt, ...]] = {}
    for place, typed in diary_readings(fields):
        one = declared(BLOOD_PRESSURE, typed)
        if isinstance(one, Declared):
            made.append((place, replace(one, measured_at=minutes_after(one, place % 3))))
        else:
            doubts[place] = one
    if not doubts and made:
        try:
            visit.desk(OwnMeasurements).add(visit.patient, tuple(one for _place, one in made))
        except Implausible as refused:
            doubts = {place: found for (place, _one), found in zip(made, refused.doubts, strict=False) if found}
    if doubts or not made:
        return _diary_page(visit, fields, doubts or {-1: ()})
    return see_other(f"/mesures/{BLOOD_PRESSURE.slug}?fait=carnet")


# --- taking it away -----------------------------------------------------------------------------------------------


async def table(visit: Visit) -> Response:
    """The table of a kind as CSV (RFC 4180, UTF-8), oldest first: ISO dates with their offset, a decimal point in either language."""
    kind = _kind(visit)
    file_of(visit.request, f"/mesures/{kind.slug}")
    series = visit.desk(OwnMeasurements).table(visit.patient, kind)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADS[visit.language])
    writer.writerows(_lines(series))
    headers = {"content-disposition": f'attachment; filename="{kind.slug}.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(series: Series) -> list[tuple[str, ...]]:
    kind = series.kind
    if kind.computed:
        unit = kind.units[0]
        return [(_iso(one.at, one.zone), one.zone, one.value, "", unit.ucum, unit.loinc, "", "", "", "", "") for one in series.computed]  # fmt: skip
    found: list[tuple[str, ...]] = []
    for one in series.readings:
        said, unit_ = one.said, kind.unit(one.said.unit)
        code = "" if unit_ is None else (unit_.mean_loinc if said.days and unit_.mean_loinc else unit_.loinc)
        second = said.values[1] if len(said.values) > 1 else ""
        days = (str(said.days), str(said.coverage) if said.coverage >= 0 else "") if said.days else ("", "")
        found.append((_iso(one.measured_at, said.zone), said.zone, said.values[0], second, said.unit, code, said.context, *days, _plain(said.note), _plain(said.name)))  # fmt: skip
    return found


def _iso(at: int, zone: str) -> str:
    return to_datetime(at).astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
