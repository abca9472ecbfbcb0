"""What the rules hide is absent: no row, no association, no submission set or folder tells of it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from carnet.database.statements import Statement, prepare
from carnet.document_query import FindFolders, FindSubmissionSets, Get, GetAll, GetObjects
from carnet.errors import IntegrityFailure, InvalidMetadata
from carnet.metadata import MASQUE_PS, VISIBILITY_SYSTEM, Code
from carnet.metadata import AssociationType as T
from carnet.metadata import AvailabilityStatus as Status
from carnet.registry import entry_table
from carnet.registry.found import BETWEEN, Kind, kind_of, text_of

EVERY = tuple(Status)


def everything_about(room, *uuids):
    """Each query that starts from some objects, and each that takes the whole record."""
    whole = (room.patient,)
    yield from (GetObjects(what, entry_uuids=uuids, association_types=tuple(T)) for what in Get)
    yield FindSubmissionSets(whole, EVERY)
    yield FindFolders(whole, EVERY)
    yield GetAll(whole, EVERY, EVERY, EVERY)


def answered(found) -> str:
    """All that an answer says, as text."""
    assert found.ends == found.links == ()
    return repr((found.entries, found.submission_sets, found.folders, found.associations))


def test_an_answer_cannot_be_read_before_it_was_judged(room, hides_masked):
    registered = room.put(room.document())
    found = room.get(Get.ASSOCIATIONS, registered.submission_set.entry_uuid)
    assert [row.uuid for row in found.judged] == [registered.entries[0].entry_uuid]
    with pytest.raises(RuntimeError):
        _ = found.uuids
    assert found.without(set()).uuids == (registered.associations[0].entry_uuid,)
    assert found.seen_by(hides_masked) == found.without(set())


def test_the_answer_comes_sets_first_then_folders_entries_and_associations(room):
    registered = room.put(room.document(), room.folder())
    found = room.get(Get.SUBMISSION_SET_AND_CONTENTS, registered.submission_set.entry_uuid)
    objects = (registered.submission_set, registered.folders[0], registered.entries[0])
    assert found.uuids[:3] == tuple(one.entry_uuid for one in objects)
    assert set(found.uuids[3:]) == {one.entry_uuid for one in registered.associations}


def test_a_hidden_entry_takes_its_associations_with_it(room, masked, hides_masked):
    seen, hidden = room.document(), room.document(confidentiality_codes=masked("MASQUE_PS"))
    registered = room.put(seen, hidden)
    found = room.get(Get.SUBMISSION_SET_AND_CONTENTS, registered.submission_set.entry_uuid).seen_by(hides_masked)
    assert [row.uuid for row in found.entries] == [registered.entries[0].entry_uuid]
    assert [one.target for one in found.associations] == [registered.entries[0].entry_uuid]
    assert len(found.submission_sets) == 1, "it holds something visible too"


def test_a_submission_set_that_holds_only_hidden_entries_disappears(room, masked, hides_masked):
    hidden = room.put(room.document(confidentiality_codes=masked("MASQUE_PS")), room.signature())
    seen = room.put(room.document(), room.signature())
    found = room.find(FindSubmissionSets((room.patient,), EVERY)).seen_by(hides_masked)
    assert [row.uuid for row in found.submission_sets] == [seen.submission_set.entry_uuid]
    for query in everything_about(room, hidden.submission_set.entry_uuid):
        text = answered(room.find(query).seen_by(hides_masked))
        assert hidden.submission_set.entry_uuid not in text
        assert hidden.submission_set.unique_id not in text


def test_an_empty_submission_set_or_folder_stays(room, hides_masked):
    registered = room.put(room.folder())
    found = room.find(FindFolders((room.patient,), EVERY)).seen_by(hides_masked)
    assert [row.uuid for row in found.folders] == [registered.folders[0].entry_uuid]
    found = room.find(FindSubmissionSets((room.patient,), EVERY)).seen_by(hides_masked)
    assert [row.uuid for row in found.submission_sets] == [registered.submission_set.entry_uuid]


def test_a_folder_that_holds_only_hidden_entries_disappears_and_its_submission_set_with_it(room, masked, hides_masked):
    hidden, folder = room.document(confidentiality_codes=masked("MASQUE_PS")), room.folder()
    registered = room.put(hidden, folder, links=[(T.HAS_MEMBER, folder, hidden)])
    names = (registered.entries[0].entry_uuid, registered.folders[0].entry_uuid, registered.submission_set.entry_uuid)
    for query in everything_about(room, *names):
        text = answered(room.find(query).seen_by(hides_masked))
        assert not any(name in text for name in names)


def test_the_submission_set_of_an_update_of_a_hidden_entry_disappears(room, hides_masked):
    entry = room.put_document()
    masking = room.update(room.new_version(entry))
    archiving = room.archive(masking.changes[0].after.entry_uuid)
    room.remask(room.entry(masking.changes[0].after.entry_uuid), "MASQUE_PS")
    for query in everything_about(room, masking.submission_set.entry_uuid, archiving.submission_set.entry_uuid):
        assert answered(room.find(query).seen_by(hides_masked)) == repr(((), (), (), ()))


def test_old_versions_of_a_masked_document_are_hidden_with_it(room, hides_masked):
    first = room.put_document()
    room.remask(first, "MASQUE_PS")
    deprecated = room.documents(statuses=(Status.DEPRECATED,))
    assert [row.uuid for row in deprecated] == [first.entry_uuid]
    assert not any(hides_masked(row) for row in deprecated)


def test_asking_which_folders_or_sets_hold_a_hidden_document_answers_none(room, masked, hides_masked):
    hidden, seen, folder = room.document(confidentiality_codes=masked("MASQUE_PS")), room.document(), room.folder()
    members = (hidden, seen)
    registered = room.put(*members, folder, links=[(T.HAS_MEMBER, folder, one) for one in members])
    dark, light = (entry.entry_uuid for entry in registered.entries)
    for what in (Get.FOLDERS_FOR_DOCUMENT, Get.SUBMISSION_SETS):
        assert room.get(what, dark).seen_by(hides_masked).uuids == ()
        assert room.get(what, light).seen_by(hides_masked).uuids != ()
        assert room.get(what, dark).without(set()).uuids != ()


def test_a_hidden_document_has_no_related_ones(room, masked, hides_masked):
    hidden = room.put_document(confidentiality_codes=masked("MASQUE_PS"))
    addition = room.relate(hidden, T.APND)
    wanted = {"association_types": (T.APND,)}
    assert room.get(Get.RELATED_DOCUMENTS, hidden.entry_uuid, **wanted).seen_by(hides_masked).uuids == ()
    found = room.get(Get.RELATED_DOCUMENTS, addition.entry_uuid, **wanted).seen_by(hides_masked)
    assert found.uuids == (addition.entry_uuid,)


def test_a_membership_that_was_added_for_a_hidden_document_leaves_no_trace_in_its_set(room, masked, hides_masked):
    place, seen = room.folder(), room.document()
    registered = room.put(place, seen, links=[(T.HAS_MEMBER, place, seen)])
    folder = registered.folders[0]
    hidden = room.put_document(confidentiality_codes=masked("MASQUE_PS"))
    submission = room.submission(links=[(T.HAS_MEMBER, folder, hidden)])
    holding = room.link(T.HAS_MEMBER, submission.submission_set, submission.associations[0])
    adding = room.register(
        type(submission)(submission.submission_set, associations=(*submission.associations, holding))
    )
    for query in everything_about(room, adding.submission_set.entry_uuid):
        text = answered(room.find(query).seen_by(hides_masked))
        for one in (adding.submission_set, *adding.associations, hidden):
            assert one.entry_uuid not in text
    shown = room.get(Get.SUBMISSION_SET_AND_CONTENTS, adding.submission_set.entry_uuid).without(set())
    assert len(shown.uuids) == 3, "the set, the membership and its own hold of it, for who sees the document"


# --- what the rules read of a row, in one text --------------------------------------------------------------------


def texts(room):
    return room.connection.execute(Statement("SELECT judged FROM document_entry ORDER BY entry_uuid"))


def test_rows_that_former_code_wrote_are_found_like_ours(room):
    room.put(room.document(), room.signature(), room.folder())
    room.put(room.document(confidentiality_codes=(Code(MASQUE_PS, VISIBILITY_SYSTEM),)))
    ours, written = room.documents(), texts(room)
    room.connection.execute(Statement("UPDATE document_entry SET judged = NULL"))
    assert room.documents() == ours
    assert len(ours) == 2
    made = room.connection.execute(prepare(select(entry_table.LIGHT[5]).order_by(entry_table.LIGHT[0])))
    assert made == written != texts(room)


@pytest.mark.parametrize("altered", ["", "0\x1fA", "0\x1fA\x1f\x1f\x1f\x1f\x1f", "x\x1fA\x1f\x1f\x1f\x1f"])
def test_a_row_whose_text_was_altered_shows_nothing(room, altered):
    room.put_document()
    room.connection.execute(Statement("UPDATE document_entry SET judged = :text"), {"text": altered})
    (found,) = room.documents()
    with pytest.raises(IntegrityFailure):
        _ = found.depositor


@pytest.mark.parametrize("place", range(1, 6))
def test_a_value_that_could_pose_as_two_is_not_registered(place):
    values = [0, "11502-2", "899700735741", "10B0127189", "899700735741", "10B0127189"]
    assert kind_of(text_of(Kind(*values))) == tuple(values)
    values[place] += f"{BETWEEN}899700000099"
    with pytest.raises(InvalidMetadata):
        text_of(Kind(*values))
