"""Rounds become medians, and each run of ours is compared with the floor's run beside it."""

from bench.load import Run
from bench.measure import Figures, median


def run(per_second, *, p50=1.0, p99=2.0, sent=100):
    return Run(16, sent, 1.0, per_second, p50, p99)


def test_the_median_is_the_middle_value_whatever_the_order():
    assert median([9.0, 1.0, 4.0]) == 4.0


def test_the_ratio_is_the_median_of_the_rounds_own_ratios():
    figures = Figures(
        product=[run(100), run(50), run(300)],
        floor=[run(1_000), run(250), run(1_500)],
        cpu=[2.0, 4.0, 3.0],
    )
    found = figures.summary()
    assert found["ratio"] == 0.2
    assert (found["per_second"], found["floor_per_second"]) == (100, 1_000)
    assert (found["cpu_seconds_per_1000"], found["measured"], found["clients"]) == (3.0, 300, 16)


def test_latencies_are_those_of_the_middle_round():
    rounds = [run(1, p50=5, p99=50), run(1, p50=7, p99=90), run(1, p50=6, p99=70)]
    found = Figures(product=rounds, floor=[run(1)] * 3, cpu=[1.0]).summary()
    assert (found["p50_ms"], found["p99_ms"], found["floor_p50_ms"]) == (6, 70, 1)
