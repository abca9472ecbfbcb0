"""What the tests under fire share: homes on each database, seeds and counts that are told, figures of the deep run that are kept."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from durable_homes import DATABASES

DEEP = os.environ.get("DURABILITY") == "deep"
"""`make deep`: the same tests with bigger counts; their figures are kept under results/."""
USUAL_SEED = 20_261_122
RESULTS = Path(__file__).parent / "results"


@pytest.fixture
def deep():
    """Picks a figure: `deep(ordinary, big)`."""
    return lambda ordinary, big: big if DEEP else ordinary


@pytest.fixture
def seed():
    """The seed of this run: the same in every ordinary one, another in each deep one; DURABILITY_SEED repeats one."""
    usual = random.SystemRandom().randrange(10**9) if DEEP else USUAL_SEED
    return int(os.environ.get("DURABILITY_SEED") or usual)


@pytest.fixture
def dice(seed):
    return random.Random(seed)


@pytest.fixture
def tell(request, seed):
    """Prints seed and counts, and keeps them when the run is deep."""
    began = time.monotonic()

    def told(**figures):
        name = request.node.name.removeprefix("test_")
        whole = {"test": name, "seed": seed, "seconds": round(time.monotonic() - began, 1), **figures}
        print(json.dumps(whole))  # noqa: T201 - seeds and counts are told
        if DEEP:
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{name}.json").write_text(json.dumps(whole, indent=1) + "\n")

    return told


@pytest.fixture(params=DATABASES)
def durable_home(request, first_stage, tmp_path):
    """A home of the test's own on each database; documents need no signature."""
    home = DATABASES[request.param](first_stage, tmp_path, lambda: request.getfixturevalue("copies"))
    yield home
    home.close()
