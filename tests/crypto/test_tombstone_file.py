"""The file of tombstones: what was signed here is read, in order; anything else is refused, a torn last line passed over."""

from __future__ import annotations

import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carnet.crypto import tombstone_file
from carnet.crypto.tombstone_file import Tombstone, TombstoneFile
from carnet.errors import IntegrityFailure

STONES = (Tombstone("aa11", 1_790_000_000_000_000, "destroy"), Tombstone("bb22", 1_790_000_000_000_001, "archive-ends"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tombstones"


@pytest.fixture
def stones(path):
    key = Ed25519PrivateKey.generate()
    file = TombstoneFile(path, key.sign, key.public_key().public_bytes_raw())
    for stone in STONES:
        file.add(stone)
    return file


def test_tombstones_are_read_in_the_order_in_which_they_were_raised(stones, tmp_path, path):
    assert stones.read() == STONES
    copy = path.rename(tmp_path / "copy")
    assert stones.read() == ()
    assert stones.read(copy) == STONES


def test_the_file_is_for_its_owner_alone(stones, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_last_line_that_was_torn_is_passed_over(stones, path):
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert stones.read() == STONES[:1]


def outlives_a_torn_line(stones, path):
    first, last, _ = path.read_bytes().split(b"\n")
    for kept in range(len(last) + 1):
        path.write_bytes(first + b"\n" + last[:kept])
        stones.add(STONES[1])
        assert stones.read() == STONES
        path.write_bytes(last[:kept])
        stones.add(STONES[0])
        assert stones.read() == STONES[:1]


def test_what_is_raised_after_a_torn_line_is_read(stones, path):
    outlives_a_torn_line(stones, path)


def test_control_a_file_that_appends_to_the_torn_line_is_caught(stones, path, monkeypatch):
    monkeypatch.setattr(tombstone_file, "_end_of_lines", lambda handle: os.fstat(handle).st_size)
    with pytest.raises(IntegrityFailure, match="Line 2"):
        outlives_a_torn_line(stones, path)


def test_a_torn_line_longer_than_a_block_is_taken_away(stones, path):
    path.write_bytes(path.read_bytes() + b"x" * 9000)
    stones.add(STONES[0])
    assert stones.read() == (*STONES, STONES[0])


def test_a_system_that_writes_a_few_bytes_at_a_time_tears_no_line(stones, monkeypatch):
    write = os.write
    monkeypatch.setattr(tombstone_file.os, "write", lambda handle, data: write(handle, data[:7]))
    stones.add(STONES[0])
    assert stones.read() == (*STONES, STONES[0])


def test_every_byte_that_is_changed_is_detected(stones, path):
    whole = path.read_bytes()
    for place in range(len(whole) - 1):
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        path.write_bytes(changed)
        with pytest.raises(IntegrityFailure, match="Line"):
            stones.read()


def test_a_tombstone_of_another_installation_is_refused(path, stones):
    other = Ed25519PrivateKey.generate()
    TombstoneFile(path, other.sign, other.public_key().public_bytes_raw()).add(STONES[0])
    with pytest.raises(IntegrityFailure, match="Line 3"):
        stones.read()
