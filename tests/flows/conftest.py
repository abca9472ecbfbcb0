"""The real application for the flows: a stage, a server over mutual TLS, callers with their cards, and a fresh record for each test.

`house` is the running exchange, shared by the session; `record` is the record of a patient whom nobody else has.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path

import free_ports
import pytest
from processes import children_of

from carnet.cli.demonstration import running_server
from carnet.cli.operator_gate import operator_gate
from carnet.config import load
from carnet.demo.stage import Stage, set_stage

sys.path.insert(0, str(Path(__file__).parent))

from flows_house import House, error_codes, link, member
from flows_library import make_library


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    """A stage that nobody serves: every house begins as a copy of it."""
    return set_stage(tmp_path_factory.mktemp("stage") / "home", port=1)


@pytest.fixture(scope="session")
def make_home(pristine, free_port, tmp_path_factory):
    """Makes a home ready to be served, a copy of the stage: `make_home(settings)`, TOML added to the stage's."""
    return lambda settings="": copied_home(
        pristine.home, tmp_path_factory.mktemp("house") / "home", free_port(), settings
    )


@pytest.fixture(scope="session")
def open_house(pristine, make_home):
    """Opens one more house: `open_house(settings, CARNET_X="…")` is a context manager; `settings` is TOML added to the stage's."""

    @contextlib.contextmanager
    def opened(settings="", *, home: Path | None = None, **environment):
        home = home or make_home(settings)
        stage = Stage(home, load(home), pristine.callers, pristine.patients)
        with contextlib.ExitStack() as stack:
            workers: list[int] = []
            stack.callback(end_processes, workers)
            gate = stack.enter_context(operator_gate(home))
            server = stack.enter_context(running_server(stage, **environment))
            try:
                yield House(stage, gate, stack, server)
            finally:
                workers += children_of(server.pid)

    return opened


def copied_home(pristine, home, port, settings):
    """A copy of a stage on a port of its own, with further settings."""
    shutil.copytree(pristine, home)
    file = home / "carnet.toml"
    text = file.read_text(encoding="utf-8").replace("port = 1\n", f"port = {port}\n")
    file.write_text(text + settings, encoding="utf-8")
    return home


def end_processes(pids):
    """Ends what a server left behind."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def free_port():
    """Finds a port for one more server."""
    return free_ports.free_port


@pytest.fixture(scope="session")
def house(open_house):
    """The exchange of the session, with the settings that the product comes with."""
    with open_house() as opened:
        yield opened


TUNED = """\
occupational_doctors = true
deleted_readable = true
make_invisible_by_update = true
masked_and_invisible_together = true
maximum_document_bytes = 41943040
maximum_leaf_results = 4

[[clients]]
structure = "1990000036"  # the laboratory
assertion_reusable = true
"""


@pytest.fixture(scope="session")
def tuned_house(open_house):
    """A second exchange, whose operator decided otherwise wherever the settings leave a choice."""
    with open_house(TUNED) as opened:
        yield opened


@pytest.fixture
def record(house):
    """The open record of a fresh patient, whose médecin traitant is the demonstration's; nobody else may read it."""
    return house.new_record()


@pytest.fixture
def other_record(house):
    """A second record, of another patient."""
    return house.new_record()


@pytest.fixture(scope="session")
def library(house):
    """A record with some of everything, made once; tests only ask it."""
    return make_library(house)


@pytest.fixture
def codes():
    """The codes of an answer's errors."""
    return error_codes


@pytest.fixture
def tie():
    """Makes an association: `tie(kind, source, target)`."""
    return link


@pytest.fixture
def holds():
    """Makes a HasMember: `holds(source, target)`."""
    return member
