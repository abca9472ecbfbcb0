"""What an operator's tools ask: is it alive, is it ready, what are its figures. No identity and no health data in any of them.

Whether it is alive is told to everybody; the rest costs work, and tells strangers how busy the service is.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from carnet.errors import ConfigurationError, IntegrityFailure
from carnet.platform import Platform
from carnet.record.emergency_control import obligations
from carnet.record.gate import Gate
from carnet.repository.segments import SegmentStore, prepare
from carnet.server.segment_figures import SegmentFigures
from carnet.server.transport import is_operator

exposition: Callable[[Any], bytes] = generate_latest
"""The library's function carries no types."""
_PROBE = prepare(b"probe")
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Set for the workers of one server, before they import anything: the folder where each leaves its figures."""
LATE_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
BETWEEN_LOOKS = 0.05
"""Seconds between two looks at how late the event loop is."""
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Operation:
    """Health of one worker, and OpenMetrics of all workers together (they share files when there are several)."""

    def __init__(self, platform: Platform, gate: Gate) -> None:
        self.platform = platform
        self.gate = gate
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "carnet_requests", "Requests answered.", ("transaction", "outcome"), registry=self.registry
        )
        self.durations = Histogram(
            "carnet_request_seconds",
            "Time from the first byte to the answer.",
            ("transaction",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.seal_failures = Counter(
            "carnet_seal_failures", "Attempts to seal the trace that failed.", registry=self.registry
        )
        self.witness_failures = Counter(
            "carnet_witness_failures",
            "Times that the witness did not sign the trace's checkpoint.",
            registry=self.registry,
        )
        self.hook_feedback = _hook_feedback(self.registry)
        self.waiting = Gauge(
            "carnet_waiting_acts",
            "Acts waiting for the next transaction.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self.shed = Counter(
            "carnet_shed_requests",
            "Requests that were told to come back, by lane and reason; none of them was begun.",
            ("lane", "why"),
            registry=self.registry,
        )
        self.restarts = Gauge(
            "carnet_worker_restarts",
            "Times that workers were started again after they ended by themselves.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self.late = _lateness(self.registry)
        self._of_kind = lru_cache(maxsize=512)(self._measures)
        self._of_shed = lru_cache(maxsize=64)(self.shed.labels)
        self.stopping = False
        self.obligations = Gauge(
            "carnet_obligations",
            "What waits for a person or a timer: reviews, alarms, notices.",
            ("what",),
            multiprocess_mode="mostrecent",
            registry=self.registry,
        )
        self.segments = SegmentFigures(self.registry)
        started = Gauge(
            "carnet_start_time_seconds",
            "When the first worker started.",
            multiprocess_mode="livemin",
            registry=self.registry,
        )
        started.set(time.time())

    def measure(self, transaction: str, outcome: str, seconds: float) -> None:
        """Counts one answered request; `outcome` is success, partial, failure, refused, fault or error."""
        requests, durations = self._of_kind(transaction, outcome)
        requests.inc()
        durations.observe(seconds)
        self.waiting.set(self.gate.waiting)

    def _measures(self, transaction: str, outcome: str) -> tuple[Counter, Histogram]:
        return self.requests.labels(transaction, outcome), self.durations.labels(transaction)

    async def keep_time(self) -> None:
        """Measures, for as long as it runs, by how much the event loop is late."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BETWEEN_LOOKS
            await asyncio.sleep(BETWEEN_LOOKS)
            self.late.observe(max(0.0, loop.time() - due))

    def refused(self, lane: str, why: str) -> None:
        """Counts a request that was not let in: `lane` ordinary or urgent; `why` full, waiting, late, displaced, gone or stopping."""
        self._of_shed(lane, why).inc()

    def sealing_failed(self) -> None:
        """Counts a failed sealing."""
        self.seal_failures.inc()

    def witness_failed(self) -> None:
        """Counts a time that the witness did not sign."""
        self.witness_failures.inc()

    async def live(self, _: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "live"})

    async def ready(self, request: Request) -> Response:
        """The database commits, documents can be written, certificates can be checked, rules can be proved; 503 with the names of what cannot.

        For the operator's addresses alone: it writes and syncs each time it is asked, and no turn is waited for.
        """
        if not self._is_asked_by_operator(request):
            return _not_here()
        failing = [name for name, probe in self._probes() if not probe]
        body = {"status": "ready" if not failing else "not ready", "failing": failing}
        return JSONResponse(body, status_code=503 if failing else 200)

    def _probes(self) -> list[tuple[str, bool]]:
        platform = self.platform
        return [
            ("database", _works(platform.connection.check_durability)),
            ("schema", not self._schema_left()),
            ("documents", _works(partial(_write_document, platform.segments))),
            ("revocation lists", _works(platform.certificates.check_revocation_lists)),
            ("rules", _proves(self.gate.check_rules)),
            ("waiting acts", self.gate.waiting < platform.settings.maximum_waiting_requests),
            ("stopping", not self.stopping),
        ]

    def _is_asked_by_operator(self, request: Request) -> bool:
        return is_operator(self.platform.settings, request.scope)

    def _schema_left(self) -> bool:
        """Whether the database has left this code behind; that nothing can be read is told by the database's own probe."""
        try:
            self.platform.check_schema()
        except ConfigurationError:
            return True
        except Exception:  # noqa: BLE001 - another part does not work
            return False
        return False

    def _whole(self) -> CollectorRegistry:
        """What to show: this worker's figures, or those of all when the workers share a folder for them."""
        if SHARED not in os.environ:
            return self.registry
        whole = CollectorRegistry()
        collector: Any = MultiProcessCollector
        collector(whole)
        return whole

    def _count_obligations(self) -> None:
        for what, count in obligations(self.gate).items():
            self.obligations.labels(what).set(count)

    async def metrics(self, request: Request) -> Response:
        """OpenMetrics text, for the operator's addresses alone."""
        if not self._is_asked_by_operator(request):
            return _not_here()
        _works(self._count_obligations)
        _works(partial(self.segments.count, self.gate))
        return Response(exposition(self._whole()), media_type=CONTENT_TYPE_LATEST)


def _not_here() -> Response:
    return PlainTextResponse("Not found", status_code=404)


def _hook_feedback(registry: CollectorRegistry) -> Counter:
    return Counter(
        "carnet_hook_feedback",
        "Cards of CDS Hooks that software told the outcome of.",
        ("service", "outcome"),
        registry=registry,
    )


def _lateness(registry: CollectorRegistry) -> Histogram:
    return Histogram(
        "carnet_loop_late_seconds",
        "By how much the event loop was late, looked at twenty times a second: whatever is asked waits so long to be heard.",
        buckets=LATE_BUCKETS,
        registry=registry,
    )


def _write_document(segments: SegmentStore) -> None:
    """Appends a few bytes and takes them back. Raises OutOfResources when the disk is full or the store has failed."""
    mark = segments.mark()
    try:
        segments.append(_PROBE, bytes(32), "probe")
    finally:
        segments.rollback_to(mark)


def _proves(probe: Callable[[], object]) -> bool:
    """Whether what was read could be proved; that nothing can be read is told by the database's own probe."""
    try:
        probe()
    except IntegrityFailure:
        return False
    except Exception:  # noqa: BLE001 - another part does not work
        return True
    return True


def _works(probe: Callable[[], object]) -> bool:
    try:
        probe()
    except Exception:  # noqa: BLE001 - whatever it is, this part does not work
        return False
    return True
