"""An assertion is used once, whoever brings it, however often the server restarts."""

from __future__ import annotations

import shutil

import pytest

from carnet.database.connection import SqliteConnection
from carnet.errors import AssertionInvalid
from carnet.identity.replay import forget_expired, remember
from carnet.identity.vihf_structure import REFUSAL
from carnet.requester import AssertionUse

USE = AssertionUse(key=b"k" * 32, expires_at=1_000)


@pytest.fixture
def database(migrated, tmp_path):
    return shutil.copy(migrated, tmp_path / "carnet.db")


@pytest.fixture
def connection(database):
    opened = SqliteConnection(database)
    yield opened
    opened.close()


def test_an_assertion_is_taken_once(connection):
    remember(connection, USE, "aa")
    with pytest.raises(AssertionInvalid, match=REFUSAL) as refusal:
        remember(connection, USE, "aa")
    assert refusal.value.__notes__ == ["the assertion was used before"]


def test_another_assertion_is_taken(connection):
    remember(connection, USE, "aa")
    remember(connection, AssertionUse(key=b"l" * 32, expires_at=1_000), "aa")


def test_another_worker_and_a_restart_remember(database):
    first, second = SqliteConnection(database), SqliteConnection(database)
    remember(first, USE, "aa")
    with pytest.raises(AssertionInvalid):
        remember(second, USE, "aa")
    first.close()
    second.close()
    restarted = SqliteConnection(database)
    with pytest.raises(AssertionInvalid):
        remember(restarted, USE, "aa")
    restarted.close()


def test_a_reusable_assertion_comes_again_over_the_same_certificate_only(connection):
    reusable = AssertionUse(key=USE.key, expires_at=1_000, reusable=True)
    remember(connection, reusable, "aa")
    remember(connection, reusable, "aa")
    with pytest.raises(AssertionInvalid):
        remember(connection, reusable, "bb")


def test_an_assertion_used_once_does_not_become_reusable_for_another(connection):
    remember(connection, USE, "aa")
    with pytest.raises(AssertionInvalid):
        remember(connection, AssertionUse(key=USE.key, expires_at=1_000, reusable=True), "bb")


def test_what_is_past_is_forgotten_and_nothing_else(connection):
    remember(connection, USE, "aa")
    forget_expired(connection, 1_000)
    with pytest.raises(AssertionInvalid):
        remember(connection, USE, "aa")
    forget_expired(connection, 1_001)
    remember(connection, USE, "aa")
