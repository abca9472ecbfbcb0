"""A migrated database with two persons, and a key that seals visibly."""

from __future__ import annotations

import shutil

import pytest
from sqlalchemy import bindparam, insert

from carnet.crypto.envelope import PatientKey
from carnet.database.connection import SqliteConnection
from carnet.database.statements import prepare
from carnet.database.tables import patient

PERSON = prepare(insert(patient).values(pseudonym=bindparam("name"), sealed_traits=b"", updated_at=0))


@pytest.fixture
def connection(migrated, tmp_path):
    shutil.copy(migrated, tmp_path / "carnet.db")
    opened = SqliteConnection(tmp_path / "carnet.db")
    opened.execute_many(PERSON, [{"name": "one"}, {"name": "two"}])
    yield opened
    opened.close()


@pytest.fixture
def key():
    return PatientKey("one", 1, b"k" * 32)
