"""Laboratory results in the space: the newest of each examination, and one examination over time.

Only reports that the person may see and that are in use are looked at: what a hidden report replaced does not come back, because the
registry took it out of use, whoever may see its replacement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from carnet.authorization.patient_side import PatientRight
from carnet.cda.participants import Identifier
from carnet.cda.result_marks import Newest, newest_of, same_name
from carnet.cda.result_model import Result
from carnet.cda.results_over_time import Analyte, Apart, Comparison, over_time, plain_name, superseded
from carnet.errors import UnknownDocument
from carnet.measures.measure_kinds import units_of
from carnet.metadata import PatientIdentifier
from carnet.record.document_extracts import Missing, extracts_of, in_use
from carnet.record.extractors import ExtractKind
from carnet.record.own_documents import Visible, visible_documents
from carnet.record.own_measurements import OwnReading, own_readings
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.record.reading_room import ReadingRoom
from carnet.record.structured_extracts import LABORATORY_TYPES, PackedReport, report_in
from carnet.record.told_documents import Origin, Origins, Unread, unread_among


@dataclass(frozen=True, slots=True)
class LatestResult:
    """The newest results of one examination, mostly one. `dates`: on how many days there is a value in the same unit."""

    key: str
    results: tuple[Result, ...]
    origin: Origin
    dates: int


@dataclass(frozen=True, slots=True)
class ResultFamily:
    """The examinations that reports file under the same chapter, as the newest of them writes it; '' where none is named."""

    title: str
    latest: tuple[LatestResult, ...]


@dataclass(frozen=True, slots=True)
class ResultsOverview:
    """Everything that is known, by family; `unread` are reports without structured results, `missing` those not read yet."""

    families: tuple[ResultFamily, ...]
    reports: int
    unread: Unread
    missing: Missing


@dataclass(frozen=True, slots=True)
class ResultHistory:
    """One examination: `analyte` is None where reports give no LOINC code; `apart` is then all there is.

    `origins` are the documents by the identifier that they give themselves; `namesakes` other examinations of that name, by their key. `own`
    are readings of the same code that the patient's side noted.
    """

    key: str
    label: str
    analyte: Analyte | None
    apart: tuple[Apart, ...]
    origins: dict[Identifier, Origin]
    namesakes: dict[str, str]
    missing: Missing
    own: tuple[OwnReading, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnResults(PatientDesk):
    """The acts."""

    def overview(self, patient: PatientIdentifier) -> ResultsOverview:
        """The newest result of each examination."""
        return self.perform(patient, "see-results", PatientRight.SEE, _overview)

    def history(self, patient: PatientIdentifier, key: str) -> ResultHistory:
        """One examination over time, empty while reports are not read yet. Raises UnknownDocument where no report that the person may see tells of it."""
        return self.perform(patient, "see-result-history", PatientRight.SEE, lambda room: _history(room, key))


@dataclass(frozen=True, slots=True)
class ReadReport:
    """A report and the document that it is."""

    document: Visible
    packed: PackedReport


@dataclass(frozen=True, slots=True)
class ReadReports:
    """The reports of a record, those that another replaces left out, and what gave none."""

    reports: tuple[ReadReport, ...]
    unread: tuple[Visible, ...]
    missing: Missing


def reports_among(room: ReadingRoom, documents: Sequence[Visible]) -> ReadReports:
    """The reports among documents that the person may see."""
    laboratory = [one for one in in_use(documents) if one.found.type_code in LABORATORY_TYPES]
    found = extracts_of(room, ExtractKind.REPORT, laboratory)
    read = [ReadReport(one.document, report_in(one.content)) for one in found.found if one.content]
    gone = superseded([one.packed.about for one in read])
    return ReadReports(
        reports=tuple(one for one in read if one.packed.about.id not in gone),
        unread=tuple(one.document for one in found.found if not one.content),
        missing=found.missing,
    )


def _overview(room: PatientRoom) -> ResultsOverview:
    read = reports_among(room, visible_documents(room))
    origins = Origins(room)
    newest = newest_of([(one.packed.about, one.packed.marks) for one in read.reports])
    latest = tuple(_latest(one, read.reports, origins) for one in newest)
    origins.note(one.origin for one in latest)
    return ResultsOverview(_families(latest), len(read.reports), unread_among(room, read.unread), read.missing)


def _latest(newest: Newest, reports: Sequence[ReadReport], origins: Origins) -> LatestResult:
    report = reports[newest.places[0].report]
    results = tuple(report.packed.result(place.result) for place in newest.places)
    return LatestResult(newest.key, results, origins.tell(report.document, report.packed.about.title), newest.dates)


def _families(latest: Sequence[LatestResult]) -> tuple[ResultFamily, ...]:
    """By the name of the chapter without case and accents, in the order in which they come."""
    found: dict[str, tuple[str, list[LatestResult]]] = {}
    for one in latest:
        title = one.results[0].group[0] if one.results[0].group else ""
        found.setdefault(plain_name(title), (title, []))[1].append(one)
    return tuple(ResultFamily(title, tuple(members)) for title, members in found.values())


def _history(room: PatientRoom, key: str) -> ResultHistory:
    read = reports_among(room, visible_documents(room))
    told = [one for one in read.reports if any(mark.key == key for mark in one.packed.marks)]
    if not told and read.missing.unique_ids:
        return ResultHistory(key, "", None, (), {}, {}, read.missing)
    if not told:
        raise UnknownDocument("No such examination in this record.", subject=key)
    comparison = over_time(replace(one.packed.about, results=one.packed.results(key)) for one in told)
    teller = Origins(room)
    origins = {one.packed.about.id: teller.tell(one.document, one.packed.about.title) for one in told}
    teller.note(origins.values())
    namesakes = same_name(key, (mark for one in read.reports for mark in one.packed.marks))
    told_all = _told(key, comparison, origins, namesakes, read.missing)
    return replace(told_all, own=_noted(room, told_all.analyte.code)) if told_all.analyte else told_all


def _noted(room: PatientRoom, loinc: str) -> tuple[OwnReading, ...]:
    return tuple(one for unit in units_of(loinc) for one in own_readings(room, loinc, unit))


def _told(
    key: str, comparison: Comparison, origins: dict[Identifier, Origin], namesakes: dict[str, str], missing: Missing
) -> ResultHistory:
    analyte = comparison.analytes[0] if comparison.analytes else None
    apart = (*(analyte.apart if analyte else ()), *comparison.uncoded)
    label = analyte.label if analyte else comparison.uncoded[0].result.label
    return ResultHistory(key, label, analyte, apart, origins, namesakes, missing)
