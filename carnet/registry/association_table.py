"""SQL on association."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.stored_words import word
from carnet.database.tables import association
from carnet.metadata import Association, AssociationType, AvailabilityStatus, Code
from carnet.registry.holder import Holder
from carnet.registry.value_lists import binds, by_width, each_width

_T = association.c
_COLUMNS = tuple(column for column in association.columns if column.name not in ("patient_key", "registered_at"))
_INSERT = prepare(insert(association).values({name: bindparam(name) for name in _T.keys()}))  # noqa: SIM118


def _chosen(column: Any, width: int) -> Statement:
    return prepare(select(*_COLUMNS).where(_T.patient_key == bindparam("patient"), column.in_(binds("value", width))))


@by_width
def _by_uuid(width: int) -> Statement:
    return _chosen(_T.entry_uuid, width)


@by_width
def _by_source(width: int) -> Statement:
    return _chosen(_T.source, width)


@by_width
def _by_target(width: int) -> Statement:
    return _chosen(_T.target, width)


_REGISTERED_WITH = prepare(
    select(*_COLUMNS).where(
        _T.patient_key == bindparam("patient"),
        _T.registered_at == bindparam("registered_at"),
        _T.source == bindparam("source"),
    )
)


def find_by_uuid(connection: Connection, holder: Holder, uuids: Iterable[str]) -> list[Association]:
    """The patient's associations among some entryUUIDs."""
    return _found(connection, holder, _by_uuid, uuids)


def find_by_source(connection: Connection, holder: Holder, uuids: Iterable[str]) -> list[Association]:
    """The patient's associations that start from one of some objects."""
    return _found(connection, holder, _by_source, uuids)


def find_by_target(connection: Connection, holder: Holder, uuids: Iterable[str]) -> list[Association]:
    """The patient's associations that end at one of some objects."""
    return _found(connection, holder, _by_target, uuids)


def touching(connection: Connection, holder: Holder, uuids: Iterable[str]) -> list[Association]:
    """The patient's associations with at least one end among some objects, each once."""
    wanted = list(uuids)
    found = find_by_source(connection, holder, wanted) + find_by_target(connection, holder, wanted)
    return list({one.entry_uuid: one for one in found}.values())


def registered_at(connection: Connection, holder: Holder, source: str, moment: int) -> list[Association]:
    """The associations that start from an object and were registered at one moment (microseconds UTC), that is, with it."""
    parameters = {"patient": holder.patient_key, "registered_at": moment, "source": source}
    return [_association(row) for row in connection.execute(_REGISTERED_WITH, parameters)]


def _found(
    connection: Connection, holder: Holder, statement: Callable[[int], Statement], values: Iterable[str]
) -> list[Association]:
    return [
        _association(row)
        for width, parameters in each_width("value", values)
        for row in connection.execute(statement(width), {"patient": holder.patient_key, **parameters})
    ]


def _association(row: Sequence[Any]) -> Association:
    uuid, kind, source, target, status, member, previous, original, new, code, system, display = row
    return Association(
        entry_uuid=uuid,
        type=word(AssociationType, kind),
        source=source,
        target=target,
        status=word(AvailabilityStatus, status),
        submission_set_status=member,
        previous_version=previous,
        original_status=word(AvailabilityStatus, original) if original else None,
        new_status=word(AvailabilityStatus, new) if new else None,
        documentation=Code(code, system, display) if code else None,
    )


def add(connection: Connection, holder: Holder, associations: Iterable[Association]) -> None:
    """Inserts associations whose identifiers and ends are assigned."""
    rows = [_row(holder, one) for one in associations]
    if rows:
        connection.execute_many(_INSERT, rows)


def _row(holder: Holder, one: Association) -> dict[str, Any]:
    documentation = one.documentation or Code("")
    return {
        "patient_key": holder.patient_key,
        "entry_uuid": one.entry_uuid,
        "type": one.type.value,
        "source": one.source,
        "target": one.target,
        "status": one.status.value,
        "submission_set_status": one.submission_set_status,
        "previous_version": one.previous_version,
        "original_status": one.original_status.value if one.original_status else None,
        "new_status": one.new_status.value if one.new_status else None,
        "documentation_code": documentation.code,
        "documentation_system": documentation.system,
        "documentation_display": documentation.display,
        "registered_at": holder.now,
    }
