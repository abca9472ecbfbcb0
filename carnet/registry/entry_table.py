"""SQL on document_entry, entry_code and entry_reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, cast, func, insert, literal_column, select, update

from carnet.database.connection import Connection
from carnet.database.row_places import InsertByPatient
from carnet.database.statements import Statement, prepare
from carnet.database.tables import document_entry, entry_code, entry_reference, unmasked_document
from carnet.metadata import UNMASKED_BY_NAME, VISIBILITY_SYSTEM, AvailabilityStatus, Code, DocumentEntry
from carnet.registry.criteria import check_statuses
from carnet.registry.found import BETWEEN, FoundEntry, Kind, found_entry, status_in, text_of
from carnet.registry.holder import Holder, Renderer
from carnet.registry.sealed_metadata import open_entry, seal_entry, seal_entry_rendition
from carnet.registry.value_lists import binds, by_width, each_width

_T = document_entry.c


def _judged() -> ColumnElement[str]:
    """The column, or what stands in it, made by the database, for rows that have none."""
    first, *rest = (cast(_T[name], Text) for name in Kind._fields)
    made: ColumnElement[str] = first
    for column in rest:
        made += literal_column(f"'{BETWEEN}'", Text) + column
    return func.coalesce(_T.judged, made)


LIGHT = (
    _T.entry_uuid,
    _T.unique_id,
    _T.registered_at,
    _T.status,
    _T.masks,
    _judged(),
    _T.logical_id,
    _T.version,
    _T.object_type,
)
"""The columns of a FoundEntry, in its order."""

INSERT = prepare(InsertByPatient(document_entry).values({name: bindparam(name) for name in _T.keys()}))  # noqa: SIM118
"""One entry version, by all its columns."""
_INSERT_CODE = prepare(insert(entry_code).values({name: bindparam(name) for name in entry_code.c.keys()}))  # noqa: SIM118
_INSERT_REFERENCE = prepare(
    insert(entry_reference).values({name: bindparam(name) for name in entry_reference.c.keys()})  # noqa: SIM118
)
_SET_STATUS = prepare(
    update(document_entry)
    .where(_T.patient_key == bindparam("patient"), _T.entry_uuid == bindparam("uuid"))
    .values(status=bindparam("status"), sealed_rendition=bindparam("sealed_rendition"))
)
_SET_MASKS = prepare(
    update(document_entry)
    .where(_T.patient_key == bindparam("patient"), _T.unique_id == bindparam("document"))
    .values(masks=bindparam("masks"))
)
_OWN_MASKS = prepare(
    select(_T.logical_id, _T.version, entry_code.c.code)
    .select_from(
        document_entry.outerjoin(
            entry_code,
            (entry_code.c.patient_key == _T.patient_key)
            & (entry_code.c.entry_uuid == _T.entry_uuid)
            & (entry_code.c.kind == "confidentiality")
            & (entry_code.c.system == VISIBILITY_SYSTEM),
        )
    )
    .where(_T.patient_key == bindparam("patient"), _T.unique_id == bindparam("document"))
)


_UNMASKED = prepare(
    select(unmasked_document.c.since).where(
        unmasked_document.c.patient_key == bindparam("patient"),
        unmasked_document.c.unique_id == bindparam("document"),
        unmasked_document.c.until.is_(None),
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
def _whole_by_uuid(width: int) -> Statement:
    columns = (_T.entry_uuid, _T.status, _T.sealed_metadata)
    return prepare(
        select(*columns).where(_T.patient_key == bindparam("patient"), _T.entry_uuid.in_(binds("value", width)))
    )


def find_by_uuid(connection: Connection, holder: Holder, uuids: Iterable[str]) -> dict[str, FoundEntry]:
    """The patient's entry versions among some entryUUIDs."""
    return {row.uuid: row for row in _found(connection, holder, _by_uuid, uuids)}


def find_by_unique_id(connection: Connection, holder: Holder, unique_ids: Iterable[str]) -> list[FoundEntry]:
    """All versions of the patient's entries with these uniqueIds."""
    return _found(connection, holder, _by_unique_id, unique_ids)


def find_by_logical_id(connection: Connection, holder: Holder, logical_ids: Iterable[str]) -> list[FoundEntry]:
    """All versions of the patient's entries with these logicalIds."""
    return _found(connection, holder, _by_logical_id, logical_ids)


def _found(connection: Connection, holder: Holder, statement: Any, values: Iterable[str]) -> list[FoundEntry]:
    found = [
        found_entry(row)
        for width, parameters in each_width("value", values)
        for row in connection.execute(statement(width), {"patient": holder.patient_key, **parameters})
    ]
    check_statuses(map(status_in, found))
    return found


def whole(connection: Connection, holder: Holder, uuids: Iterable[str]) -> dict[str, DocumentEntry]:
    """The full metadata of the patient's entry versions among some entryUUIDs. Raises IntegrityFailure."""
    return {
        uuid: open_entry(holder, uuid, status, sealed)
        for width, parameters in each_width("value", uuids)
        for uuid, status, sealed in connection.execute(
            _whole_by_uuid(width), {"patient": holder.patient_key, **parameters}
        )
    }


def latest(rows: Iterable[FoundEntry]) -> dict[str, FoundEntry]:
    """The newest version of each logicalId."""
    found: dict[str, FoundEntry] = {}
    for row in rows:
        known = found.get(row.logical_id)
        if known is None or row.version > known.version:
            found[row.logical_id] = row
    return found


def add(
    connection: Connection,
    holder: Holder,
    renderer: Renderer,
    entries: Sequence[DocumentEntry],
    *,
    depositor: tuple[str, str] | None = None,
) -> None:
    """Inserts entry versions whose identifiers are assigned.

    `depositor` (who, for which structure) is the holder's requester unless given: masking a document makes nobody its depositor.
    """
    by = depositor or (holder.requester_id, holder.organization_id)
    connection.execute_many(INSERT, [_row(holder, renderer, entry, by) for entry in entries])
    codes = [row for entry in entries for row in _code_rows(holder, entry)]
    if codes:
        connection.execute_many(_INSERT_CODE, codes)
    references = [
        {"patient_key": holder.patient_key, "entry_uuid": entry.entry_uuid, "reference": reference}
        for entry in entries
        for reference in dict.fromkeys(entry.reference_ids)
    ]
    if references:
        connection.execute_many(_INSERT_REFERENCE, references)


def set_status(
    connection: Connection, holder: Holder, renderer: Renderer, entry: DocumentEntry, status: AvailabilityStatus
) -> None:
    """Gives an entry version another status, in its row and in its rendition."""
    changed = replace(entry, status=status)
    rendition = seal_entry_rendition(holder, renderer, changed)
    connection.execute(
        _SET_STATUS,
        {
            "patient": holder.patient_key,
            "uuid": entry.entry_uuid,
            "status": status.value,
            "sealed_rendition": rendition,
        },
    )


def settle_masks(connection: Connection, holder: Holder, unique_id: str) -> None:
    """Makes the masks of a document hold for every row that could show it.

    A mask hides a document, not one version of its metadata: old versions, and entries of another submission with the same uniqueId,
    take the masks of all the newest versions together, and the mark of a document that the holder unmasked by name.
    """
    parameters = {"patient": holder.patient_key, "document": unique_id}
    rows = connection.execute(_OWN_MASKS, parameters)
    newest: dict[str, int] = {}
    for logical_id, version, _ in rows:
        newest[logical_id] = max(version, newest.get(logical_id, 0))
    masks = {code for logical_id, version, code in rows if code is not None and version == newest[logical_id]}
    masks.discard(UNMASKED_BY_NAME)
    if connection.execute(_UNMASKED, parameters):
        masks.add(UNMASKED_BY_NAME)
    connection.execute(_SET_MASKS, {**parameters, "masks": " ".join(sorted(masks))})


def _joined(values: Iterable[str]) -> str:
    """Blank-separated, each once; an identifier with a blank in it could pose as two and is left out."""
    return " ".join(sorted({value for value in values if value.split() == [value]}))


def _row(holder: Holder, renderer: Renderer, entry: DocumentEntry, depositor: tuple[str, str]) -> dict[str, Any]:
    kind = Kind(
        is_signature=int(entry.is_signature),
        type_code=entry.type_code.code,
        author_persons=_joined(author.person_id for author in entry.authors),
        author_institutions=_joined(one for author in entry.authors for one in author.institution_ids),
        depositor=depositor[0],
        depositor_organization=depositor[1],
    )
    return {
        "patient_key": holder.patient_key,
        "entry_uuid": entry.entry_uuid,
        "logical_id": entry.logical_id,
        "version": entry.version,
        "unique_id": entry.unique_id,
        "object_type": entry.object_type.value,
        "status": entry.status.value,
        **_coded("class_code", "class_system", entry.class_code),
        **_coded("type_code", "type_system", entry.type_code),
        **_coded("format_code", "format_system", entry.format_code),
        **_coded("facility_type", "facility_type_system", entry.facility_type),
        **_coded("practice_setting", "practice_setting_system", entry.practice_setting),
        "creation_time": entry.creation_time,
        "service_start_time": entry.service_start_time,
        "service_stop_time": entry.service_stop_time,
        "mime_type": entry.mime_type,
        "masks": " ".join(sorted(entry.masks - {UNMASKED_BY_NAME})),
        "registered_at": holder.now,
        "sealed_metadata": seal_entry(holder, entry),
        "sealed_rendition": seal_entry_rendition(holder, renderer, entry),
        "judged": text_of(kind),
        **kind._asdict(),
    }


def _coded(name: str, system: str, code: Code) -> dict[str, str]:
    return {name: code.code, system: code.system}


def _code_rows(holder: Holder, entry: DocumentEntry) -> list[dict[str, Any]]:
    kinds = (("event", entry.event_codes), ("confidentiality", entry.confidentiality_codes))
    distinct = {(kind, code.code, code.system) for kind, codes in kinds for code in codes}
    return [
        {
            "patient_key": holder.patient_key,
            "entry_uuid": entry.entry_uuid,
            "kind": kind,
            "code": code,
            "system": system,
        }
        for kind, code, system in sorted(distinct)
    ]
