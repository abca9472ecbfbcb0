"""The table of documents of a professional: current ones alone unless asked, states said, and what is hidden absent from every number."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from carnet.clock import DAY
from carnet.demo.people import COMMUNITY_NURSE, HOSPITAL_DOCTOR, MEDECIN_TRAITANT
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS, AvailabilityStatus, Code
from carnet.record.document_search import Question, told
from carnet.record.document_states import DocumentState
from carnet.record.extract_filling import fill
from carnet.record.kept_choices import keep_choices, kept_choices
from carnet.record.seen_search import searching
from carnet.record.seen_shelf import PAGE, Sieve, Wish, listing
from carnet.searching.asked import read_question

NOT_FOR_NURSES = Code("89601-9", "2.16.840.1.113883.6.1", "Note d'hospitalisation")
ARCHIVED = AvailabilityStatus.ARCHIVED


def table(room, caller, **wished):
    sieve = Sieve(**{name: wished.pop(name) for name in list(wished) if name in Sieve.__slots__})
    return room.do(caller, listing(Wish(sieve, **wished)))


def names(found):
    return {row.document.unique_id for row in found.rows}


def test_only_current_documents_are_listed_and_the_filters_bring_the_others(room):
    old = room.put(room.document())[0]
    new = room.put(room.document(version=2, replaces=old.unique_id), replaces={"Document01": old.entry_uuid})[0]
    put_away = room.put(room.document())[0]
    room.do(room.caller(), room.status(put_away, ARCHIVED))
    waiting = room.put(room.document(masks=(INVISIBLE_PATIENT,)))[0]
    ancient = room.put(room.document(created=room.now - 500 * DAY))[0]
    doctor = room.caller()
    here = {new.unique_id, waiting.unique_id, ancient.unique_id}
    assert names(table(room, doctor)) >= here
    assert not names(table(room, doctor)) & {old.unique_id, put_away.unique_id}
    with_archived = table(room, doctor, archived=True)
    assert put_away.unique_id in names(with_archived)
    assert old.unique_id not in names(with_archived)
    with_obsolete = table(room, doctor, obsolete=True)
    assert old.unique_id in names(with_obsolete)
    assert put_away.unique_id not in names(with_obsolete)
    assert waiting.unique_id not in names(table(room, doctor, invisible=False))
    assert ancient.unique_id not in names(table(room, doctor, recent=True))
    states = {row.document.unique_id: row.states for row in table(room, doctor, archived=True, obsolete=True).rows}
    assert states[old.unique_id] == (DocumentState.OBSOLETE,)
    assert states[put_away.unique_id] == (DocumentState.ARCHIVED,)
    assert states[waiting.unique_id] == (DocumentState.HIDDEN_FROM_PATIENT,)
    assert states[new.unique_id] == ()


def test_a_version_of_the_metadata_is_no_obsolete_document(room):
    entry = room.put(room.document())[0]
    masked = room.do(room.caller(), room.mask(entry)).changes[0].after
    room.do(room.caller(), room.mask(masked, ()))
    found = table(room, room.caller(), archived=True, obsolete=True)
    assert [row.states for row in found.rows if row.document.unique_id == entry.unique_id] == [()]


def test_masked_documents_can_be_left_out_by_the_medecin_traitant_who_sees_them(room):
    masked = room.put(room.document(masks=(MASQUE_PS,)))[0]
    found = table(room, room.caller())
    assert found.masked
    (row,) = [row for row in found.rows if row.document.unique_id == masked.unique_id]
    assert row.states == (DocumentState.MASKED,)
    assert masked.unique_id not in names(table(room, room.caller(), masked=False))


def answers(room, caller, words):
    """What a search gives once all that the caller may read has been read for it."""
    act = searching(read_question(words), Question(words))
    asyncio.run(fill(room.gate, room.do(caller, act).missing))
    return told(room.do(caller, act).located)


def test_hidden_documents_change_nothing_in_what_a_nurse_lists_or_finds(room):
    """Masked, or of a type that the matrix keeps from nurses: the same table, facets and counts, the same answers and suggestions."""
    nurse, doctor = room.caller(COMMUNITY_NURSE), room.caller()
    room.put(room.document(title="Pansement refait"))

    def seen():
        lists = table(room, nurse, archived=True, obsolete=True), table(room, nurse)
        return lists, answers(room, nurse, "pansement"), answers(room, nurse, "cicatrisation")

    before = seen()
    assert (before[1].matching, before[2].everything) == (1, 0)
    room.put(room.document(masks=(MASQUE_PS,), title="Pansement et cicatrisation"))
    room.put(room.document(type=NOT_FOR_NURSES, title="Pansement et cicatrisation"))
    away = room.put(room.document(type=NOT_FOR_NURSES, title="Cicatrisation"))[0]
    room.do(room.caller(), room.status(away, ARCHIVED))
    assert answers(room, doctor, "cicatrisation").matching == 2, "all three are searchable, and two of them are in use"
    assert seen() == before
    assert table(room, doctor).everything == before[0][1].everything + 2


def test_the_table_is_chosen_from_by_family_type_author_structure_and_specialty(room):
    letter = room.put(room.document())[0]
    other = room.put(room.document(author=HOSPITAL_DOCTOR), by=HOSPITAL_DOCTOR)[0]
    doctor = room.caller()
    whole = table(room, doctor)
    people = {value for value, _, _ in whole.authors}
    assert {MEDECIN_TRAITANT.identifier, HOSPITAL_DOCTOR.identifier} <= people
    assert all(words and words != value for value, words, _ in (*whole.types, *whole.authors, *whole.structures))
    by_author = names(table(room, doctor, author=HOSPITAL_DOCTOR.identifier))
    assert other.unique_id in by_author
    assert letter.unique_id not in by_author
    code = letter.type_code.code
    assert table(room, doctor, type_code=code).matching == {value: n for value, _, n in whole.types}[code]
    assert table(room, doctor, family="imaging").matching == dict(whole.families).get("imaging", 0)
    specialist = room.caller(HOSPITAL_DOCTOR)
    mine = names(table(room, specialist, own_specialty=True))
    assert other.unique_id in mine
    assert letter.unique_id not in mine


def test_a_page_holds_fifty_and_the_next_the_rest(room):
    documents = [room.document(number=number, created=room.now - number * DAY) for number in range(1, PAGE + 2)]
    for start in range(0, len(documents), 10):
        room.put(*[replace_number(one, place) for place, one in enumerate(documents[start : start + 10], 1)])
    first, second = table(room, room.caller()), table(room, room.caller(), offset=PAGE)
    assert len(first.rows) == PAGE
    assert not names(first) & names(second)
    assert len(first.rows) + len(second.rows) == first.matching == first.everything
    times = [row.document.time for row in (*first.rows, *second.rows)]
    assert times == sorted(times, reverse=True)


def replace_number(one, place):
    return replace(one, entry=replace(one.entry, entry_uuid=f"Document{place:02}"))


def test_filters_are_kept_for_each_professional_and_for_no_other(room):
    doctor, nurse = room.caller(), room.caller(COMMUNITY_NURSE)
    assert kept_choices(room.gate, doctor) == Sieve()
    keep_choices(room.gate, doctor, Sieve(recent=True, archived=True, masked=False))
    assert kept_choices(room.gate, doctor) == Sieve(recent=True, archived=True, masked=False)
    assert kept_choices(room.gate, nurse) == Sieve()
    ((keeper, sealed),) = room.rows("SELECT keeper, sealed_sieve FROM kept_sieve")
    assert MEDECIN_TRAITANT.identifier not in keeper
    assert b"recent" not in sealed
    keep_choices(room.gate, doctor, Sieve())
    assert kept_choices(room.gate, doctor) == Sieve()
