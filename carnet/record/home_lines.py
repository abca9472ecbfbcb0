"""Two lines of the first page: the newest result that compares with an earlier one, and the next vaccination that a document says is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from carnet.cda.medication import LineKind, MedicineLine
from carnet.cda.result_marks import newest_of
from carnet.cda.results_over_time import Point, over_time
from carnet.clock import to_dtm
from carnet.record.document_extracts import in_use
from carnet.record.own_documents import Visible
from carnet.record.own_medicines import medication_among
from carnet.record.own_results import ReadReport, reports_among
from carnet.record.patient_documents import is_masked, masks_everything
from carnet.record.patient_room import PatientRoom
from carnet.record.structured_extracts import LABORATORY_TYPES, VACCINATION_TYPES

TELLING = VACCINATION_TYPES | {"60591-5", "SYNTH"}
"""Types of documents that say what is due: those on vaccinations, and summaries."""
LOOKED_AT = 20
"""The newest documents of a kind that a line is looked for in: the first page is not the place to read everything."""


@dataclass(frozen=True, slots=True)
class ComparedResult:
    """The newest point of an examination and the one before it, in one unit; `masked`: so is the document that tells the newest."""

    key: str
    label: str
    unit: str
    last: Point
    before: Point
    masked: bool


@dataclass(frozen=True, slots=True)
class DueVaccine:
    """What a document says is to be done, and from when (an HL7 time stamp as received, '' where it does not say); `masked`: so is the document."""

    name: str
    start: str
    masked: bool


@dataclass(frozen=True, slots=True)
class HomeLines:
    """None where there is nothing to say."""

    result: ComparedResult | None
    vaccine: DueVaccine | None


def home_lines(room: PatientRoom, documents: Sequence[Visible]) -> HomeLines:
    """The two lines out of documents that the person may see, the newest first."""
    return HomeLines(_result(room, documents), _vaccine(room, documents))


def _newest(documents: Sequence[Visible], types: frozenset[str]) -> list[Visible]:
    return [one for one in in_use(documents) if one.found.type_code in types][:LOOKED_AT]


def _result(room: PatientRoom, documents: Sequence[Visible]) -> ComparedResult | None:
    """Of the newest report that has one: the first in its order."""
    reports = reports_among(room, _newest(documents, LABORATORY_TYPES)).reports
    for newest in newest_of([(one.packed.about, one.packed.marks) for one in reports]):
        compared = _compared(room, newest.key, reports) if newest.dates > 1 else None
        if compared is not None:
            return compared
    return None


def _compared(room: PatientRoom, key: str, reports: Sequence[ReadReport]) -> ComparedResult | None:
    told = (replace(one.packed.about, results=one.packed.results(key)) for one in reports)
    analytes = over_time(told).analytes
    series = [one for analyte in analytes for one in analyte.series if len(one.points) > 1]
    if not series:
        return None
    latest = max(series, key=lambda one: one.points[-1].moment)
    last, before = latest.points[-1], latest.points[-2]
    names = {one.packed.about.id: one.document for one in reports}
    sources = [names[source.document] for point in (last, before) for source in point.sources]
    room.touched.extend(dict.fromkeys(one.found.unique_id for one in sources))
    masked = is_masked(names[last.sources[0].document].found, by_default=masks_everything(room))
    return ComparedResult(key, analytes[0].label, latest.unit, last, before, masked)


def _vaccine(room: PatientRoom, documents: Sequence[Visible]) -> DueVaccine | None:
    read, _ = medication_among(room, _newest(documents, TELLING))
    today = to_dtm(room.now)
    due = [(line, one.document.found) for one in read for line in one.said.lines if _is_to_come(line, today)]
    if not due:
        return None
    line, found = min(due, key=lambda one: one[0].start or "9")
    room.touched.append(found.unique_id)
    return DueVaccine(line.name, line.start, is_masked(found, by_default=masks_everything(room)))


def _is_to_come(line: MedicineLine, today: str) -> bool:
    """Whether a line is a vaccination that is due, and the time that is given for it is not over."""
    last = (line.end or line.start)[:8]
    return line.kind is LineKind.DUE and last >= today[: len(last)]
