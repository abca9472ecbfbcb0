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
_WRITTEN = prepare(
    select(_T.patient_key, _T.author_persons, _T.registered_at)
    .where(
        _SYNTHESES,
        _T.patient_key >= bindparam("first"),
        _T.patient_key <= bindparam("last"),
        _T.version == 1,
        _T.status != AvailabilityStatus.DELETED.value,
    )
    .order_by(_T.patient_key, _T.registered_at)
)


def syntheses_between(connection: Connection, first: int, last: int) -> dict[int, list[tuple[frozenset[str], int]]]:
    """The syntheses of patients whose internal key lies between two, both included: authors (PS_IdNat) and moment of each, the oldest first."""
    found: dict[int, list[tuple[frozenset[str], int]]] = {}
    for patient_key, authors, moment in connection.execute(_WRITTEN, {"first": first, "last": last}):
        found.setdefault(int(patient_key), []).append((frozenset(str(authors).split()), int(moment)))
    return found
