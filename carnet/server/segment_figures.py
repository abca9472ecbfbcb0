"""What an operator is shown of segments: how many wait to be confirmed in the object store, how many are damaged, what they take here."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge

from carnet.clock import SECOND
from carnet.record.gate import Gate
from carnet.record.segment_overview import figures


class SegmentFigures:
    """Gauges of one worker; of several, the last one that was asked tells."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._segments = Gauge(
            "carnet_segments",
            "Closed segments of all machines: waiting to be confirmed in the object store, damaged.",
            ("what",),
            multiprocess_mode="mostrecent",
            registry=registry,
        )
        self._waited = _gauge(registry, "oldest_waiting_seconds", "How long the oldest waiting segment is closed.")
        self._local = _gauge(registry, "local_bytes", "Bytes of the segments on this machine.")
        self._scrubbed = _gauge(registry, "last_scrub_timestamp_seconds", "When a segment was last compared.")

    def count(self, gate: Gate) -> None:
        """Reads them from the database and this machine's directory."""
        found, here = figures(gate)
        now = gate.platform.clock()
        oldest = now if found.oldest_waiting is None else found.oldest_waiting
        self._segments.labels("waiting").set(found.waiting)
        self._segments.labels("damaged").set(found.damaged)
        self._waited.set(max(0, now - oldest) / SECOND)
        self._local.set(here)
        self._scrubbed.set((found.last_scrub or 0) / SECOND)


def _gauge(registry: CollectorRegistry, name: str, text: str) -> Gauge:
    return Gauge(f"carnet_segment_{name}", text, multiprocess_mode="mostrecent", registry=registry)
