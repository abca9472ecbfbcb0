"""Building a platform: what was opened is given back when something after it cannot be."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from carnet import platform as platform_module
from carnet.config import load
from carnet.crypto.key_store import KeyStore
from carnet.errors import ConfigurationError, Unavailable
from carnet.platform import build
from carnet.soap.ebrim_render import EbrimRenderer

pytestmark = pytest.mark.usefixtures("no_files_left")


@pytest.fixture
def no_files_left(home):
    """No file of the home is open after the test that was not before it."""
    before = open_files(home)
    yield
    assert open_files(home) == before


def open_files(home):
    found = []
    for handle in os.listdir("/proc/self/fd"):  # noqa: PTH208 - of this process
        try:
            path = Path(f"/proc/self/fd/{handle}").readlink()
        except FileNotFoundError:
            continue
        if path.is_relative_to(home):
            found.append(path)
    return sorted(found)


def built(home, **changes):
    return build(replace(load(home, {}), **changes), EbrimRenderer())


def test_what_was_opened_is_given_back_when_the_platform_is_closed(home):
    built(home).close()


def test_a_root_key_that_is_missing_leaves_nothing_open(home):
    (home / "keys" / "root.key").unlink()
    with pytest.raises(ConfigurationError, match=r"root\.key"):
        built(home)


def test_a_store_of_keys_that_cannot_be_read_leaves_nothing_open(home, monkeypatch):
    def fails(_store, _name):
        raise Unavailable("The store of keys cannot be used now.")

    monkeypatch.setattr(KeyStore, "service_key", fails)
    with pytest.raises(Unavailable):
        built(home)


def test_a_store_of_keys_that_is_no_database_leaves_nothing_open(home):
    for file in (home / "keys").glob("keys.db*"):
        file.unlink()
    (home / "keys" / "keys.db").write_bytes(b"This is no database." * 500)
    with pytest.raises(Unavailable):
        built(home)


def test_an_object_store_that_is_not_well_named_leaves_nothing_open(home):
    with pytest.raises(ConfigurationError, match="documents_url"):
        built(home, documents_url="s3+https://")


def test_authorities_that_cannot_be_read_leave_nothing_open(home):
    with pytest.raises((ConfigurationError, OSError)):
        built(home, tls_client_authorities="absent.pem")


def test_control_a_build_that_keeps_its_connection_is_noticed(home, monkeypatch):
    """Negative control: keys that cannot be opened, and a connection that nobody closes."""
    kept = []

    class Kept(platform_module.ExitStack):
        def callback(self, work, *arguments, **named):
            kept.append(work)

    monkeypatch.setattr(platform_module, "ExitStack", Kept)
    before = open_files(home)
    with pytest.raises(ConfigurationError, match="documents_url"):
        built(home, documents_url="s3+https://")
    assert open_files(home) != before
    for work in kept:
        work()
