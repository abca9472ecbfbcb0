"""The delays of the law: never a moment shorter, whatever the calendar."""

from __future__ import annotations

import pytest

from carnet.clock import DAY, from_iso, to_datetime
from carnet.consent.delays import DESTRUCTION_MONTHS, end_of_day, months_after, years_after


@pytest.mark.parametrize(
    "moment", ["2026-11-22T00:00:00Z", "2026-11-22T10:11:12.131415Z", "2026-11-22T23:59:59.999999Z"]
)
def test_days_are_counted_from_the_day_after_to_the_end_of_the_last(moment):
    assert end_of_day(from_iso(moment), 42) == from_iso("2027-01-04T00:00:00Z")


def test_no_delay_in_days_is_shorter_than_its_days():
    start = from_iso("2027-01-01T00:00:00Z")
    for hour in range(24 * 366):
        moment = start + hour * DAY // 24
        assert 42 * DAY <= end_of_day(moment, 42) - moment <= 43 * DAY


@pytest.mark.parametrize(
    ("moment", "months", "after"),
    [
        ("2026-11-30T10:00:00Z", 3, "2027-02-28T10:00:00Z"),
        ("2027-11-30T10:00:00Z", 3, "2028-02-29T10:00:00Z"),
        ("2026-12-31T23:59:59Z", 1, "2027-01-31T23:59:59Z"),
        ("2027-01-31T00:00:00Z", 1, "2027-02-28T00:00:00Z"),
        ("2026-11-22T10:00:00Z", 0, "2026-11-22T10:00:00Z"),
    ],
)
def test_months_keep_the_day_or_take_the_last_one(moment, months, after):
    assert months_after(from_iso(moment), months) == from_iso(after)


def test_three_months_are_never_more_than_the_calendar_s():
    for number in range(366 * 2):
        moment = from_iso("2027-01-01T12:00:00Z") + number * DAY
        before, after = to_datetime(moment), to_datetime(months_after(moment, DESTRUCTION_MONTHS))
        assert (after.year * 12 + after.month) - (before.year * 12 + before.month) == 3
        assert after.day <= before.day


def test_years_pass_over_the_day_that_a_year_has_not():
    assert years_after(from_iso("2028-02-29T00:00:00Z"), 10) == from_iso("2038-02-28T00:00:00Z")
