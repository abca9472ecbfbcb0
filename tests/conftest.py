"""What several rooms share: one stage of the demonstration, set once a session and only ever copied."""

from __future__ import annotations

import shutil

import pytest

from carnet.demo.stage import set_stage


@pytest.fixture(scope="session")
def first_stage(tmp_path_factory):
    """A home with people, certificates and open records. Nothing writes to it: see `home`."""
    return set_stage(tmp_path_factory.mktemp("first") / "home", port=1)


@pytest.fixture
def home(first_stage, tmp_path):
    """A home of the test's own: a copy of the first stage's, without the callers' folders."""
    return shutil.copytree(first_stage.home, tmp_path / "home", ignore=shutil.ignore_patterns("callers"))
