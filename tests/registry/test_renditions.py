"""Wire forms kept sealed, and the memory of those opened."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from carnet.document_query import FindDocuments, FindSubmissionSets, Get
from carnet.errors import IntegrityFailure
from carnet.metadata import AssociationType as T
from carnet.metadata import AvailabilityStatus as Status
from carnet.registry.found import Found
from carnet.registry.renditions import RenditionCache, renditions


class CountingKey:
    """A key that counts how often it opens something."""

    def __init__(self, key) -> None:
        self.key, self.pseudonym, self.opened = key, key.pseudonym, 0

    def seal(self, plain: bytes, context: str) -> bytes:
        return self.key.seal(plain, context)

    def open(self, sealed: bytes, context: str) -> bytes:
        self.opened += 1
        return self.key.open(sealed, context)


@pytest.fixture
def cache():
    return RenditionCache(1_000_000)


def rendered(room, found: Found, cache: RenditionCache, holder=None) -> tuple[bytes, ...]:
    return renditions(room.connection, holder or room.holder, found, room.renderer, cache)


def by_status(room, *statuses) -> Found:
    return room.find(FindDocuments((room.patient,), statuses))


def test_renditions_come_in_the_order_of_the_answer(room, cache):
    document, folder = room.document(), room.folder()
    registered = room.put(document, folder, links=[(T.HAS_MEMBER, folder, document)])
    found = room.get(Get.SUBMISSION_SET_AND_CONTENTS, registered.submission_set.entry_uuid)
    texts = rendered(room, found, cache)
    assert len(texts) == len(found.uuids) == 6
    assert all(uuid.encode() in text for uuid, text in zip(found.uuids, texts, strict=True))
    assert texts[2] == room.renderer.entry(registered.entries[0])
    assert rendered(room, found, cache) == texts


def test_an_answer_that_was_not_judged_is_not_rendered(room, cache):
    registered = room.put(room.document())
    found = room.get(Get.ASSOCIATIONS, registered.submission_set.entry_uuid)
    with pytest.raises(RuntimeError):
        rendered(room, found, cache)
    assert len(rendered(room, found.without(set()), cache)) == 1


def test_a_rendition_is_opened_once_and_then_remembered(room, cache):
    room.put(*(room.document() for _ in range(300)))
    found = by_status(room, Status.APPROVED)
    key = CountingKey(room.holder.key)
    holder = replace(room.holder, key=key)
    first = rendered(room, found, cache, holder)
    assert key.opened == 300
    assert rendered(room, found, cache, holder) == first
    assert key.opened == 300


def test_a_changed_status_is_never_answered_from_memory(room, cache):
    entry = room.put_document()
    for new, old in ((Status.ARCHIVED, Status.APPROVED), (Status.APPROVED, Status.ARCHIVED)):
        rendered(room, by_status(room, old), cache)
        room.change_status(entry.entry_uuid, old, new)
        (text,) = rendered(room, by_status(room, new), cache)
        assert text == room.renderer.entry(room.entry(entry.entry_uuid))
        assert repr(new).encode() in text


def test_a_deprecated_entry_an_archived_set_and_a_dated_folder_are_rendered_anew(room, cache):
    document, folder = room.document(), room.folder()
    registered = room.put(document, folder, links=[(T.HAS_MEMBER, folder, document)])
    entry, place = registered.entries[0], registered.folders[0].entry_uuid
    before = rendered(room, room.get(Get.FOLDERS, place).without(set()), cache)
    new = room.replace(entry)
    after = rendered(room, room.get(Get.FOLDERS, place).without(set()), cache)
    assert before != after
    (text,) = rendered(room, by_status(room, Status.DEPRECATED), cache)
    assert repr(Status.DEPRECATED).encode() in text
    room.archive(new.entries[0].entry_uuid)
    sets = room.find(FindSubmissionSets((room.patient,), (Status.ARCHIVED,))).without(set())
    (text,) = rendered(room, sets, cache)
    assert repr(Status.ARCHIVED).encode() in text


def test_the_memory_gives_nothing_of_one_patient_for_another(room, cache):
    room.put_document()
    found = by_status(room, Status.APPROVED)
    rendered(room, found, cache)
    with pytest.raises(IntegrityFailure):
        rendered(room, found, cache, room.other_patient().holder)


def test_a_row_whose_status_was_altered_by_hand_does_not_open(room, cache):
    entry = room.put_document()
    room.change_status(entry.entry_uuid, Status.APPROVED, Status.DELETED)
    room.connection._raw.execute("UPDATE document_entry SET status = ?", (Status.APPROVED.value,))
    with pytest.raises(IntegrityFailure):
        rendered(room, by_status(room, Status.APPROVED), cache)


def test_a_rendition_moved_to_another_row_does_not_open(room, cache):
    room.put_document()
    room.put_document()
    room.connection._raw.execute(
        "UPDATE document_entry SET sealed_rendition = (SELECT sealed_rendition FROM document_entry LIMIT 1)"
    )
    with pytest.raises(IntegrityFailure):
        rendered(room, by_status(room, Status.APPROVED), cache)


def test_the_memory_keeps_within_its_bytes_and_lets_go_of_the_people_asked_for_longest_ago(cache):
    cache = RenditionCache(100)
    marks = [(f"u{n}", "s", 0) for n in range(2)]
    for person in "abc":
        cache.put_many(person, {marks[0]: b"x" * 30})
    cache.get_many("a", marks[:1])
    cache.put_many("d", {marks[0]: b"x" * 30})
    assert cache.held_bytes == 90
    assert [cache.get_many(person, marks[:1]) == [b"x" * 30] for person in "abcd"] == [True, False, True, True]
    cache.put_many("d", {marks[1]: b"x" * 101})
    assert (len(cache), cache.held_bytes) == (0, 0)


def test_a_memory_of_no_bytes_keeps_nothing(room):
    cache = RenditionCache(0)
    room.put_document()
    assert len(rendered(room, by_status(room, Status.APPROVED), cache)) == 1
    assert len(cache) == 0


def test_the_memory_forgets_a_person_whose_key_is_destroyed(cache):
    mark = ("u", "s", 0)
    cache.put_many(("p", "i"), {mark: b"one"})
    cache.put_many(("q", "i"), {mark: b"two"})
    cache.forget("p")
    assert (cache.get_many(("p", "i"), [mark]), cache.get_many(("q", "i"), [mark])) == ([None], [b"two"])
    assert cache.held_bytes == 3


def test_the_memory_serves_several_threads(cache):
    cache = RenditionCache(2_000)
    errors = []

    def work(name: str) -> None:
        for n in range(500):
            mark = (f"u{n % 40}", "s", 0)
            cache.put_many(name, {mark: name.encode() * 50})
            if any(text not in {None, name.encode() * 50} for text in cache.get_many(name, [mark])):
                errors.append(mark)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert cache.held_bytes == 50 * len(cache) <= 2_000
