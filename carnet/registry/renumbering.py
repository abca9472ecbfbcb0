"""When a person's INS changes: all that is registered of them goes on under the new one, in its metadata and in its wire forms.

Documents keep the INS that they were made with: their bytes are signed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Table, bindparam, select, update

from carnet.database.connection import Connection, Row
from carnet.database.statements import Statement, prepare
from carnet.database.tables import document_entry, folder, submission_set
from carnet.metadata import PatientIdentifier
from carnet.registry import sealed_metadata as sealed
from carnet.registry.holder import Holder, Renderer


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the rows of one table are read, opened and sealed again."""

    rows: Statement
    write: Statement
    open: Callable[[Holder, Row], Any]
    seal: Callable[[Holder, Any], bytes]
    render: Callable[[Holder, Renderer, Any], bytes]


def _statements(table: Table, *state: str) -> tuple[Statement, Statement]:
    columns = [table.c[name] for name in ("entry_uuid", "status", *state, "sealed_metadata")]
    rows = select(*columns).where(table.c.patient_key == bindparam("patient"))
    write = (
        update(table)
        .where(table.c.patient_key == bindparam("patient"), table.c.entry_uuid == bindparam("uuid"))
        .values(sealed_metadata=bindparam("sealed_metadata"), sealed_rendition=bindparam("sealed_rendition"))
    )
    return prepare(rows), prepare(write)


_KINDS = (
    _Kind(
        *_statements(document_entry),
        lambda holder, row: sealed.open_entry(holder, *row),
        sealed.seal_entry,
        sealed.seal_entry_rendition,
    ),
    _Kind(
        *_statements(submission_set),
        lambda holder, row: sealed.open_submission_set(holder, *row),
        sealed.seal_submission_set,
        sealed.seal_submission_set_rendition,
    ),
    _Kind(
        *_statements(folder, "last_update_time"),
        lambda holder, row: sealed.open_folder(holder, *row),
        sealed.seal_folder,
        sealed.seal_folder_rendition,
    ),
)


def renumber(connection: Connection, holder: Holder, renderer: Renderer, identifier: PatientIdentifier) -> int:
    """Puts every registered object of the holder's patient under another INS; returns how many. Raises IntegrityFailure."""
    return sum(_renumber(connection, holder, renderer, identifier, kind) for kind in _KINDS)


def _renumber(
    connection: Connection, holder: Holder, renderer: Renderer, identifier: PatientIdentifier, kind: _Kind
) -> int:
    found = connection.execute(kind.rows, {"patient": holder.patient_key})
    written = [_renumbered(holder, renderer, kind, row, identifier) for row in found]
    if written:
        connection.execute_many(kind.write, written)
    return len(written)


def _renumbered(
    holder: Holder, renderer: Renderer, kind: _Kind, row: Row, identifier: PatientIdentifier
) -> dict[str, Any]:
    one = replace(kind.open(holder, row), patient_id=identifier)
    return {
        "patient": holder.patient_key,
        "uuid": one.entry_uuid,
        "sealed_metadata": kind.seal(holder, one),
        "sealed_rendition": kind.render(holder, renderer, one),
    }
