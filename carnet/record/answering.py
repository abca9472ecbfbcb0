"""What a professional answers for: the history of a record's accesses (TD0.9, HistoriqueAcces). Their own journal is in `journal`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from carnet.audit.sentences import EMERGENCY_MODES, Filter, Language, Reader, Viewer, sentence, shown
from carnet.audit.stored_lines import Line
from carnet.audit.trail import opened, outlines_back
from carnet.authorization.facts import Function
from carnet.clock import DAY, HOUR
from carnet.platform import PatientKey
from carnet.record.act import Act
from carnet.record.own_trail import WHO
from carnet.record.scope import Scope
from carnet.record.trail_view import reader_of

MOST = 100
SLACK = HOUR
HISTORY = 365 * DAY
"""PDT-INF-527: the history shows one year, or 100 traces."""
WHOLE = "medecin-traitant"
"""The ground to read on which a professional is shown everybody's accesses, not their own alone."""


@dataclass(frozen=True, slots=True)
class AnsweredLine:
    """One line in a sentence; `at` in microseconds UTC."""

    at: int
    sentence: str
    emergency: bool
    refused: bool


@dataclass(frozen=True, slots=True)
class AccessHistory:
    """The newest lines first. `whole`: everybody's; otherwise those of the requester alone. `more`: older ones of the year were left out."""

    lines: tuple[AnsweredLine, ...]
    whole: bool
    more: bool


def access_history(language: Language) -> Act[AccessHistory]:
    """The act: the médecin traitant sees every access that is not the patient's own, others their own (PDT-INF-527)."""
    return Act("pro/access-history", partial(_history, language=language), Function.WEB_ACCESS)


def _history(scope: Scope, *, language: Language) -> AccessHistory:
    decision = scope.platform.engine.decide(scope.requester, scope.record, Function.CONSULT, scope.now)
    whole = decision.allowed and WHOLE in decision.rules
    mine = None if whole else scope.requester.identifier
    found: list[dict[str, Any]] = []
    lines = outlines_back(scope.connection, scope.patient_key)
    for line in own_or_all(lines, scope.key, (scope.now - HISTORY, scope.now), mine):
        found.append(line)
        if len(found) > MOST:
            break
    reader = reader_of(
        scope.platform,
        scope.connection,
        scope.identifier,
        found,
        language=language,
        viewer=Viewer.PROFESSIONAL,
    )
    scope.detail = f"{'all' if whole else 'own'} {min(len(found), MOST)}"
    return AccessHistory(told(found[:MOST], reader), whole=whole, more=len(found) > MOST)


def own_or_all(
    lines: Iterable[tuple[Line, dict[str, Any]]], key: PatientKey, span: tuple[int, int], mine: str | None
) -> Iterator[dict[str, Any]]:
    """Of a patient's lines, the newest first, those of a span of time (its end included) that one requester left, or all but the patient's own.

    What is older than the span is not read: clocks of several machines agree within `SLACK`.
    """
    begin, end = span
    others = Filter(actors=WHO["others"])
    for line, clear in lines:
        if clear["at"] < begin - SLACK:
            return
        if clear["problem"] or not begin <= clear["at"] <= end or not others.lets(clear):
            continue
        whole = opened(line, key)
        if not whole["problem"] and mine in {None, whole["requester_id"]}:
            yield whole


def told(lines: list[dict[str, Any]], reader: Reader) -> tuple[AnsweredLine, ...]:
    """The lines in sentences."""
    return tuple(_line(one, reader) for one in shown(lines, reader, Filter()))


def _line(line: Mapping[str, Any], reader: Reader) -> AnsweredLine:
    text = sentence(line, reader)
    return AnsweredLine(line["at"], text, line["mode"] in EMERGENCY_MODES, line["outcome"] != "done")
