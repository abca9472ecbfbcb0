import hashlib
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from carnet.errors import IntegrityFailure
from carnet.repository.preparation import expand, prepare

TEXT = b"<entry><code code='11502-2'/></entry>" * 500


@given(
    st.binary(max_size=5_000) | st.builds(lambda part, times: part * times, st.binary(max_size=20), st.integers(0, 500))
)
def test_what_was_prepared_expands_to_itself(content):
    prepared = prepare(content)
    assert (prepared.size, prepared.sha1, prepared.sha256) == (
        len(content), hashlib.sha1(content).digest(), hashlib.sha256(content).digest()
    )  # fmt: skip
    assert len(prepared.stored) <= len(content)
    assert expand(prepared.stored, prepared.compression, prepared.size) == content


def test_text_is_compressed_and_noise_is_not():
    noise = random.Random(1).randbytes(2_000)
    assert prepare(TEXT).compression == "zstd"
    assert len(prepare(TEXT).stored) < len(TEXT) // 20
    assert (prepare(noise).compression, prepare(noise).stored) == ("none", noise)
    assert (prepare(b"").compression, prepare(b"").stored) == ("none", b"")


@pytest.mark.parametrize("size", [0, 1, len(TEXT) - 1, len(TEXT) + 1])
def test_content_of_another_size_is_refused(size):
    with pytest.raises(IntegrityFailure):
        expand(prepare(TEXT).stored, "zstd", size)
    with pytest.raises(IntegrityFailure):
        expand(TEXT, "none", size)


def test_a_bomb_reserves_no_memory(monkeypatch):
    """It announces a gigabyte; the registered size is small: the library is not even asked."""
    bomb = zstandard.ZstdCompressor().compress(bytes(50_000_000))
    assert len(bomb) < 10_000
    with pytest.raises(IntegrityFailure):
        expand(bomb, "zstd", 1_000)


def test_data_that_does_not_say_its_size_is_refused():
    squeezer = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    with pytest.raises(IntegrityFailure):
        expand(squeezer.compress(TEXT) + squeezer.flush(), "zstd", len(TEXT))


def test_damaged_data_and_data_that_goes_on_are_refused():
    stored = prepare(TEXT).stored
    for changed in (b"", stored[:-1], stored + b"\0", stored + stored, b"\0" + stored, bytes(len(stored))):
        with pytest.raises(IntegrityFailure):
            expand(changed, "zstd", len(TEXT))


def test_many_threads_prepare_at_once():
    """One compressor shared by threads brings the process down."""
    contents = [random.Random(number).randbytes(100) * 300 for number in range(64)]
    with ThreadPoolExecutor(8) as pool:
        prepared = list(pool.map(prepare, contents * 4))
        found = list(pool.map(lambda item: expand(item.stored, item.compression, item.size), prepared))
    assert found == contents * 4


def test_content_is_not_shown():
    assert "entry" not in repr(prepare(b"<entry/>"))
