"""Rows for a registry of millions of documents, as a registration writes them: made by the product's own code, then copied for the many.

The records that are searched hold whole rows, each sealed under its patient's own key. Everybody else's rows have every column and every index
entry of theirs, with fresh identifiers and times, and seals cut to the length of an empty one: nobody reads them, and what they take
on the disk is measured elsewhere (`bench.costs`).
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from bench.population import person, small_document
from carnet.client.caller import Caller
from carnet.client.feeding import from_cda, submission_of
from carnet.clock import MINUTE, to_dtm
from carnet.crypto.envelope import OVERHEAD
from carnet.database.statements import Statement
from carnet.metadata import DocumentEntry
from carnet.registry import entry_table
from carnet.registry.holder import Holder
from carnet.registry.registered_identifiers import new_uuid
from carnet.soap.ebrim_render import EbrimRenderer

Row = dict[str, Any]
EMPTY = bytes(OVERHEAD)
SEALED = ("sealed_metadata", "sealed_rendition")


class Recorder:
    """Stands where a connection is expected and keeps the rows instead of writing them."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def execute(self, _statement: Statement, _parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Nothing is there."""
        return []

    def execute_many(self, _statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keeps rows of document_entry."""
        self.rows += [dict(row) for row in rows if "sealed_rendition" in row]


@dataclass(frozen=True, slots=True)
class Example:
    """The entries of one signed submission set: a document, and the signature of the set."""

    entries: tuple[DocumentEntry, ...]

    @classmethod
    def signed_by(cls, caller: Caller, now: int) -> Example:
        """One that the laboratory's software would send."""
        sent = from_cda(small_document(person(0)))
        submission = submission_of([sent], caller, now)
        size = len(sent.content)
        return cls(tuple(replace(one, hash="0" * 40, size=size) for one in submission.entries))

    def whole(self, holder: Holder) -> list[Row]:
        """The rows of a new edition of it in the holder's record: sealed, rendered, ready to be found."""
        recorder = Recorder()
        entry_table.add(recorder, holder, EbrimRenderer(), self.editions(holder))
        return recorder.rows

    def editions(self, holder: Holder) -> list[DocumentEntry]:
        """Its entries again, as of the holder's moment and never registered before."""
        return [self._edition(one, holder) for one in self.entries]

    def _edition(self, entry: DocumentEntry, holder: Holder) -> DocumentEntry:
        name, moment = new_uuid(holder.now), to_dtm(holder.now)
        oid = f"2.25.{uuid.uuid4().int}"
        return replace(
            entry,
            entry_uuid=name,
            logical_id=name,
            unique_id=oid,
            creation_time=moment,
            service_start_time=moment,
            service_stop_time=moment,
        )


@dataclass(frozen=True, slots=True)
class Copies:
    """Rows like those of an example, for people nobody asks about."""

    templates: tuple[Row, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """In the order of `rows`."""
        return tuple(self.templates[0])

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Copies:
        """The rows without what was sealed in them."""
        return cls(tuple({**row, **dict.fromkeys(SEALED, EMPTY)} for row in rows))

    def rows(self, patient_key: int, now: int) -> Iterator[tuple[Any, ...]]:
        """The rows of one submission."""
        moment = _minute(now // MINUTE)
        for template in self.templates:
            name = new_uuid(now)
            yield tuple(
                {
                    **template,
                    "patient_key": patient_key,
                    "entry_uuid": name,
                    "logical_id": name,
                    "unique_id": f"2.25.{int.from_bytes(os.urandom(16))}",
                    "creation_time": moment,
                    "service_start_time": moment,
                    "service_stop_time": moment,
                    "registered_at": now,
                }.values()
            )


@lru_cache(maxsize=1_024)
def _minute(number: int) -> str:
    return to_dtm(number * MINUTE)
