"""What was read out of documents, at rest: one sealed row for each document and kind of extract, written anew by a newer extractor.

The plain bytes are compressed (but where they are read by thousands: a byte before them tells), then sealed under the patient's key for one document, kind and version, so that a row moved to another place
does not open. Rows go with their document: whoever erases its key erases them (`carnet.repository.documents`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

import zstandard
from sqlalchemy import and_, bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import document_extract, stored_document
from carnet.errors import IntegrityFailure

MAXIMUM_BYTES = 64 * 1024 * 1024
_WIDTHS = (1, 8, 64, 512)
_LEVEL = 3
_BARE, _PACKED = b"\x00", b"\x01"
_T, _S = document_extract.c, stored_document.c
_COLUMNS = ("patient_key", "unique_id", "kind", "version", "state", "made_at", "sealed_content")
_INSERT = insert(document_extract).values({name: bindparam(name) for name in _COLUMNS})
_PUT = prepare(
    _INSERT.on_conflict_do_update(
        index_elements=("patient_key", "unique_id", "kind"),
        set_={name: _INSERT.excluded[name] for name in _COLUMNS[3:]},
    )
)
_FORGET = prepare(
    delete(document_extract).where(_T.patient_key == bindparam("patient"), _T.unique_id == bindparam("document"))
)
_FORGET_ALL = prepare(delete(document_extract).where(_T.patient_key == bindparam("patient")))


class SealingKey(Protocol):
    """What is needed of `crypto.envelope.PatientKey`."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypts for one place, which `context` names."""
        ...

    def open(self, sealed: bytes, context: str) -> bytes:
        """The plain bytes; raises IntegrityFailure for any other context or key."""
        ...


@dataclass(frozen=True, slots=True)
class ExtractRow:
    """A row. `state` is made, partial (some of the document could not be read here) or unreadable (nothing could)."""

    unique_id: str
    kind: str
    version: int
    state: str
    sealed: bytes = field(repr=False)


class _Zstd(threading.local):
    """A compressor used by two threads at once brings the process down: each thread has its own."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_ZSTD = _Zstd()


def sealed_row(  # noqa: PLR0917 - one row, in the order of its columns
    key: SealingKey, unique_id: str, kind: str, version: int, state: str, plain: bytes, *, packed: bool = True
) -> ExtractRow:
    """A row of plain bytes, in any thread, compressed when `packed`."""
    content = _PACKED + _ZSTD.compressor.compress(plain) if packed else _BARE + plain
    sealed = key.seal(content, _context(unique_id, kind, version))
    return ExtractRow(unique_id, kind, version, state, sealed)


def opened(key: SealingKey, row: ExtractRow) -> bytes:
    """The plain bytes of a row, in any thread. Raises IntegrityFailure."""
    return _plain(key.open(row.sealed, _context(row.unique_id, row.kind, row.version)))


def _plain(content: bytes) -> bytes:
    if content[:1] == _BARE:
        return content[1:]
    frame = content[1:]
    try:
        # The library reserves what the frame announces, whatever limit it is given: the two are compared first.
        if zstandard.frame_content_size(frame) > MAXIMUM_BYTES:
            raise IntegrityFailure("An extract is too large to be one.")
        return _ZSTD.decompressor.decompress(frame)
    except zstandard.ZstdError as error:
        raise IntegrityFailure("An extract cannot be decompressed.") from error


def _context(unique_id: str, kind: str, version: int) -> str:
    return f"extract|{kind}|{version}|{unique_id}"


def put_extracts(connection: Connection, patient_key: int, rows: Iterable[ExtractRow], *, now: int) -> None:
    """Writes rows of one patient, each in the place of that of the same document and kind."""
    written = [
        {
            "patient_key": patient_key,
            "unique_id": row.unique_id,
            "kind": row.kind,
            "version": row.version,
            "state": row.state,
            "made_at": now,
            "sealed_content": row.sealed,
        }
        for row in rows
    ]
    if written:
        connection.execute_many(_PUT, written)


def find_extracts(
    connection: Connection, patient_key: int, kind: str, version: int, unique_ids: Sequence[str]
) -> dict[str, ExtractRow]:
    """The rows of one kind and version of these documents of a patient, by uniqueId; no row of another document is read."""
    rows = _rows(connection, patient_key, kind, version, unique_ids)
    return {unique_id: ExtractRow(unique_id, kind, version, state, sealed) for unique_id, state, sealed in rows}


def open_extracts(  # noqa: PLR0917 - the rows of find_extracts, and their key
    connection: Connection, patient_key: int, kind: str, version: int, unique_ids: Sequence[str], key: SealingKey
) -> dict[str, tuple[str, bytes]]:
    """The state and the plain bytes of the same rows, for pages that open thousands. Raises IntegrityFailure."""
    before = _context("", kind, version)
    return {
        unique_id: (state, _plain(key.open(sealed, before + unique_id)))
        for unique_id, state, sealed in _rows(connection, patient_key, kind, version, unique_ids)
    }


def _rows(
    connection: Connection, patient_key: int, kind: str, version: int, unique_ids: Sequence[str]
) -> Iterator[tuple[str, str, bytes]]:
    for start in range(0, len(unique_ids), _WIDTHS[-1]):
        part = unique_ids[start : start + _WIDTHS[-1]]
        width = next(width for width in _WIDTHS if width >= len(part))
        padded = (*part, *(part[-1] for _ in range(width - len(part))))
        parameters: dict[str, int | str] = dict(zip(_names(width), padded, strict=True))
        parameters |= {"patient": patient_key, "of_kind": kind, "of_version": version}
        yield from connection.execute(_find_statement(width), parameters)


@lru_cache(maxsize=len(_WIDTHS))
def _names(width: int) -> tuple[str, ...]:
    return tuple(f"d{place}" for place in range(width))


@lru_cache(maxsize=len(_WIDTHS))
def _find_statement(width: int) -> Statement:
    return prepare(
        select(_T.unique_id, _T.state, _T.sealed_content).where(
            _T.patient_key == bindparam("patient"),
            _T.kind == bindparam("of_kind"),
            _T.version == bindparam("of_version"),
            _T.unique_id.in_([bindparam(name) for name in _names(width)]),
        )
    )


def forget_extracts(connection: Connection, patient_key: int, unique_id: str) -> None:
    """Deletes every extract of a document."""
    connection.execute(_FORGET, {"patient": patient_key, "document": unique_id})


def forget_all_extracts(connection: Connection, patient_key: int) -> None:
    """Deletes every extract of a patient."""
    connection.execute(_FORGET_ALL, {"patient": patient_key})


# --- whole population ---------------------------------------------------------------------------------------------


def documents_after(
    connection: Connection, kind: str, version: int, after: tuple[int, str], *, count: int, again: bool = False
) -> list[tuple[int, str, bool]]:
    """The next documents that can be read, in the order of (patient_key, uniqueId), each with whether it lacks the extract.

    `again`: one that is not wholly made counts as lacking. It walks the whole table: not for a path of care.
    """
    patient, unique_id = after
    rows = connection.execute(
        _AFTER, {"patient": patient, "document": unique_id, "of_kind": kind, "of_version": version, "count": count}
    )
    return [(int(key), str(name), state is None or (again and state != "made")) for key, name, state in rows]


_AFTER = prepare(
    select(_S.patient_key, _S.unique_id, _T.state)
    .select_from(
        stored_document.outerjoin(
            document_extract,
            and_(
                _T.patient_key == _S.patient_key,
                _T.unique_id == _S.unique_id,
                _T.kind == bindparam("of_kind"),
                _T.version == bindparam("of_version"),
            ),
        )
    )
    .where(
        _S.erased_at.is_(None),
        or_(
            _S.patient_key > bindparam("patient"),
            and_(_S.patient_key == bindparam("patient"), _S.unique_id > bindparam("document")),
        ),
    )
    .order_by(_S.patient_key, _S.unique_id)
    .limit(bindparam("count"))
)
