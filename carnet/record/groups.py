"""Which acts of a batch share a transaction, and whose turn that transaction needs.

Where the database has one writer at a time, the whole batch is one group. Elsewhere a group holds the turn of each patient whom its acts
target, and in an emergency mode that of the requester and of their structure, whose emergencies are counted across records. An act across
records runs alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

from carnet.database.turns import ALONE, NOBODY, Turn, turn_of
from carnet.errors import UnknownPatient
from carnet.identity.patients import Patient, identifiers, turn_key
from carnet.platform import Connection, Platform
from carnet.record.act import Act
from carnet.requester import AccessMode, Requester


class Asked(Protocol):
    """An act that waits, and who asks for it."""

    requester: Requester
    act: Act[Any]


A = TypeVar("A", bound=Asked)
OF_NOBODY = NOBODY
"""The turn of what touches nobody's record."""


def groups_of(platform: Platform, batch: Sequence[A]) -> Iterator[tuple[list[A], Turn]]:
    """The groups of a batch, in the order in which they are to run; inside each, acts stay in their order."""
    if not platform.connection.turns:
        yield list(batch), ALONE
        return
    together = [one for one in batch if not one.act.across]
    if together:
        yield together, turn_of(key for one in together for key in keys_of(platform, one.requester))
    for one in batch:
        if one.act.across:
            yield [one], ALONE


def keys_of(platform: Platform, requester: Requester) -> Iterator[int]:
    """What an act of this requester may write on, or counts, that another could write at the same time."""
    if requester.patient is not None:
        yield turn_key(platform.keyring, requester.patient)
    if requester.mode is not AccessMode.NORMAL:
        yield _named("requester", requester.identifier)
        yield _named("structure", requester.organization_id)


def turn_of_people(platform: Platform, connection: Connection, patient: Patient | None) -> tuple[Turn, int | None]:
    """The turn of an act about one person, found before it begins, with their internal key; of nobody, when it is about nobody known."""
    if patient is None:
        return OF_NOBODY, None
    try:
        key = platform.keyring.patient_key(patient.pseudonym)
    except UnknownPatient:
        return OF_NOBODY, patient.patient_key
    known = identifiers(connection, patient.patient_key, key)
    turns = [turn_key(platform.keyring, one.identifier) for one in known[-1:]]
    return turn_of(turns), patient.patient_key


def _named(kind: str, name: str) -> int:
    digest = hashlib.sha256(f"{kind}|{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
