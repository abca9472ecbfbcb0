"""entryUUIDs and uniqueIds: made, recognised, and remembered for ever so that none serves twice.

Where the database is spread over several servers a row of `registered_identifier` lies by its identifier, and is kept before the rows of the registry
are: it is a claim. One whose registration failed stays with its patient, who may come again; nobody else gets it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from sqlalchemy import bindparam, select, union_all
from sqlalchemy.dialects.postgresql import insert

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import association, document_entry, folder, registered_identifier, submission_set
from carnet.errors import DuplicateIdentifier
from carnet.registry.holder import Holder
from carnet.registry.value_lists import binds, by_width, each_width

_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)

_CLAIMED = insert(registered_identifier).values(value=bindparam("value"), patient_key=bindparam("patient_key"))
_REMEMBER = prepare(_CLAIMED)
_CLAIM = prepare(
    _CLAIMED.on_conflict_do_update(
        index_elements=["value"],
        set_={"patient_key": _CLAIMED.excluded.patient_key},
        where=registered_identifier.c.patient_key == _CLAIMED.excluded.patient_key,
    ).returning(registered_identifier.c.value)
)


@by_width
def _patients_of(width: int) -> Statement:
    table = registered_identifier.c
    return prepare(select(table.value, table.patient_key).where(table.value.in_(binds("value", width))))


@by_width
def _registered(width: int) -> Statement:
    """Those of some names that stand in the registry of a patient."""
    named = [
        one.c[column] for one in (submission_set, document_entry, folder) for column in ("unique_id", "entry_uuid")
    ]
    return prepare(
        union_all(
            *(
                select(column.label("value")).where(
                    column.table.c.patient_key == bindparam("patient_key"), column.in_(binds("value", width))
                )
                for column in (*named, association.c.entry_uuid)
            )
        )
    )


def new_uuid(now: int) -> str:
    """A fresh `urn:uuid:` whose first bits are the time (RFC 9562, version 7): neighbours in time are neighbours in the indexes.

    `now` is in microseconds UTC.
    """
    moment = f"{now // 1_000 & 0xFFFF_FFFF_FFFF:012x}"
    random = os.urandom(10).hex()
    variant = "89ab"[int(random[3], 16) & 3]
    return f"urn:uuid:{moment[:8]}-{moment[8:]}-7{random[:3]}-{variant}{random[4:7]}-{random[7:19]}"


def is_uuid(identifier: str) -> bool:
    """Whether an identifier is a `urn:uuid:` rather than a symbolic one (ITI TF-3 §4.2.3.1.5)."""
    return _UUID.fullmatch(identifier) is not None


def canonical(identifier: str) -> str:
    """The form under which an identifier is compared: UUIDs in lower case, anything else as it stands."""
    return identifier.lower() if identifier[:9].lower() == "urn:uuid:" else identifier


def patients_of(connection: Connection, values: Iterable[str]) -> dict[str, int]:
    """The patient_key under which each of the identifiers was registered; those never registered are left out."""
    if connection.spread:
        each = [connection.apart(_patients_of(1), {"value0": value}) for value in dict.fromkeys(values)]
        return dict(rows[0] for rows in each if rows)
    return {
        value: patient_key
        for width, parameters in each_width("value", values)
        for value, patient_key in connection.execute(_patients_of(width), parameters)
    }


def taken(connection: Connection, holder: Holder, values: Iterable[str]) -> dict[str, int]:
    """The same, without those that the patient claimed and that were never registered: their registration failed, it may come again."""
    found = patients_of(connection, values)
    own = [value for value, patient_key in found.items() if patient_key == holder.patient_key]
    if not own or not connection.spread:
        return found
    here = {
        value
        for width, parameters in each_width("value", own)
        for (value,) in connection.execute(_registered(width), {**parameters, "patient_key": holder.patient_key})
    }
    return {value: key for value, key in found.items() if key != holder.patient_key or value in here}


def remember(connection: Connection, holder: Holder, values: Iterable[str]) -> None:
    """Registers identifiers for the patient; the caller has checked that none is taken, except those it knows to be its own.

    Raises DuplicateIdentifier where the database is spread and another patient came first, after that check.
    """
    rows = [{"value": value, "patient_key": holder.patient_key} for value in sorted(values)]
    if not connection.spread:
        connection.execute_many(_REMEMBER, rows)
        return
    for row in rows:
        if not connection.apart(_CLAIM, row):
            raise DuplicateIdentifier(
                "An identifier of the submission is registered already.", subject=str(row["value"])
            )
