"""Reading documents: decided and traced first, then whole and verified, or not at all; the hidden like the absent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.demo.people import COMMUNITY_NURSE, HOSPITAL_DOCTOR, MEDECIN_TRAITANT, NESSI, OTHER_GP
from carnet.errors import IntegrityFailure, Refused, Unavailable, UnknownDocument, UnknownRepository
from carnet.metadata import MASQUE_PS, AvailabilityStatus, Code
from carnet.record.retrieval import Located
from carnet.repository.documents import erase

NOT_FOR_NURSES = Code("89601-9", "2.16.840.1.113883.6.1", "Note d'hospitalisation")


def test_documents_come_back_byte_for_byte_in_the_order_asked(room):
    sent = [room.document(number=number) for number in (1, 2, 3)]
    room.put(*sent)
    wanted = [sent[2], sent[0], sent[1]]
    answers = room.do(room.caller(), room.retrieving(*(one.entry.unique_id for one in wanted)))
    assert [room.give(answer) for answer in answers] == [one.content for one in wanted]
    assert {answer.mime_type for answer in answers} == {"text/xml"}


def test_absent_masked_and_another_patient_s_documents_are_answered_alike(room):
    masked = room.put(room.document(masks=(MASQUE_PS,)))[0]
    foreign = room.put(room.document(patient=NESSI), requester=room.caller(patient=NESSI))[0]
    not_for_nurses = room.put(room.document(type=NOT_FOR_NURSES))[0]
    asked = (masked.unique_id, foreign.unique_id, not_for_nurses.unique_id, "2.25.404")
    answers = room.do(room.caller(COMMUNITY_NURSE), room.retrieving(*asked))
    assert [type(answer) for answer in answers] == [UnknownDocument] * 4
    assert {answer.message for answer in answers} == {answers[0].message}
    assert [answer.subject for answer in answers] == list(asked)


def test_what_may_be_read_is_given_beside_what_may_not(room):
    hidden, shown = room.put(room.document(masks=(MASQUE_PS,)))[0], room.put(room.document())[0]
    ticket = room.last_ticket()
    act = room.retrieving(hidden.unique_id, shown.unique_id)
    refused, given = room.do(room.caller(HOSPITAL_DOCTOR), act)
    assert isinstance(refused, UnknownDocument)
    assert isinstance(given, Located)
    (line,) = room.lines_since(ticket)
    assert (line["outcome"], line["objects"], line["detail"]) == ("done", (shown.unique_id,), "1 of 2")


def test_another_repository_is_not_known_here(room):
    (entry,) = room.put(room.document())
    (answer,) = room.do(room.caller(), room.retrieving(entry.unique_id, repository="1.2.3.4"))
    assert isinstance(answer, UnknownRepository)
    assert answer.subject == "1.2.3.4"


def test_without_authorisation_not_even_one_s_own_document_is_read_back(room):
    (entry,) = room.put(room.document(author=OTHER_GP), by=OTHER_GP)
    with pytest.raises(Refused):
        room.do(room.caller(OTHER_GP), room.retrieving(entry.unique_id))


def test_archived_and_replaced_documents_are_still_read_and_deleted_ones_are_not(room):
    archived, old, deleted = (room.put(room.document())[0] for _ in range(3))
    room.do(room.caller(), room.status(archived, AvailabilityStatus.ARCHIVED))
    room.put(room.document(replaces=old.unique_id, version=2), replaces={"Document01": old.entry_uuid})
    room.do(room.caller(), room.status(deleted, AvailabilityStatus.DELETED))
    act = room.retrieving(archived.unique_id, old.unique_id, deleted.unique_id)
    answers = room.do(room.caller(HOSPITAL_DOCTOR), act)
    assert [isinstance(answer, Located) for answer in answers] == [True, True, False]


def test_an_erased_document_is_absent(room):
    (entry,) = room.put(room.document())
    key = room.rows("SELECT patient_key FROM stored_document")[0][0]
    room.gate.administer(lambda connection: erase(connection, key, entry.unique_id, room.now))
    (answer,) = room.do(room.caller(), room.retrieving(entry.unique_id))
    assert isinstance(answer, UnknownDocument)


def test_no_key_of_a_document_leaves_before_its_line_of_the_trace_is_durable(room):
    (entry,) = room.put(room.document())
    room.connection.fail("COMMIT")
    with pytest.raises(Unavailable):
        room.do(room.caller(), room.retrieving(entry.unique_id))


@pytest.mark.parametrize("place", ["header", "middle", "last byte"])
def test_a_document_altered_on_disk_is_not_shown_and_its_neighbour_is(room, place):
    first, second = room.document(number=1), room.document(number=2)
    room.put(first, second)
    ((name, offset, length),) = room.rows(
        'SELECT segment, "offset", length FROM stored_document WHERE unique_id = ?', first.entry.unique_id
    )
    path = room.home / "documents" / name
    content = bytearray(path.read_bytes())
    content[offset + {"header": 20, "middle": length // 2, "last byte": length - 1}[place]] ^= 1
    path.write_bytes(content)
    act = room.retrieving(first.entry.unique_id, second.entry.unique_id)
    altered, whole = room.do(room.caller(), act)
    with pytest.raises(IntegrityFailure):
        room.give(altered)
    assert room.give(whole) == second.content


def test_one_document_s_place_does_not_open_with_another_s_name_or_key(room):
    first, second = room.document(number=1), room.document(number=2)
    room.put(first, second)
    one, other = room.do(room.caller(), room.retrieving(first.entry.unique_id, second.entry.unique_id))
    for wrong in (replace(one, key=other.key), replace(one, wanted=other.wanted), replace(one, stored=other.stored)):
        with pytest.raises(IntegrityFailure):
            room.give(wrong)


def test_asking_for_nothing_gives_nothing_and_is_traced(room):
    ticket = room.last_ticket()
    assert room.do(room.caller(MEDECIN_TRAITANT), room.retrieving()) == ()
    assert [line["detail"] for line in room.lines_since(ticket)] == ["0 of 0"]


def test_one_document_asked_for_twice_is_given_twice(room):
    (entry,) = room.put(room.document())
    answers = room.do(room.caller(), room.retrieving(entry.unique_id, entry.unique_id))
    assert room.give(answers[0]) == room.give(answers[1])
