"""The counter that grows with each change of who may see what. It orders changes, and gives each row that they write its name."""

from __future__ import annotations

from sqlalchemy import bindparam, update

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import health_record
from carnet.errors import UnknownPatient

_BUMP = prepare(
    update(health_record)
    .where(health_record.c.patient_key == bindparam("patient"))
    .values(rights_version=health_record.c.rights_version + 1)
    .returning(health_record.c.rights_version)
)


def bump(connection: Connection, patient_key: int) -> int:
    """Raises health_record.rights_version by one and returns it; raises UnknownPatient when the person has no record."""
    rows = connection.execute(_BUMP, {"patient": patient_key})
    if not rows:
        raise UnknownPatient("No record is known for this patient identifier.")
    version: int = rows[0][0]
    return version
