"""The synthesis is written at least once a year (L1111-15 CSP, order of 26 April 2022, A5): the declared médecin traitant is reminded of the next.

The year runs from the last synthesis that this doctor wrote, by whatever software, or from the declaration. It is asked of open records alone,
and once in a year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from carnet.clock import DAY
from carnet.consent.care_links import declared_medecins_traitants, medecin_traitant_since
from carnet.consent.lifecycle import State, life
from carnet.exchange.notices import last_owed, owe
from carnet.identity.patients import by_key
from carnet.platform import Connection, Platform
from carnet.record.life import SYSTEM, person_of, trace
from carnet.record.scope import Scope
from carnet.registry.synthesis_dates import Written, syntheses_between, syntheses_of

KIND = "synthesis-due"
"""Kind of the notice."""
PAGE = 500
OPEN = frozenset({State.OPEN, State.ACTIVATED})
Work = Callable[[Platform, Connection, int], str]
"""(platform, connection, now) -> what was done, a word for the report; '' for nothing."""


def is_overdue(scope: Scope) -> bool:
    """Whether the requester, the declared médecin traitant of this record, should write its synthesis now."""
    doctor, patient_key = scope.requester.identifier, scope.patient_key
    since = medecin_traitant_since(scope.connection, patient_key, doctor, now=scope.now)
    if since is None or scope.record.state not in {one.value for one in OPEN}:
        return False
    written = syntheses_of(scope.connection, patient_key)
    return _is_due(scope.platform, doctor, since, written, scope.now)


def overdue_syntheses(platform: Platform, connection: Connection, until: int) -> Iterator[tuple[int, Work]]:
    """Whose synthesis is due by `until` (internal key), each with what reminds of it."""
    if not platform.settings.synthesis_reminder_days:
        return
    after = 0
    while page := declared_medecins_traitants(connection, after=after, count=PAGE, now=until):
        first, after = page[0][0], page[-1][0]
        written = syntheses_between(connection, first, after)
        for patient_key, doctor, since in page:
            if _is_due(platform, doctor, since, written.get(patient_key, ()), until):
                yield patient_key, _reminding(patient_key)


def _is_due(platform: Platform, doctor: str, since: int, written: Iterable[Written], now: int) -> bool:
    days = platform.settings.synthesis_reminder_days
    last = max((moment for authors, moment in written if doctor in authors), default=0)
    return days > 0 and now >= max(since, last) + days * DAY


def _reminding(patient_key: int) -> Work:
    def work(platform: Platform, connection: Connection, now: int) -> str:
        last = last_owed(connection, patient_key, KIND)
        told_lately = last is not None and now < last + platform.settings.synthesis_reminder_days * DAY
        if told_lately or life(connection, patient_key).state not in OPEN:
            return ""
        owe(connection, patient_key, kind=KIND, recipient="medecin_traitant", cause="year", now=now)
        person = person_of(platform, connection, by_key(connection, patient_key))
        trace(connection, person, KIND, by=SYSTEM, now=now)
        return KIND

    return work
