"""Laboratory results for a professional: many examinations over many reports, and one over time. Only reports that they may read, and that are in use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from carnet.authorization.facts import Function
from carnet.cda.participants import Identifier
from carnet.cda.result_marks import Mark, newest_of, same_name
from carnet.cda.result_model import Report
from carnet.cda.results_over_time import Comparison, over_time, plain_name
from carnet.errors import UnknownDocument
from carnet.record.act import Act
from carnet.record.document_extracts import Missing
from carnet.record.own_documents import Visible
from carnet.record.own_results import ReadReport, ReadReports, ResultHistory, reports_among
from carnet.record.pro_lines import Telling, telling
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.record.told_documents import Origin, Unread, unread_among

REPORTS = 12
"""Reports of one grid where nobody asks for others."""
MOST_REPORTS = 60


@dataclass(frozen=True, slots=True)
class Compared:
    """What to compare; empty means all. `keys` name examinations, `chapter` is a `plain_name`, days are YYYYMMDD of the reports, both included."""

    keys: tuple[str, ...] = ()
    chapter: str = ""
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """An examination that can be chosen: the newest name of it, and its chapter as that report writes it."""

    key: str
    label: str
    chapter: str


@dataclass(frozen=True, slots=True)
class ResultTable:
    """A comparison of the reports asked for. `reports` of `matching` stand in it, the newest; `older` is the day of the newest that does not, ''.

    `sources` tells the documents by the identifier that they give themselves. `unread` are reports that hold no values that could be taken up.
    """

    comparison: Comparison
    sources: dict[Identifier, Telling]
    examinations: tuple[Examination, ...]
    reports: int
    matching: int
    older: str
    unread: Unread
    missing: Missing


def result_table(asked: Compared) -> Act[ResultTable]:
    """The act of comparing results."""
    return Act("pro/results", partial(_table, asked=asked), Function.CONSULT)


def result_history(key: str) -> Act[ResultHistory]:
    """The act of following one examination. It raises UnknownDocument where no report that the requester may read tells of it."""
    return Act("pro/result-history", partial(_history, key=key), Function.CONSULT)


def _table(scope: Scope, *, asked: Compared) -> ResultTable:
    read = reports_among(scope, seen_documents(scope, Function.CONSULT))
    examinations = _examinations(read.reports)
    keys = {one.key for one in examinations if _is_asked(one, asked)}
    matching = [one for one in read.reports if _in_time(one.document, asked) and _tells(one, keys)]
    chosen = matching[: MOST_REPORTS if asked.since or asked.until else REPORTS]
    compared = over_time(_opened(one, keys) for one in chosen)
    sources = _sources(scope, chosen)
    older = matching[len(chosen)].document.time[:8] if len(matching) > len(chosen) else ""
    return ResultTable(
        comparison=compared,
        sources=sources,
        examinations=examinations,
        reports=len(chosen),
        matching=len(matching),
        older=older,
        unread=unread_among(scope, read.unread),
        missing=read.missing,
    )


def _examinations(reports: Sequence[ReadReport]) -> tuple[Examination, ...]:
    """By their newest results, each once."""
    found: dict[str, Examination] = {}
    for one in newest_of([(report.packed.about, report.packed.marks) for report in reports]):
        place = one.places[0]
        if one.key not in found:
            result = reports[place.report].packed.result(place.result)
            found[one.key] = Examination(one.key, result.label, result.group[0] if result.group else "")
    return tuple(found.values())


def _is_asked(one: Examination, asked: Compared) -> bool:
    return (not asked.keys or one.key in asked.keys) and (
        not asked.chapter or plain_name(one.chapter) == plain_name(asked.chapter)
    )


def _in_time(document: Visible, asked: Compared) -> bool:
    day = document.time[:8]
    return (not asked.since or day >= asked.since) and (not asked.until or day <= asked.until)


def _tells(report: ReadReport, keys: set[str]) -> bool:
    return any(mark.key in keys for mark in report.packed.marks)


def _opened(report: ReadReport, keys: set[str]) -> Report:
    places = [place for place, mark in enumerate(report.packed.marks) if mark.key in keys]
    return replace(report.packed.about, results=tuple(report.packed.result(place) for place in places))


def _sources(scope: Scope, reports: Sequence[ReadReport]) -> dict[Identifier, Telling]:
    told = telling(scope, [one.document for one in reports], since=None)
    return {one.packed.about.id: told[one.document.found.unique_id] for one in reports}


def _history(scope: Scope, *, key: str) -> ResultHistory:
    read = reports_among(scope, seen_documents(scope, Function.CONSULT))
    told = [one for one in read.reports if any(mark.key == key for mark in one.packed.marks)]
    if not told and read.missing.unique_ids:
        return ResultHistory(key, "", None, (), {}, {}, read.missing)
    if not told:
        raise UnknownDocument("No such examination in this record.", subject=key)
    comparison = over_time(replace(one.packed.about, results=one.packed.results(key)) for one in told)
    analyte = comparison.analytes[0] if comparison.analytes else None
    return ResultHistory(
        key=key,
        label=analyte.label if analyte else comparison.uncoded[0].result.label,
        analyte=analyte,
        apart=(*(analyte.apart if analyte else ()), *comparison.uncoded),
        origins=_origins(scope, told),
        namesakes=same_name(key, _marks(read)),
        missing=read.missing,
    )


def _origins(scope: Scope, told: Sequence[ReadReport]) -> dict[Identifier, Origin]:
    """The reports under the titles that they give themselves; none is called new here: the summary tells what is."""
    titles = {one.packed.about.id: one.packed.about.title for one in told}
    return {
        name: Origin(one.document.unique_id, titles[name], one.document.time, one.document.masked, new=False)
        for name, one in _sources(scope, told).items()
    }


def _marks(read: ReadReports) -> Iterator[Mark]:
    return (mark for one in read.reports for mark in one.packed.marks)
