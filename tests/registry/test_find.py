"""FindDocuments, FindSubmissionSets, FindFolders, GetAll: what each parameter selects (ITI-18)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.document_query import CodeFilter, FindDocuments, FindFolders, FindSubmissionSets, GetAll, TimeRange
from carnet.errors import QueryParameterInvalid
from carnet.metadata import AssociationType as T
from carnet.metadata import Author, Code, ObjectType
from carnet.metadata import AvailabilityStatus as Status

LOINC = "2.16.840.1.113883.6.1"


def found(room, **filters):
    return {row.uuid for row in room.documents(**filters)}


def test_status_is_the_first_filter_and_archived_or_deleted_documents_are_not_approved(room):
    uuids = {}
    for status in (Status.APPROVED, Status.ARCHIVED, Status.DELETED):
        entry = room.put_document()
        uuids[status] = entry.entry_uuid
        if status is not Status.APPROVED:
            room.change_status(entry.entry_uuid, Status.APPROVED, status)
    old = room.put_document()
    new = room.replace(old).entries[0]
    assert found(room) == {uuids[Status.APPROVED], new.entry_uuid}
    assert found(room, statuses=(Status.ARCHIVED,)) == {uuids[Status.ARCHIVED]}
    assert found(room, statuses=(Status.DELETED,)) == {uuids[Status.DELETED]}
    assert found(room, statuses=(Status.DEPRECATED,)) == {old.entry_uuid}
    assert len(found(room, statuses=tuple(Status))) == 5
    assert found(room, statuses=()) == set()


def test_only_the_documents_of_the_holder_are_found_whatever_the_query_says(room):
    own = room.put_document()
    other = room.other_patient()
    theirs = other.put_document()
    query = FindDocuments((room.patient, other.patient), (Status.APPROVED,))
    assert [row.uuid for row in room.find(query).entries] == [own.entry_uuid]
    assert [row.uuid for row in other.find(query).entries] == [theirs.entry_uuid]


def test_the_signature_of_a_submission_set_is_not_found_even_when_asked_for(room):
    registered = room.put(room.document(), room.signature())
    signature = registered.entries[1]
    assert found(room) == {registered.entries[0].entry_uuid}
    assert found(room, class_codes=(CodeFilter(signature.class_code.code),)) == set()
    every = (room.patient,), tuple(Status), tuple(Status), tuple(Status)
    assert signature.entry_uuid not in room.find(GetAll(*every)).without(set()).uuids


@pytest.mark.parametrize(
    ("parameter", "attribute"),
    [
        ("class_codes", "class_code"),
        ("type_codes", "type_code"),
        ("practice_settings", "practice_setting"),
        ("facility_types", "facility_type"),
        ("format_codes", "format_code"),
    ],
)
def test_each_code_parameter_takes_one_of_its_values_with_or_without_a_scheme(room, parameter, attribute):
    first = room.put_document(**{attribute: Code("A", "1.1")}).entry_uuid
    second = room.put_document(**{attribute: Code("B", "1.1")}).entry_uuid
    elsewhere = room.put_document(**{attribute: Code("A", "2.2")}).entry_uuid

    def ask(*filters):
        return found(room, **{parameter: tuple(CodeFilter(*one) for one in filters)})

    assert ask(("A", "1.1")) == {first}
    assert ask(("A",)) == {first, elsewhere}
    assert ask(("A", "2.2"), ("B",)) == {second, elsewhere}
    assert ask(("A", "1.1"), ("B", "1.1"), ("A", "2.2")) == {first, second, elsewhere}
    assert ask(("A", "3.3")) == ask(("C",)) == set()


@pytest.mark.parametrize(
    ("parameter", "attribute"), [("event_codes", "event_codes"), ("confidentiality_codes", "confidentiality_codes")]
)
def test_repeated_slots_must_all_match_by_one_of_their_values(room, parameter, attribute):
    both = room.put_document(**{attribute: (Code("A", "1.1"), Code("B", "1.1"))}).entry_uuid
    one = room.put_document(**{attribute: (Code("A", "1.1"),)}).entry_uuid
    other = room.put_document(**{attribute: (Code("C", "1.1"), Code("B", "2.2"))}).entry_uuid
    a, b, c = (CodeFilter(code, "1.1") for code in "ABC")

    def ask(*slots):
        return found(room, **{parameter: slots})

    assert ask((a,)) == {both, one}
    assert ask((a, c)) == {both, one, other}
    assert ask((a,), (b,)) == {both}
    assert ask((a, c), (CodeFilter("B"),)) == {both, other}
    assert ask((a,), (c,)) == set()


def test_event_and_confidentiality_codes_are_not_mixed_up(room):
    room.put_document(event_codes=(Code("X", "1.1"),))
    assert found(room, confidentiality_codes=((CodeFilter("X", "1.1"),),)) == set()


def test_reference_ids_are_found_as_written(room):
    accession, order = "A1^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:accession", "O1^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:order"
    both = room.put_document(reference_ids=(accession, order)).entry_uuid
    one = room.put_document(reference_ids=(accession,)).entry_uuid
    assert found(room, reference_ids=((accession,),)) == {both, one}
    assert found(room, reference_ids=((accession,), (order,))) == {both}
    assert found(room, reference_ids=((order, "none"),)) == {both}


@pytest.mark.parametrize("attribute", ["creation_time", "service_start_time", "service_stop_time"])
def test_times_are_from_inclusive_to_exclusive_at_any_precision(room, attribute):
    day = room.put_document(**{attribute: "20250615"}).entry_uuid
    second = room.put_document(**{attribute: "20250615101500"}).entry_uuid
    year = room.put_document(**{attribute: "2025"}).entry_uuid

    def ask(start="", stop=""):
        return found(room, **{attribute: TimeRange(start, stop)})

    assert ask("20250615101500", "20250615101501") == {second}
    assert ask("20250615", "20250616") == {day, second}
    assert ask("202501", "202502") == {year}
    assert ask("2025", "2026") == {day, second, year}
    assert ask(stop="20250615") == {year}
    assert ask(start="20250615101501") == set()


def test_a_document_without_the_time_is_in_no_range(room):
    room.put_document(service_start_time="", service_stop_time="")
    assert found(room, service_start_time=TimeRange(stop="2999")) == set()
    assert found(room, service_stop_time=TimeRange(start="1900")) == set()
    assert len(found(room)) == 1


def test_a_time_that_is_none_is_refused(room):
    with pytest.raises(QueryParameterInvalid):
        room.documents(creation_time=TimeRange("hier"))


def test_author_and_title_patterns_read_the_sealed_metadata(room):
    georges = room.put_document(authors=(Author("8^X^PAUL"), Author("8^Y^GEORGES")), title="Bilan 100%").entry_uuid
    jeanne = room.put_document(authors=(Author("8^Z^JEANNE"),), title="Radiographie").entry_uuid
    assert found(room, author_persons=("%georges",)) == {georges}
    assert found(room, author_persons=("%GEORGES", "8^_^JEANNE")) == {georges, jeanne}
    assert found(room, titles=("bilan%",)) == {georges}
    assert found(room, titles=("Bilan%",), author_persons=("%JEANNE",)) == set()


def test_parameters_narrow_each_other(room):
    wanted = room.put_document(type_code=Code("1", LOINC), creation_time="2025").entry_uuid
    room.put_document(type_code=Code("1", LOINC), creation_time="2024")
    room.put_document(type_code=Code("2", LOINC), creation_time="2025")
    assert found(room, type_codes=(CodeFilter("1", LOINC),), creation_time=TimeRange("2025", "2026")) == {wanted}


def test_documents_are_found_by_type_unique_id_and_logical_id(room):
    stable = room.put_document()
    on_demand = room.put_document(object_type=ObjectType.ON_DEMAND)
    assert found(room) == {stable.entry_uuid}
    assert found(room, object_types=tuple(ObjectType)) == {stable.entry_uuid, on_demand.entry_uuid}
    assert found(room, unique_ids=(stable.unique_id, "9.9")) == {stable.entry_uuid}
    second = room.remask(stable, "MASQUE_PS")
    assert found(room, logical_ids=(stable.logical_id,)) == {second.entry_uuid}


def test_a_parameter_with_too_many_values_is_refused(room):
    assert found(room, unique_ids=tuple(f"1.{n}" for n in range(256))) == set()
    with pytest.raises(QueryParameterInvalid):
        room.documents(unique_ids=tuple(f"1.{n}" for n in range(257)))


def test_submission_sets_are_found_by_each_parameter(room):
    own = room.put(
        room.document(),
        source_id="1.5",
        submission_time="20260110",
        content_type=Code("04", "1.2"),
        authors=(Author("8^A"),),
    ).submission_set.entry_uuid
    room.put(room.document())

    def ask(**filters):
        query = replace(FindSubmissionSets((room.patient,), (Status.APPROVED,)), **filters)
        return [row.uuid for row in room.find(query).submission_sets]

    assert len(ask()) == 2
    assert ask(source_ids=("1.5",)) == [own]
    assert ask(submission_time=TimeRange("2026", "20260111")) == [own]
    assert ask(content_types=(CodeFilter("04"),)) == [own]
    assert ask(author_persons=("8^a",)) == [own]
    assert ask(statuses=(Status.ARCHIVED,)) == []
    assert ask(statuses=()) == []


def test_folders_are_found_by_each_parameter(room):
    first = room.put(room.folder(codes=(Code("A", "1.1"), Code("B", "1.1")))).folders[0]
    second = room.put(room.folder(codes=(Code("A", "1.1"),))).folders[0]

    def ask(**filters):
        query = replace(FindFolders((room.patient,), (Status.APPROVED,)), **filters)
        return {row.uuid for row in room.find(query).folders}

    assert ask() == {first.entry_uuid, second.entry_uuid}
    assert ask(codes=((CodeFilter("A"),), (CodeFilter("B", "1.1"),))) == {first.entry_uuid}
    assert ask(last_update_time=TimeRange(second.last_update_time, "")) == {second.entry_uuid}
    assert ask(logical_ids=(first.logical_id,)) == {first.entry_uuid}
    assert ask(statuses=(Status.DEPRECATED,)) == ask(statuses=()) == set()


def test_get_all_answers_everything_and_the_associations_between(room):
    document, folder = room.document(), room.folder()
    registered = room.put(document, folder, links=[(T.HAS_MEMBER, folder, document)])
    approved = (Status.APPROVED,)
    everything = room.find(GetAll((room.patient,), approved, approved, approved))
    assert everything.ends == ()
    assert len(everything.entries) == len(everything.folders) == len(everything.submission_sets) == 1
    assert {one.entry_uuid for one in everything.associations} == {one.entry_uuid for one in registered.associations}
    without_folders = room.find(GetAll((room.patient,), approved, approved, ()))
    assert [one.type for one in without_folders.associations] == [T.HAS_MEMBER]
    other_format = GetAll((room.patient,), approved, approved, approved, format_codes=(CodeFilter("none"),))
    assert room.find(other_format).entries == ()
