"""SQL on folder and folder_code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import folder, folder_code
from carnet.metadata import AvailabilityStatus, Folder
from carnet.registry.found import FoundFolder
from carnet.registry.holder import Holder, Renderer
from carnet.registry.sealed_metadata import open_folder, seal_folder, seal_folder_rendition
from carnet.registry.value_lists import binds, by_width, each_width

_T = folder.c
LIGHT = tuple(_T["entry_uuid" if name == "uuid" else name] for name in FoundFolder._fields)
"""The columns of a FoundFolder, in its order."""

_INSERT = prepare(insert(folder).values({name: bindparam(name) for name in _T.keys()}))  # noqa: SIM118
_INSERT_CODE = prepare(insert(folder_code).values({name: bindparam(name) for name in folder_code.c.keys()}))  # noqa: SIM118
_SET_STATE = prepare(
    update(folder)
    .where(_T.patient_key == bindparam("patient"), _T.entry_uuid == bindparam("uuid"))
    .values(
        status=bindparam("status"),
        last_update_time=bindparam("last_update_time"),
        sealed_rendition=bindparam("sealed_rendition"),
    )
)


def _light(column: Any, width: int) -> Statement:
    return prepare(select(*LIGHT).where(_T.patient_key == bindparam("patient"), column.in_(binds("value", width))))


@by_width
def _by_uuid(width: int) -> Statement:
    return _light(_T.entry_uuid, width)


@by_width
def _by_unique_id(width: int) -> Statement:
    return _light(_T.unique_id, width)


@by_width
def _by_logical_id(width: int) -> Statement:
    return _light(_T.logical_id, width)


@by_width
def _whole(width: int) -> Statement:
    chosen = select(_T.entry_uuid, _T.status, _T.last_update_time, _T.sealed_metadata)
    return prepare(chosen.where(_T.patient_key == bindparam("patient"), _T.entry_uuid.in_(binds("value", width))))


def find_by_uuid(connection: Connection, holder: Holder, uuids: Iterable[str]) -> dict[str, FoundFolder]:
    """The patient's folder versions among some entryUUIDs."""
    return {row.uuid: row for row in _found(connection, holder, _by_uuid, uuids)}


def find_by_unique_id(connection: Connection, holder: Holder, unique_ids: Iterable[str]) -> list[FoundFolder]:
    """All versions of the patient's folders with these uniqueIds."""
    return _found(connection, holder, _by_unique_id, unique_ids)


def find_by_logical_id(connection: Connection, holder: Holder, logical_ids: Iterable[str]) -> list[FoundFolder]:
    """All versions of the patient's folders with these logicalIds."""
    return _found(connection, holder, _by_logical_id, logical_ids)


def _found(connection: Connection, holder: Holder, statement: Any, values: Iterable[str]) -> list[FoundFolder]:
    return [
        FoundFolder._make(row)
        for width, parameters in each_width("value", values)
        for row in connection.execute(statement(width), {"patient": holder.patient_key, **parameters})
    ]


def whole(connection: Connection, holder: Holder, uuids: Iterable[str]) -> dict[str, Folder]:
    """The full metadata of the patient's folder versions among some entryUUIDs. Raises IntegrityFailure."""
    return {
        uuid: open_folder(holder, uuid, status, updated, sealed)
        for width, parameters in each_width("value", uuids)
        for uuid, status, updated, sealed in connection.execute(
            _whole(width), {"patient": holder.patient_key, **parameters}
        )
    }


def latest(rows: Iterable[FoundFolder]) -> dict[str, FoundFolder]:
    """The newest version of each logicalId."""
    found: dict[str, FoundFolder] = {}
    for row in rows:
        known = found.get(row.logical_id)
        if known is None or row.version > known.version:
            found[row.logical_id] = row
    return found


def add(
    connection: Connection,
    holder: Holder,
    renderer: Renderer,
    one: Folder,
    *,
    depositor: tuple[str, str] | None = None,
) -> None:
    """Inserts a folder version whose identifiers are assigned; see entry_table.add for the depositor."""
    by = depositor or (holder.requester_id, holder.organization_id)
    connection.execute(
        _INSERT,
        {
            "patient_key": holder.patient_key,
            "entry_uuid": one.entry_uuid,
            "logical_id": one.logical_id,
            "version": one.version,
            "unique_id": one.unique_id,
            "status": one.status.value,
            "last_update_time": one.last_update_time,
            "registered_at": holder.now,
            "depositor": by[0],
            "depositor_organization": by[1],
            "sealed_metadata": seal_folder(holder, one),
            "sealed_rendition": seal_folder_rendition(holder, renderer, one),
        },
    )
    codes = sorted({(code.code, code.system) for code in one.codes})
    key = {"patient_key": holder.patient_key, "entry_uuid": one.entry_uuid}
    if codes:
        connection.execute_many(_INSERT_CODE, [{**key, "code": code, "system": system} for code, system in codes])


def set_state(
    connection: Connection,
    holder: Holder,
    renderer: Renderer,
    uuid: str,
    *,
    status: AvailabilityStatus | None = None,
    last_update_time: str | None = None,
) -> None:
    """Gives a folder version another status or date of last update, in its row and in its rendition."""
    known = whole(connection, holder, (uuid,))[uuid]
    changed = replace(known, status=status or known.status, last_update_time=last_update_time or known.last_update_time)
    connection.execute(
        _SET_STATE,
        {
            "patient": holder.patient_key,
            "uuid": uuid,
            "status": changed.status.value,
            "last_update_time": changed.last_update_time,
            "sealed_rendition": seal_folder_rendition(holder, renderer, changed),
        },
    )
