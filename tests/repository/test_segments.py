import hashlib
import random
import stat
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet.errors import IntegrityFailure, OutOfResources
from carnet.repository import frames, readers
from carnet.repository.file_system import OperatingSystem
from carnet.repository.frames import HEADER_BYTES, SEGMENT_HEADER
from carnet.repository.segments import Mark, Place, SegmentStore, prepare

KEY = b"d" * 32


@pytest.fixture
def store(tmp_path):
    opened = SegmentStore(tmp_path / "documents", "w0", 20_000)
    yield opened
    opened.close()


def put(store, content, name="1.2.250.1.999.1", key=KEY):
    return store.append(prepare(content), key, name)


def get(store, place, content, name="1.2.250.1.999.1", key=KEY):
    return store.read(place, key, name, size=len(content), sha256=hashlib.sha256(content).digest())


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


@given(st.lists(st.binary(max_size=4_000), max_size=12))
def test_what_was_stored_is_read_back(store, contents):
    places = [put(store, content, f"1.2.{number}") for number, content in enumerate(contents)]
    assert [
        get(store, place, content, f"1.2.{number}")
        for number, (place, content) in enumerate(zip(places, contents, strict=True))
    ] == contents
    store.sync()
    again = SegmentStore(store._directory, "w1")
    assert [
        get(again, place, content, f"1.2.{number}")
        for number, (place, content) in enumerate(zip(places, contents, strict=True))
    ] == contents


@pytest.mark.parametrize("size", [0, 1, 100_000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_500_000])
def test_a_document_of_any_size_is_stored_even_one_larger_than_a_segment(store, size):
    content = noise(size)
    put(store, b"one before")
    place = put(store, content)
    after = put(store, b"one after")
    store.sync()
    assert get(store, place, content) == content
    assert get(store, after, b"one after") == b"one after"


def test_a_full_segment_is_followed_by_another(store):
    places = [put(store, noise(6_000, number)) for number in range(7)]
    store.sync()
    assert len({place.segment for place in places}) == 3
    assert store.segments() == sorted({place.segment for place in places})
    assert all(get(store, place, noise(6_000, number)) == noise(6_000, number) for number, place in enumerate(places))
    assert all((store._directory / name).stat().st_size <= 20_000 for name in store.segments())


def test_nothing_is_made_on_disk_before_the_first_document(store):
    store.sync()
    assert store.mark() == Mark("", 0)
    assert store.segments() == []


def test_files_are_for_their_owner_alone(store):
    put(store, b"content")
    assert stat.S_IMODE(store._directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((store._directory / store.segments()[0]).stat().st_mode) == 0o600


def test_a_restart_never_writes_to_a_file_of_before(store, tmp_path):
    """Even with the same worker name and the clock standing still."""
    stopped = [SegmentStore(tmp_path / "documents", "w0", clock=lambda: 5) for _ in range(5)]
    segments = {put(opened, b"content").segment for opened in stopped}
    assert len(segments) == 5


def test_a_worker_whose_name_could_leave_the_directory_is_refused(tmp_path):
    for worker in ("", "../w0", "w-0", "w 0"):
        with pytest.raises(ValueError):
            SegmentStore(tmp_path, worker)


def test_documents_leave_the_reserved_room_alone(tmp_path):
    class Disk(OperatingSystem):
        left = 10_000

        def free(self, _directory):
            return self.left

    disk = Disk()
    store = SegmentStore(tmp_path / "documents", "w0", 20_000, reserved_bytes=9_000, file_system=disk)
    kept = put(store, b"small")
    with pytest.raises(OutOfResources, match="room"):
        put(store, noise(2_000))
    store.sync()
    disk.left = 12_000
    place = put(store, noise(2_000))
    assert get(store, kept, b"small") == b"small"
    assert get(store, place, noise(2_000)) == noise(2_000)
    store.close()


# --- taking back ---------------------------------------------------------------------------------------------------


def test_a_refused_act_leaves_no_bytes(store):
    kept = put(store, b"kept")
    mark = store.mark()
    size = (store._directory / kept.segment).stat().st_size
    put(store, noise(5_000))
    store.rollback_to(mark)
    assert (store._directory / kept.segment).stat().st_size == size
    after = put(store, b"after")
    store.sync()
    assert after.offset == kept.offset + kept.length
    assert get(store, kept, b"kept") == b"kept"
    assert get(store, after, b"after") == b"after"


def test_going_back_crosses_files(store):
    kept = put(store, b"kept")
    mark = store.mark()
    taken = [put(store, noise(9_000, number)) for number in range(6)]
    assert len({place.segment for place in taken}) >= 3
    store.rollback_to(mark)
    left = {name: (store._directory / name).stat().st_size for name in store.segments()}
    assert left.pop(kept.segment) == kept.offset + kept.length
    assert set(left.values()) == {len(SEGMENT_HEADER)}
    after = put(store, b"after")
    store.sync()
    assert get(store, kept, b"kept") == b"kept"
    assert get(store, after, b"after") == b"after"
    for number, place in enumerate(taken):
        with pytest.raises(IntegrityFailure):
            get(store, place, noise(9_000, number))


def test_going_back_to_the_time_before_the_first_file(store):
    mark = store.mark()
    put(store, b"refused")
    store.rollback_to(mark)
    store.sync()
    place = put(store, b"after")
    store.sync()
    assert place.offset == len(SEGMENT_HEADER)
    assert get(store, place, b"after") == b"after"


@pytest.mark.parametrize("size", [10, 9_000])
def test_what_was_synced_is_not_taken_back(store, size):
    mark = store.mark()
    places = [put(store, noise(size, number)) for number in range(5)]
    store.sync()
    unsynced = put(store, b"not synced")
    store.rollback_to(mark)
    assert all(get(store, place, noise(size, number)) == noise(size, number) for number, place in enumerate(places))
    with pytest.raises(IntegrityFailure):
        get(store, unsynced, b"not synced")


@settings(max_examples=60)
@given(acts=st.lists(st.tuples(st.lists(st.integers(0, 9_000), max_size=4), st.booleans(), st.booleans()), max_size=8))
def test_after_any_history_the_accepted_acts_are_whole(tmp_path_factory, acts):
    store = SegmentStore(tmp_path_factory.mktemp("documents"), "w0", 20_000)
    accepted = []
    for sizes, refused, synced in acts:
        mark = store.mark()
        placed = [(put(store, noise(size, size)), noise(size, size)) for size in sizes]
        if refused:
            store.rollback_to(mark)
        else:
            accepted += placed
        if synced:
            store.sync()
    store.sync()
    assert all(get(store, place, content) == content for place, content in accepted)
    written = sum(place.length for place, _content in accepted)
    on_disk = sum((store._directory / name).stat().st_size - len(SEGMENT_HEADER) for name in store.segments())
    assert on_disk == written
    store.close()


# --- what is on disk may be anything -------------------------------------------------------------------------------


def test_every_byte_of_a_stored_document_is_watched(store):
    content = b"<ClinicalDocument>fictitious</ClinicalDocument>" * 4
    before, place, after = put(store, b"before"), put(store, content), put(store, b"after")
    store.sync()
    path = store._directory / place.segment
    original = path.read_bytes()
    for position in range(place.offset, place.offset + place.length):
        for change in (1, 0x80, 0xFF):
            damaged = bytearray(original)
            damaged[position] ^= change
            path.write_bytes(damaged)
            with pytest.raises(IntegrityFailure):
                get(store, place, content)
    assert get(store, before, b"before") == b"before"
    assert get(store, after, b"after") == b"after"
    path.write_bytes(original)
    assert get(store, place, content) == content


def test_a_torn_end_is_never_a_part_of_a_document(store):
    content = noise(700)
    place = put(store, content)
    store.sync()
    path = store._directory / place.segment
    original = path.read_bytes()
    for length in range(place.offset, len(original)):
        path.write_bytes(original[:length])
        with pytest.raises(IntegrityFailure):
            get(store, place, content)
        path.write_bytes(original[:length].ljust(len(original), b"\0"))
        if length < len(original) - 16:
            with pytest.raises(IntegrityFailure):
                get(store, place, content)


def test_a_document_put_in_the_place_of_another_is_not_served(store):
    """Two documents of equal size and under the same key: only the object id tells them apart."""
    one, two = put(store, noise(300, 1), "1.2.1"), put(store, noise(300, 2), "1.2.2")
    store.sync()
    path = store._directory / one.segment
    data = path.read_bytes()
    first, second = (data[place.offset : place.offset + place.length] for place in (one, two))
    path.write_bytes(data[: one.offset] + second + first)
    for place, content, name in ((one, noise(300, 1), "1.2.1"), (two, noise(300, 2), "1.2.2")):
        with pytest.raises(IntegrityFailure):
            get(store, place, content, name)
        with pytest.raises(IntegrityFailure):
            get(store, two if place is one else one, content, "1.2.2" if name == "1.2.1" else "1.2.1")


def test_an_older_document_of_the_same_name_and_key_is_not_served_for_the_newer(store):
    """Negative control of the digest: every seal is right here, and only the registered SHA-256 differs."""
    old = put(store, noise(300, 1))
    with pytest.raises(IntegrityFailure, match="registered"):
        store.read(old, KEY, "1.2.250.1.999.1", size=300, sha256=hashlib.sha256(noise(300, 2)).digest())
    assert store.read(old, KEY, "1.2.250.1.999.1", size=300, sha256=hashlib.sha256(noise(300, 1)).digest()) == noise(
        300, 1
    )


@pytest.mark.parametrize(
    "change",
    [
        {"segment": "../secret"}, {"segment": "/etc/passwd"}, {"segment": "w0-1-00000000.seg"}, {"segment": ""}, {"offset": 0}, {"offset": 17},
        {"offset": -1}, {"offset": 1 << 40}, {"length": 0}, {"length": -1}, {"length": HEADER_BYTES}, {"length": 1 << 40}, {"length": 10_000},
    ],
)  # fmt: skip
def test_a_place_that_is_wrong_gives_nothing(store, change):
    content = noise(300)
    place = put(store, content)
    values = {"segment": place.segment, "offset": place.offset, "length": place.length} | change
    with pytest.raises(IntegrityFailure):
        get(store, Place(**values), content)


def test_a_size_that_is_wrong_gives_nothing(store):
    place = put(store, b"text " * 100)
    for size in (0, 499, 501, 1 << 40):
        with pytest.raises(IntegrityFailure):
            store.read(place, KEY, "1.2.250.1.999.1", size=size, sha256=hashlib.sha256(b"text " * 100).digest())


def test_a_missing_file_is_a_failure_of_integrity(store):
    place = put(store, b"content")
    store.sync()
    (store._directory / place.segment).unlink()
    fresh = SegmentStore(store._directory, "w1")
    with pytest.raises(IntegrityFailure, match="missing"):
        get(fresh, place, b"content")


# --- scanning ------------------------------------------------------------------------------------------------------


def test_a_scan_finds_every_document_and_stops_at_what_is_none(store):
    places = [put(store, noise(size, size), f"1.2.{size}") for size in (10, 500, 3_000)]
    store.sync()
    found = list(store.scan(places[0].segment))
    assert [place for place, _digest in found] == places
    assert [digest for _place, digest in found] == [
        hashlib.sha256(f"1.2.{size}".encode()).digest() for size in (10, 500, 3_000)
    ]
    path = store._directory / places[0].segment
    path.write_bytes(path.read_bytes() + b"garbage" * 30)
    assert [place for place, _digest in store.scan(places[0].segment)] == places


def test_what_is_no_segment_is_not_scanned(store):
    put(store, b"content")
    name = "w0-1-00000000.seg"
    (store._directory / name).write_bytes(b"something else entirely, long enough")
    for bad in (name, "../keys"):
        with pytest.raises(IntegrityFailure):
            list(store.scan(bad))
    (store._directory / "notes.txt").write_text("not ours")
    assert "notes.txt" not in store.segments()


# --- reading from several threads ----------------------------------------------------------------------------------


def test_few_files_stay_open_and_every_thread_reads_right(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "OPEN_FILES", 2)
    store = SegmentStore(tmp_path / "documents", "w0", 2_000)
    contents = [noise(1_500, number) for number in range(12)]
    places = [put(store, content) for content in contents]
    store.sync()
    wrong = []

    def reader(seed):
        dice = random.Random(seed)
        for _ in range(200):
            number = dice.randrange(12)
            if get(store, places[number], contents[number]) != contents[number]:
                wrong.append(number)

    threads = [threading.Thread(target=reader, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(store._readers._open) <= 2
    store.close()


def test_checks_that_are_off_are_caught(store, monkeypatch):
    """Negative control: with the seal not checked, flipped bytes would be served, and these tests would see it."""
    content = noise(300)
    place = put(store, content)
    store.sync()
    path = store._directory / place.segment
    data = bytearray(path.read_bytes())
    data[-1 - 16] ^= 1
    path.write_bytes(data)
    with pytest.raises(IntegrityFailure):
        get(store, place, content)

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    class NoTag:
        def __init__(self, key):
            self.key = key

        def decrypt(self, nonce, body, bound):
            return (
                Cipher(algorithms.AES(self.key), modes.CTR(nonce + b"\0\0\0\2")).decryptor().update(bytes(body)[:-16])
            )

    monkeypatch.setattr(frames, "AESGCM", NoTag)
    served = store.read(
        place, KEY, "1.2.250.1.999.1", size=300, sha256=hashlib.sha256(content[:-1] + bytes([content[-1] ^ 1])).digest()
    )
    assert served != content


@pytest.mark.parametrize(("later", "closed"), [(59, False), (60, True), (-1, True), (-10 * 365 * 86_400, True)])
def test_a_file_is_closed_when_it_is_old_or_begun_in_what_is_now_the_future(tmp_path, later, closed):
    """A clock that was ahead by years when the file was begun would keep it from the object store for years."""
    now = [1_790_000_000_000_000]
    store = SegmentStore(tmp_path, "w0", segment_seconds=60, clock=lambda: now[0])
    store.append(prepare(b"a document"), bytes(32), "1.2")
    store.sync()
    now[0] += later * 1_000_000
    store.close_old()
    (name,) = store.segments()
    assert OperatingSystem().is_held(tmp_path / name) is not closed
    store.close()
