"""The database's own list of destroyed people: who awaits the destruction of their key, and who has it behind them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import tombstone


@dataclass(frozen=True, slots=True)
class Destroyed:
    """A destroyed person; `at` in microseconds UTC, `cause` a code. `erased` is False until the keeper of keys has done its part."""

    patient_key: int
    pseudonym: str
    at: int
    cause: str
    erased: bool


_COLUMNS = (
    tombstone.c.patient_key,
    tombstone.c.pseudonym,
    tombstone.c.at,
    tombstone.c.cause,
    tombstone.c.erased_at.is_not(None),
)
_ALL = prepare(select(*_COLUMNS).order_by(tombstone.c.at, tombstone.c.patient_key))
_PENDING = prepare(select(*_COLUMNS).where(tombstone.c.erased_at.is_(None)).order_by(tombstone.c.at))
_ADD = prepare(
    insert(tombstone)
    .values(patient_key=bindparam("patient"), pseudonym=bindparam("name"), at=bindparam("now"), cause=bindparam("why"))
    .on_conflict_do_nothing()
)
_ERASED = prepare(
    update(tombstone)
    .where(tombstone.c.patient_key == bindparam("patient"), tombstone.c.erased_at.is_(None))
    .values(erased_at=bindparam("now"))
)


def raise_tombstone(connection: Connection, patient_key: int, pseudonym: str, *, cause: str, now: int) -> None:
    """Writes that a person's key is to be destroyed for ever; the first one stays."""
    connection.execute(_ADD, {"patient": patient_key, "name": pseudonym, "why": cause, "now": now})


def erased(connection: Connection, patient_key: int, *, now: int) -> None:
    """Notes that the keeper of keys has destroyed the key."""
    connection.execute(_ERASED, {"patient": patient_key, "now": now})


def tombstones(connection: Connection, *, pending: bool = False) -> list[Destroyed]:
    """Every destroyed person, the first one first; with `pending`, those alone whose key the keeper may still have."""
    rows = connection.execute(_PENDING if pending else _ALL)
    return [Destroyed(patient_key, name, at, cause, bool(done)) for patient_key, name, at, cause, done in rows]
