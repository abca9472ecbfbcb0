"""All that happens because time has passed: each timer in a literal table, each item behind its own savepoint, each in the trace.

Running it again for the same moment changes nothing. What fails for one patient is reported and harms no other.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from carnet.audit.own_lines import forget_places
from carnet.clock import DAY
from carnet.consent import enrolments, lifecycle
from carnet.consent.delays import SIX_WEEKS, TOLD_AFTER_DAYS, end_of_day
from carnet.consent.destruction_orders import Order, standing_orders, warned
from carnet.consent.lifecycle import Event, State, life
from carnet.errors import CarnetError, LocalPolicy
from carnet.exchange.sendings import sent_at
from carnet.identity.past_sign_ins import forget_leftovers, forget_sessions
from carnet.identity.patients import by_key
from carnet.identity.record_openings import forget_rows
from carnet.platform import Connection, Platform
from carnet.record.announcement_rule import announce, is_due
from carnet.record.destruction import bury, destroy
from carnet.record.enrolment import informing, opens_on
from carnet.record.gate import Gate
from carnet.record.groups import OF_NOBODY
from carnet.record.life import NOTICES, SYSTEM, happen, person_of, trace
from carnet.record.synthesis_reminder import overdue_syntheses
from carnet.registry.announcements import Hidden, hidden_documents
from carnet.repository.deposit_rows import drop_deposit_draft, expired_deposit_drafts
from carnet.repository.drafts import drop, expired_drafts
from carnet.repository.synthesis_drafts import drop_synthesis_draft, expired_synthesis_drafts

PAGE = 200
TOLD_BEFORE: Mapping[Event, str] = MappingProxyType(
    {
        # what happens to whoever did not object: the notice from whose delivery they had six weeks           clause
        Event.DELAY_ENDS: NOTICES[Event.INFORM],  # R1111-28 CSP
        Event.TAKE_OVER: NOTICES[Event.ANNOUNCE_FORMER],  # R1111-40 CSP
        Event.SUSPENSION_ENDS: NOTICES[Event.SUSPEND],  # R1111-36 CSP
    }
)
_IN_USE = frozenset({State.OPEN, State.ACTIVATED})
"""States in which the announcement rule runs: nobody is told of a record that is suspended, closed or destroyed."""
_LOG = logging.getLogger("carnet.due")
Work = Callable[[Platform, Connection, int], str]
"""(platform, connection, now) -> what was done, a word for the report; '' for nothing."""
N = TypeVar("N", str, bytes)
Item = tuple[int, Work]
"""Whose record (internal key) and what is due for it."""


@dataclass(slots=True)
class Done:
    """What a run did, counted by its word; the orders near or past their limit; the records for which something failed, and why."""

    counts: Counter[str] = field(default_factory=Counter)
    urgent: list[Order] = field(default_factory=list)
    failed: list[tuple[int, str]] = field(default_factory=list)


def run_due(gate: Gate, at: int | None = None) -> Done:
    """Does all that is due by `at` (microseconds UTC; now unless given). What it writes bears the present moment, or `at` when that is later.

    Raises LocalPolicy for a moment to come in production: a delay of the law would be cut short.
    """
    clock = gate.platform.clock()
    until = clock if at is None else at
    if until > clock and gate.platform.settings.environment == "production":
        raise LocalPolicy("What is due on a day to come is not done today: the delays of the law are not cut short.")
    done = Done()
    done.counts["key-erased"] += bury(gate)
    gate.administer_in_steps(
        lambda connection, commit: _run_all(gate, connection, commit, until=until, now=max(until, clock), done=done)
    )
    done.counts["key-erased"] += bury(gate)
    done.counts["sign-in-forgotten"] += forget_sign_ins(gate, max(until, clock))
    for forget in (forget_rows, forget_places):
        done.counts["journal-forgotten"] += _page_by_page(gate, forget, max(until, clock))
    done.counts = +done.counts
    return done


def forget_sign_ins(gate: Gate, now: int) -> int:
    """Deletes, beside acts and a page at a time, what signing in left and nothing needs any more; returns how many rows. No act reads them."""
    forgotten = gate.administer(partial(forget_leftovers, now=now), turn=OF_NOBODY)
    return forgotten + _page_by_page(gate, forget_sessions, now)


def _page_by_page(gate: Gate, forget: Callable[..., int], now: int) -> int:
    forgotten = 0
    while count := gate.administer(partial(forget, now=now, count=PAGE), turn=OF_NOBODY):
        forgotten += count
    return forgotten


def _run_all(
    gate: Gate, connection: Connection, commit: Callable[[], None], *, until: int, now: int, done: Done
) -> None:
    for timer in TIMERS:
        for number, (patient_key, work) in enumerate(timer(gate.platform, connection, until, done), start=1):
            try:
                word = gate.apart(partial(_called, work, gate.platform, now))
                done.counts[word] += bool(word)
            except CarnetError as error:
                done.failed.append((patient_key, error.message))
            except Exception as error:
                if not gate.platform.connection.in_transaction:
                    raise
                _LOG.exception("a timer failed")
                done.failed.append((patient_key, type(error).__name__))
            if number % PAGE == 0:
                commit()
        commit()


def _called(work: Work, platform: Platform, now: int, connection: Connection) -> str:
    return work(platform, connection, now)


# --- the timers: each yields items while the ones before are done ---------------------------------------------------


def _waiting_territories(platform: Platform, connection: Connection, until: int, _done: Done) -> Iterator[Item]:
    for territory in enrolments.waiting_territories(connection):
        if not opens_on(platform, territory, until):
            continue
        last = 0
        while page := enrolments.waiting(connection, territory, after=last, count=PAGE):
            for patient_key, former in page:
                yield patient_key, _informing(patient_key, former_record=former)
            last = page[-1][0]


def _informing(patient_key: int, *, former_record: bool) -> Work:
    def work(platform: Platform, connection: Connection, now: int) -> str:
        enrolments.informed(connection, patient_key, now=now)
        event = informing(life(connection, patient_key).state, former_record=former_record)
        if event is None:
            return ""
        person = person_of(platform, connection, by_key(connection, patient_key))
        happen(connection, person, event, by=SYSTEM, now=now)
        return event.value

    return work


def _delays(_platform: Platform, connection: Connection, until: int, _done: Done) -> Iterator[Item]:
    place = (-1, 0)
    while page := lifecycle.due(connection, until, after=place, count=PAGE):
        for patient_key, event, _due_at in page:
            yield patient_key, _ending(patient_key, event)
        place = (page[-1][2], page[-1][0])


def _ending(patient_key: int, event: Event) -> Work:
    def work(platform: Platform, connection: Connection, now: int) -> str:
        if event in TOLD_BEFORE and not _told_long_enough(platform, connection, patient_key, TOLD_BEFORE[event], now):
            return "notice-awaited"
        patient = by_key(connection, patient_key)
        if event is Event.ARCHIVE_ENDS:
            destroy(platform, connection, patient, event, by=SYSTEM, now=now)
        else:
            happen(connection, person_of(platform, connection, patient), event, by=SYSTEM, now=now)
        return event.value

    return work


def _told_long_enough(platform: Platform, connection: Connection, patient_key: int, kind: str, now: int) -> bool:
    """Whether six weeks have passed since the notice went out: the law counts from the sending, not from our wish to send."""
    if not platform.settings.delays_wait_for_notice:
        return True
    sent = sent_at(connection, patient_key, kind)
    return sent is not None and now >= end_of_day(sent, SIX_WEEKS)


def _destructions(platform: Platform, connection: Connection, until: int, done: Done) -> Iterator[Item]:
    wait = platform.settings.destruction_wait_days * DAY
    warning = platform.settings.destruction_warning_days * DAY
    for order in standing_orders(connection):
        if order.confirmed_by is not None and until >= min(order.requested_at + wait, order.limit_at):
            yield order.patient_key, _destroying(order)
        elif until >= order.limit_at - warning:
            done.urgent.append(order)
            if order.warned_at is None:
                yield order.patient_key, _warning(order)


def _destroying(order: Order) -> Work:
    def work(platform: Platform, connection: Connection, now: int) -> str:
        destroy(platform, connection, by_key(connection, order.patient_key), Event.DESTROY, by=SYSTEM, now=now)
        return Event.DESTROY.value

    return work


def _warning(order: Order) -> Work:
    def work(platform: Platform, connection: Connection, now: int) -> str:
        warned(connection, order.patient_key, now=now)
        person = person_of(platform, connection, by_key(connection, order.patient_key))
        trace(connection, person, "life/destruction-limit-near", by=SYSTEM, now=now)
        return "destruction-warned"

    return work


def _announcements(_platform: Platform, connection: Connection, until: int, _done: Done) -> Iterator[Item]:
    for hidden in hidden_documents(connection, deposited_before=until - TOLD_AFTER_DAYS * DAY):
        if is_due(hidden, until) and life(connection, hidden.patient_key).state in _IN_USE:
            yield hidden.patient_key, _announcing(hidden)


def _announcing(hidden: Hidden) -> Work:
    return lambda platform, connection, now: announce(platform, connection, hidden, now=now)


def _unfinished(_platform: Platform, connection: Connection, until: int, _done: Done) -> Iterator[Item]:
    for patient_key, draft_id in expired_drafts(connection, until):
        yield patient_key, _dropping(drop, patient_key, draft_id)
    for patient_key, draft_id in expired_deposit_drafts(connection, until):
        yield patient_key, _dropping(drop_deposit_draft, patient_key, draft_id)
    for patient_key, maker in expired_synthesis_drafts(connection, until):
        yield patient_key, _dropping(drop_synthesis_draft, patient_key, maker)


def _syntheses(platform: Platform, connection: Connection, until: int, _done: Done) -> Iterator[Item]:
    yield from overdue_syntheses(platform, connection, until)


def _dropping(remove: Callable[[Connection, int, N], None], patient_key: int, draft_id: N) -> Work:
    def work(_platform: Platform, connection: Connection, _now: int) -> str:
        remove(connection, patient_key, draft_id)
        return "draft-dropped"

    return work


TIMERS: tuple[Callable[[Platform, Connection, int, Done], Iterator[Item]], ...] = (
    # what is due                                                                                     clause
    _waiting_territories,  # people of a territory that opens are informed                            R1111-28 CSP
    _delays,  # six weeks to object, six weeks of suspension, ten years of archive     R1111-28, -36, L1111-18 CSP
    _destructions,  # on request, within three months                                                 R1111-36 CSP
    _announcements,  # told after two weeks, visible after a month                                    R1111-53 CSP
    _unfinished,  # documents and syntheses in preparation, past their end                  decisions 0034, 0040, 0041
    _syntheses,  # the médecin traitant is reminded of the yearly synthesis                             L1111-15 CSP
)
