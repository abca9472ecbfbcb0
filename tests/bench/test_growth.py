"""The registry of a growth run is what registration would have made: found by the product's own search, and by nobody else's."""

import contextlib
import sqlite3

import pytest

from bench.growth import EACH, _filled, _searched, compared, percentile
from bench.growth_rows import EMPTY, Copies
from bench.population import settle


@pytest.mark.parametrize(("share", "expected"), [(50, 50), (99, 99), (100, 100)])
def test_a_percentile_is_a_value_that_occurred(share, expected):
    assert percentile(range(1, 101), share) == expected


def test_the_99th_of_few_values_is_the_largest():
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0


def test_the_largest_size_is_compared_with_the_smallest_and_a_skipped_one_with_nothing():
    sizes = [
        {"documents": 10, "warm": {"p99_ms": 2.0}, "first": {"p99_ms": 4.0}},
        {"documents": 100, "warm": {"p99_ms": 2.5}, "first": {"p99_ms": 40.0}},
        {"documents": 1_000, "skipped": "no room"},
    ]
    assert compared(sizes) == {"documents": 100, "growth": 1.25, "growth_first": 10.0}
    assert compared(sizes[:1]) == {}


def test_copies_have_identifiers_and_a_patient_of_their_own_and_nothing_under_seal():
    row = {
        "patient_key": 1,
        "entry_uuid": "urn:uuid:1",
        "logical_id": "urn:uuid:1",
        "unique_id": "1.2",
        "creation_time": "2026",
        "service_start_time": "2026",
        "service_stop_time": "2026",
        "registered_at": 5,
        "sealed_metadata": b"metadata",
        "sealed_rendition": b"rendition",
    }
    copies = Copies.of([row])
    (first,), (second,) = copies.rows(7, 10**15), copies.rows(7, 10**15)
    made = dict(zip(copies.columns, first, strict=True))
    assert (made["patient_key"], made["sealed_metadata"], made["sealed_rendition"]) == (7, EMPTY, EMPTY)
    assert made["entry_uuid"] == made["logical_id"] != row["entry_uuid"]
    assert not set(first[1:4]) & set(second[1:4])


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    home = tmp_path_factory.mktemp("growth") / "home"
    population = settle(home, port=1, people=10)
    _filled(population, home, 20 * EACH)
    return population, home


def rows(home, statement):
    with contextlib.closing(sqlite3.connect(home / "carnet.db")) as raw:
        return raw.execute(statement).fetchall()


def test_every_search_finds_the_fifty_documents_of_its_record(registry):
    first, warm = _searched(*registry)
    assert (first.found, warm.found) == ({EACH}, {EACH})
    assert len(first.times) == 10
    assert all(milliseconds > 0 for milliseconds in first.times)


def test_every_record_has_as_many_entries_and_lines_whoever_is_asked_about(registry):
    _, home = registry
    counts = rows(home, "SELECT count(*) FROM document_entry GROUP BY patient_key")
    assert counts == [(2 * EACH,)] * 20
    ours = rows(home, "SELECT count(*) FROM audit_event WHERE leaf_index >= 1000000000")
    assert ours == [(20 * EACH,)]


def test_the_tables_keep_their_keys_and_indexes(registry, tmp_path):
    _, home = registry
    fresh = tmp_path / "home"
    settle(fresh, port=1, people=2)
    names = "SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY name"
    assert rows(home, names) == rows(fresh, names)
    assert rows(home, "PRAGMA foreign_key_check") == []
    assert rows(home, "PRAGMA integrity_check") == [("ok",)]


def test_those_who_are_asked_about_are_spread_over_all_records(registry):
    _, home = registry
    keys = [key for (key,) in rows(home, "SELECT DISTINCT patient_key FROM document_entry ORDER BY 1")]
    whole = "SELECT DISTINCT patient_key FROM document_entry WHERE length(sealed_metadata) > 100 ORDER BY 1"
    asked = [keys.index(key) for (key,) in rows(home, whole)]
    assert asked == list(range(0, 20, 2))
