"""Alarms sound once for one threshold passed, tell nobody's name to the log, and stand until they are settled."""

from __future__ import annotations

import logging

import pytest

from carnet.clock import DAY, HOUR
from carnet.exchange.alarms import CUT_OFF, KINDS, find_alarm, is_sounding, last_settled, settle, sound, sounding

NOW = 1_793_620_800_000_000
WHO = "899970000024"


def sounded(connection, kind="harvest-hour", *, subject=WHO, counted=6, threshold=5, now=NOW):
    return sound(connection, kind, subject, counted=counted, threshold=threshold, now=now)


@pytest.mark.parametrize(
    ("counted", "threshold", "rings"), [(5, 5, False), (6, 5, True), (1_000, 0, False), (1, 0, False)]
)
def test_a_threshold_must_be_passed_and_zero_is_none(connection, counted, threshold, rings):
    assert sounded(connection, counted=counted, threshold=threshold) is rings
    assert len(sounding(connection)) == rings


def test_it_sounds_once_an_hour_or_a_day_for_one_subject(connection):
    assert sounded(connection)
    assert not sounded(connection, counted=7, now=NOW + HOUR - 1)
    assert sounded(connection, now=NOW + HOUR)
    assert sounded(connection, subject="899970000032")
    assert sounded(connection, "harvest-day")
    assert not sounded(connection, "harvest-day", now=NOW + DAY - NOW % DAY - 1)
    assert sounded(connection, "harvest-day", now=NOW + DAY)
    first = next(one for one in sounding(connection) if one.kind == "harvest-hour")
    assert (first.kind, first.subject, first.counted, first.threshold, first.raised_at) == (
        "harvest-hour",
        WHO,
        6,
        5,
        NOW,
    )


def test_the_log_tells_the_kind_and_nobody(connection, caplog):
    with caplog.at_level(logging.WARNING):
        sounded(connection)
        sounded(connection)
    (record,) = caplog.records
    assert record.reason == "harvest-hour"
    assert WHO not in str(record.__dict__)


def test_a_settled_alarm_stands_no_longer_and_stays_settled(connection):
    sounded(connection, CUT_OFF)
    (one,) = sounding(connection)
    assert is_sounding(connection, CUT_OFF, WHO)
    assert not is_sounding(connection, CUT_OFF, "899970000032")
    assert last_settled(connection, CUT_OFF, WHO) == 0
    settle(connection, one.alarm_id, by="operator:one", now=NOW + 5)
    settle(connection, one.alarm_id, by="operator:two", now=NOW + 9)
    assert not is_sounding(connection, CUT_OFF, WHO)
    assert find_alarm(connection, one.alarm_id) is None
    assert last_settled(connection, CUT_OFF, WHO) == NOW + 5
    assert connection._raw.execute("SELECT settled_by FROM alarm").fetchall() == [("operator:one",)]


def test_every_kind_is_explained():
    assert all(within > 0 and said for within, said in KINDS.values())
