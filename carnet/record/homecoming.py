"""Coming to the space: what is new since the visit before, and the newest documents."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from carnet.authorization.patient_side import PatientRight
from carnet.consent.space_visits import visit
from carnet.metadata import PatientIdentifier
from carnet.record.home_lines import HomeLines, home_lines
from carnet.record.own_documents import SpaceDocument, in_words, visible_documents
from carnet.record.own_trail import ToldNotice, looked, told_notices
from carnet.record.patient_room import PatientDesk, PatientRoom

NEWEST = 5


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the first page says. `former_at` (microseconds UTC) is None at the first visit: then nothing is called new."""

    former_at: int | None
    new_documents: tuple[SpaceDocument, ...]
    new_count: int
    newest: tuple[SpaceDocument, ...]
    documents: int
    readings: int
    emergencies: int
    notices: tuple[ToldNotice, ...]
    lines: HomeLines


@dataclass(frozen=True, slots=True)
class Homecoming(PatientDesk):
    """The act."""

    def arrive(self, patient: PatientIdentifier) -> Arrival:
        """Notes the visit and tells what is new since the one before."""
        return self.perform(patient, "open-space", PatientRight.SEE, _arrive)


def _arrive(room: PatientRoom) -> Arrival:
    former = visit(room.connection, room.patient_key, room.acting.patient_key, now=room.now)
    shown = visible_documents(room)
    since = room.now if former is None else former
    fresh = [one for one in shown if one.found.registered_at > since]
    readings, emergencies = looked(room, since) if former is not None else (0, 0)
    return Arrival(
        former_at=former,
        new_documents=in_words(room, fresh[:NEWEST]),
        new_count=len(fresh),
        newest=in_words(room, islice((one for one in shown if one.found.registered_at <= since), NEWEST)),
        documents=len(shown),
        readings=readings,
        emergencies=emergencies,
        notices=tuple(one for one in told_notices(room) if one.at > since),
        lines=home_lines(room, shown),
    )
