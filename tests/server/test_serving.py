"""Serving: several workers behind one socket, stopped together, the trace sealed before they go."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from processes import has_ended

from carnet.client.exchange_service import ExchangeService
from carnet.config import Settings
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.errors import ConfigurationError
from carnet.server import serving
from carnet.server.serving import listen
from carnet.soap.answer_parse import ResponseStatus

WITHIN = 60.0
FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"


LATE = {"webauthn", "httpx", "pydicom", "snowballstemmer", "numpy"}
"""Libraries that a start does without: of 2.5 s of processor time they took more than a second."""


def test_a_server_that_starts_loads_no_library_that_it_may_never_need():
    program = "import sys, carnet.cli.serving_desk; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=WITHIN)
    loaded = set(done.stdout.split())
    assert {"sqlalchemy", "carnet.server.serving"} <= loaded
    assert LATE & loaded == set()


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_a_service_listens_where_its_settings_say(host, family):
    if family == socket.AF_INET6 and not Path("/proc/net/if_inet6").exists():
        pytest.skip("the kernel has no IPv6, so that nothing can listen on ::1")
    listening = listen(Settings(host=host, port=0))
    with listening:
        assert listening.family == family
        assert listening.getsockname()[0] == host
        with pytest.raises(ConfigurationError, match="in use"):
            listen(Settings(host=host, port=listening.getsockname()[1]))


@pytest.mark.parametrize(
    ("limits", "left", "set_to"),
    [
        ((1_024, resource.RLIM_INFINITY), 2_000, (2_512, resource.RLIM_INFINITY)),
        ((1_024, 1_048_576), 2_000, (2_512, 1_048_576)),
        ((1_048_576, 1_048_576), 2_000, None),
        ((1_024, 2_048), 1_536, (2_048, 2_048)),
        ((256, 256), 128, None),
    ],
)
def test_where_the_system_gives_few_files_connections_leave_some_to_the_database_and_the_documents(
    monkeypatch, limits, left, set_to
):
    told = []
    monkeypatch.setattr(serving.resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(serving.resource, "setrlimit", lambda _, both: told.append(both))
    assert serving.allow_files(2_000) == left
    assert told == ([set_to] if set_to else [])


# --- the real thing ------------------------------------------------------------------------------------------------


class Running:
    """`carnet serve` in a process of its own, on a port that the system chose."""

    def __init__(self, home, **environment) -> None:
        self.home = home
        self.log = home / "server.log"
        command = [sys.executable, "-m", "carnet", "serve", "--home", str(home), "--port", "0", "--workers", "2"]
        with self.log.open("wb") as log:
            environment = {**os.environ, **environment}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)

    def lines(self):
        """What was logged so far; a last line that is still being written is none."""
        whole, _, _ = self.log.read_text(encoding="utf-8").rpartition("\n")
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def said(self, message):
        return [line for line in self.lines() if line["message"] == message]

    def until(self, done, what):
        end = time.monotonic() + WITHIN
        while not done():
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < end, f"{what} did not come: {self.log.read_text(encoding='utf-8')}"
            time.sleep(0.05)

    def address(self):
        self.until(lambda: len(self.said("Application startup complete.")) == 2, "two workers")
        return f"https://127.0.0.1:{self.said('listening')[0]['port']}"

    def workers(self):
        """The process ids of the workers."""
        started = (line["message"] for line in self.lines())
        return [int(said.partition("[")[2][:-1]) for said in started if said.startswith("Started server process [")]


@contextlib.contextmanager
def running(home, **environment):
    service = Running(home, **environment)
    try:
        yield service
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(service.process.pid, signal.SIGKILL)
        service.process.wait()


def get(address, path, authorities):
    """One request on a connection of its own, without certificate."""
    context = ssl.create_default_context(cafile=str(authorities))
    with httpx.Client(verify=context, timeout=WITHIN, trust_env=False) as client:
        return client.get(address + path)


NO_SEALING = {"CARNET_AUDIT_SEAL_INTERVAL": "3600"}
"""A worker that is held writes nothing at that moment: held in the middle of sealing, it would hold the database too."""


@contextlib.contextmanager
def held(pid):
    """A process that is stopped for a while, so that another one answers."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def search(address, caller, authorities):
    """Whether a FindDocuments by this caller is answered."""
    patient = PAT_TROIS.identifier
    slots = [
        ("$XDSDocumentEntryPatientId", [f"'{patient.cx()}'"]),
        ("$XDSDocumentEntryStatus", ["('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"]),
    ]
    with ExchangeService(address, caller, str(authorities)) as exchange:
        return exchange.search(patient, FIND_DOCUMENTS, slots).status is ResponseStatus.SUCCESS


def counted(address, authorities):
    """How many successful searches the figures tell of."""
    for line in get(address, "/metrics", authorities).text.splitlines():
        if line.startswith("carnet_requests_total{") and 'transaction="iti18"' in line and 'outcome="success"' in line:
            return float(line.rpartition(" ")[2])
    return 0.0


def test_two_workers_share_one_port_and_stop_together_once_the_trace_is_sealed(home, first_stage):
    caller = first_stage.callers[MEDECIN_TRAITANT.identifier]
    authorities = home / "pki" / "trust" / "racine.pem"
    with running(home, **NO_SEALING) as service:
        address = service.address()
        first, second = workers = service.workers()
        for one in workers:
            with held(one):
                assert get(address, "/health/ready", authorities).status_code == 200
                assert search(address, caller, authorities)
        # Each answered one; whichever is asked tells of both.
        service.until(lambda: counted(address, authorities) == 2.0, "the figures of both searches")
        for one in (first, second):
            with held(one):
                assert counted(address, authorities) == 2.0
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=WITHIN) == 0
        assert all(has_ended(worker) for worker in workers)  # nobody is left who could listen
    assert len(service.said("Application shutdown complete.")) == 2
    with contextlib.closing(sqlite3.connect(home / "carnet.db")) as database:
        lines, sealed = database.execute("SELECT count(*), count(leaf_index) FROM audit_event").fetchone()
        searches = database.execute("SELECT count(*) FROM replay").fetchone()[0]
    assert lines == sealed
    assert searches == 2
    assert PAT_TROIS.identifier.value not in service.log.read_text(encoding="utf-8")


def test_a_worker_that_is_killed_is_started_again_and_the_service_goes_on(home, first_stage):
    """Its place is taken by a new process within seconds; the other answers meanwhile, and what it wrote is whole."""
    caller = first_stage.callers[MEDECIN_TRAITANT.identifier]
    authorities = home / "pki" / "trust" / "racine.pem"
    with running(home, **NO_SEALING) as service:
        address = service.address()
        for worker in service.workers():
            os.kill(worker, signal.SIGKILL)
            service.until(lambda worker=worker: has_ended(worker), "the end of a worker")
            assert search(address, caller, authorities)
        service.until(lambda: len(service.said("Application startup complete.")) == 4, "two more workers")
        assert len(service.said("a worker process ended by itself; it is started again")) == 2
        third, fourth = service.workers()[2:]
        for one in (third, fourth):
            with held(one):
                assert get(address, "/health/ready", authorities).status_code == 200
                assert search(address, caller, authorities)
        metrics = get(address, "/metrics", authorities).text
        assert "carnet_worker_restarts 2.0" in metrics
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=WITHIN) == 0
    with contextlib.closing(sqlite3.connect(home / "carnet.db")) as database:
        assert database.execute("SELECT count(*) FROM replay").fetchone() == (4,)
        lines, sealed = database.execute("SELECT count(*), count(leaf_index) FROM audit_event").fetchone()
    assert lines == sealed


def test_connections_that_come_at_once_are_shared_among_the_workers(home):
    """One of two must not take all of sixteen: it did, when each emptied the queue of the one socket."""
    authorities = home / "pki" / "trust" / "racine.pem"
    most = []
    with running(home) as service:
        address = service.address()
        port = int(address.rpartition(":")[2])
        context = ssl.create_default_context(cafile=str(authorities))
        for _ in range(6):
            raw = [socket.create_connection(("127.0.0.1", port), timeout=WITHIN) for _ in range(16)]
            spoken = [context.wrap_socket(one, server_hostname="127.0.0.1") for one in raw]
            most.append(max(count_of(connected_to(port)).values()))
            for one in spoken:
                one.close()
            service.until(lambda: not connected_to(port), "the end of the connections")
    assert sorted(most)[len(most) // 2] <= 12, most


def count_of(owners):
    return {owner: owners.count(owner) for owner in set(owners)}


def connected_to(port):
    """The process behind each established connection of a listening port, as the kernel tells it."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    inodes = {line[9] for line in lines if int(line[1].rpartition(":")[2], 16) == port and line[3] == "01"}
    found = []
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if (target := str(handle.readlink())).startswith("socket:[") and target[8:-1] in inodes:
                found.append(handle.parts[2])
    return found
