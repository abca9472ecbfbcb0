"""The items of a health profile: rows that end and are never changed, sealed under the patient's key. Moments are microseconds UTC.

A correction ends a version and adds the next one of the same item. What an item says, and of which section it is, opens with the key alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import bindparam, insert, select, update

from carnet.crypto.envelope import PatientKey
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import profile_item


class Content(msgspec.Struct, frozen=True):
    """What is sealed. `nothing`: the statement that there is nothing to report in the section."""

    section: str
    values: dict[str, str] = {}
    nothing: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One item in one version. `declared_by` is an actor of the patient's side; `until` None: it holds."""

    item_id: str
    version: int
    section: str
    values: Mapping[str, str]
    nothing: bool
    declared_by: str
    since: int
    until: int | None = None
    ended_by: str = ""


_ROW = profile_item.c
_COLUMNS = (
    _ROW.item_id,
    _ROW.version,
    _ROW.sealed_content,
    _ROW.declared_by,
    _ROW.since,
    _ROW.until,
    _ROW.ended_by,
)
_OF_PATIENT = select(*_COLUMNS).where(_ROW.patient_key == bindparam("patient"))
_LIVING = prepare(_OF_PATIENT.where(_ROW.until.is_(None)).order_by(_ROW.since, _ROW.item_id))
_ENDED = prepare(_OF_PATIENT.where(_ROW.until.is_not(None)).order_by(_ROW.until.desc(), _ROW.item_id).limit(200))
_ADD = prepare(
    insert(profile_item).values(
        {
            name: bindparam(name)
            for name in ("patient_key", "item_id", "version", "sealed_content", "declared_by", "since")
        }
    )
)
_END = prepare(
    update(profile_item)
    .where(_ROW.patient_key == bindparam("patient"), _ROW.item_id == bindparam("item"), _ROW.until.is_(None))
    .values(until=bindparam("moment"), ended_by=bindparam("whom"))
    .returning(_ROW.version)
)


def living_items(connection: Connection, patient_key: int, key: PatientKey) -> tuple[Item, ...]:
    """What holds now, the oldest first. Raises IntegrityFailure."""
    return tuple(_opened(row, key) for row in connection.execute(_LIVING, {"patient": patient_key}))


def former_items(connection: Connection, patient_key: int, key: PatientKey) -> tuple[Item, ...]:
    """What was corrected or withdrawn, the last first, 200 at most. Raises IntegrityFailure."""
    return tuple(_opened(row, key) for row in connection.execute(_ENDED, {"patient": patient_key}))


def add_item(
    connection: Connection, patient_key: int, key: PatientKey, content: Content, *, by: str, now: int, item_id: str = ""
) -> str:
    """Adds an item, or with `item_id` its next version in the place of the one that holds; returns its id.

    Raises ValueError for the id of an item that does not hold.
    """
    name, version = item_id or secrets.token_hex(12), 1
    if item_id:
        ended = end_item(connection, patient_key, item_id, by=by, now=now)
        if not ended:
            raise ValueError("this item does not hold")
        version = ended + 1
    row = {
        "patient_key": patient_key,
        "item_id": name,
        "version": version,
        "sealed_content": key.seal(msgspec.msgpack.encode(content), _context(name, version)),
        "declared_by": by,
        "since": now,
    }
    connection.execute(_ADD, row)
    return name


def end_item(connection: Connection, patient_key: int, item_id: str, *, by: str, now: int) -> int:
    """Ends an item; returns the version that held, 0 when none did."""
    rows = connection.execute(_END, {"patient": patient_key, "item": item_id, "moment": now, "whom": by})
    return int(rows[0][0]) if rows else 0


def _opened(row: tuple[object, ...], key: PatientKey) -> Item:
    item_id, version, sealed, declared_by, since, until, ended_by = row
    assert isinstance(item_id, str)
    assert isinstance(version, int)
    assert isinstance(sealed, bytes)
    content = msgspec.msgpack.decode(key.open(sealed, _context(item_id, version)), type=Content)
    assert isinstance(since, int)
    assert until is None or isinstance(until, int)
    return Item(
        item_id,
        version,
        content.section,
        content.values,
        content.nothing,
        str(declared_by),
        since,
        until,
        str(ended_by),
    )


def _context(item_id: str, version: int) -> str:
    return f"profile|{item_id}|{version}"
