"""The records that a professional opened last: their own list, sealed, which nobody else reads and they may empty."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.authorization.facts import Function
from carnet.errors import UnknownPatient
from carnet.identity.patient_search import person_of
from carnet.identity.patients import Traits, traits
from carnet.identity.record_openings import recent_rows
from carnet.record.act import Act
from carnet.record.population import PopulationScope, open_population

MOST = 10
LOOKED_AT = 30
"""So many of the last ones are looked at to find those: where more were closed or blocked since, fewer are shown."""


@dataclass(frozen=True, slots=True)
class RecentRecord:
    """One of them; `handle` is that of the opening, by which it is asked for anew. `opened_at` in microseconds UTC."""

    handle: str
    traits: Traits
    opened_at: int


def recent_records() -> Act[tuple[RecentRecord, ...]]:
    """Those of the requester, the newest first, `MOST` at most. A record that keeps them out now is not there, and the next older one is.

    One line of no patient says that the list was looked at: it shows nobody whose own trace does not tell of the opening already.
    """
    return Act("pro/recent-records", _recent, Function.EXISTENCE_TEST, open_population)


def _recent(scope: PopulationScope) -> tuple[RecentRecord, ...]:
    found: list[RecentRecord] = []
    for row in recent_rows(scope.connection, scope.platform.keyring, scope.requester.identifier, most=LOOKED_AT):
        if len(found) == MOST:
            break
        person = person_of(scope.connection, row.patient_key)
        try:
            room = scope.enter(person) if person is not None else None
        except UnknownPatient:
            continue
        if room is not None:
            known = traits(scope.connection, room.patient_key, room.key)
            found.append(RecentRecord(row.handle, known, row.opened_at))
    scope.detail = str(len(found))
    return tuple(found)
