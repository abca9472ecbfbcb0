"""Gates hold by their bounds, a path that was not measured fails, and the table shows all that was measured."""

import pytest

from bench.verdict import AIMS, LARGEST, aims, gates, judged, table

MACHINE = {"cpu": "a processor", "python": "3.11", "sqlite": "3.40", "fsync_us": 160, "layout": "two cores"}


def path(ratio, clients=16, others=()):
    return {
        "clients": clients,
        "ratio": ratio,
        "cpu_ratio": ratio / 2,
        "per_second": 800.0,
        "floor_per_second": 4_000.0,
        "p50_ms": 16.0,
        "p99_ms": 29.0,
        "cpu_seconds_per_1000": 1.2,
        "what": "a path",
        "request_bytes": 120_000,
        "answer_bytes": 1_300_000,
        "others": list(others),
    }


def held(results, peak_mb=200):
    return {gate.name: gate.holds for gate in gates(results, peak_mb)}


@pytest.mark.parametrize(("ratio", "holds"), [(0.10, True), (0.099, False)])
def test_a_signed_submission_must_reach_a_tenth_of_the_floor(ratio, holds):
    found = held({"submit_signed": path(ratio), "query": path(0.3)})
    assert found["submit_signed: ratio to the floor"] is holds
    assert found["query: ratio to the floor"] is True


@pytest.mark.parametrize(("ratio", "holds"), [(0.15, True), (0.149, False)])
def test_a_search_must_reach_its_share_of_raw_sending(ratio, holds):
    assert held({"submit_signed": path(0.2), "query": path(ratio)})["query: ratio to the floor"] is holds


@pytest.mark.parametrize(("peak", "holds"), [(399, True), (400, False), (0, False)])
def test_a_worker_stays_below_its_memory_and_an_unknown_peak_does_not_count_as_small(peak, holds):
    assert held({}, peak)["memory of a worker (MB)"] is holds


def test_a_path_that_was_not_measured_does_not_hold():
    assert held({}) == {
        "submit_signed: ratio to the floor": False,
        "query: ratio to the floor": False,
        "memory of a worker (MB)": True,
    }


def test_the_table_shows_each_number_of_clients_in_order_and_each_gate():
    results = {
        "submit_signed": path(0.2, others=[path(0.1, clients=1), path(0.25, clients=64)]),
        "query": path(0.1),
    }
    memory = {"peak_mb": 170, "by_server": {"as it is": 170, "cold": 150}}
    whole = judged({"machine": MACHINE, **results, "memory": memory, "trace": {"lines": 10, "sealed": 10}})
    lines = list(table(whole))
    rows = [line.split() for line in lines if " 800 " in line]
    assert [row[-7 - 1] for row in rows] == ["1", "16", "64", "16"]
    assert "FAILS: query: ratio to the floor is 0.1, bound 0.15" in lines
    assert "holds: memory of a worker (MB) is 170, bound 400" in lines


def reached(whole):
    return {
        name: aim.holds for aim in aims(whole) if (name := aim.name.removesuffix(": ratio to the floor")) != aim.name
    }


@pytest.mark.parametrize("name", AIMS)
def test_a_path_reaches_its_aim_at_the_bound_and_not_below(name):
    assert reached({name: path(AIMS[name])})[name] is True
    assert reached({name: path(AIMS[name] - 0.001)})[name] is False


def test_nothing_measured_is_nothing_reached_and_no_gate_is_lost_by_an_aim():
    assert not any(aim.holds for aim in aims({}))
    whole = judged({"submit_signed": path(0.10), "query": path(0.15), "memory": {"peak_mb": 100}})
    assert all(gate["holds"] for gate in whole["gates"])
    assert not any(aim["holds"] for aim in whole["aims"])


def test_postgresql_is_compared_path_by_path():
    paths = {"submit_signed": {"share": 0.61}, "query": {"share": 0.59}}
    found = [aim.holds for aim in aims({"postgresql": {"paths": paths}}) if "PostgreSQL" in aim.name]
    assert found == [True, False, False]


@pytest.mark.parametrize(
    ("growth", "holds"),
    [
        ({"documents": LARGEST, "growth": 1.3}, True),
        ({"documents": LARGEST, "growth": 1.31}, False),
        ({"documents": 1_000_000, "growth": 1.0}, False),
    ],
)
def test_growth_is_judged_at_ten_million_documents_and_nowhere_else(growth, holds):
    assert aims({"growth": growth})[-1].holds is holds


@pytest.mark.parametrize(("kept", "holds"), [(0.5, True), (0.49, False)])
def test_half_of_the_submissions_must_remain_on_a_slow_disk(kept, holds):
    assert [aim.holds for aim in aims({"slow_disk": {"kept": kept}}) if "5 ms" in aim.name] == [holds]
