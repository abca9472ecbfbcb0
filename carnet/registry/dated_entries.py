"""The documents of a patient for lists: what the rules read of each, and the dates that it is ordered by, before any metadata is opened.

A record has thousands of documents, and few kinds of rows that are alike in all that the rules read: whoever asks the rules is asked once for
each kind, within one act, and is shown nothing else of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import bindparam, select

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import document_entry
from carnet.metadata import AvailabilityStatus, ObjectType
from carnet.registry import entry_table
from carnet.registry.criteria import Criteria, Shape, check_statuses, statement
from carnet.registry.find_documents import CONDITIONS
from carnet.registry.found import FoundEntry, Kind, found_entry, kind_of
from carnet.registry.holder import Holder

T = TypeVar("T")
_T = document_entry.c
_TYPES = (ObjectType.STABLE, ObjectType.ON_DEMAND)


class Alike(NamedTuple):
    """What the rules read of an entry (see FoundEntry), and its classCode: equal for many."""

    kind: Kind
    status: str
    masks: str
    class_code: str


_COLUMNS = (*FoundEntry._fields, "creation_time", "service_start_time", "class_code")
_CHOSEN = (
    select(*entry_table.LIGHT, _T.creation_time, _T.service_start_time, _T.class_code)
    .where(_T.patient_key == bindparam("patient"))
    .order_by(
        _T.entry_uuid
    )  # as they came: rows that lie side by side are read together, and are nearly in the order of their dates
)
_key: Callable[[Sequence[Any]], tuple[str, ...]] = itemgetter(
    *map(_COLUMNS.index, ("judged", "status", "masks", "class_code"))
)
_WIDTH = len(FoundEntry._fields)
_STATUS, _CREATED, _STARTED = map(_COLUMNS.index, ("status", "creation_time", "service_start_time"))


@lru_cache(maxsize=16)
def _statement(shape: Shape) -> Statement:
    return statement(_CHOSEN, CONDITIONS, shape)


def dated_entries(
    connection: Connection, holder: Holder, statuses: Sequence[AvailabilityStatus], judge: Callable[[Alike], T | None]
) -> list[tuple[T, FoundEntry, str, str]]:
    """The newest version of each document of the holder's patient that is in one of these statuses and that `judge` gives something for.

    `judge` is asked once for each kind of rows; what it gives stands before every row of the kind, with creationTime and serviceStartTime after it (DTM in
    UTC, '' for none), and None leaves them out. Signatures of submission sets are never among them. In the order in which they were registered, more or less.
    Raises IntegrityFailure for a status that there is not.
    """
    criteria = Criteria({"patient": holder.patient_key})
    criteria.in_status(statuses)
    criteria.one_of("object_types", _TYPES)
    criteria.items.append(("no_signature", ()))
    rows = connection.execute(_statement(criteria.shape), criteria.parameters)
    check_statuses({row[_STATUS] for row in rows})
    verdicts: dict[tuple[Any, ...], T | None] = {}
    kept = []
    for row in rows:
        key = judged, *others = _key(row)
        if key not in verdicts:
            verdicts[key] = judge(Alike(kind_of(judged), *others))
        verdict = verdicts[key]
        if verdict is not None:
            kept.append((verdict, found_entry(row[:_WIDTH]), row[_CREATED], row[_STARTED]))
    return kept


_SIGNATURES = prepare(
    select(document_entry.c.unique_id).where(
        document_entry.c.patient_key == bindparam("patient"), document_entry.c.is_signature == 1
    )
)


def signatures_of(connection: Connection, holder: Holder) -> frozenset[str]:
    """The uniqueIds of the signatures of submission sets in the holder's patient's record; queries leave them out."""
    return frozenset(str(row[0]) for row in connection.execute(_SIGNATURES, {"patient": holder.patient_key}))
