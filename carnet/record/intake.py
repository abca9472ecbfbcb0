"""Files from the national directory and from the identity feed, taken in step by step; the same file twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from carnet.audit.event import AuditEvent
from carnet.audit.journal import append as append_to_journal
from carnet.identity import directory_feed, directory_import, patients_import
from carnet.identity.feed_file import Report
from carnet.identity.patients import Patient
from carnet.identity.patients_import import Row
from carnet.platform import Connection, Platform
from carnet.record.gate import Gate
from carnet.registry.holder import Holder
from carnet.registry.renumbering import plan_renumbering


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
    """Takes in an identity feed: persons with their INS and traits. A bad line is noted in the report and harms no other."""
    platform = gate.platform
    rows = patients_import.parse(lines, test_identities=platform.settings.test_identities)
    return gate.administer_in_steps(
        lambda connection, commit: patients_import.apply(
            connection,
            platform.keyring,
            rows,
            platform.clock(),
            commit=commit,
            renumber=partial(_renumber, platform, connection),
        )
    )


def _renumber(platform: Platform, connection: Connection, row: Row, former: Patient) -> Callable[[], None]:
    """Plans that the registry goes on under the person's new INS, and the line of their trace that says so."""
    key, now = platform.keyring.patient_key(former.pseudonym), platform.clock()
    assert row.replaces is not None
    holder = Holder(former.patient_key, key, "", "", now, row.identifier.cx())
    planned = plan_renumbering(connection, holder, platform.renderer, row.identifier)
    event = AuditEvent(
        action="feed/change-of-ins",
        outcome="done",
        at=now,
        requester_role="identity feed",
        patient=row.identifier.cx(),
        objects=(row.replaces.cx(),),
    )

    def go_on() -> None:
        planned.apply(connection)
        append_to_journal(connection, event, patient_key=former.patient_key, key=key)

    return go_on
