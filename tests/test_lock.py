"""The lock file installs on the oldest Python that the README names: Debian 12's own."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[1] / "requirements.lock"
DEBIAN = "3.11.2"


def refused(locked: dict[str, str], python: str) -> list[str]:
    """The locked packages whose installed release refuses a version of Python."""
    found = []
    for name, version in sorted(locked.items()):
        about = metadata.metadata(name)
        assert about["Version"] == version, f"{name} is installed in another version than the lock's"
        if not SpecifierSet(about.get("Requires-Python") or "").contains(python):
            found.append(name)
    return found


@pytest.fixture(name="locked")
def fixture_locked() -> dict[str, str]:
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


def test_every_locked_package_installs_on_debians_own_python(locked: dict[str, str]) -> None:
    assert len(locked) > 40
    assert refused(locked, DEBIAN) == []


def test_control_a_python_that_packages_refuse_is_noticed(locked: dict[str, str]) -> None:
    assert "carnet" not in locked
    assert len(refused(locked, "3.6.0")) > 30
