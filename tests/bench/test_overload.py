"""The judgement of a run with three times too much: each figure that does not hold is named."""

from __future__ import annotations

import pytest

from bench.overload import EACH_SECOND, PROBES, SECONDS, WARM_UP, Heard, figures, spread

PEAK = 100.0
ALONE = {"search": 180.0, "submission": 60.0}


def heard(*, wait=0.5, refusal=0.01, refused=10, mask_status=200, goodput=1.0, retry_after=True, late=0.0):
    measured = SECONDS - WARM_UP
    found = [
        Heard(kind, 2.0, wait, 200, success=True)
        for kind, rate in ALONE.items()
        for _ in range(int(rate / 2 * measured * goodput))
    ]
    found += [Heard("search", 2.0, refusal, 503, retry_after=retry_after) for _ in range(refused)]
    found += [Heard("health", 2.0, 0.01, 200) for _ in range(PROBES)]
    for kind in ("mask", "break-glass"):
        found += [Heard(kind, 2.0, 0.1, mask_status, success=mask_status == 200) for _ in range(EACH_SECOND)]
    for one in found:
        one.late = late
    return found


def broken(traced=10_000, **how):
    return {name for name, holds in figures(heard(**how), PEAK, ALONE, traced)["holds"].items() if not holds}


def test_a_run_that_holds_holds():
    assert broken() == set()


def test_each_figure_that_does_not_hold_is_named():
    assert broken(wait=2.5) == {"accepted"}
    assert broken(refusal=0.2) == {"refused"}
    assert broken(retry_after=False) == {"refused"}
    assert broken(goodput=0.7) == {"goodput"}
    assert broken(mask_status=503) == {"urgent"}
    assert broken(traced=3) == {"trace"}
    assert broken(late=0.2) == {"generator"}


def test_what_is_answered_after_the_time_is_no_goodput():
    assert "goodput" in broken(wait=SECONDS)


def test_answers_count_when_they_come_whenever_they_were_asked_for():
    def counted(due, seconds):
        one = Heard("search", due, seconds, 200, success=True)
        return figures([one], PEAK, ALONE, 10)["accepted"]["search"]

    assert counted(WARM_UP - 0.5, 1.0) == 1
    assert counted(WARM_UP - 0.5, 0.2) == 0
    assert counted(SECONDS - 0.5, 0.4) == 1
    assert counted(SECONDS - 0.5, 1.0) == 0


def test_goodput_is_of_the_mixture_alone_and_holds_in_both_ways_or_not_at_all():
    rates = {"search": 0.5, "submission": 0.31}  # of what each alone can do: 81 % by weight, 109 a second
    found = [
        Heard(kind, 2.0, 0.5, 200, success=True)
        for kind, part in rates.items()
        for _ in range(int(ALONE[kind] * part * (SECONDS - WARM_UP)))
    ]
    urgent = [Heard("mask", 2.0, 0.1, 200, success=True) for _ in range(1_000)]
    accepted = figures([*found, *urgent], PEAK, ALONE, 10_000)["accepted"]
    assert accepted["of_peak"] == pytest.approx(0.81, abs=0.01)
    assert accepted["counted_of_peak"] == pytest.approx(1.086, abs=0.01)
    for peak, holds in ((PEAK, True), (1.5 * PEAK, False)):
        assert figures(found, peak, ALONE, 10_000)["holds"]["goodput"] is holds


def test_a_spread_is_in_milliseconds():
    assert spread([one / 1_000 for one in range(101)]) == {"p50_ms": 50.0, "p99_ms": 99.0, "longest_ms": 100.0}
    assert spread([]) == {"p50_ms": 0.0, "p99_ms": 0.0, "longest_ms": 0.0}


def test_goodput_is_what_the_answers_would_have_taken_alone_and_the_count_is_told_too():
    cheap = [Heard("search", 2.0, 0.5, 200, success=True) for _ in range(450)]
    dear = [Heard("submission", 2.0, 0.5, 200, success=True) for _ in range(150)]
    for found in (cheap, dear):
        accepted = figures(found, PEAK, ALONE, 10_000)["accepted"]
        assert accepted["of_peak"] == pytest.approx(0.5)
        assert accepted["counted_of_peak"] == pytest.approx(len(found) / (SECONDS - WARM_UP) / PEAK)
