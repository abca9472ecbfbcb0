"""A document's whole journey through the real door, and that it fails, naming the step, when something on the way is not as promised."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from free_ports import free_port

from carnet.cli import carnet
from carnet.cli.demonstration import running_server
from carnet.cli.operator_gate import operator_gate
from carnet.config import load
from carnet.demo.journey import Journey, JourneyFailed
from carnet.demo.people import OTHER_GP, PAT_TROIS
from carnet.record.administration import Administration

STEPS = ["submitted", "found", "read back", "replaced", "masked", "emergency"]
STORY = [
    "blocked",
    "explained",
    "told",
    "to review",
    "measured",
    "added",
    "trail",
    "export",
    "family",
    "profiles",
    "reported",
]


@pytest.fixture(scope="module")
def stage(first_stage, tmp_path_factory):
    """A stage whose server runs; each journey below goes through it by itself."""
    home = tmp_path_factory.mktemp("journey") / "home"
    shutil.copytree(first_stage.home, home, ignore=shutil.ignore_patterns("callers"))
    port = free_port()
    stage = replace(first_stage, home=home, settings=replace(load(home, {}), port=port))
    with running_server(stage, CARNET_PORT=str(port)):
        yield stage


def walk(stage, sent, *, after=None, do=lambda: None):
    """Walks the journey on a record that holds what was `sent`, and adds to that; `do` happens after the step `after`."""
    done = []

    def say(line):
        done.append(line.partition(":")[0])
        if done[-1] == after:
            do()

    Journey(stage, (), say, sent=sent).walk()
    return done


def test_the_demonstration_walks_the_whole_journey_and_proves_its_trace(tmp_path):
    shared = Path(__file__).parents[2].parent / "shared" / "samples" / "cda"
    samples = tmp_path / "samples"
    samples.mkdir()
    for file in sorted(shared.glob("*.xml"))[:3]:
        shutil.copy(file, samples)
    words = ["demo", "--home", str(tmp_path / "home"), "--samples", str(samples), "--check"]
    result = CliRunner().invoke(carnet, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    steps = [line for line in result.stdout.splitlines() if line.startswith("  ") and line[2] != " "]
    told = [line.strip().partition(":")[0] for line in steps]
    assert told[:18] == [*STEPS, *STORY, "traced"]
    assert "carnet verify-audit --home" in result.stdout


def altered(stage, sent):
    """One bit of the document sent last, on the disk."""
    with contextlib.closing(sqlite3.connect(stage.settings.database)) as database:
        query = "SELECT segment, offset + length - 1 FROM stored_document WHERE unique_id = ?"
        ((segment, place),) = database.execute(query, (sent.entry.unique_id,)).fetchall()
    with (stage.home / "documents" / segment).open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1]))


def test_a_journey_on_which_something_is_not_as_promised_fails_and_names_the_step(stage):
    sent = []
    assert walk(stage, sent) == STEPS
    with operator_gate(stage.home) as gate:
        office = Administration(gate, "operator:test")

        def let_everybody_in():
            office.authorise(PAT_TROIS.identifier, OTHER_GP.identifier, None)

        with pytest.raises(JourneyFailed, match=r"^emergency: a doctor without authorisation was let in"):
            walk(stage, sent, after="masked", do=let_everybody_in)
    with pytest.raises(JourneyFailed, match=r"^read back: "):
        walk(stage, sent, after="found", do=lambda: altered(stage, sent[-1]))
