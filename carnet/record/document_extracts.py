"""What was read out of the documents that somebody may see: the decision first, then the rows, then what is missing.

An act that needs results, medicines or terms asks `extracts_of` inside its room, for documents that it got from `visible_documents` (or for
those that are Approved alone, `in_use`). What is missing is remembered for the background; a page that wants it at once hands `missing` to
`extract_filling.fill`, outside the gate, and runs its act again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from carnet.metadata import AvailabilityStatus
from carnet.record.extractors import ExtractKind, State, extractor_of
from carnet.record.own_documents import Visible
from carnet.record.reading_room import ReadingRoom
from carnet.repository.extract_rows import open_extracts


class Extract(NamedTuple):
    """What one document gave; `content` is b'' where nothing could be read. A named tuple, for a record has thousands."""

    document: Visible
    state: State
    content: bytes

    def __repr__(self) -> str:
        """Without the content: it is health data."""
        return f"Extract({self.document.found.unique_id!r}, {self.state!r})"


_STATES = {one.value: one for one in State}


@dataclass(frozen=True, slots=True)
class Missing:
    """Documents of one patient, all of them seen by who asked, that have not been read yet (uniqueIds)."""

    patient_key: int = 0
    unique_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extracts:
    """The extracts of one kind in the order of the documents, and what is missing."""

    found: tuple[Extract, ...]
    missing: Missing


def in_use(documents: Sequence[Visible]) -> list[Visible]:
    """Those that are Approved: neither replaced nor archived."""
    return [one for one in documents if one.found.status == AvailabilityStatus.APPROVED]


def extracts_of(room: ReadingRoom, kind: ExtractKind, documents: Sequence[Visible]) -> Extracts:
    """The extracts of one kind of documents that the person may see (`visible_documents`). What is missing will be read soon.

    Traces nothing: whoever shows something of a document says so (`room.touched`). Raises IntegrityFailure.
    """
    extractor = extractor_of(kind)
    of_type = {code: extractor.of(code) for code in {one.found.type_code for one in documents}}
    wanted = {one.found.unique_id: one for one in documents if of_type[one.found.type_code]}
    rows = open_extracts(room.connection, room.patient_key, kind, extractor.version, tuple(wanted), room.key)
    found = tuple(
        Extract(one, _STATES[row[0]], row[1]) for name, one in wanted.items() if (row := rows.get(name)) is not None
    )
    missing = tuple(name for name in wanted if name not in rows)
    for name in missing:
        room.platform.fresh.add(room.patient_key, name)
    return Extracts(found, Missing(room.patient_key, missing))
