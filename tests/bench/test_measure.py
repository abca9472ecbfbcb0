"""Rounds become medians, and each run of ours is compared with the floor's run beside it."""

from dataclasses import replace

from bench.load import Run
from bench.measure import REPEATED, Bench, Figures, Plan, median
from bench.paths import Route


def run(per_second, *, p50=1.0, p99=2.0, sent=100):
    return Run(16, sent, 1.0, per_second, p50, p99)


def test_the_median_is_the_middle_value_whatever_the_order():
    assert median([9.0, 1.0, 4.0]) == 4.0


def test_the_ratio_is_the_median_of_the_rounds_own_ratios():
    figures = Figures(
        product=[run(100), run(50), run(300)],
        floor=[run(1_000), run(250), run(1_500)],
        cpu=[2.0, 4.0, 3.0],
        floor_cpu=[0.5, 0.4, 0.6],
    )
    found = figures.summary()
    assert found["ratio"] == 0.2
    assert (found["per_second"], found["floor_per_second"]) == (100, 1_000)
    assert (found["cpu_seconds_per_1000"], found["measured"], found["clients"]) == (3.0, 300, 16)


def test_latencies_are_those_of_the_middle_round():
    rounds = [run(1, p50=5, p99=50), run(1, p50=7, p99=90), run(1, p50=6, p99=70)]
    found = Figures(product=rounds, floor=[run(1)] * 3, cpu=[1.0], floor_cpu=[1.0]).summary()
    assert (found["p50_ms"], found["p99_ms"], found["floor_p50_ms"]) == (6, 70, 1)


def test_processor_times_are_compared_round_by_round_too():
    figures = Figures(product=[run(1)] * 3, floor=[run(1)] * 3, cpu=[2.0, 4.0, 3.0], floor_cpu=[0.5, 0.4, 0.6])
    found = figures.summary()
    assert (found["cpu_ratio"], found["floor_cpu_seconds_per_1000"]) == (0.2, 0.5)


def test_the_load_generator_s_busiest_round_is_told():
    figures = Figures(
        product=[replace(run(1), load_cpu=share) for share in (0.1, 0.7, 0.2)],
        floor=[replace(run(1), load_cpu=share) for share in (0.9, 0.3, 0.2)],
        cpu=[1.0],
        floor_cpu=[1.0],
    )
    found = figures.summary()
    assert (found["load_cpu"], found["floor_load_cpu"]) == (0.7, 0.9)


def test_a_path_that_runs_out_of_things_to_do_shares_them_among_its_rounds():
    bench = Bench(None, None, None, None, Plan(clients=(1, 16), rounds=2), None)
    route = Route("mask", "", "iti57", None, 60, limit=1_000)
    assert bench._left(route) == (1_000 - 60 - REPEATED - 1) // 4
    assert bench._left(replace(route, limit=None)) > 10**9
