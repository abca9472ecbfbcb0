"""What the end of a life, or of a record, leaves elsewhere: letters that wait, those who act for others, emergencies to be reviewed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from carnet.consent.acting_ends import end_all, give_back
from carnet.consent.acting_links import BY_DEATH, BY_DESTRUCTION, Acting
from carnet.consent.lifecycle import Event
from carnet.errors import UnknownPatient
from carnet.exchange.emergency_reviews import lapse_all
from carnet.exchange.notice_states import call_off
from carnet.identity.patients import by_key
from carnet.platform import Connection, Platform
from carnet.record.life import SYSTEM, Person, person_of, trace

EVERY: frozenset[str] = frozenset()
MOOT: Mapping[Event, frozenset[str]] = MappingProxyType(
    {
        # what happened, and the kinds of notices that are to reach the patient no more, by letter or e-mail     why
        Event.DEATH: EVERY,  # nobody is there to be told, and a letter would find the family
        Event.DESTROY: EVERY,  # nothing says any more where to
        Event.ARCHIVE_ENDS: EVERY,
        Event.REPLAY_TOMBSTONE: EVERY,
        Event.OPPOSE: frozenset({"enrolment-information"}),  # the answer is there
        Event.KEEP_APART: frozenset({"enrolment-information"}),
        Event.CLOSE: frozenset({"enrolment-information", "record-suspended"}),  # the holder's own wish
        Event.RESUME: frozenset({"record-suspended"}),  # it would tell of a closing that does not come
    }
)
"""Notices to the médecin traitant are sent all the same, and the space of a living holder shows every notice."""
_ENDS = MappingProxyType(
    {
        Event.DEATH: BY_DEATH,
        Event.DESTROY: BY_DESTRUCTION,
        Event.ARCHIVE_ENDS: BY_DESTRUCTION,
        Event.REPLAY_TOMBSTONE: BY_DESTRUCTION,
    }
)
_WHY = MappingProxyType({Event.DEATH: "deceased", Event.OPPOSE: "opposed", Event.KEEP_APART: "opposed"})


def settle_after(platform: Platform, connection: Connection, patient_key: int, event: Event, *, now: int) -> None:
    """Settles what an event made pointless; call it in the transaction of the event, once, and again changes nothing.

    After a destruction call it before the rows of the patient's side are erased, so that who acted for others is found.
    """
    if event in MOOT:
        why = _WHY.get(event, "destroyed" if event in _ENDS else event.value)
        call_off(connection, patient_key, MOOT[event], why=why, now=now)
    if event in _ENDS:
        ended = end_all(connection, patient_key, by=_ENDS[event], now=now)
        _tell(platform, connection, ended, "life/representation-ended", now)
    if _ENDS.get(event) == BY_DESTRUCTION:
        lapse_all(connection, patient_key, why=BY_DESTRUCTION, now=now)


def give_links_back(platform: Platform, connection: Connection, patient_key: int, *, died_at: int, now: int) -> None:
    """What a death ended that did not happen."""
    _tell(
        platform,
        connection,
        give_back(connection, patient_key, died_at=died_at, now=now),
        "life/representation-again",
        now,
    )


def _tell(platform: Platform, connection: Connection, links: Iterable[Acting], action: str, now: int) -> None:
    """A line in the trail of each person for whom somebody acts no longer, or again; who it is stays out of it."""
    for one in links:
        with contextlib.suppress(UnknownPatient):
            person: Person = person_of(platform, connection, by_key(connection, one.patient_key))
            trace(connection, person, action, by=SYSTEM, now=now, detail=one.kind.value)
