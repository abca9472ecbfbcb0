import os

import pytest

from carnet.repository.frame_cache import FrameCache
from tests.damage import altered


@pytest.fixture
def cache(tmp_path):
    return FrameCache(tmp_path / "cache", 80_000)


def total(cache):
    return sum(file.stat().st_size for file in cache._folder.iterdir())


def test_a_frame_is_kept_and_found(cache):
    cache.keep("w0-1-00000000.seg", 16, b"frame" * 10)
    assert cache.read("w0-1-00000000.seg", 16, 50) == b"frame" * 10
    assert cache.read("w0-1-00000000.seg", 17, 50) is None
    assert cache.read("w0-1-00000000.seg", 16, 49) is None


@pytest.mark.parametrize("damage", [lambda data: data[:-1], altered, lambda data: b""])
def test_a_torn_or_altered_frame_is_not_there(cache, damage):
    cache.keep("s", 16, b"frame" * 10)
    (file,) = cache._folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert cache.read("s", 16, 50) is None
    assert not file.exists()


def test_the_bound_holds_whatever_is_kept_by_several_workers(tmp_path):
    workers = [FrameCache(tmp_path / "cache", 80_000, workers=4) for _ in range(4)]
    for number in range(400):
        workers[number % 4].keep("s", number, bytes(500 + number))
        assert total(workers[0]) <= 80_000
    assert total(workers[0]) > 40_000, "the cache must be used"


def test_what_was_used_last_stays(cache):
    for number in range(8):
        cache.keep("s", number, bytes(9_000))
    for number, file in enumerate(sorted(cache._folder.iterdir())):
        os.utime(file, (number, number))
    cache.read("s", 0, 9_000)
    for number in range(8, 10):
        cache.keep("s", number, bytes(9_000))
    assert cache.read("s", 0, 9_000) is not None
    assert cache.read("s", 1, 9_000) is None


def test_what_is_larger_than_the_allowance_is_not_kept_and_no_bound_keeps_nothing(cache, tmp_path):
    cache.keep("s", 1, bytes(20_000))
    assert cache.read("s", 1, 20_000) is None
    none = FrameCache(tmp_path / "none", 0)
    none.keep("s", 1, b"frame")
    assert none.read("s", 1, 5) is None
    assert not (tmp_path / "none").exists()


def test_a_full_disk_is_nobodys_trouble(cache):
    cache._folder.rmdir()
    cache._folder.write_bytes(b"a file")
    cache.keep("s", 1, b"frame")
    assert cache.read("s", 1, 5) is None
