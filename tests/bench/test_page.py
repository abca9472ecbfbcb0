"""The page shows what was measured and says what was not; gates and aims stand on it as they are."""

import copy

import pytest

from bench import page, plots
from bench.costs import PATHS, costs
from bench.verdict import judged

MACHINE = {"cpu": "a processor", "cores": 2, "python": "3.11", "sqlite": "3.40", "fsync_us": 160, "layout": "two cores"}
TIMES = {"p50_ms": 1.0, "p99_ms": 2.0}
ROW = {
    **TIMES,
    "clients": 16,
    "ratio": 0.2,
    "cpu_ratio": 0.1,
    "per_second": 800.0,
    "floor_per_second": 4_000.0,
    "cpu_seconds_per_1000": 1.25,
    "load_cpu": 0.1,
    "floor_load_cpu": 0.2,
}
PATH = {**ROW, "what": "a path", "request_bytes": 120_000, "answer_bytes": 1_300_000, "others": [{**ROW, "clients": 1}]}
SIZE = {"database_bytes": 10**9, "loaded_per_second": 5, "first": TIMES, "warm": TIMES}
WHOLE = {
    "machine": MACHINE,
    **dict.fromkeys(PATHS, PATH),
    "memory": {"peak_mb": 170, "by_server": {"as it is": 170}},
    "one_core": {"layout": "one on core 0", "paths": {"query": {**PATH, "ratio": 0.15, "others": []}}},
    "bytes": {"document_bytes": 100_000, "registry_bytes": 32_000, "stored_bytes": 75_000},
    "slow_disk": {
        "clients": 64,
        "kept": 0.75,
        "disks": [{**ROW, "delay_us": delay, "fsync_us": 160 + delay} for delay in (0, 2_000, 5_000)],
    },
    "growth": {
        "each": 50,
        "asked": 200,
        "growth": 1.1,
        "growth_first": 4.0,
        "documents": 100_000,
        "sizes": [
            {"documents": 10_000, **SIZE},
            {"documents": 100_000, **SIZE},
            {"documents": 10**7, "skipped": "needs 90 GB of free disk"},
        ],
    },
    "hour": {
        "rate": 100.0,
        "seconds": 60.0,
        "cpu_share": 0.5,
        "peak_mb": 180,
        "kinds": {name: {**TIMES, "answered": 10, "per_second": 1.0} for name in PATHS},
    },
    "postgresql": {"paths": {"query": {**PATH, "share": 0.7}}, "peak_mb": 170},
    "orthanc": {"version": "1.10", "peak_mb": 60, **dict.fromkeys(("store", "read"), ROW)},
}
WHOLE["space"] = {
    "documents": 5_000,
    "pages": {"home": {"p50_ms": 40.0, "p95_ms": 60.0, "together_p95_ms": 200.0}},
    "weight": {"first": 80.5, "home": 5.0},
    "slow_network": {"first_seconds": 2.4, "first_paint_seconds": 1.9, "next_seconds": 0.6, "first_kb": 82.0},
    "peak_mb": 150,
}
WHOLE["pro"] = {
    "documents": 2_000,
    "first_way_ms": 300.0,
    "way": {"p50_ms": 200.0, "p95_ms": 250.0, "cpu_ms": 180.0},
    "pages": {"summary": {"p50_ms": 190.0, "p95_ms": 240.0, "cpu_ms": 170.0}},
    "weight": {"summary": 8.1},
    "peak_mb": 170,
}
WHOLE["orthanc"]["find"] = {**ROW, "answer_bytes": 90_000, "instances": 200}
ALL = ["ratios.svg", "rates.svg", "slow-disk.svg", "growth.svg", "hour.svg"]


@pytest.fixture
def whole():
    found = copy.deepcopy(WHOLE)
    return judged({**found, "costs": costs(found)})


def test_a_whole_run_has_every_plot_and_every_part(whole, tmp_path):
    page.write(whole, tmp_path)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(["README.md", *ALL])
    assert all(f"({name})" in text for name in ALL)
    assert "Not measured" not in text
    assert "needs 90 GB of free disk" in text
    assert "75% of the submissions remain" in text
    assert "| INS to summary | 200.0 | 250.0 | 180.0 |" in text


def test_gates_and_aims_stand_as_they_are(whole):
    text = "\n".join(page.lines(whole, []))
    assert "- gate **holds**: submit_signed: ratio to the floor is 0.2, bound 0.1" in text
    assert "- aim **not reached**: query: ratio to the floor is 0.2, bound 0.25" in text
    assert "| query | 16 | 800 | 4,000 | 0.15 |" in text
    assert "- aim **not reached**: submit_unsigned: ratio to the floor is not measured, bound 0.25" in text


def test_the_same_figures_give_the_same_plots(whole, tmp_path):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        assert plots.draw(whole, folder) == ALL
    for name in ALL:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_what_was_not_measured_is_told_with_its_reason():
    text = "\n".join(page.lines(judged({"machine": MACHINE, "orthanc": {"skipped": "Orthanc is not installed"}}), []))
    assert "Not measured: Orthanc is not installed." in text
    assert text.count("Not measured: not part of this run.") == 8
    assert "which this run did not measure" in text
