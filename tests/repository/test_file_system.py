import errno
import os

import pytest

from carnet.repository import file_system
from carnet.repository.file_system import OperatingSystem


@pytest.fixture
def files():
    return OperatingSystem()


def test_a_write_that_stops_short_is_gone_on_with(files, tmp_path, monkeypatch):
    handle = files.create(tmp_path / "a")
    whole, rest = os.pwritev, os.pwrite
    monkeypatch.setattr(file_system.os, "pwritev", lambda h, parts, offset: whole(h, [b"".join(parts)[:7]], offset))
    monkeypatch.setattr(file_system.os, "pwrite", lambda h, data, offset: rest(h, bytes(data)[:5], offset))
    files.write(handle, [b"start " * 3, b"", b"end"], 4)
    assert files.read(handle, 100, 0) == b"\0\0\0\0" + b"start " * 3 + b"end"
    files.close(handle)


def test_a_disk_that_is_full_half_way_is_an_error(files, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "full")

    handle = files.create(tmp_path / "a")
    whole = os.pwritev
    monkeypatch.setattr(file_system.os, "pwritev", lambda h, parts, offset: whole(h, [b"".join(parts)[:7]], offset))
    monkeypatch.setattr(file_system.os, "pwrite", full)
    with pytest.raises(OSError, match="full"):
        files.write(handle, [b"0123456789"], 0)
    files.close(handle)


def test_a_file_is_never_made_twice(files, tmp_path):
    files.close(files.create(tmp_path / "a"))
    with pytest.raises(FileExistsError):
        files.create(tmp_path / "a")


def test_a_directory_is_made_once_with_its_parents(files, tmp_path):
    for _ in range(2):
        files.make_directory(tmp_path / "home" / "documents")
    assert (tmp_path / "home" / "documents").is_dir()


def test_names_are_listed_sorted_and_removed(files, tmp_path):
    for name in ("b", "a"):
        files.close(files.create(tmp_path / name))
    assert files.list(tmp_path) == ["a", "b"]
    files.unlink(tmp_path / "a")
    assert files.list(tmp_path) == ["b"]


def test_a_file_is_cut_and_synced(files, tmp_path):
    handle = files.create(tmp_path / "a")
    files.write(handle, [b"0123456789"], 0)
    files.truncate(handle, 4)
    files.sync(handle)
    files.sync_directory(tmp_path)
    files.close(handle)
    handle = files.open(tmp_path / "a")
    assert files.read(handle, 100, 0) == b"0123"
    files.close(handle)
