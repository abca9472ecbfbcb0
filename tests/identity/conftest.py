"""A migrated database and a ring of keys for each test of the room."""

from __future__ import annotations

import shutil

import pytest

from carnet.crypto.keyring import DevelopmentKeyring
from carnet.database.connection import SqliteConnection


@pytest.fixture
def connection(migrated, tmp_path):
    shutil.copy(migrated, tmp_path / "carnet.db")
    found = SqliteConnection(tmp_path / "carnet.db")
    yield found
    found.close()


@pytest.fixture
def keyring(tmp_path):
    DevelopmentKeyring.create(tmp_path / "keys")
    found = DevelopmentKeyring(tmp_path / "keys", "test")
    yield found
    found.close()
