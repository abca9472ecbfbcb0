"""An emergency access lasts for one requester, one record, one mode and one length of time, and is counted."""

from __future__ import annotations

import pytest

from carnet.clock import DAY, HOUR, MINUTE
from carnet.exchange.emergency_windows import Rate, begin, rate, stands

NOW = 1_793_620_800_000_000
WHO, WHERE, GLASS = "899970000024", "1990000028", "bris_de_glace"


def begun(connection, patient=1, **about):
    usual = {"requester": WHO, "organization": WHERE, "mode": GLASS, "now": NOW, "minutes": 30, "secret": False}
    return begin(connection, patient, **{**usual, **about})


def standing(connection, patient=1, **about):
    return stands(connection, patient, **{"requester": WHO, "mode": GLASS, "now": NOW, "secret": False, **about})


def test_it_stands_from_its_first_moment_until_its_end_and_no_longer(connection):
    begun(connection)
    assert not standing(connection, now=NOW - 1)
    assert standing(connection)
    assert standing(connection, now=NOW + 30 * MINUTE - 1)
    assert not standing(connection, now=NOW + 30 * MINUTE)


@pytest.mark.parametrize(
    "other", [{"patient": 2}, {"requester": "899970000032"}, {"mode": "centre_15"}, {"secret": True}]
)
def test_it_opens_nothing_else(connection, other):
    begun(connection)
    assert not standing(connection, **other)


def test_each_has_its_own_id(connection):
    names = {
        begun(connection),
        begun(connection, 2),
        begun(connection, now=NOW + HOUR),
        begun(connection, mode="centre_15"),
        begun(connection, secret=True),
    }
    assert len(names) == 5


def test_the_rate_is_that_of_the_last_hour_and_the_last_day_of_one_mode(connection):
    for moment in (NOW - DAY, NOW - DAY + 1, NOW - HOUR, NOW - HOUR + 1, NOW):
        begun(connection, now=moment)
    begun(connection, 2, mode="centre_15")
    begun(connection, 2, requester="899970000032")

    def counted(subject, **about):
        return rate(connection, subject, **{"structure": False, "mode": GLASS, "now": NOW, **about})

    assert counted(WHO) == Rate(hour=2, day=4)
    assert counted(WHERE, structure=True) == Rate(hour=3, day=5)
    assert counted(WHO, since=NOW - 2 * HOUR) == Rate(hour=2, day=3)
    assert counted("nobody") == Rate(hour=0, day=0)
