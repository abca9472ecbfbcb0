"""Machines and euros follow from what was measured and from the prices that stand beside them."""

import pytest

from bench.costs import PATHS, PLACES, Place, Prices, costs, sizing

PRICES = Prices(core=10.0, disk_gb=0.1, object_gb=0.01, load=0.5, cores=2)
TOWN = Place("town", 1_000, 10_000, (100.0, 200.0, 300.0), 2, 4)


def sized(**changes):
    return sizing(TOWN, PRICES, (4.0, 2.0, 1.0), 50_000, 100_000, **changes)


def test_processor_time_at_the_peak_becomes_machines_at_every_site():
    found = sized()
    assert found["busy_cores"] == pytest.approx(0.4 + 0.4 + 0.3)
    assert found["machines"] == 2 * 2


def test_the_smallest_place_has_a_machine():
    assert sizing(TOWN, PRICES, (0.0, 0.0, 0.0), 1, 1)["machines"] == 2


def test_every_copy_of_the_registry_is_paid_and_every_site_s_documents():
    found = sized()
    assert (found["registry_gb_a_year"], found["objects_gb_a_year"]) == (2.0, 2.0)
    computing, keeping = 4 * 2 * 10 * 12, (2.0 * 0.1 + 2.0 * 0.01) * 12
    assert found["euros_first_year"] == round(computing + keeping)
    assert found["euros_per_record"] == pytest.approx((computing + keeping) / 1_000, abs=1e-4)
    assert found["euros_tenth_year"] == round(computing + 10 * keeping)


def test_figures_that_were_not_measured_cost_nothing_to_nobody():
    whole = {name: {"cpu_seconds_per_1000": 1.0} for name in PATHS}
    assert costs(whole) == {}
    assert costs({"bytes": {"registry_bytes": 1, "stored_bytes": 1}}) == {}
    found = costs({**whole, "bytes": {"registry_bytes": 1, "stored_bytes": 1}})
    assert list(found["places"]) == [one.name for one in PLACES]
