"""Counting from the trace: exact at its thresholds, nothing twice, nothing left out."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, insert

from carnet.clock import DAY, HOUR, MINUTE
from carnet.database.statements import prepare
from carnet.database.tables import patient
from carnet.exchange.alarms import sounding
from carnet.exchange.harvest import Seen, Thresholds, count, cursor, forget

NOW = 1_793_620_800_000_000
WHO = "899970000024"
PERSON = prepare(insert(patient).values(pseudonym=bindparam("name"), sealed_traits=b"", updated_at=0))


@pytest.fixture
def many(connection):
    connection.execute_many(PERSON, [{"name": f"p{number}"} for number in range(3, 41)])
    return connection


def reading(number, at, who=WHO, mode="normal", where="1990000028"):
    return Seen(ticket=0, at=at, requester=who, organization=where, mode=mode, patient_key=number)


def counted(connection, seen, *, records_hour=0, records_day=0, misses_hour=0, after=None, upto=None):
    after = cursor(connection) if after is None else after
    thresholds = Thresholds(records_hour, records_day, misses_hour)
    return count(connection, seen, after=after, upto=after + 1 if upto is None else upto, thresholds=thresholds)


def alarms(connection):
    return [(one.kind, one.subject, one.counted) for one in sounding(connection)]


def test_one_record_more_than_the_threshold_within_an_hour_rings(many):
    assert counted(many, [reading(n, NOW + n * MINUTE) for n in range(1, 11)], records_hour=10) == 0
    assert counted(many, [reading(11, NOW + 11 * MINUTE)], records_hour=10) == 1
    assert alarms(many) == [("harvest-hour", WHO, 11)]


def test_the_hour_slides(many):
    slow = [reading(n, NOW + n * 6 * MINUTE) for n in range(1, 31)]
    assert counted(many, slow, records_hour=10) == 0
    across = [reading(n, NOW + 10 * HOUR + 50 * MINUTE + n * MINUTE) for n in range(1, 21)]
    assert counted(many, across, records_hour=15) == 1


def test_the_same_record_again_and_again_is_one(many):
    seen = [reading(n % 3 + 1, NOW + n * MINUTE) for n in range(50)]
    assert counted(many, seen, records_hour=3) == 0
    assert many._raw.execute("SELECT count(*), max(last_at) FROM watched_access").fetchone() == (3, NOW + 49 * MINUTE)


def test_a_record_read_in_two_hours_or_two_modes_is_one_record(many):
    seen = [reading(n, NOW + 55 * MINUTE + n) for n in (1, 2, 3)] + [
        reading(n, NOW + 65 * MINUTE + n) for n in (1, 2, 3)
    ]
    assert counted(many, [*seen, reading(1, NOW + 66 * MINUTE, mode="centre_15")], records_hour=3) == 0


def test_several_requesters_are_counted_apart_and_every_mode_counts(many):
    both = [reading(n, NOW + n, who=who) for n in range(1, 8) for who in (WHO, "899970000032")]
    assert counted(many, both, records_hour=7) == 0
    assert counted(many, [reading(8, NOW + 9, mode="bris_de_glace")], records_hour=7) == 1


def test_the_day_has_a_threshold_of_its_own(many):
    seen = [reading(n, NOW + n * 30 * MINUTE) for n in range(1, 31)]
    assert counted(many, seen, records_hour=5, records_day=29) == 1
    assert alarms(many) == [("harvest-day", WHO, 30)]


def test_asking_for_people_whom_nobody_knows_rings(many):
    misses = [Seen(n, NOW + n, WHO, "1990000028", "normal", None) for n in range(1, 6)]
    assert counted(many, misses[:4], misses_hour=4) == 0
    assert counted(many, misses, misses_hour=4) == 1
    assert alarms(many) == [("enumeration-hour", WHO, 5)]


def test_what_others_have_counted_meanwhile_is_not_counted_again(many):
    seen = [reading(1, NOW)]
    assert counted(many, seen, after=0, upto=7) == 0
    assert counted(many, seen, after=0, upto=7) is None
    assert cursor(many) == 7
    assert many._raw.execute("SELECT sum(visits) FROM access_figure").fetchone() == (1,)


def test_a_visit_is_a_requester_a_record_and_an_hour_of_the_normal_mode(many):
    seen = [
        reading(1, NOW),
        reading(1, NOW + MINUTE),
        reading(1, NOW + HOUR),
        reading(2, NOW),
        reading(1, NOW, who="8"),
    ]
    counted(many, [*seen, reading(3, NOW, mode="bris_de_glace"), reading(3, NOW, where="499970000016001")])
    rows = many._raw.execute("SELECT day, organization, visits FROM access_figure ORDER BY 2").fetchall()
    assert rows == [(NOW - NOW % DAY, "1990000028", 4), (NOW - NOW % DAY, "499970000016001", 1)]


def test_what_is_old_is_forgotten_and_the_figures_stay(many):
    counted(many, [reading(1, NOW), Seen(9, NOW, WHO, "", "normal", None)])
    forget(many, NOW + 2 * DAY)
    assert many._raw.execute(
        "SELECT (SELECT count(*) FROM watched_access), (SELECT count(*) FROM watched_miss)"
    ).fetchone() == (1, 1)
    forget(many, NOW + 2 * DAY + 1)
    assert many._raw.execute(
        "SELECT (SELECT count(*) FROM watched_access), (SELECT count(*) FROM watched_miss)"
    ).fetchone() == (0, 0)
    assert many._raw.execute("SELECT count(*) FROM access_figure").fetchone() == (1,)
