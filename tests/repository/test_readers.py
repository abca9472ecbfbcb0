"""Files open for reading: the room of one that was removed is given back."""

from __future__ import annotations

import os

import pytest

from carnet.repository.file_system import OperatingSystem
from carnet.repository.object_store import Absent
from carnet.repository.readers import Readers


class Counting(OperatingSystem):
    def __init__(self):
        self.opened, self.closed = [], []

    def open(self, path):
        handle = super().open(path)
        self.opened.append(handle)
        return handle

    def close(self, handle):
        self.closed.append(handle)
        super().close(handle)


@pytest.fixture
def files():
    return Counting()


@pytest.fixture
def readers(files, tmp_path):
    for name in ("gone", "stays"):
        (tmp_path / name).write_bytes(name.encode())
    return Readers(files, tmp_path)


def test_a_removed_file_is_closed_and_one_that_stands_is_kept(readers, files, tmp_path):
    assert (readers.read("gone", 0, 9), readers.read("stays", 0, 9)) == (b"gone", b"stays")
    readers.let_go()
    assert files.closed == []
    (tmp_path / "gone").unlink()
    readers.let_go()
    assert files.closed == files.opened[:1]
    with pytest.raises(Absent):
        readers.read("gone", 0, 9)
    assert readers.read("stays", 0, 9) == b"stays"
    assert len(files.opened) == 2


def test_the_room_of_a_removed_file_comes_back(readers, tmp_path):
    """What is removed and open still takes its blocks: the link count tells."""
    readers.read("gone", 0, 9)
    handle = readers._open["gone"].number
    (tmp_path / "gone").unlink()
    assert os.fstat(handle).st_nlink == 0
    readers.let_go()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(handle)
