"""The page of one document for a professional: versions, who can see it, what may be changed, and no difference between hidden and never there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.clock import DAY
from carnet.demo.people import COMMUNITY_NURSE, HOSPITAL_DOCTOR, MEDECIN_TRAITANT
from carnet.errors import CarnetError, Refused, StatusTransition, UnknownDocument
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, MASQUE_PS, AvailabilityStatus, Code
from carnet.record.announcement_rule import SHOWN_AFTER_MONTHS, months_after
from carnet.record.document_changes import ACTS, ChangeKind, changing
from carnet.record.document_states import DocumentState
from carnet.record.seen_document import reading, showing
from carnet.record.xdm import exporting

NOT_FOR_NURSES = Code("89601-9", "2.16.840.1.113883.6.1", "Note d'hospitalisation")


def opened(room, unique_id, caller=None):
    return room.do(caller or room.caller(), showing(unique_id))


def offered(room, unique_id, caller=None):
    return {one.kind: one.refused for one in opened(room, unique_id, caller).document.offers}


def test_hidden_and_never_there_are_the_same_to_every_act(room):
    nurse = room.caller(COMMUNITY_NURSE)
    masked = room.put(room.document(masks=(MASQUE_PS,)))[0].unique_id
    barred = room.put(room.document(type=NOT_FOR_NURSES))[0].unique_id
    gone = room.put(room.document())[0]
    room.do(room.caller(), room.status(gone, AvailabilityStatus.DELETED))
    said = []
    for unique_id in (masked, barred, gone.unique_id, "2.25.404"):
        acts = [showing(unique_id), reading(unique_id), exporting([unique_id])]
        acts += [changing(unique_id, kind) for kind in ACTS]
        ticket = room.last_ticket()
        for act in acts:
            with pytest.raises(CarnetError) as error:
                room.do(nurse, act)
            said.append((act.name, type(error.value), error.value.message, error.value.subject == unique_id))
        assert {line["objects"] for line in room.lines_since(ticket)} == {()}
    a_quarter = len(said) // 4
    assert (
        said[:a_quarter] == said[a_quarter : 2 * a_quarter] == said[2 * a_quarter : 3 * a_quarter] == said[-a_quarter:]
    )
    assert {kind for _, kind, _, _ in said} == {UnknownDocument}


def test_a_superseded_version_leads_to_the_current_one_and_both_name_each_other(room):
    first = room.document()
    old = room.put(first)[0]
    second = room.put(room.document(version=2, replaces=old.unique_id), replaces={"Document01": old.entry_uuid})[0]
    third = room.put(room.document(version=3, replaces=second.unique_id), replaces={"Document01": second.entry_uuid})[0]
    chain = [third.unique_id, second.unique_id, old.unique_id]
    shown = opened(room, old.unique_id).document
    assert [one.unique_id for one in shown.versions] == chain
    assert [one.current for one in shown.versions] == [True, False, False]
    assert shown.current == third.unique_id
    assert shown.states == (DocumentState.OBSOLETE,)
    now = opened(room, third.unique_id).document
    assert ([one.unique_id for one in now.versions], now.current) == (chain, "")


def test_a_hidden_replacement_ends_the_chain_without_a_trace(room):
    old = room.put(room.document())[0]
    new = room.put(room.document(version=2, replaces=old.unique_id), replaces={"Document01": old.entry_uuid})[0]
    nurse = room.caller(COMMUNITY_NURSE)
    assert opened(room, old.unique_id, nurse).document.current == new.unique_id
    room.do(room.caller(), room.mask(new))
    shown = opened(room, old.unique_id, nurse).document
    assert shown.current == ""
    assert [one.unique_id for one in shown.versions] == [old.unique_id]


def test_a_document_hidden_from_its_patient_says_when_it_shows_whatever_happened_to_it_since(room):
    entry = room.put(room.document(masks=(INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX)))[0]
    came = room.now
    both = {DocumentState.HIDDEN_FROM_PATIENT, DocumentState.HIDDEN_FROM_REPRESENTATIVES}
    assert set(opened(room, entry.unique_id).document.states) == both
    room.now += 3 * DAY
    room.do(room.caller(), changing(entry.unique_id, ChangeKind.SHOW_TO_REPRESENTATIVES))
    shown = opened(room, entry.unique_id).document
    assert (shown.states, shown.registrations) == ((DocumentState.HIDDEN_FROM_PATIENT,), 2)
    assert shown.shown_to_patient_at == months_after(came, SHOWN_AFTER_MONTHS)
    room.do(room.caller(), changing(entry.unique_id, ChangeKind.SHOW_TO_PATIENT))
    again = opened(room, entry.unique_id).document
    assert again.shown_to_patient_at is None
    assert again.states == ()


def test_each_change_is_the_same_update_as_by_care_software_and_is_traced_by_its_name(room):
    entry = room.put(room.document())[0]
    doctor = room.caller()
    steps = [
        (ChangeKind.MASK, "mask", (DocumentState.MASKED,)),
        (ChangeKind.UNMASK, "unmask", ()),
        (ChangeKind.ARCHIVE, "archive", (DocumentState.ARCHIVED,)),
        (ChangeKind.UNARCHIVE, "unarchive", ()),
    ]
    for kind, detail, states in steps:
        assert offered(room, entry.unique_id)[kind] == ()
        ticket = room.last_ticket()
        room.do(doctor, changing(entry.unique_id, kind))
        (line,) = room.lines_since(ticket)
        assert (line["action"], line["outcome"], line["detail"]) == (ACTS[kind], "done", detail)
        assert line["objects"] == (entry.unique_id,)
        assert opened(room, entry.unique_id).document.states == states
        assert kind not in offered(room, entry.unique_id)
        with pytest.raises(StatusTransition):
            room.do(doctor, changing(entry.unique_id, kind))
    room.do(doctor, changing(entry.unique_id, ChangeKind.DELETE))
    with pytest.raises(UnknownDocument):
        opened(room, entry.unique_id)


def test_what_the_rules_refuse_is_named_on_the_page_and_refused_at_the_act(room):
    entry = room.put(room.document(author=HOSPITAL_DOCTOR), by=HOSPITAL_DOCTOR)[0]
    nurse = room.caller(COMMUNITY_NURSE)
    found = offered(room, entry.unique_id, nurse)
    assert found[ChangeKind.DELETE] == ("author-only",)
    for kind, rules in found.items():
        if rules:
            with pytest.raises(Refused) as error:
                room.do(nurse, changing(entry.unique_id, kind))
            assert error.value.rules == rules
    assert opened(room, entry.unique_id, nurse).document.states == ()


def test_the_page_says_in_words_what_the_metadata_say(room):
    entry = room.put(room.document())[0]
    shown = opened(room, entry.unique_id)
    document = shown.document
    assert shown.readable
    assert document.registered_by
    assert MEDECIN_TRAITANT.identifier not in repr(replace(document, about=None))
    assert document.authors[0].name.split()[-1] == MEDECIN_TRAITANT.family_name
    assert document.size == entry.size
    assert (document.mime_type, document.registrations) == ("text/xml", 1)
    ticket = room.last_ticket()
    located, about = room.do(room.caller(), reading(entry.unique_id))
    assert len(room.give(located)) == entry.size
    assert about == document.about
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["objects"]) == ("pro/read-document", (entry.unique_id,))
