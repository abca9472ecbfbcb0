"""The queries that start from identifiers: what belongs to each answer (ITI-18)."""

from __future__ import annotations

import pytest

from carnet.document_query import CodeFilter, Get, GetObjects
from carnet.errors import UnknownDocument
from carnet.metadata import AssociationType as T
from carnet.metadata import AvailabilityStatus as Status
from carnet.metadata import Code, ObjectType
from carnet.registry.queries import entry


def uuids(rows):
    return {getattr(row, "uuid", None) or row.entry_uuid for row in rows}


def ask(room, what, *names, **more):
    return room.get(what, *(one if isinstance(one, str) else one.entry_uuid for one in names), **more).without(set())


@pytest.fixture
def filed(room):
    """A document in a folder, registered together with a signature."""
    document, folder = room.document(), room.folder()
    return room.put(document, folder, room.signature(), links=[(T.HAS_MEMBER, folder, document)])


def test_documents_are_got_by_each_identifier_newest_version_first(room):
    first = room.put_document()
    second = room.remask(first, "MASQUE_PS")
    room.put_document()
    assert uuids(ask(room, Get.DOCUMENTS, first).entries) == {first.entry_uuid}
    for query in (
        GetObjects(Get.DOCUMENTS, unique_ids=(first.unique_id,)),
        GetObjects(Get.DOCUMENTS, logical_ids=(first.logical_id.upper().replace("URN:UUID", "urn:uuid"),)),
        GetObjects(Get.DOCUMENTS, entry_uuids=(first.entry_uuid, second.entry_uuid.upper())),
    ):
        assert [row.uuid for row in room.find(query).entries] == [second.entry_uuid, first.entry_uuid]


def test_documents_of_another_type_are_got_only_when_asked_for(room):
    on_demand = room.put_document(object_type=ObjectType.ON_DEMAND)
    assert ask(room, Get.DOCUMENTS, on_demand).entries == ()
    assert len(ask(room, Get.DOCUMENTS, on_demand, object_types=(ObjectType.ON_DEMAND,)).entries) == 1


def test_more_documents_than_one_statement_holds_are_got(room):
    registered = room.put(*(room.document() for _ in range(300)))
    found = ask(room, Get.DOCUMENTS, *registered.entries)
    assert uuids(found.entries) == uuids(registered.entries)


def test_nothing_of_another_patient_is_got_by_any_query(room, filed):
    other = room.other_patient()
    objects = (*filed.entries, *filed.folders, filed.submission_set)
    for what in Get:
        for names in (
            {"entry_uuids": tuple(one.entry_uuid for one in objects)},
            {"unique_ids": tuple(one.unique_id for one in objects)},
        ):
            assert other.find(GetObjects(what, association_types=tuple(T), **names)).uuids == ()
    with pytest.raises(UnknownDocument):
        entry(room.connection, other.holder, filed.entries[0].entry_uuid)


def test_folders_are_got_by_each_identifier(room, filed):
    folder = filed.folders[0]
    for query in (
        GetObjects(Get.FOLDERS, entry_uuids=(folder.entry_uuid,)),
        GetObjects(Get.FOLDERS, unique_ids=(folder.unique_id,)),
        GetObjects(Get.FOLDERS, logical_ids=(folder.logical_id,)),
    ):
        assert uuids(room.find(query).folders) == {folder.entry_uuid}


def test_associations_are_those_that_start_or_end_at_an_object(room, filed):
    document, folder = filed.entries[0], filed.folders[0]
    found = ask(room, Get.ASSOCIATIONS, document)
    expected = {one.entry_uuid for one in filed.associations if document.entry_uuid in (one.source, one.target)}
    assert uuids(found.associations) == expected
    assert found.entries == found.folders == found.submission_sets == ()
    both = ask(room, Get.ASSOCIATIONS, document, folder)
    assert len(both.associations) == len(uuids(both.associations)) == 3
    assert ask(room, Get.ASSOCIATIONS, document, association_statuses=(Status.DEPRECATED,)).associations == ()


def test_documents_and_associations_come_together(room):
    old = room.put_document()
    new = room.replace(old).entries[0]
    found = ask(room, Get.DOCUMENTS_AND_ASSOCIATIONS, old)
    assert uuids(found.entries) == {old.entry_uuid}
    assert {one.type for one in found.associations} == {T.HAS_MEMBER, T.RPLC}
    assert new.entry_uuid in {one.source for one in found.associations}


def test_submission_sets_of_documents_and_folders_come_with_the_memberships(room, filed):
    again = room.submission()
    reference = room.link(T.HAS_MEMBER, again.submission_set, filed.entries[0])
    second = room.register(type(again)(again.submission_set, associations=(reference,)))
    found = ask(room, Get.SUBMISSION_SETS, filed.entries[0])
    assert uuids(found.submission_sets) == {filed.submission_set.entry_uuid, second.submission_set.entry_uuid}
    assert {one.submission_set_status for one in found.associations} == {"Original", "Reference"}
    of_folder = ask(room, Get.SUBMISSION_SETS, filed.folders[0])
    assert uuids(of_folder.submission_sets) == {filed.submission_set.entry_uuid}


def test_a_submission_set_comes_with_all_it_holds(room, filed):
    for query in (
        GetObjects(Get.SUBMISSION_SET_AND_CONTENTS, entry_uuids=(filed.submission_set.entry_uuid,)),
        GetObjects(Get.SUBMISSION_SET_AND_CONTENTS, unique_ids=(filed.submission_set.unique_id,)),
    ):
        found = room.find(query)
        assert uuids(found.submission_sets) == {filed.submission_set.entry_uuid}
        assert uuids(found.entries) == uuids(filed.entries)
        assert uuids(found.folders) == uuids(filed.folders)
        assert uuids(found.associations) == uuids(filed.associations)
        assert found.ends == ()


def test_the_relationship_to_an_older_document_is_no_content_of_the_submission_set(room):
    replacing = room.replace(room.put_document())
    found = ask(room, Get.SUBMISSION_SET_AND_CONTENTS, replacing.submission_set)
    assert {one.type for one in found.associations} == {T.HAS_MEMBER}


def test_a_membership_of_an_older_folder_is_content_of_the_submission_set_that_made_it(room, filed):
    replacing = room.replace(filed.entries[0])
    found = ask(room, Get.SUBMISSION_SET_AND_CONTENTS, replacing.submission_set)
    folder = filed.folders[0].entry_uuid
    (membership,) = [one for one in found.associations if one.source == folder]
    assert membership.entry_uuid in {one.target for one in found.associations}


def test_contents_are_filtered_by_format_confidentiality_and_type(room, masked):
    plain = room.document(format_code=Code("pdf", "1.1"))
    hidden = room.document(confidentiality_codes=masked("MASQUE_PS"))
    on_demand = room.document(object_type=ObjectType.ON_DEMAND)
    folder = room.folder()
    members = (plain, hidden, on_demand)
    registered = room.put(*members, folder, links=[(T.HAS_MEMBER, folder, one) for one in members])
    by_id = {one.unique_id: one.entry_uuid for one in registered.entries}
    starts = {
        Get.SUBMISSION_SET_AND_CONTENTS: registered.submission_set,
        Get.FOLDER_AND_CONTENTS: registered.folders[0],
    }
    for what, start in starts.items():
        for filters, expected in (
            ({}, {plain, hidden}),
            ({"object_types": tuple(ObjectType)}, {plain, hidden, on_demand}),
            ({"format_codes": (CodeFilter("pdf", "1.1"),)}, {plain}),
            ({"confidentiality_codes": ((CodeFilter("MASQUE_PS"),),)}, {hidden}),
        ):
            found = ask(room, what, start, **filters)
            names = {by_id[one.unique_id] for one in expected}
            assert uuids(found.entries) == names
            members_named = {one.target for one in found.associations} & set(by_id.values())
            assert members_named == names, "no association to an entry that is filtered out"


def test_a_folder_comes_with_its_documents_and_their_memberships(room, filed):
    folder = filed.folders[0]
    for query in (
        GetObjects(Get.FOLDER_AND_CONTENTS, entry_uuids=(folder.entry_uuid,)),
        GetObjects(Get.FOLDER_AND_CONTENTS, unique_ids=(folder.unique_id,)),
        GetObjects(Get.FOLDER_AND_CONTENTS, logical_ids=(folder.logical_id,)),
    ):
        found = room.find(query)
        assert uuids(found.folders) == {folder.entry_uuid}
        assert uuids(found.entries) == {filed.entries[0].entry_uuid}
        assert [(one.source, one.target) for one in found.associations] == [
            (folder.entry_uuid, filed.entries[0].entry_uuid)
        ]
        assert found.submission_sets == ()


def test_the_folders_of_a_document_are_got_by_its_uuid_or_unique_id(room, filed):
    document = filed.entries[0]
    for query in (
        GetObjects(Get.FOLDERS_FOR_DOCUMENT, entry_uuids=(document.entry_uuid,)),
        GetObjects(Get.FOLDERS_FOR_DOCUMENT, unique_ids=(document.unique_id,)),
    ):
        found = room.find(query).without(set())
        assert found.uuids == (filed.folders[0].entry_uuid,)


def test_related_documents_are_the_start_and_its_direct_relations_of_the_wanted_types(room):
    target = room.put_document()
    addition, form = room.relate(target, T.APND), room.relate(target, T.XFRM)
    further = room.relate(addition, T.APND)
    found = ask(room, Get.RELATED_DOCUMENTS, target, association_types=(T.APND,))
    assert uuids(found.entries) == {target.entry_uuid, addition.entry_uuid}
    assert [one.type for one in found.associations] == [T.APND]
    found = ask(room, Get.RELATED_DOCUMENTS, addition, association_types=(T.APND, T.XFRM))
    assert uuids(found.entries) == {target.entry_uuid, addition.entry_uuid, further.entry_uuid}
    assert form.entry_uuid not in uuids(found.entries)
    alone = ask(room, Get.RELATED_DOCUMENTS, form, association_types=(T.RPLC,))
    assert uuids(alone.entries) == {form.entry_uuid}
    members = ask(room, Get.RELATED_DOCUMENTS, target, association_types=(T.HAS_MEMBER,))
    assert members.associations == ()


def test_a_query_that_names_nothing_known_finds_nothing(room, filed):
    for what in Get:
        assert ask(room, what, "urn:uuid:3d1f6f0a-98a5-4d0e-8f07-0f3a6f0d7c1a").uuids == ()
        assert room.find(GetObjects(what)).uuids == ()
