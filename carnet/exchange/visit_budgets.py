"""How many records somebody may read in within one hour of the clock: each record counted once, and a count that stands before it is told.

Which records were counted lies with their patients. The counts are two rows of the coordinator, the requester's and the structure's, which one
statement takes from: on a server it is a transaction by itself, so that nobody waits for the row of a large hospital until another's commit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Integer, bindparam, case, delete
from sqlalchemy.dialects.postgresql import insert

from carnet.clock import HOUR
from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import record_visit, sign_in_count

NO_LIMIT = 2**31 - 2
MOST_REMEMBERED = 100_000
"""Readings that a worker remembers: beyond them the hour's are asked for again."""
_VISIT, _COUNT = record_visit.c, sign_in_count.c
_NEW = prepare(
    insert(record_visit)
    .values({column.name: bindparam(column.name) for column in _VISIT})
    .on_conflict_do_nothing()
    .returning(_VISIT.hour)
)
_BOTH = insert(sign_in_count).values(
    [
        {"subject": bindparam("first"), "began_at": bindparam("hour"), "number": 1},
        {"subject": bindparam("second"), "began_at": bindparam("hour"), "number": 1},
    ]
)
_TAKE_BOTH = prepare(
    _BOTH.on_conflict_do_update(
        index_elements=["subject", "began_at"],
        set_={"number": _COUNT.number + 1},
        where=_COUNT.number
        < case(
            (_COUNT.subject == bindparam("first"), bindparam("of_first", type_=Integer)),
            else_=bindparam("of_second", type_=Integer),
        ),
    ).returning(_COUNT.subject, _COUNT.number)
)
_ONE = insert(sign_in_count).values(subject=bindparam("first"), began_at=bindparam("hour"), number=1)
_TAKE_ONE = prepare(
    _ONE.on_conflict_do_update(
        index_elements=["subject", "began_at"],
        set_={"number": _COUNT.number + 1},
        where=_COUNT.number < bindparam("of_first"),
    ).returning(_COUNT.number)
)
_FORGET = prepare(delete(record_visit).where(_VISIT.hour < bindparam("before")))
_ERASE = prepare(delete(record_visit).where(_VISIT.patient_key == bindparam("patient")))


@dataclass(frozen=True, slots=True)
class Purse:
    """What may be taken from in one hour: `kind` names its alarm, `subject` is whose it is, `maximum` how often it gives (0: without end)."""

    kind: str
    subject: str
    maximum: int

    @property
    def limit(self) -> int:
        """The maximum as a number to compare with."""
        return self.maximum or NO_LIMIT


def first_in_hour(connection: Connection, patient_key: int, requester: str, now: int) -> bool:
    """Notes that a requester reads in a record; whether it is the first time within the hour of the clock."""
    row = {"patient_key": patient_key, "requester": requester, "hour": hour_of(now)}
    return bool(connection.execute(_NEW, row))


def take_both(
    connection: Connection, keyring: Keyring, first: Purse, second: Purse, now: int
) -> tuple[int | None, int | None]:
    """Takes one from each of two purses; how often each gave in this hour, this time included, None for one that was empty."""
    names = _name(keyring, first), _name(keyring, second)
    values = {"first": names[0], "second": names[1], "hour": hour_of(now)}
    rows = connection.beside(_TAKE_BOTH, {**values, "of_first": first.limit, "of_second": second.limit})
    given = {bytes(subject): int(number) for subject, number in rows}
    return given.get(names[0]), given.get(names[1])


def take(connection: Connection, keyring: Keyring, purse: Purse, now: int) -> int | None:
    """The same of one purse."""
    values = {"first": _name(keyring, purse), "hour": hour_of(now), "of_first": purse.limit}
    rows = connection.beside(_TAKE_ONE, values)
    return int(rows[0][0]) if rows else None


def forget_visits(connection: Connection, now: int) -> None:
    """Drops which records were read in, of hours that are over; a part of the sealer's own transactions."""
    connection.sweep(_FORGET, {"before": hour_of(now) - HOUR})


def erase_visits(connection: Connection, patient_key: int) -> None:
    """Drops who read in a record that is destroyed."""
    connection.execute(_ERASE, {"patient": patient_key})


def hour_of(now: int) -> int:
    """The beginning of the hour of the clock, in microseconds UTC."""
    return now - now % HOUR


def _name(keyring: Keyring, purse: Purse) -> bytes:
    return keyring.blind_index(f"sign-in count|{purse.kind}|{purse.subject}".encode())


@dataclass(slots=True)
class CountedVisits:
    """Which readings of this hour a worker knows to be counted and committed, so that they are not asked for again. It decides nothing.

    What `note` says counts from `keep` on, which follows the commit; `drop` is for a transaction, or an act, that was given up.
    """

    _hour: int = 0
    _kept: set[tuple[str, int]] = field(default_factory=set)
    _pending: list[tuple[int, str, int]] = field(default_factory=list)

    def knows(self, patient_key: int, requester: str, now: int) -> bool:
        """Whether this reading was counted in this hour. False says nothing."""
        return self._hour == hour_of(now) and (requester, patient_key) in self._kept

    def note(self, patient_key: int, requester: str, now: int) -> None:
        """A reading was counted in the transaction that is open."""
        self._pending.append((hour_of(now), requester, patient_key))

    def keep(self) -> None:
        """The transaction was committed."""
        for hour, requester, patient_key in self._pending:
            if hour != self._hour or len(self._kept) >= MOST_REMEMBERED:
                self._hour = hour
                self._kept.clear()
            self._kept.add((requester, patient_key))
        self._pending.clear()

    def drop(self) -> None:
        """It was not, or an act in it was taken back."""
        self._pending.clear()
