"""A professional's own deposits: corrected, and found again in one record and in all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs
from portal_deposits import begun, by_portal, bytes_of, described, listed, put_in

from carnet.authorization.engine import Engine
from carnet.cda.header import read_header
from carnet.clock import DAY
from carnet.demo.people import (
    HOSPITAL_DOCTOR,
    LANTERNE,
    MIRABELLE,
    NESSI,
    OTHER_GP,
    PAT_TROIS,
)
from carnet.errors import Refused, UnknownDocument
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, MASQUE_PS
from carnet.record import deposit_drafts, own_deposits
from carnet.record.administration import Administration
from carnet.record.announcement_rule import told_and_shown
from carnet.record.deposit_making import making
from carnet.record.deposits_everywhere import PAGE, deposits_everywhere
from carnet.record.document_changes import changing
from carnet.repository import deposit_rows


@pytest.fixture
def room(open_room):
    return open_room(submission_signature_required=True)


def correcting(unique_id, name):
    """A change of one's own document, by its name in the form."""
    return changing(unique_id, own_deposits.CHANGES[name], own=True)


# --- my deposits --------------------------------------------------------------------------------------------------


def test_a_new_version_keeps_the_set_and_takes_the_place_of_the_old_one(room):
    requester = by_portal(room)
    old = put_in(room, requester, title="Ancienne")
    known = room.do(requester, deposit_drafts.to_replace(requester, old.unique_id))
    header = read_header(room.give(known.located))
    said = described(room, title="Nouvelle", replaces=old.unique_id, replaced_uuid=known.entry_uuid)
    said = structs.replace(said, set_id=header.set_id.root, version=header.version_number)
    draft_id = begun(room, requester, said)
    made = room.do(requester, deposit_drafts.basis(requester, draft_id))
    room.do(requester, making(room.platform, requester, made))
    new, former = listed(room, requester)
    later = read_header(bytes_of(room, new.unique_id))
    assert (later.set_id, later.version_number) == (header.set_id, 2)
    assert [one.ids[0].root for one in later.related] == [old.unique_id]
    assert (former.state, former.replaced_by, former.may) == ("replaced", "Nouvelle", frozenset())


def test_nobody_replaces_another_s(room):
    mine = put_in(room, by_portal(room))
    other = by_portal(room, HOSPITAL_DOCTOR)
    with pytest.raises(Refused):
        room.do(other, deposit_drafts.to_replace(other, mine.unique_id))


def test_a_deposit_is_archived_brought_back_masked_and_deleted(room):
    requester = by_portal(room)
    one = put_in(room, requester)
    for name, state, masks in (
        ("archiver", "archived", frozenset()),
        ("desarchiver", "current", frozenset()),
        ("masquer", "current", {MASQUE_PS}),
        ("demasquer", "current", frozenset()),
    ):
        assert name in next(iter(listed(room, requester))).may
        room.do(requester, correcting(one.unique_id, name))
        (now,) = listed(room, requester)
        assert (now.state, now.masks) == (state, masks), name
    room.do(requester, correcting(one.unique_id, "supprimer"))
    assert listed(room, requester) == ()
    with pytest.raises(UnknownDocument):
        room.do(requester, correcting(one.unique_id, "desarchiver"))


def test_what_is_hidden_from_the_patient_says_when_it_is_told_and_shown_and_is_announced(room):
    requester = by_portal(room)
    one = put_in(room, requester, masks=(INVISIBLE_PATIENT,))
    told, shown = told_and_shown(one.registered_at)
    assert (one.told_at, one.shown_at) == (told, shown)
    assert told == one.registered_at + 14 * DAY
    assert "montrer-au-patient" in one.may
    assert "masquer" not in one.may
    room.do(requester, correcting(one.unique_id, "montrer-au-patient"))
    (now,) = listed(room, requester)
    assert (now.masks, now.told_at) == (frozenset(), 0)
    assert "montrer-au-patient" not in now.may


def test_a_minor_s_document_is_kept_from_the_representatives_and_shown_to_them(room):
    requester = by_portal(room, OTHER_GP, MIRABELLE)
    one = put_in(room, requester, masks=(INVISIBLE_REPRESENTANTS_LEGAUX,))
    assert one.masks == {INVISIBLE_REPRESENTANTS_LEGAUX}
    room.do(requester, correcting(one.unique_id, "montrer-aux-representants"))
    assert listed(room, requester)[0].masks == frozenset()


def test_another_s_document_is_neither_listed_nor_changed(room):
    mine = put_in(room, by_portal(room))
    other = by_portal(room, OTHER_GP)
    assert listed(room, other) == ()
    for name in own_deposits.CHANGES:
        with pytest.raises(UnknownDocument):
            room.do(other, correcting(mine.unique_id, name))


def test_control_a_build_that_forgets_whose_a_document_is_lists_another_s(room, monkeypatch):
    put_in(room, by_portal(room))
    monkeypatch.setattr(Engine, "own", lambda *_: True)
    assert len(listed(room, by_portal(room, HOSPITAL_DOCTOR))) == 1


def test_control_a_build_that_forgets_the_drafts_maker_shows_it_to_others(room, monkeypatch):
    draft_id = begun(room, by_portal(room))
    monkeypatch.setattr(deposit_drafts, "maker_of", lambda _scope: b"anybody")
    with pytest.raises(UnknownDocument):  # this one was made by somebody: the row says who
        room.do(by_portal(room, OTHER_GP), deposit_drafts.show(by_portal(room, OTHER_GP), draft_id))
    other = begun(room, by_portal(room))
    assert room.do(by_portal(room, OTHER_GP), deposit_drafts.show(by_portal(room, OTHER_GP), other)).draft_id == other


def test_what_care_software_deposited_is_among_my_deposits_of_the_record(room):
    sent = room.document()
    room.do(room.caller(), room.submitting(room.submission(sent, signed=True), room.caller()))
    assert [one.unique_id for one in listed(room, by_portal(room))] == [sent.entry.unique_id]


# --- among all records --------------------------------------------------------------------------------------------


def everywhere(room, requester=None, before=0):
    requester = requester or by_portal(room, patient=None)
    return room.do(replace(requester, patient=None), deposits_everywhere(before))


def test_my_deposits_are_found_again_in_all_records_with_their_patients_names(room):
    for patient in (PAT_TROIS, NESSI):
        put_in(room, by_portal(room, patient=patient), title=f"Pour {patient.traits.birth_name}")
    found = everywhere(room).deposits
    assert [one.traits.birth_name for one in found] == ["NESSI", "PAT-TROIS"]
    assert [one.deposit.title for one in found] == ["Pour NESSI", "Pour PAT-TROIS"]
    assert everywhere(room, by_portal(room, OTHER_GP)).deposits == ()


def test_each_patient_s_trace_says_that_the_list_was_looked_at(room):
    put_in(room, by_portal(room))
    ticket = room.last_ticket()
    everywhere(room)
    lines = [one for one in room.lines_since(ticket) if one["action"] == "pro/my-deposits"]
    assert len(lines) == 2  # one of the patient, one of nobody's record


@pytest.mark.parametrize("shut", ["closed", "blocked"])
def test_a_record_that_is_closed_or_blocked_is_absent_from_the_list(room, shut):
    requester = by_portal(room, OTHER_GP, LANTERNE)
    put_in(room, requester)
    put_in(room, by_portal(room, OTHER_GP, NESSI))
    administration = Administration(room.gate, "operator:tests")
    if shut == "closed":
        administration.close_record(LANTERNE.identifier, "demande")
    else:
        administration.block(LANTERNE.identifier, OTHER_GP.identifier)
    found = everywhere(room, requester).deposits
    assert [one.traits.birth_name for one in found] == ["NESSI"]


def test_a_deleted_deposit_is_absent_from_the_list(room):
    requester = by_portal(room)
    one = put_in(room, requester)
    room.do(requester, correcting(one.unique_id, "supprimer"))
    assert everywhere(room).deposits == ()


def test_a_long_list_comes_in_pages(room):
    requester = by_portal(room)
    first = put_in(room, requester, title="La première")
    patient_key = room.rows("SELECT patient_key FROM portal_deposit")[0][0]
    depositor = bytes(room.rows("SELECT depositor FROM portal_deposit")[0][0])

    def more(connection):
        for number in range(PAGE):
            line = deposit_rows.DepositLine(f"{number:032}", patient_key, first.unique_id, room.now - 10 - number)
            deposit_rows.note_deposit(connection, line, depositor=depositor, forget_until=0)

    room.gate.administer(more)
    newest = everywhere(room)
    assert len(newest.deposits) == PAGE
    oldest = everywhere(room, before=newest.older)
    assert len(oldest.deposits) == 1
    assert oldest.older == 0
