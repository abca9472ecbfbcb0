"""What wrk prints is read as it is, and figures that mean nothing are refused."""

import io
import json

import pytest

from bench.load import LoadFailed, figures, write_request

PRINTED = {
    "sent": 116,
    "answered": 116,
    "bytes": 90_000,
    "began": 1_000.0,
    "ended": 1_002.0,
    "p50_us": 12_500,
    "p99_us": 48_000,
    "refused": 0,
    "broken": 0,
}


def output(**changes):
    return f"Running 2s test\n  1 threads\nbench {json.dumps(PRINTED | changes)}\n"


def test_the_rate_is_that_of_all_answers_from_the_first_request_to_the_last_answer():
    found = figures(output(), 17)
    assert found.per_second == pytest.approx(116 / 2)
    assert (found.clients, found.sent, found.seconds) == (17, 116, pytest.approx(2.0))


def test_latencies_are_in_milliseconds():
    found = figures(output(), 1)
    assert (found.p50_ms, found.p99_ms) == (12.5, 48.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"refused": 1}, "not 200"),
        ({"broken": 2}, "connections broke"),
        ({"answered": 115}, "answered in time"),
        ({"ended": 0}, "answered in time"),
    ],
)
def test_a_run_with_a_lost_or_refused_request_is_no_run(changes, said):
    with pytest.raises(LoadFailed, match=said):
        figures(output(**changes), 16)


def test_an_output_without_figures_is_refused():
    with pytest.raises(LoadFailed, match="no figures"):
        figures("unable to connect", 16)


def test_each_request_stands_after_its_length():
    file = io.BytesIO()
    write_request(file, b"POST / HTTP/1.1\r\n\r\n\n")
    write_request(file, b"x")
    assert file.getvalue() == b"20\nPOST / HTTP/1.1\r\n\r\n\n1\nx"


def test_a_server_that_closes_idle_connections_breaks_nothing_when_every_request_was_answered():
    assert figures(output(broken=2), 16, closes_idle=True).sent == 116
    with pytest.raises(LoadFailed, match="answered in time"):
        figures(output(broken=2, answered=115), 16, closes_idle=True)
