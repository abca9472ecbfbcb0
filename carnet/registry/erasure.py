"""Removing all that the registry holds of one patient: what is sealed cannot be read without the key, what is in clear must go too."""

from __future__ import annotations

from sqlalchemy import Table, bindparam, delete

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import (
    announcement,
    association,
    document_entry,
    entry_code,
    entry_reference,
    folder,
    folder_code,
    submission_set,
)

ERASED: tuple[Table, ...] = (
    # in the order that foreign keys ask for; registered_identifier stays, so that no identifier is used twice
    announcement,
    association,
    entry_code,
    entry_reference,
    document_entry,
    folder_code,
    folder,
    submission_set,
)


def _of_patient(table: Table) -> Statement:
    return prepare(delete(table).where(table.c.patient_key == bindparam("patient")))


_STATEMENTS = tuple(_of_patient(table) for table in ERASED)


def erase_registry(connection: Connection, patient_key: int) -> None:
    """Deletes every row of a patient's registry."""
    for statement in _STATEMENTS:
        connection.execute(statement, {"patient": patient_key})
