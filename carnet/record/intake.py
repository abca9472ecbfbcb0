"""Files from the national directory and from the identity feed, taken in step by step; the same file twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from carnet.consent.enrolments import strike
from carnet.consent.lifecycle import Event
from carnet.identity import directory_feed, directory_import, patients_import
from carnet.identity.feed_file import Report
from carnet.identity.patients import by_key
from carnet.platform import Connection
from carnet.record.gate import Gate
from carnet.record.life import Actor, happen, person_of

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
    """Takes in an identity feed: persons with their INS and traits; whoever it says is dead has their record closed. A bad line is noted in the report and harms no other."""
    platform = gate.platform
    rows = patients_import.parse(lines, test_identities=platform.settings.test_identities)

    def work(connection: Connection, commit: Callable[[], None]) -> Report:
        def on_death(patient_key: int, _row: patients_import.Row) -> None:
            person = person_of(platform, connection, by_key(connection, patient_key))
            happen(connection, person, Event.DEATH, by=FEED, now=platform.clock())
            strike(connection, patient_key)

        return patients_import.apply(
            connection, platform.keyring, rows, platform.clock(), commit=commit, on_death=on_death
        )

    return gate.administer_in_steps(work)
