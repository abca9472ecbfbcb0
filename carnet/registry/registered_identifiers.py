"""entryUUIDs and uniqueIds: made, recognised, and remembered for ever so that none serves twice."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from sqlalchemy import bindparam, insert, select

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import registered_identifier
from carnet.registry.holder import Holder
from carnet.registry.value_lists import binds, by_width, each_width

_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)

_REMEMBER = prepare(
    insert(registered_identifier).values(value=bindparam("value"), patient_key=bindparam("patient_key"))
)


@by_width
def _patients_of(width: int) -> Statement:
    table = registered_identifier.c
    return prepare(select(table.value, table.patient_key).where(table.value.in_(binds("value", width))))


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
    return {
        value: patient_key
        for width, parameters in each_width("value", values)
        for value, patient_key in connection.execute(_patients_of(width), parameters)
    }


def remember(connection: Connection, holder: Holder, values: Iterable[str]) -> None:
    """Registers identifiers for the patient; the caller has checked that none is taken, except those it knows to be its own."""
    rows = [{"value": value, "patient_key": holder.patient_key} for value in sorted(values)]
    connection.execute_many(_REMEMBER, rows)
