"""The product's own count of its answers is read from its metrics."""

from bench.servers import counted

METRICS = """\
# HELP carnet_requests Requests answered.
# TYPE carnet_requests counter
carnet_requests_total{outcome="success",transaction="iti41"} 12.0
carnet_requests_created{outcome="success",transaction="iti41"} 1.7e+09
carnet_requests_total{outcome="failure",transaction="iti41"} 1.0
carnet_requests_total{outcome="fault",transaction="unknown"} 1.0e+03
# EOF
"""


def test_requests_are_counted_by_transaction_and_outcome():
    found = counted(METRICS)
    assert found == {("iti41", "success"): 12, ("iti41", "failure"): 1, ("unknown", "fault"): 1000}
    assert found["iti18", "success"] == 0


def test_the_order_of_labels_that_the_server_writes_is_the_one_that_is_read():
    from prometheus_client import CollectorRegistry, Counter
    from prometheus_client.openmetrics.exposition import generate_latest

    registry = CollectorRegistry()
    Counter("carnet_requests", "Requests.", ("transaction", "outcome"), registry=registry).labels(
        "iti43", "success"
    ).inc()
    assert counted(generate_latest(registry).decode()) == {("iti43", "success"): 1}
