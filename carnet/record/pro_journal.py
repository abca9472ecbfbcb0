"""A professional's own journal: what they did on one day in all records, by the portal and by their software, in the sentences that the patients read.

Who acted is sealed in each line. Who follows the trace (`carnet watch`) notes between which places of which patients' traces a professional's
lines of a day lie; what it has not come to is looked for in the records that were opened in the portal. The page says until when it is whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile
from typing import Any

from carnet.audit.actors import ActorType, actor_type
from carnet.audit.lines_after import lines_after
from carnet.audit.own_lines import OwnLine, Place, places_of_day
from carnet.audit.sentences import Language, Viewer
from carnet.audit.stored_lines import Line
from carnet.audit.trail import outlines_back
from carnet.authorization.facts import Function
from carnet.clock import MINUTE, to_datetime
from carnet.consent.majority import PARIS, midnight
from carnet.errors import UnknownPatient
from carnet.exchange.harvest import cursor
from carnet.identity.patient_search import person_of
from carnet.identity.patients import Patient, Traits, identifiers, traits
from carnet.identity.record_openings import people_opened
from carnet.metadata import PatientIdentifier
from carnet.platform import PatientKey, Platform
from carnet.record.act import Act
from carnet.record.answering import AnsweredLine, own_or_all, told
from carnet.record.population import PopulationScope, open_population
from carnet.record.trail_view import reader_of

MOST_RECORDS = 25
"""Of one day, shown at once: an act holds up others while it runs. A day of more says so."""
MOST_LINES = 100
"""Of one record on one day."""
LATE = 5 * MINUTE
"""For which nobody is told that the trace was not followed to its end: `carnet watch` runs every minute or so."""
FARTHEST = 2000
"""Records of one day that are looked through to find those, whatever software does."""


@dataclass(frozen=True, slots=True)
class JournalOfPatient:
    """What a professional did on one day in one record; `traits` are None where the record is not to be entered by them any more."""

    traits: Traits | None
    lines: tuple[AnsweredLine, ...]
    more: bool
    """Whether earlier lines of the day are left out."""


@dataclass(frozen=True, slots=True)
class Journal:
    """One day. `late_since` (microseconds UTC): what software did from then on is not there yet, 0 where all is.

    `more`: other records follow, from `offset` + MOST_RECORDS on.
    """

    records: tuple[JournalOfPatient, ...]
    late_since: int
    more: bool


def journal_of_day(day: dt.date, language: Language, *, offset: int = 0) -> Act[Journal]:
    """The act, of a day in Paris; records from the one last touched on.

    It leaves one line of no patient: it shows the requester nothing but their own acts.
    """
    span = midnight(day), midnight(day + dt.timedelta(days=1))
    run = partial(_journal, span=span, language=language, offset=offset)
    return Act("pro/journal", run, Function.EXISTENCE_TEST, open_population)


def own_line(platform: Platform, line: Line, found: Mapping[str, Any]) -> Iterator[OwnLine]:
    """What is noted of an opened line: nothing of one that is about no patient, or of nobody who signs in to the portal."""
    who = str(found["requester_id"])
    acts = actor_type(str(found["requester_role"])) is ActorType.PROFESSIONAL and who and "/" not in who
    if acts and line.patient_key is not None and line.patient_seq is not None:
        day = midnight(to_datetime(line.at).astimezone(PARIS).date())
        yield _actor(platform, who), day, line.patient_key, line.patient_seq, line.at


def _actor(platform: Platform, identifier: str) -> bytes:
    return platform.keyring.blind_index(f"own lines|{identifier}".encode())


def _journal(scope: PopulationScope, *, span: tuple[int, int], language: Language, offset: int) -> Journal:
    begin, end = span
    followed = cursor(scope.connection)
    waiting = lines_after(scope.connection, followed, 1)
    whole_until = waiting[0][0].at if waiting else scope.now
    places = _places(scope, span)
    page = places[offset : offset + MOST_RECORDS]
    unread = followed if whole_until < end else None
    records = [one for place in page if (one := _of_patient(scope, place, (begin, end - 1), unread, language))]
    records.sort(key=lambda one: one.lines[0].at, reverse=True)
    scope.detail = str(len(records))
    late = whole_until < end and scope.now - whole_until > LATE
    return Journal(tuple(records), whole_until if late else 0, more=len(places) > offset + len(page))


def _places(scope: PopulationScope, span: tuple[int, int]) -> list[Place]:
    """The records of the day, those opened in the portal first, of which no place may be known yet."""
    begin, end = span
    who = scope.requester.identifier
    noted = places_of_day(scope.connection, _actor(scope.platform, who), begin, most=FARTHEST)
    known = {one.patient_key for one in noted}
    opened = people_opened(scope.connection, scope.platform.keyring, who, begin=begin, end=end)
    return [*(Place(one, 1, 0, end) for one in opened if one not in known), *noted]


def _of_patient(
    scope: PopulationScope, place: Place, span: tuple[int, int], unread: int | None, language: Language
) -> JournalOfPatient | None:
    """None for somebody whose key is destroyed, and where nothing was done that day."""
    person = person_of(scope.connection, place.patient_key)
    try:
        key = scope.platform.keyring.patient_key(person.pseudonym) if person is not None else None
    except UnknownPatient:
        return None
    if person is None or key is None:
        return None
    lines = _lines(scope, place, key, span, unread)
    known = identifiers(scope.connection, person.patient_key, key)
    return _told(scope, person, known[-1].identifier, lines, language) if lines and known else None


def _lines(
    scope: PopulationScope, place: Place, key: PatientKey, span: tuple[int, int], unread: int | None
) -> list[dict[str, Any]]:
    """One's own lines of the day, the newest first, one more than are shown: those that nobody followed yet (`unread`: after this ticket), then those noted.

    Where nothing is noted of a record that was opened, as before there were notes, its trace is read back to the day.
    """
    connection, me = scope.connection, scope.requester.identifier
    after = unread if place.last_seq else 0

    def first(lines: Iterable[tuple[Line, dict[str, Any]]]) -> list[dict[str, Any]]:
        return list(islice(own_or_all(lines, key, span, me), MOST_LINES + 1))

    found = []
    if after is not None:
        back = outlines_back(connection, place.patient_key)
        found = first(takewhile(lambda pair: pair[0].ticket > after, back))
    if place.last_seq:
        back = outlines_back(connection, place.patient_key, seq=place.last_seq)
        found += first(takewhile(lambda pair: (pair[0].patient_seq or 0) >= place.first_seq, back))
    return found[: MOST_LINES + 1]


def _told(
    scope: PopulationScope, person: Patient, patient: PatientIdentifier, lines: list[dict[str, Any]], language: Language
) -> JournalOfPatient:
    reader = reader_of(scope.platform, scope.connection, patient, lines, language=language, viewer=Viewer.HOLDER)
    room = scope.enter(person)
    seen = traits(scope.connection, person.patient_key, room.key) if room is not None else None
    return JournalOfPatient(seen, told(lines[:MOST_LINES], reader), more=len(lines) > MOST_LINES)
