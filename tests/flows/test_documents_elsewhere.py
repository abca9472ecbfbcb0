"""Documents that are not on this machine: two machines over one database and one object store, and what remains when one of them is gone.

The store is a protocol double everywhere, and OpenStack Swift and Ceph's gateway (Debian's packages) where they are installed.
"""

from __future__ import annotations

import contextlib
import shutil
import time

import ceph_service
import pytest
import s3_double
import swift_service
from ceph_service import Ceph
from s3_double import S3Double
from swift_service import Swift

from carnet.soap.answer_parse import ResponseStatus

SETTINGS = """
segment_bytes = 65536
segment_seconds = 1
documents_timeout = 20.0
documents_upload_interval = 0.2
documents_local_bytes = 0
"""


class Double:
    """The protocol double as a store that can be away."""

    def __init__(self):
        self.double = S3Double()
        self.url, self.key_id, self.secret = self.double.url, s3_double.KEY_ID, s3_double.SECRET

    @contextlib.contextmanager
    def away(self):
        self.double.faults = lambda method, key: "503"
        try:
            yield
        finally:
            self.double.faults = lambda method, key: None

    def close(self):
        self.double.close()


class RealSwift:
    """Swift, away when its object server was killed."""

    def __init__(self, folder, free_port):
        self.swift = Swift(folder, free_port)
        self.swift.start()
        self.swift.make_bucket()
        self.url, self.key_id, self.secret = self.swift.url, swift_service.KEY_ID, swift_service.SECRET

    @contextlib.contextmanager
    def away(self):
        self.swift.stop("object")
        try:
            yield
        finally:
            self.swift.start("object")

    def close(self):
        self.swift.stop()


class RealCeph:
    """Ceph, away when its gateway was killed."""

    def __init__(self, folder, free_port):
        self.ceph = Ceph(folder, free_port)
        self.ceph.start()
        self.url, self.key_id, self.secret = self.ceph.url, ceph_service.KEY_ID, ceph_service.SECRET

    @contextlib.contextmanager
    def away(self):
        self.ceph.stop_gateway()
        try:
            yield
        finally:
            self.ceph.start_gateway()

    def close(self):
        self.ceph.stop()


REAL = {"swift": (RealSwift, swift_service.missing), "ceph": (RealCeph, ceph_service.missing)}


@pytest.fixture(scope="module", params=["double", *(pytest.param(name, marks=pytest.mark.slow) for name in REAL)])
def store(request, tmp_path_factory, free_port):
    if request.param == "double":
        made = Double()
    else:
        kind, missing = REAL[request.param]
        if missing():
            pytest.skip(
                f"{request.param}: {', '.join(missing())} are not installed (`make deep-packages`); the same runs on our double"
            )
        made = kind(tmp_path_factory.mktemp(request.param), free_port)
    yield made
    made.close()


def settings_for(store, folder, more=""):
    secret = folder / "secret"
    secret.write_text(store.secret)
    return f'{SETTINGS}documents_url = "{store.url}"\ndocuments_key_id = "{store.key_id}"\ndocuments_secret_file = "{secret}"\n{more}'


@pytest.fixture
def machine(store, open_house, make_home, tmp_path):
    """A machine whose documents go to the store: `machine(more)`; `machine(beside=house)` is another over the same database."""
    with contextlib.ExitStack() as stack:

        def opened(more="", *, beside=None):
            home = make_home(settings_for(store, tmp_path, more))
            if beside is not None:
                for name in ("keys", "carnet.db"):
                    shutil.rmtree(home / name) if (home / name).is_dir() else (home / name).unlink()
                    (home / name).symlink_to(beside.stage.home / name)
            return stack.enter_context(open_house(home=home))

        yield opened


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def files_of(house):
    return [file for file in (house.stage.home / "documents").glob("*.seg") if file.stat().st_size > 16]


def read(record, house, sent):
    record.house, before = house, record.house
    try:
        return record.read(sent.entry.unique_id)
    finally:
        record.house = before


def given(record, house, sent):
    answer, found = read(record, house, sent)
    assert answer.status is ResponseStatus.SUCCESS, answer.errors
    return found[0].content == sent.content


def test_documents_leave_the_machine_and_are_read_back_through_the_door(machine, store):
    house = machine("documents_cache_bytes = 0\n")
    record = house.new_record()
    sent = [record.document(size=size, media_type="application/pdf") for size in (5_000, 200_000, 900_000)]
    for one in sent:
        record.put(one)
    until(lambda: not files_of(house))
    assert house.rows("SELECT count(*) FROM document_segment WHERE verified_at IS NULL OR dropped_at IS NULL") == [(0,)]
    assert all(given(record, house, one) for one in sent)
    with store.away():
        # A worker that read the file on the disk for the search keeps it open for some seconds after its name is gone.
        until(lambda: not read(record, house, sent[0])[1])
        answer, found = read(record, house, sent[0])
        assert [item.code for item in answer.errors] == ["XDSRepositoryOutOfResources"]
        assert not found
        assert house.http().get(house.stage.address + "/health/live").status_code == 200
        late = record.document()
        record.put(late)
        assert given(record, house, late)
    assert given(record, house, sent[0])


def test_what_was_just_acknowledged_is_read_from_another_machine_and_survives_the_first(machine, store):
    one = machine('unsealed_documents = "written_through"\n')
    other = machine('unsealed_documents = "written_through"\n', beside=one)
    record = one.new_record()
    sent = [record.document() for _ in range(4)]
    for document in sent:
        record.put(document)
        assert given(record, other, document)
    one.server.kill()
    one.server.wait()
    shutil.rmtree(one.stage.home / "documents")
    assert all(given(record, other, document) for document in sent)


def test_written_through_nothing_is_acknowledged_while_the_store_is_away(machine, store):
    house = machine('unsealed_documents = "written_through"\n')
    record = house.new_record()
    record.put(record.document())
    with store.away():
        refused = record.document()
        answer = record.send(record.submission(refused))
        assert answer.status is not ResponseStatus.SUCCESS
    until(lambda: record.send(record.submission(refused)).status is ResponseStatus.SUCCESS)
    assert given(record, house, refused)
