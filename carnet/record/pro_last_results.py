"""The last results of a record without decoding every report: the newest reports first, until no older one could change what is shown.

A report tells nothing that was taken after it was written. Once every line is of a later day than the newest report that was not
decoded yet, no line can be replaced and none is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from carnet.cda.result_marks import Newest, newest_of
from carnet.cda.result_model import Result
from carnet.cda.results_over_time import superseded
from carnet.record.document_extracts import Extract
from carnet.record.own_documents import Visible
from carnet.record.own_results import ReadReport
from carnet.record.structured_extracts import report_in

EXAMINATIONS = 24
AT_ONCE = 5
"""Reports that are decoded at a time."""


@dataclass(frozen=True, slots=True)
class LastResult:
    """The newest results of one examination, mostly one, of the document that tells them; `moment` is a UTC DTM."""

    key: str
    results: tuple[Result, ...]
    moment: str
    unique_id: str


def last_results(found: Sequence[Extract]) -> tuple[tuple[LastResult, ...], list[Visible]]:
    """The examinations with the latest final results, the latest first, and the reports that tell them. `found` are reports' extracts, the newest first."""
    full = [one for one in found if one.content]
    reports: list[ReadReport] = []
    for start in range(0, len(full), AT_ONCE):
        reports += [ReadReport(one.document, report_in(one.content)) for one in full[start : start + AT_ONCE]]
        best = _best(reports)
        following = next(islice(full, start + AT_ONCE, None), None)
        if following is not None and len(best) == EXAMINATIONS and best[-1][0][:8] > following.document.time[:8]:
            break
    best = _best(reports)
    kept = _in_force(reports)
    last = tuple(_opened(kept, moment, one) for moment, one in best)
    told = {one.unique_id for one in last}
    return last, [one.document for one in kept if one.document.found.unique_id in told]


def _in_force(reports: Sequence[ReadReport]) -> list[ReadReport]:
    gone = superseded([one.packed.about for one in reports])
    return [one for one in reports if one.packed.about.id not in gone]


def _best(reports: Sequence[ReadReport]) -> list[tuple[str, Newest]]:
    """The examinations with a final result that is dated, the latest first."""
    kept = _in_force(reports)
    found = []
    for one in newest_of([(report.packed.about, report.packed.marks) for report in kept]):
        mark = kept[one.places[0].report].packed.marks[one.places[0].result]
        if mark.told and mark.moment:
            found.append((mark.moment, one))
    found.sort(key=_moment, reverse=True)
    return found[:EXAMINATIONS]


def _moment(found: tuple[str, Newest]) -> str:
    return found[0]


def _opened(reports: Sequence[ReadReport], moment: str, newest: Newest) -> LastResult:
    report = reports[newest.places[0].report]
    results = tuple(report.packed.result(place.result) for place in newest.places)
    return LastResult(newest.key, results, moment, report.document.found.unique_id)
