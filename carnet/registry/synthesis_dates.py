"""When syntheses were registered, and by whom they were written: what a yearly reminder is counted from. Moments are microseconds UTC."""

from __future__ import annotations

from sqlalchemy import bindparam, literal_column, select

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import document_entry
from carnet.metadata import AvailabilityStatus

_T = document_entry.c
_SYNTHESES = _T.type_code.in_([literal_column("'60591-5'"), literal_column("'SYNTH'")])
"""Written as in the index that it uses: the French patient summary, and the VSM before it."""
_LIVING = (_SYNTHESES, _T.version == 1, _T.status != AvailabilityStatus.DELETED.value)
_BETWEEN = prepare(
    select(_T.patient_key, _T.author_persons, _T.registered_at)
    .where(*_LIVING, _T.patient_key >= bindparam("first"), _T.patient_key <= bindparam("last"))
    .order_by(_T.patient_key, _T.registered_at)
)
_OF_ONE = prepare(
    select(_T.author_persons, _T.registered_at)
    .where(*_LIVING, _T.patient_key == bindparam("patient"))
    .order_by(_T.registered_at)
)
Written = tuple[frozenset[str], int]
"""A synthesis: its authors (PS_IdNat), and when it was registered."""


def syntheses_of(connection: Connection, patient_key: int) -> list[Written]:
    """The syntheses of one patient, the oldest first."""
    return [_written(*row) for row in connection.execute(_OF_ONE, {"patient": patient_key})]


def syntheses_between(connection: Connection, first: int, last: int) -> dict[int, list[Written]]:
    """Those of patients whose internal key lies between two, both included, by that key, the oldest first. Not for a path of care."""
    found: dict[int, list[Written]] = {}
    for patient_key, *row in connection.execute(_BETWEEN, {"first": first, "last": last}):
        found.setdefault(int(patient_key), []).append(_written(*row))
    return found


def _written(authors: object, moment: int) -> Written:
    return frozenset(str(authors).split()), int(moment)
