"""Following the trace after the fact, so that a call pays nothing for it (`carnet watch`): who reads in how many records, and whose lines are where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from carnet.audit.lines_after import lines_after, opened
from carnet.audit.own_lines import OwnLine, note_lines
from carnet.audit.stored_lines import Line
from carnet.errors import IntegrityFailure, UnknownPatient
from carnet.exchange.harvest import Seen, Thresholds, count, cursor, forget
from carnet.platform import Connection, Platform
from carnet.record.gate import Gate
from carnet.record.harvest_budget import READINGS
from carnet.record.operator_line import write_operator_line
from carnet.record.pro_journal import own_line

PAGE = 200
ACTION = "administration/watch"
MISS = "UnknownPatient"
"""What the trace notes of a call about a person whom nobody knows."""
SEARCHES, SHOWED_NOBODY = frozenset({"td0.5", "pro/identity-search"}), ": 0"
"""How the detail of a search by traits ends that showed nobody (carnet/record/candidates.py)."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What one run did. `unreadable` lines could not be opened: their key was destroyed, or they were tampered with (verify-audit tells)."""

    lines: int = 0
    alarms: int = 0
    unreadable: int = 0


def watch(gate: Gate, *, operator: str) -> Watched:
    """Counts every line written since the last run and raises the alarms that they make. Runs beside each other do no harm."""
    total, others = Watched(), 0
    _settle(gate)
    while True:
        after = gate.read(cursor)
        lines = gate.read(partial(lines_after, ticket=after, count=PAGE))
        if not lines:
            break
        done, strangers = _count(gate, after, lines)
        others += strangers
        total = Watched(total.lines + done.lines, total.alarms + done.alarms, total.unreadable + done.unreadable)
    gate.administer(partial(_close, gate.platform, operator, others))
    return total


def _settle(gate: Gate) -> None:
    """Beside other writers only what is sealed is in its final order: a reader that goes on after a ticket would miss a late one."""
    if gate.platform.connection.turns:
        while gate.seal():
            continue


def _close(platform: Platform, operator: str, others: int, connection: Connection) -> None:
    """Reading the trace leaves its line, unless there was nothing but such lines to read."""
    forget(connection, platform.clock())
    if others:
        write_operator_line(platform, connection, ACTION, operator=operator, detail=f"{others} lines")


def _count(gate: Gate, after: int, lines: list[tuple[Line, str | None]]) -> tuple[Watched, int]:
    """Opens a page outside any write transaction, then counts it inside a short one. Also says how many lines were not of watching."""
    settings = gate.platform.settings
    seen: list[Seen] = []
    mine: list[OwnLine] = []
    unreadable = others = 0
    for line, pseudonym in lines:
        try:
            found = _plain(gate.platform, line, pseudonym)
        except (IntegrityFailure, UnknownPatient):
            unreadable += 1
            continue
        others += found["action"] != ACTION
        seen += _seen(line, found)
        mine += own_line(gate.platform, line, found)
    thresholds = Thresholds(settings.harvest_alarm_hour, settings.harvest_alarm_day, settings.enumeration_alarm_hour)
    upto = lines[-1][0].ticket

    def work(connection: Connection) -> int | None:
        alarms = count(connection, seen, after=after, upto=upto, thresholds=thresholds)
        if alarms is not None:
            note_lines(connection, mine)
        return alarms

    alarms = gate.administer(work)
    return (Watched() if alarms is None else Watched(len(lines), alarms, unreadable)), others


def _plain(platform: Platform, line: Line, pseudonym: str | None) -> dict[str, object]:
    keyring = platform.keyring
    return opened(line, keyring.actor_key() if pseudonym is None else keyring.patient_key(pseudonym))


def _seen(line: Line, found: dict[str, object]) -> list[Seen]:
    """What of a line is counted: a reading that was done, or a call about nobody, a search in vain too. Misses of a certificate without identity are nobody's."""
    read = found["outcome"] == "done" and found["action"] in READINGS and line.patient_key is not None
    missed = (found["outcome"] == "refused" and found["detail"] == MISS) or _found_nobody(found)
    if not (found["requester_id"] and (read or missed)):
        return []
    who, where = str(found["requester_id"]), str(found["organization_id"])
    return [Seen(line.ticket, line.at, who, where, str(found["mode"]), line.patient_key if read else None)]


def _found_nobody(found: dict[str, object]) -> bool:
    return found["action"] in SEARCHES and found["outcome"] == "done" and str(found["detail"]).endswith(SHOWED_NOBODY)
