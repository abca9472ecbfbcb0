import hashlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.errors import IntegrityFailure
from carnet.repository import frames
from carnet.repository.frames import CHUNK, HEADER_BYTES, frame_length, open_frame, read_header, seal_frame

KEY = b"d" * 32
NAME = "1.2.250.1.999.1"
TAG = 16


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(frames, "CHUNK", 64)


def frame_of(stored, compression="none", key=KEY, name=NAME):
    return b"".join(seal_frame(stored, compression, key, name))


def chunks_of(frame, size=64 + TAG):
    body = frame[HEADER_BYTES:]
    return [body[start : start + size] for start in range(0, len(body), size)]


def with_length(frame, chunks):
    """A frame of other chunks whose header is right again, but for what only the key can make."""
    body = b"".join(chunks)
    fields = frame[:4] + struct.pack(">Q", len(body)) + frame[12 : HEADER_BYTES - 4]
    return fields + struct.pack(">I", zlib.crc32(fields)) + body


@given(st.binary(max_size=3_000), st.sampled_from(["none", "zstd"]), st.text(max_size=40))
def test_a_frame_gives_back_what_was_put_in_it(stored, compression, name):
    frame = frame_of(stored, compression, name=name)
    assert len(frame) == frame_length(len(stored))
    assert open_frame(frame, KEY, name) == (stored, compression)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7])
def test_an_object_of_any_number_of_chunks_is_given_back(size):
    stored = bytes(size)
    frame = frame_of(stored)
    assert len(frame) == frame_length(size)
    assert open_frame(frame, KEY, NAME) == (stored, "none")


def test_the_header_tells_a_scan_whose_object_this_is_and_where_it_ends():
    frame = frame_of(b"content", "zstd")
    header = read_header(frame)
    assert (header.length, header.compression) == (len(frame), "zstd")
    assert header.object_digest == hashlib.sha256(NAME.encode()).digest()
    assert header.commitment == hashlib.sha256(KEY).digest()


def test_nothing_of_the_content_stands_in_clear():
    assert b"fictitious content" not in frame_of(b"fictitious content")


def test_every_bit_of_a_frame_counts():
    frame = frame_of(b"fictitious content")
    for position in range(len(frame)):
        for bit in range(8):
            changed = frame[:position] + bytes([frame[position] ^ 1 << bit]) + frame[position + 1 :]
            with pytest.raises(IntegrityFailure):
                open_frame(changed, KEY, NAME)


def test_a_header_made_right_again_after_a_change_does_not_help():
    """The check sum is for scans; what protects is that the header is bound to every chunk."""
    frame = frame_of(b"fictitious content" * 9)
    for position in range(HEADER_BYTES - 4):
        fields = bytearray(frame[: HEADER_BYTES - 4])
        fields[position] ^= 1
        changed = bytes(fields) + struct.pack(">I", zlib.crc32(fields)) + frame[HEADER_BYTES:]
        with pytest.raises(IntegrityFailure):
            open_frame(changed, KEY, NAME)


def test_a_frame_cut_anywhere_is_refused(small_chunks):
    frame = frame_of(bytes(range(200)))
    for length in range(len(frame)):
        with pytest.raises(IntegrityFailure):
            open_frame(frame[:length], KEY, NAME)
        with pytest.raises(IntegrityFailure):
            open_frame(with_length(frame, [frame[HEADER_BYTES:length]]), KEY, NAME)
    with pytest.raises(IntegrityFailure):
        open_frame(frame + b"\0", KEY, NAME)


def test_chunks_left_out_exchanged_repeated_or_cut_off_are_refused(small_chunks):
    frame = frame_of(bytes(range(256)))
    one, two, three, four = chunks_of(frame)
    assert open_frame(with_length(frame, [one, two, three, four]), KEY, NAME)[0] == bytes(range(256))
    for chunks in (
        [one, two, three],
        [one, two, four],
        [two, three, four],
        [one, three, two, four],
        [one, two, three, four, four],
        [four],
        [],
    ):
        with pytest.raises(IntegrityFailure):
            open_frame(with_length(frame, chunks), KEY, NAME)


def test_chunks_of_another_object_under_the_same_key_are_refused(small_chunks):
    frame, other = frame_of(bytes(200)), frame_of(bytes(200))
    mixed = chunks_of(frame)[:1] + chunks_of(other)[1:]
    with pytest.raises(IntegrityFailure):
        open_frame(with_length(frame, mixed), KEY, NAME)


def test_another_key_or_another_object_is_refused():
    frame = frame_of(b"content")
    with pytest.raises(IntegrityFailure, match="key"):
        open_frame(frame, b"e" * 32, NAME)
    with pytest.raises(IntegrityFailure, match="Another object"):
        open_frame(frame, KEY, NAME + "1")


def test_a_key_used_twice_by_mistake_does_not_repeat_a_nonce():
    assert len({read_header(frame_of(b"same")).prefix for _ in range(1_000)}) == 1_000


def test_a_commitment_that_is_not_checked_would_be_caught(monkeypatch):
    """Negative control: the refusal of another key comes from the commitment, before any decryption."""

    class Never:
        def __init__(self, key):
            pass

        def decrypt(self, nonce, body, bound):
            raise AssertionError("decrypted under a key that was not committed to")

    frame = frame_of(b"content")
    monkeypatch.setattr(frames, "AESGCM", Never)
    with pytest.raises(IntegrityFailure):
        open_frame(frame, b"e" * 32, NAME)
    with pytest.raises(AssertionError):
        open_frame(frame, KEY, NAME)
