"""What is kept of documents: for those who may see them, sealed for one place, and gone with the document, its key or the record."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from carnet.authorization.patient_side import PatientRight
from carnet.clock import DAY
from carnet.demo.people import PAT_TROIS
from carnet.errors import IntegrityFailure
from carnet.identity.patients import find
from carnet.metadata import INVISIBLE_PATIENT, AvailabilityStatus
from carnet.record import extract_filling, extractors
from carnet.record.custody import Custody
from carnet.record.document_extracts import Missing, extracts_of, in_use
from carnet.record.due import run_due
from carnet.record.extract_filling import fill, fill_fresh
from carnet.record.extractors import ExtractKind, State
from carnet.record.own_documents import visible_documents
from carnet.record.patient_acts import PatientActs
from carnet.repository import documents as stored
from carnet.repository.extract_rows import find_extracts, opened, put_extracts, sealed_row

PATIENT = PAT_TROIS.identifier


def patient(room):
    return find(room.connection, room.platform.keyring, PATIENT)


def index(room):
    return asyncio.run(fill_fresh(room.gate, 1_000))


def rows(room):
    """(uniqueId, kind) of every row of the search that was committed."""
    found = room.rows("SELECT unique_id, kind FROM document_extract WHERE patient_key = ?", patient(room).patient_key)
    return sorted(row for row in found if row[1] in {"terms", "text"})


def seen(room, kind=ExtractKind.TERMS, documents=visible_documents):
    """What the holder gets of a kind."""
    acts = PatientActs(room.gate, "operator:tests")
    return acts.perform(
        PATIENT, "list-documents", PatientRight.SEE, lambda inside: extracts_of(inside, kind, documents(inside))
    )


def names(extracts):
    return [one.document.found.unique_id for one in extracts.found]


def test_each_document_is_read_once_and_kept(room):
    (entry,) = room.put(room.document())
    assert seen(room).missing == Missing(patient(room).patient_key, (entry.unique_id,))
    assert index(room) == 1
    assert rows(room) == [(entry.unique_id, "terms"), (entry.unique_id, "text")]
    assert names(seen(room)) == [entry.unique_id]
    assert seen(room).missing.unique_ids == ()
    assert index(room) == 0


def test_a_document_that_the_person_may_not_see_is_neither_found_nor_missing(room):
    (shown,) = room.put(room.document())
    (hidden,) = room.put(room.document(masks=(INVISIBLE_PATIENT,)))
    assert seen(room).missing.unique_ids == (shown.unique_id,)
    assert index(room) == 2
    assert (hidden.unique_id, "terms") in rows(room)
    assert names(seen(room)) == [shown.unique_id]


def test_archived_documents_are_kept_apart_from_those_in_use(room):
    (entry,) = room.put(room.document())
    index(room)
    room.do(room.caller(), room.status(entry, AvailabilityStatus.ARCHIVED))
    assert names(seen(room)) == [entry.unique_id]
    assert names(seen(room, documents=lambda inside: in_use(visible_documents(inside)))) == []


# --- erasure -----------------------------------------------------------------------------------------------------------


def test_a_deleted_document_leaves_no_row(room):
    (entry,) = room.put(room.document())
    (other,) = room.put(room.document())
    index(room)
    room.do(room.caller(), room.status(entry, AvailabilityStatus.DELETED))
    assert {name for name, _ in rows(room)} == {other.unique_id}
    assert index(room) == 0


def test_a_document_whose_key_is_erased_leaves_no_row(room):
    (entry,) = room.put(room.document())
    index(room)
    room.gate.administer(
        lambda connection: stored.erase(connection, patient(room).patient_key, entry.unique_id, room.now)
    )
    assert rows(room) == []
    assert asyncio.run(fill(room.gate, Missing(patient(room).patient_key, (entry.unique_id,)))) == 0


def test_a_destroyed_record_leaves_no_row_and_nothing_to_read(room):
    (entry,) = room.put(room.document())
    index(room)
    key = patient(room).patient_key
    one, other = Custody(room.gate, "operator:un"), Custody(room.gate, "operator:deux")
    one.close_record(PATIENT, "FERMETURE_DEMANDE_PATIENT")
    one.order_destruction(PATIENT)
    other.confirm_destruction(PATIENT)
    room.now += 31 * DAY
    run_due(room.gate)
    assert room.rows("SELECT count(*) FROM document_extract")[0][0] == 0
    assert asyncio.run(fill(room.gate, Missing(key, (entry.unique_id,)))) == 0


def test_a_document_that_is_deleted_while_it_is_read_leaves_nothing(room, monkeypatch):
    (entry,) = room.put(room.document())
    fetched = extract_filling.fetch

    async def slow(platform, located):
        content = await fetched(platform, located)
        room.do(room.caller(), room.status(entry, AvailabilityStatus.DELETED))
        return content

    monkeypatch.setattr(extract_filling, "fetch", slow)
    assert index(room) == 0
    assert rows(room) == []


# --- sealed ------------------------------------------------------------------------------------------------------------


def test_a_record_that_is_destroyed_while_it_is_read_leaves_nothing_and_stops_nobody(room, monkeypatch):
    (entry,) = room.put(room.document())
    key, fetched = patient(room).patient_key, extract_filling.fetch
    one, other = Custody(room.gate, "operator:un"), Custody(room.gate, "operator:deux")

    async def fetch_and_destroy(platform, located):
        content = await fetched(platform, located)
        one.close_record(PATIENT, "FERMETURE_DEMANDE_PATIENT")
        one.order_destruction(PATIENT)
        other.confirm_destruction(PATIENT)
        room.now += 31 * DAY
        run_due(room.gate)
        return content

    monkeypatch.setattr(extract_filling, "fetch", fetch_and_destroy)
    assert asyncio.run(fill(room.gate, Missing(key, (entry.unique_id,)))) == 0
    assert room.rows("SELECT count(*) FROM document_extract")[0][0] == 0


def test_a_row_opens_for_its_own_document_kind_and_version_alone(room):
    key = room.platform.keyring.patient_key(patient(room).pseudonym)
    row = sealed_row(key, "1.2.3", "terms", 1, "made", b"words")
    assert opened(key, row) == b"words"
    for changed in (replace(row, unique_id="1.2.4"), replace(row, kind="text"), replace(row, version=2)):
        with pytest.raises(IntegrityFailure):
            opened(key, changed)


def test_a_row_of_another_version_counts_as_missing_and_gives_way(room, monkeypatch):
    (entry,) = room.put(room.document())
    index(room)
    newer = tuple(replace(one, version=one.version + 1) for one in extractors.EXTRACTORS)
    for module in (extractors, extract_filling):
        monkeypatch.setattr(module, "EXTRACTORS", newer)
    assert seen(room).missing.unique_ids == (entry.unique_id,)
    assert index(room) == 1
    assert len(rows(room)) == 2
    assert names(seen(room)) == [entry.unique_id]


def test_many_documents_are_found_in_parts(room):
    key = room.platform.keyring.patient_key(patient(room).pseudonym)
    known = [f"1.2.{number}" for number in range(700)]
    made = [sealed_row(key, name, "terms", 1, "made", name.encode()) for name in known]
    room.gate.administer(lambda connection: put_extracts(connection, patient(room).patient_key, made, now=room.now))
    asked = [*known[:600], "9.9.9"]
    found = room.gate.read(lambda connection: find_extracts(connection, patient(room).patient_key, "terms", 1, asked))
    assert sorted(found) == sorted(known[:600])
    assert all(opened(key, row) == name.encode() for name, row in found.items())


# --- what goes wrong ---------------------------------------------------------------------------------------------------


def test_what_an_extractor_stumbles_over_is_noted_and_not_tried_again(room, monkeypatch):
    room.put(room.document())
    calls = []

    def stumble(material):
        calls.append(material)
        raise RecursionError

    broken = tuple(replace(one, make=stumble) for one in extractors.EXTRACTORS if ExtractKind.TERMS in one.gives)
    monkeypatch.setattr(extract_filling, "EXTRACTORS", broken)
    assert index(room) == 1
    assert {one.state for one in seen(room).found} == {State.UNREADABLE}
    assert {one.content for one in seen(room).found} == {b""}
    seen(room)
    assert index(room) == 0
    assert len(calls) == 1


def test_a_document_that_cannot_be_fetched_now_is_left_for_another_time(room, monkeypatch):
    (entry,) = room.put(room.document())
    fetched = extract_filling.fetch

    async def damaged(_platform, _located):
        raise IntegrityFailure("not now")

    monkeypatch.setattr(extract_filling, "fetch", damaged)
    assert index(room) == 0
    monkeypatch.setattr(extract_filling, "fetch", fetched)
    assert seen(room).missing.unique_ids == (entry.unique_id,)
    assert index(room) == 1


def test_filling_stops_when_its_time_is_over(room):
    entries = [room.put(room.document())[0] for _ in range(3)]
    missing = Missing(patient(room).patient_key, tuple(one.unique_id for one in entries))
    assert asyncio.run(fill(room.gate, missing, seconds=-1)) == 0
    assert asyncio.run(fill(room.gate, missing, seconds=600)) == 3


def test_a_submission_that_was_refused_leaves_nothing_to_read(room):
    room.platform.fresh.add(4_711, "1.2.3")
    room.platform.fresh.add(patient(room).patient_key, "1.2.3")
    assert index(room) == 0


def test_an_extract_is_of_the_documents_that_its_extractor_is_for(room, monkeypatch):
    room.put(room.document())
    never = tuple(replace(one, of=lambda _code: False) for one in extractors.EXTRACTORS)
    for module in (extractors, extract_filling):
        monkeypatch.setattr(module, "EXTRACTORS", never)
    found = seen(room)
    assert (found.found, found.missing.unique_ids) == ((), ())
    assert index(room) == 0


def test_the_queue_of_fresh_documents_is_bounded(room, monkeypatch):
    monkeypatch.setattr("carnet.repository.fresh_documents.MOST", 3)
    for number in range(5):
        room.platform.fresh.add(1, str(number))
    room.platform.fresh.add(1, "4")
    assert room.platform.fresh.take(10) == [(1, ["2", "3", "4"])]
    assert len(room.platform.fresh) == 0
