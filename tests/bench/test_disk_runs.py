"""Rounds on slower disks: each begins with a floor that holds nothing."""

import contextlib
from types import SimpleNamespace

import pytest

from bench import disk_runs
from bench.measure import Plan
from bench.site import Depth

RUN = {"per_second": 100.0, "floor_per_second": 400.0, "ratio": 0.25, "p50_ms": 9.0, "p99_ms": 30.0}


@pytest.fixture
def floors(monkeypatch, tmp_path):
    """The directories that floors were started in, and what a slower disk leaves of the rate."""
    used = []

    @contextlib.contextmanager
    def floor(directory, _cores, *, surroundings):
        assert not directory.exists(), "a floor of an earlier round is there"
        directory.mkdir()
        used.append((directory.name, surroundings.get("SLOW_DISK_US", "0")))
        yield None

    class Measured:
        def __init__(self, *_given):
            self.share = {"0": 1.0, "2000": 0.9, "5000": 0.8}[used[-1][1]]

        def measure(self, _route, _made):
            return RUN | {"per_second": RUN["per_second"] * self.share}

    monkeypatch.setattr(disk_runs.servers, "floor", floor)
    monkeypatch.setattr(disk_runs.servers, "product", lambda *_given, **_named: contextlib.nullcontext())
    monkeypatch.setattr(disk_runs, "Bench", Measured)
    monkeypatch.setattr(disk_runs, "compiled", lambda directory: directory / "slow.so")
    monkeypatch.setattr(disk_runs.SlowDisk, "sync_us", lambda disk, _directory: 400 + disk.delay_us)
    monkeypatch.setattr(disk_runs, "ROUTES", [SimpleNamespace(name="submit_signed", make=lambda _field: None)])
    plan = Plan(clients=(64,), rounds=1, seconds=1.0, floor_seconds=1.0)
    site = SimpleNamespace(
        folder=tmp_path,
        workspace=tmp_path,
        cores=None,
        depth=Depth(plan, (10_000,), (1, 1.0), 3),
        say=lambda _text: None,
    )
    found = disk_runs.measure(site, SimpleNamespace(home=tmp_path, port=1, field=None))
    return used, found


def test_each_round_on_each_disk_has_a_floor_of_its_own(floors):
    used, _ = floors
    assert len({name for name, _ in used}) == len(used) == 9


def test_what_a_disk_five_milliseconds_slower_leaves_of_the_rate_is_told(floors):
    _, found = floors
    assert found["kept"] == 0.8
    assert [one["delay_us"] for one in found["disks"]] == [0, 2_000, 5_000]
