"""The points at which tests end the process: known by name, passed somewhere, and never armed in production."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from carnet.config import load
from carnet.errors import ConfigurationError
from carnet.kill_points import POINTS, arm

PACKAGE = Path(__file__).parents[1] / "carnet"
PASS = "from carnet.kill_points import arm, reached; arm({order!r}); [reached('committed') for _ in range(3)]"


def test_every_point_is_passed_at_one_place_of_the_code():
    texts = (path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    places = Counter(name for text in texts for name in re.findall(r'\breached\("([^"]*)"\)', text))
    assert places == dict.fromkeys(POINTS, 1)


@pytest.mark.parametrize("order", ["committe", "committed:0", "committed:x", "committed:-1", ":2"])
def test_a_point_that_there_is_not_is_refused(order):
    with pytest.raises(ConfigurationError):
        arm(order)


def test_production_refuses_to_be_killed(tmp_path):
    production = {"CARNET_ENVIRONMENT": "production", "CARNET_TEST_IDENTITIES": "false"}
    load(tmp_path, production)
    with pytest.raises(ConfigurationError, match="kill_at_for_tests"):
        load(tmp_path, {**production, "CARNET_KILL_AT_FOR_TESTS": "committed"})


@pytest.mark.parametrize(
    ("order", "status"),
    [("", 0), ("act-run", 0), ("committed", -signal.SIGKILL), ("committed:3", -signal.SIGKILL), ("committed:4", 0)],
)
def test_a_process_ends_at_the_armed_point_at_its_count_and_nowhere_else(order, status):
    done = subprocess.run([sys.executable, "-c", PASS.format(order=order)], check=False, capture_output=True)
    assert done.returncode == status
