"""Before an examination is prescribed: which like it are in the record already, within a stated time (results, imaging, prescriptions).

Only documents that the requester may read are looked at; what is hidden is absent here as everywhere, and nothing says "none was done": an
empty answer speaks of what could be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from carnet.authorization.facts import Function
from carnet.cda.examinations import Examination
from carnet.cda.repeated_examinations import Likeness, Order, likeness_of_examination, likeness_of_result
from carnet.cda.result_model import Result
from carnet.cda.timestamps import to_dtm as dtm_of
from carnet.clock import DAY, to_dtm
from carnet.errors import InvalidMetadata
from carnet.record.act import Act
from carnet.record.document_extracts import Missing, extracts_of, in_use
from carnet.record.extractors import ExtractKind
from carnet.record.own_documents import SpaceDocument, Visible, in_words
from carnet.record.own_results import ReadReport, reports_among
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.record.structured_extracts import EXAMINATION_TYPES, examinations_in

NAME = "pro/examinations-done"
LONGEST = 3_660
"""Days that may be looked back."""
MOST = 20
"""Orders of one question, and earlier examinations told for each."""
WRITTEN_ORDERS = frozenset({"PRESC-BIO"})
"""Prescriptions of examinations that mostly carry no codes: they are shown as they are."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An examination that is there already. `moment` is a UTC DTM, of the request for one that is `requested` and not told to be done.

    `result` is the newest result of a laboratory examination, None for imaging.
    """

    likeness: Likeness
    label: str
    moment: str
    requested: bool
    document: SpaceDocument
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class DoneExaminations:
    """For each order, the most alike first, then the newest. `documents`: how many were looked through; `written`: prescriptions without codes."""

    orders: tuple[tuple[Order, tuple[Earlier, ...]], ...]
    since: str
    documents: int
    written: tuple[SpaceDocument, ...]
    missing: Missing


@dataclass(frozen=True, slots=True)
class _Found:
    likeness: Likeness
    label: str
    moment: str
    document: Visible
    requested: bool = False
    result: Result | None = None


def done_examinations(orders: tuple[Order, ...], days: int) -> Act[DoneExaminations]:
    """The act, for at most MOST orders and LONGEST days back. Raises InvalidMetadata for more, or an order that says nothing."""
    return Act(NAME, partial(_look, orders=orders, days=days), Function.CONSULT)


def _look(scope: Scope, *, orders: tuple[Order, ...], days: int) -> DoneExaminations:
    if not 0 < days <= LONGEST or not 0 < len(orders) <= MOST or not all(one.says_something for one in orders):
        raise InvalidMetadata(
            f"At most {MOST} orders that name something, and at most {LONGEST} days, can be asked for."
        )
    since = to_dtm(scope.now - days * DAY)
    recent = [one for one in in_use(seen_documents(scope)) if one.time >= since]
    read = reports_among(scope, recent)
    imaging = [one for one in recent if one.found.type_code in EXAMINATION_TYPES]
    told = extracts_of(scope, ExtractKind.EXAMINATIONS, imaging)
    acts = [(one.document, examinations_in(one.content)) for one in told.found if one.content]
    found = [(order, _first([*_results(order, read.reports, since), *_acts(order, acts, since)])) for order in orders]
    words = _words_of(scope, [one.document for _, few in found for one in few])
    missing = Missing(scope.patient_key, (*read.missing.unique_ids, *told.missing.unique_ids))
    answered = tuple((order, tuple(_in_words(one, words) for one in few)) for order, few in found)
    scope.detail = f"{len(orders)}: {sum(len(few) for _, few in found)}"
    return DoneExaminations(answered, since, len(recent), _written(scope, recent), missing)


def _results(order: Order, reports: Sequence[ReadReport], since: str) -> Iterator[_Found]:
    """The newest result of each examination that is like the order: one line, however often it was done."""
    newest: dict[str, tuple[Likeness, str, ReadReport, int]] = {}
    for report in reports:
        for place, mark in enumerate(report.packed.marks):
            likeness = likeness_of_result(order, mark)
            if likeness is None or not mark.told or mark.earlier or mark.moment[:8] < since[:8]:
                continue
            known = newest.get(mark.key)
            if known is None or mark.moment > known[1]:
                newest[mark.key] = (likeness, mark.moment, report, place)
    for likeness, moment, report, place in newest.values():
        result = report.packed.result(place)
        yield _Found(likeness, result.label, moment, report.document, result=result)


def _acts(order: Order, told: Sequence[tuple[Visible, tuple[Examination, ...]]], since: str) -> Iterator[_Found]:
    for document, examinations in told:
        for one in examinations:
            likeness = likeness_of_examination(order, one)
            moment = _moment(one) or document.time
            if likeness is not None and moment[:8] >= since[:8]:
                yield _Found(likeness, one.label, moment, document, requested=one.requested)


def _moment(examination: Examination) -> str:
    try:
        return dtm_of(examination.began) if examination.began else ""
    except ValueError:
        return ""


def _first(found: list[_Found]) -> list[_Found]:
    found.sort(key=lambda one: one.moment, reverse=True)
    return sorted(found, key=lambda one: (one.likeness, one.requested))[:MOST]


def _words_of(scope: Scope, documents: Sequence[Visible]) -> dict[str, SpaceDocument]:
    once = {one.found.unique_id: one for one in documents}
    return {one.unique_id: one for one in in_words(scope, once.values())}


def _in_words(one: _Found, words: dict[str, SpaceDocument]) -> Earlier:
    document = words[one.document.found.unique_id]
    return Earlier(one.likeness, one.label, one.moment, one.requested, document, one.result)


def _written(scope: Scope, recent: Sequence[Visible]) -> tuple[SpaceDocument, ...]:
    orders = [one for one in recent if one.found.type_code in WRITTEN_ORDERS]
    return in_words(scope, orders[:MOST])
