"""The patient's side of the demonstration, and that it fails, naming the step, when a decision of the patient does nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from free_ports import free_port

from carnet.cli.demonstration import running_server
from carnet.cli.operator_gate import operator_gate
from carnet.config import load
from carnet.demo import story
from carnet.demo.journey import Journey, JourneyFailed
from carnet.demo.story import Story


@pytest.fixture
def told(first_stage, tmp_path):
    """A story ready to be told, after its journey."""
    home = tmp_path / "home"
    shutil.copytree(first_stage.home, home, ignore=shutil.ignore_patterns("callers"))
    port = free_port()
    stage = replace(first_stage, home=home, settings=replace(load(home, {}), port=port))
    with running_server(stage, CARNET_PORT=str(port)):
        journey = Journey(stage, (), lambda _: None)
        journey.walk()
        with operator_gate(home) as gate:
            yield Story(journey, gate, lambda _: None)


def test_a_block_that_does_nothing_ends_the_story(told, monkeypatch):
    monkeypatch.setattr(story.PatientActs, "block", lambda *_: True)
    with pytest.raises(JourneyFailed, match="still reads"):
        told.tell()


def test_an_export_that_anything_passes_for_ends_the_story(told, monkeypatch):
    class Blind:
        intact = True

    monkeypatch.setattr(story, "verify_export", lambda *_args, **_named: Blind)
    with pytest.raises(JourneyFailed, match="does not prove itself"):
        told.tell()
