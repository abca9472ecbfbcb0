"""A migrated database with a few people in it, one of them with an open record."""

from __future__ import annotations

import shutil

import pytest
from sqlalchemy import bindparam, insert

from carnet.consent.choices import open_record
from carnet.database.connection import SqliteConnection
from carnet.database.statements import prepare
from carnet.database.tables import patient

NEW_PATIENT = prepare(
    insert(patient).values(
        patient_key=bindparam("key"), pseudonym=bindparam("name"), sealed_traits=b"", updated_at=bindparam("now")
    )
)
OPENED_AT = 1_000


@pytest.fixture
def connection(migrated, tmp_path):
    """People 1, 2 and 3 are known; 1 and 2 have an open record, 3 has none."""
    shutil.copy(migrated, tmp_path / "carnet.db")
    opened = SqliteConnection(tmp_path / "carnet.db")
    for key in (1, 2, 3):
        opened.execute(NEW_PATIENT, {"key": key, "name": f"p{key}", "now": 0})
    for key in (1, 2):
        open_record(opened, key, now=OPENED_AT)
    yield opened
    opened.close()
