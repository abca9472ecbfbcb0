"""The day on which a minor comes of age, by the legal date in France."""

from __future__ import annotations

import pytest

from carnet.clock import SECOND, from_iso, to_iso
from carnet.consent.majority import end_after, majority_at


@pytest.mark.parametrize(
    ("born", "of_age"),
    [
        ("20081122", "2026-11-21T23:00:00.000000Z"),  # midnight in Paris, in winter
        ("20080715", "2026-07-14T22:00:00.000000Z"),  # and in summer
        ("20080329", "2026-03-28T23:00:00.000000Z"),  # the day on which the clocks go forward, at two
        ("20080330", "2026-03-29T22:00:00.000000Z"),  # the day after
        ("20081025", "2026-10-24T22:00:00.000000Z"),  # the day on which they go back
        ("20081026", "2026-10-25T23:00:00.000000Z"),
        ("20080229", "2026-02-28T23:00:00.000000Z"),  # a day that 2026 does not have: 1 March
        ("20140101", "2031-12-31T23:00:00.000000Z"),
        ("200802", "2026-02-28T23:00:00.000000Z"),  # at its latest
        ("20080200", "2026-02-28T23:00:00.000000Z"),
        ("2008", "2026-12-30T23:00:00.000000Z"),
        ("20080000", "2026-12-30T23:00:00.000000Z"),
    ],
)
def test_one_comes_of_age_at_midnight_in_paris_eighteen_years_after_birth(born, of_age):
    assert to_iso(majority_at(born)) == of_age


@pytest.mark.parametrize("born", ["", "08", "20081", "20081301", "20080230", "2008112x", "²0081122", "200811223"])
def test_what_is_no_date_gives_no_majority(born):
    with pytest.raises(ValueError):
        majority_at(born)


def test_a_validity_in_days_ends_at_a_midnight_in_paris():
    evening = from_iso("2026-11-22T22:59:59+00:00")
    assert to_iso(end_after(evening, 0)) == "2026-11-22T23:00:00.000000Z"
    assert to_iso(end_after(evening + SECOND, 0)) == "2026-11-23T23:00:00.000000Z"
    assert to_iso(end_after(evening, 200)) == "2027-06-10T22:00:00.000000Z"
