import pytest

from carnet.crypto.envelope import PatientKey
from carnet.database.failures import ConstraintViolated
from carnet.errors import IntegrityFailure
from carnet.repository.documents import erase, find, record
from carnet.repository.segments import Place, SegmentStore, prepare

KEY = PatientKey("person-1", 1, b"k" * 32)
PLACE = Place("w0-1-00000000.seg", 16, 200)


def add(connection, unique_id, *, patient_key=1, place=PLACE, content=b"content", wrapped=b"wrapped"):
    record(connection, patient_key, unique_id, place, prepare(content), wrapped, 1, "text/xml", 5)


def test_a_document_is_found_with_all_that_was_recorded(connection):
    add(connection, "1.2.1")
    (found,) = find(connection, 1, ["1.2.1"]).values()
    prepared = prepare(b"content")
    assert (found.unique_id, found.place, found.size, found.sha1, found.sha256) == (
        "1.2.1",
        PLACE,
        7,
        prepared.sha1,
        prepared.sha256,
    )
    assert (found.mime_type, found.key_version, found.wrapped_key, found.stored_at, found.erased_at) == (
        "text/xml",
        1,
        b"wrapped",
        5,
        None,
    )
    assert "wrapped'" not in repr(found)


def test_the_documents_of_another_patient_are_not_found(connection):
    add(connection, "1.2.1", patient_key=1)
    add(connection, "1.2.2", patient_key=2)
    assert set(find(connection, 1, ["1.2.1", "1.2.2", "1.2.3"])) == {"1.2.1"}


@pytest.mark.parametrize("count", [0, 1, 2, 8, 9, 64, 65, 511, 512, 513, 1_300])
def test_any_number_of_documents_is_found_at_once(connection, count):
    for number in range(count):
        add(connection, f"1.2.{number}", place=Place("w0-1-00000000.seg", number, 200))
    wanted = [f"1.2.{number}" for number in range(count)]
    found = find(connection, 1, [*wanted, *wanted[:3], "1.2.unknown"])
    assert set(found) == set(wanted)
    assert all(document.place.offset == int(unique_id.split(".")[2]) for unique_id, document in found.items())


def test_one_patient_has_one_document_of_a_unique_id(connection):
    add(connection, "1.2.1")
    with pytest.raises(ConstraintViolated):
        add(connection, "1.2.1")


def test_an_erased_document_says_when_and_its_bytes_open_no_more(connection, tmp_path):
    store = SegmentStore(tmp_path / "documents", "w0")
    key, wrapped = KEY.new_document_key("1.2.1")
    place = store.append(prepare(b"content"), key, "1.2.1")
    store.sync()
    add(connection, "1.2.1", place=place, wrapped=wrapped)
    add(connection, "1.2.2")
    before = find(connection, 1, ["1.2.1"])["1.2.1"]
    opened = KEY.open_document_key(before.wrapped_key, "1.2.1")
    assert store.read(before.place, opened, "1.2.1", size=before.size, sha256=before.sha256) == b"content"
    erase(connection, 1, "1.2.1", 9)
    erase(connection, 1, "1.2.1", 12)
    erase(connection, 1, "1.2.unknown", 9)
    found = find(connection, 1, ["1.2.1", "1.2.2"])
    assert (found["1.2.1"].erased_at, found["1.2.2"].erased_at) == (9, None)
    with pytest.raises(IntegrityFailure):
        KEY.open_document_key(found["1.2.1"].wrapped_key, "1.2.1")
