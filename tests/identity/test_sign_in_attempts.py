"""How often somebody may try (security §3, T13): what every limit of signing in, of searches and of openings counts by."""

from __future__ import annotations

import contextlib

import pytest

from carnet.clock import HOUR, MINUTE
from carnet.database.connection import SqliteConnection
from carnet.errors import TooManyTries
from carnet.identity.sign_in_attempts import SLICES, count_try, tries

NOW = 1_790_000_000 * 1_000_000 // HOUR * HOUR
SLICE = HOUR // SLICES
KINDS = ("sign-in", "code asked", "code tried", "provisional code", "identity search", "record opening")


@pytest.fixture
def trying(keyring):
    """One try: `trying(connection, whom, now)`, three of which are allowed within an hour."""

    def one(connection, whom="somebody", now=NOW, what="sign-in"):
        count_try(connection, keyring, what, whom, maximum=3, span=HOUR, now=now)

    return one


def is_refused(trying, *about, **more):
    try:
        trying(*about, **more)
    except TooManyTries:
        return True
    return False


@pytest.mark.parametrize("what", KINDS)
def test_the_last_try_is_allowed_and_the_next_is_not(connection, trying, what):
    assert [is_refused(trying, connection, what=what) for _ in range(5)] == [False, False, False, True, True]


def test_a_refused_try_does_not_make_the_wait_longer(connection, keyring, trying):
    for minute in range(50):
        is_refused(trying, connection, now=NOW + minute * MINUTE)
    assert tries(connection, keyring, "sign-in", "somebody", span=HOUR, now=NOW + 50 * MINUTE) == 3
    assert not is_refused(trying, connection, now=NOW + HOUR)


def test_an_hour_moves_with_time_and_ends_at_its_microsecond(connection, trying):
    for part in range(3):
        trying(connection, now=NOW + part * SLICE)
    assert is_refused(trying, connection, now=NOW + HOUR - 1)
    assert not is_refused(trying, connection, now=NOW + HOUR)
    assert is_refused(trying, connection, now=NOW + HOUR)
    assert not is_refused(trying, connection, now=NOW + HOUR + SLICE)


def test_tries_are_those_of_one_identity_and_of_one_kind(connection, trying):
    for _ in range(3):
        trying(connection)
    assert is_refused(trying, connection)
    assert not is_refused(trying, connection, "somebody else")
    assert not is_refused(trying, connection, what="code tried")


def test_a_restart_and_another_worker_forget_no_try(connection, trying, tmp_path):
    trying(connection)
    for _ in range(2):
        with contextlib.closing(SqliteConnection(tmp_path / "carnet.db")) as another:
            trying(another)
    with contextlib.closing(SqliteConnection(tmp_path / "carnet.db")) as another:
        assert is_refused(trying, another)
    assert is_refused(trying, connection)
