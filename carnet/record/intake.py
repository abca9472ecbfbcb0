"""Files from the national directory and from the identity feed, taken in step by step; the same file twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from carnet.audit.event import AuditEvent
from carnet.audit.journal import append as append_to_journal
from carnet.consent.enrolments import strike
from carnet.consent.lifecycle import Event
from carnet.identity import directory_feed, directory_import, patients_import
from carnet.identity.feed_file import Report
from carnet.identity.patients import by_key, find
from carnet.identity.patients_import import Row
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, Platform
from carnet.record.endings import settle_after
from carnet.record.gate import Gate
from carnet.record.life import Actor, happen, person_of
from carnet.registry.holder import Holder
from carnet.registry.renumbering import renumber

FEED = Actor("identity-feed", "system")


def import_directory(gate: Gate, lines: Iterable[str], *, source: str, complete: bool = False) -> Report:
    """Takes in one file of the national directory's public extract, or the small CSV of the same columns.

    `complete` says that whoever is missing from it has left. Raises MalformedMessage for a header that is none of them.
    """
    now = gate.platform.clock()
    return gate.administer_in_steps(
        lambda connection, commit: directory_import.apply(
            connection, directory_feed.parse(lines), now, source=source, commit=commit, complete=complete
        )
    )


def import_patients(gate: Gate, lines: Iterable[str]) -> Report:
    """Takes in an identity feed: persons with their INS and traits. A bad line is noted in the report and harms no other.

    Whoever the feed says is dead has their record closed; whoever it gives another INS goes on under it, in all that is registered.
    """
    platform = gate.platform
    rows = patients_import.parse(lines, test_identities=platform.settings.test_identities)

    def work(_connection: Connection, commit: Callable[[], None]) -> Report:
        return patients_import.apply(rows, take=lambda row: gate.apart(partial(_take, platform, row)), commit=commit)

    return gate.administer_in_steps(work)


def _take(platform: Platform, row: Row, connection: Connection) -> None:
    now = platform.clock()
    moves = row.replaces is not None and find(connection, platform.keyring, row.replaces) is not None
    patient_key = patients_import.take_in(connection, platform.keyring, row, now)
    if row.replaces is not None and moves:
        carry_over(platform, connection, patient_key, row.identifier, replaces=row.replaces, by=FEED, now=now)
    if row.died is not None:
        person = person_of(platform, connection, by_key(connection, patient_key))
        happen(connection, person, Event.DEATH, by=FEED, now=now)
        settle_after(platform, connection, patient_key, Event.DEATH, now=now)
        strike(connection, patient_key)


def carry_over(
    platform: Platform,
    connection: Connection,
    patient_key: int,
    identifier: PatientIdentifier,
    *,
    replaces: PatientIdentifier,
    by: Actor,
    now: int,
) -> None:
    """What is registered goes on under the new INS of a person, and a line of their trace says so."""
    key = platform.keyring.patient_key(by_key(connection, patient_key).pseudonym)
    holder = Holder(patient_key, key, "", "", now, identifier.cx())
    renumber(connection, holder, platform.renderer, identifier)
    event = AuditEvent(
        action="feed/change-of-ins",
        outcome="done",
        at=now,
        requester_id=by.identifier,
        requester_role=by.role,
        patient=identifier.cx(),
        objects=(replaces.cx(),),
    )
    append_to_journal(connection, event, patient_key=patient_key, key=key)
