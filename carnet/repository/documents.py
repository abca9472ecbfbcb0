"""Which document stands where: one row a document, with its wrapped key and digests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import bindparam, insert, select, update

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import stored_document
from carnet.repository.extract_rows import forget_all_extracts, forget_extracts
from carnet.repository.preparation import Prepared
from carnet.repository.segments import Place

_LIST_SIZES = (1, 8, 64, 512)
_RECORD = prepare(insert(stored_document))
_ERASE = prepare(
    update(stored_document)
    .where(
        stored_document.c.patient_key == bindparam("patient"),
        stored_document.c.unique_id == bindparam("document"),
        stored_document.c.erased_at.is_(None),
    )
    .values(wrapped_key=bindparam("no_key"), erased_at=bindparam("now"))
)
_ERASE_ALL = prepare(
    update(stored_document)
    .where(stored_document.c.patient_key == bindparam("patient"), stored_document.c.erased_at.is_(None))
    .values(wrapped_key=bindparam("no_key"), erased_at=bindparam("now"))
)
_IN_SEGMENT = prepare(
    select(
        stored_document.c.patient_key,
        stored_document.c.unique_id,
        stored_document.c.segment,
        stored_document.c.offset,
        stored_document.c.length,
    )
    .where(stored_document.c.segment == bindparam("of_segment"), stored_document.c.erased_at.is_(None))
    .order_by(stored_document.c.offset)
)
_MOVE = prepare(
    update(stored_document)
    .where(
        stored_document.c.patient_key == bindparam("patient"),
        stored_document.c.unique_id == bindparam("document"),
        stored_document.c.segment == bindparam("old_segment"),
        stored_document.c.offset == bindparam("old_offset"),
    )
    .values(segment=bindparam("new_segment"), offset=bindparam("new_offset"))
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A document that can be read, and where its frame stands."""

    patient_key: int
    unique_id: str
    place: Place


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What is known of a document's bytes. `sha1` and `size` are those that XDS knows; `erased_at` is None while they can be read."""

    unique_id: str
    place: Place
    size: int
    sha256: bytes
    sha1: bytes
    mime_type: str
    key_version: int
    wrapped_key: bytes = field(repr=False)
    stored_at: int
    erased_at: int | None


def record(  # noqa: PLR0917 - one row, in the order of its columns
    connection: Connection,
    patient_key: int,
    unique_id: str,
    place: Place,
    prepared: Prepared,
    wrapped_key: bytes,
    key_version: int,
    mime_type: str,
    now: int,
) -> None:
    """Names a place that was appended; the store must be synced before the transaction is committed.

    The database refuses a second document of the same uniqueId for one patient.
    """
    connection.execute(
        _RECORD,
        {
            "patient_key": patient_key,
            "unique_id": unique_id,
            "segment": place.segment,
            "offset": place.offset,
            "length": place.length,
            "size": prepared.size,
            "sha256": prepared.sha256,
            "sha1": prepared.sha1,
            "mime_type": mime_type,
            "key_version": key_version,
            "wrapped_key": wrapped_key,
            "stored_at": now,
            "erased_at": None,
        },
    )


def find(connection: Connection, patient_key: int, unique_ids: Iterable[str]) -> dict[str, StoredDocument]:
    """The documents of a patient among these uniqueIds; those that are not this patient's are left out."""
    found: dict[str, StoredDocument] = {}
    for statement, parameters in _asked(patient_key, unique_ids):
        for unique_id, segment, offset, length, *rest in connection.execute(statement, parameters):
            found[unique_id] = StoredDocument(unique_id, Place(segment, offset, length), *rest)
    return found


def foresee(connection: Connection, patient_key: int, unique_ids: Iterable[str]) -> None:
    """Says that `find` comes for the same in the same order, before any of them is stored or erased in this transaction."""
    for statement, parameters in _asked(patient_key, unique_ids):
        connection.foresee(statement, parameters)


def _asked(patient_key: int, unique_ids: Iterable[str]) -> Iterator[tuple[Statement, dict[str, int | str]]]:
    wanted = list(dict.fromkeys(unique_ids))
    for start in range(0, len(wanted), _LIST_SIZES[-1]):
        part = wanted[start : start + _LIST_SIZES[-1]]
        size = next(size for size in _LIST_SIZES if size >= len(part))
        parameters: dict[str, int | str] = {f"d{number}": part[min(number, len(part) - 1)] for number in range(size)}
        yield _find_statement(size), {**parameters, "patient": patient_key}


def erase(connection: Connection, patient_key: int, unique_id: str, now: int) -> None:
    """Forgets the key of a document, and what was read out of it: neither can be read again.

    Once erased, the moment stays; nothing happens for an unknown one.
    """
    forget_extracts(connection, patient_key, unique_id)
    connection.execute(_ERASE, {"patient": patient_key, "document": unique_id, "no_key": b"", "now": now})


def erase_all(connection: Connection, patient_key: int, now: int) -> None:
    """The same for every document of a patient."""
    forget_all_extracts(connection, patient_key)
    connection.execute(_ERASE_ALL, {"patient": patient_key, "no_key": b"", "now": now})


def standing(connection: Connection, segment: str) -> list[Standing]:
    """The documents of a segment that can be read, in the order of their places. It reads the whole table: not for a path of care."""
    rows = connection.execute(_IN_SEGMENT, {"of_segment": segment})
    return [Standing(patient, unique_id, Place(*place)) for patient, unique_id, *place in rows]


def move_document(connection: Connection, document: Standing, place: Place) -> None:
    """Names another place for a document's frame, unless it has another than was read already."""
    old = {"old_segment": document.place.segment, "old_offset": document.place.offset}
    new = {"new_segment": place.segment, "new_offset": place.offset}
    connection.execute(_MOVE, {"patient": document.patient_key, "document": document.unique_id, **old, **new})


@lru_cache(maxsize=len(_LIST_SIZES))
def _find_statement(size: int) -> Statement:
    columns = stored_document.c
    return prepare(
        select(
            columns.unique_id,
            columns.segment,
            columns.offset,
            columns.length,
            columns.size,
            columns.sha256,
            columns.sha1,
            columns.mime_type,
            columns.key_version,
            columns.wrapped_key,
            columns.stored_at,
            columns.erased_at,
        ).where(
            columns.patient_key == bindparam("patient"),
            columns.unique_id.in_([bindparam(f"d{number}") for number in range(size)]),
        )
    )
