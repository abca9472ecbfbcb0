"""What a professional answers for: the history of a record's accesses (TD0.9, HistoriqueAcces), and their own journal day by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from carnet.audit.sentences import EMERGENCY_MODES, Filter, Language, Reader, Viewer, sentence, shown
from carnet.audit.trail import opened, outlines
from carnet.authorization.facts import Function
from carnet.clock import DAY
from carnet.consent.majority import midnight
from carnet.errors import UnknownPatient
from carnet.identity.patient_search import person_of
from carnet.identity.patients import Patient, Traits, identifiers, traits
from carnet.identity.record_openings import people_opened
from carnet.metadata import PatientIdentifier
from carnet.platform import PatientKey
from carnet.record.act import Act
from carnet.record.own_trail import WHO
from carnet.record.population import PopulationScope, open_population
from carnet.record.scope import Scope
from carnet.record.trail_view import reader_of

MOST = 100
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


@dataclass(frozen=True, slots=True)
class JournalOfPatient:
    """What a professional did on one day in one record; `traits` are None where the record is not to be entered by them any more."""

    traits: Traits | None
    lines: tuple[AnsweredLine, ...]


def access_history(language: Language) -> Act[AccessHistory]:
    """The act: the médecin traitant sees every access that is not the patient's own, others their own (PDT-INF-527)."""
    return Act("pro/access-history", partial(_history, language=language), Function.WEB_ACCESS)


def journal_of_day(day: dt.date, language: Language) -> Act[tuple[JournalOfPatient, ...]]:
    """What the requester did on a day (in Paris) in the records that they opened in the portal, in the sentences that the patients read.

    It leaves one line of no patient: it shows the requester nothing but their own acts.
    """
    begin, end = midnight(day), midnight(day + dt.timedelta(days=1))
    run = partial(_journal, begin=begin, end=end, language=language)
    return Act("pro/journal", run, Function.EXISTENCE_TEST, open_population)


def _history(scope: Scope, *, language: Language) -> AccessHistory:
    decision = scope.platform.engine.decide(scope.requester, scope.record, Function.CONSULT, scope.now)
    whole = decision.allowed and WHOLE in decision.rules
    mine = None if whole else scope.requester.identifier
    found: list[dict[str, Any]] = []
    for line in _lines(scope, scope.patient_key, scope.key, (scope.now - HISTORY, scope.now), mine):
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
    return AccessHistory(_told(found[:MOST], reader), whole=whole, more=len(found) > MOST)


def _lines(
    scope: Scope | PopulationScope, patient_key: int, key: PatientKey, span: tuple[int, int], mine: str | None
) -> Iterator[dict[str, Any]]:
    """Lines of a patient's trace of a span of time, its end included, the newest first: those of one requester, or all but the patient's own."""
    begin, end = span
    others = Filter(actors=WHO["others"])
    for line, clear in reversed(outlines(scope.connection, patient_key)):
        if clear["problem"] or not begin <= clear["at"] <= end or not others.lets(clear):
            continue
        whole = opened(line, key)
        if not whole["problem"] and mine in {None, whole["requester_id"]}:
            yield whole


def _told(lines: list[dict[str, Any]], reader: Reader) -> tuple[AnsweredLine, ...]:
    return tuple(_line(one, reader) for one in shown(lines, reader, Filter()))


def _line(line: Mapping[str, Any], reader: Reader) -> AnsweredLine:
    told = sentence(line, reader)
    return AnsweredLine(line["at"], told, line["mode"] in EMERGENCY_MODES, line["outcome"] != "done")


def _journal(scope: PopulationScope, *, begin: int, end: int, language: Language) -> tuple[JournalOfPatient, ...]:
    me = scope.requester.identifier
    found = []
    for patient_key in people_opened(scope.connection, scope.platform.keyring, me, begin=begin, end=end):
        person = person_of(scope.connection, patient_key)
        told = _of_patient(scope, person, (begin, end - 1), language) if person is not None else None
        if told is not None:
            found.append(told)
    found.sort(key=lambda one: one.lines[0].at, reverse=True)
    scope.detail = str(len(found))
    return tuple(found)


def _of_patient(
    scope: PopulationScope, person: Patient, span: tuple[int, int], language: Language
) -> JournalOfPatient | None:
    """None for somebody whose key is destroyed, and where nothing was done that day."""
    try:
        key = scope.platform.keyring.patient_key(person.pseudonym)
    except UnknownPatient:
        return None
    lines = list(_lines(scope, person.patient_key, key, span, scope.requester.identifier))
    known = identifiers(scope.connection, person.patient_key, key)
    if not lines or not known:
        return None
    told = _told(lines, _as_the_patient(scope, known[-1].identifier, lines, language))
    room = scope.enter(person)
    seen = traits(scope.connection, person.patient_key, key) if room is not None else None
    return JournalOfPatient(seen, told)


def _as_the_patient(
    scope: PopulationScope, patient: PatientIdentifier, lines: list[dict[str, Any]], language: Language
) -> Reader:
    return reader_of(scope.platform, scope.connection, patient, lines, language=language, viewer=Viewer.HOLDER)
