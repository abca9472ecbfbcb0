"""Which acts of a batch share a transaction, and whose turn that transaction needs.

Where the database has one writer at a time, the whole batch is one group. Elsewhere a group holds the turn of each patient whom its acts
target, of each identifier that they register, and in an emergency mode that of the requester and of their structure, whose emergencies are counted
across records. Where the database is spread over several servers a group is of patients of one shard. An act across records runs alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from carnet.database.turns import ALONE, NOBODY, Turn, turn_of
from carnet.errors import CarnetError, UnknownPatient
from carnet.identity.patients import Patient, identifiers, keys_known, turn_key
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, Platform
from carnet.record.act import Act
from carnet.requester import AccessMode, Requester

UNKNOWN_PERSON = 0
"""Where the lines of acts on people whom nobody knows lie."""


class Asked(Protocol):
    """An act that waits, and who asks for it."""

    requester: Requester
    act: Act[Any]


A = TypeVar("A", bound=Asked)
OF_NOBODY = NOBODY
"""The turn of what touches nobody's record."""
OF_EVERYBODY = ALONE
"""The turn of work whose people are not known before it begins."""


def groups_of(platform: Platform, batch: Sequence[A]) -> Iterator[tuple[list[A], Turn]]:
    """The groups of a batch, in the order in which they are to run; inside each, acts stay in their order."""
    if not platform.connection.turns:
        yield list(batch), ALONE
        return
    together = [one for one in batch if not one.act.across]
    for group in _by_shard(platform, together) if platform.connection.spread else [together]:
        if group:
            yield group, turn_of(key for one in group for key in _turns(platform, one))
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


def turn_of_named(platform: Platform, named: Iterable[PatientIdentifier]) -> Turn:
    """The turn of people by their INS, which need not be known to anybody: that of care software's acts on the same people."""
    return turn_of(turn_key(platform.keyring, one) for one in named)


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


def _turns(platform: Platform, one: Asked) -> Iterator[int]:
    """Those of the requester, and of the identifiers that the act registers: two groups that cross at new ones would wait for each other.

    Not where the database is spread: there each identifier is claimed by itself, and nobody waits.
    """
    yield from keys_of(platform, one.requester)
    if not platform.connection.spread:
        yield from (_named("identifier", name) for name in one.act.registers())


def _named(kind: str, name: str) -> int:
    digest = hashlib.sha256(f"{kind}|{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _by_shard(platform: Platform, batch: Sequence[A]) -> list[list[A]]:
    """The acts of each shard; all together when the database does not say: then their transaction will not begin either."""
    if len(batch) < 2:
        return [list(batch)]
    try:
        shards = _shards(platform, [one.requester for one in batch])
    except CarnetError:
        return [list(batch)]
    found: dict[int, list[A]] = {}
    for one, shard in zip(batch, shards, strict=True):
        found.setdefault(shard, []).append(one)
    return list(found.values())


def _shards(platform: Platform, requesters: Sequence[Requester]) -> list[int]:
    people = {one.patient for one in requesters if one.patient is not None}
    keys = keys_known(platform.connection, platform.keyring, people)
    asked = [UNKNOWN_PERSON if one.patient is None else keys.get(one.patient, UNKNOWN_PERSON) for one in requesters]
    return platform.connection.shards_of(asked)


__all__ = [
    "OF_EVERYBODY",
    "OF_NOBODY",
    "Turn",
    "groups_of",
    "keys_of",
    "turn_of_named",
    "turn_of_people",
]
