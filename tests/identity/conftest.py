"""A migrated database and a ring of keys for each test of the room."""

from __future__ import annotations

import itertools
import shutil

import pytest

from carnet.crypto.keyring import DevelopmentKeyring
from carnet.database.connection import SqliteConnection
from carnet.demo import pki
from carnet.demo.credential import new_key


@pytest.fixture(scope="session")
def made_keys():
    """RSA keys of this process, in the order in which tests took them."""
    return []


@pytest.fixture(autouse=True)
def same_keys_again(monkeypatch, made_keys):
    """Authorities of each test take the keys of the test before, one by one: no two of one test are the same, and few are made anew."""
    places = itertools.count()

    def deal():
        place = next(places)
        if place == len(made_keys):
            made_keys.append(new_key())
        return made_keys[place]

    monkeypatch.setattr(pki, "new_key", deal)


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
