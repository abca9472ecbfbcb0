"""A new home is there after a power cut, whole, before anything is acknowledged in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from carnet.home import create_home
from carnet.repository import file_system
from carnet.repository.segments import SegmentStore


@pytest.fixture
def synced(monkeypatch):
    """Which files and directories were made durable."""
    seen = []

    def noted(call):
        def made(handle):
            seen.append(Path(f"/proc/self/fd/{handle}").readlink())
            return call(handle)

        return made

    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, noted(getattr(os, name)))
    assert file_system.os is os
    return seen


def test_every_name_of_a_new_home_is_made_durable(tmp_path, synced):
    home = tmp_path / "far" / "down" / "home"
    create_home(home)
    assert {home, home.parent, home.parent.parent, tmp_path, home / "carnet.toml", home / "keys"} <= set(synced)


def test_the_folder_of_documents_is_made_durable_by_whoever_opens_it(tmp_path, synced):
    """`carnet init` may have ended a moment ago, on a version that did not wait: what is acknowledged now relies on the folder."""
    (tmp_path / "documents").mkdir()
    SegmentStore(tmp_path / "documents", "w0").close()
    assert tmp_path in synced


def test_a_folder_of_documents_that_is_not_there_is_made_with_all_its_parents(tmp_path, synced):
    SegmentStore(tmp_path / "a" / "b" / "documents", "w0").close()
    assert {tmp_path / "a" / "b", tmp_path / "a", tmp_path} <= set(synced)
