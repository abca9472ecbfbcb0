"""Deposits in preparation and what they become: each by its act through the gate."""

from __future__ import annotations

import uuid
from dataclasses import replace

import msgspec
import pytest
from portal_deposits import TEXT, begun, by_portal, bytes_of, described, put_in, today

from carnet.cda.conformance import differences
from carnet.cda.contents import clinical_document, wrapped_of
from carnet.cda.header import read_header
from carnet.cda.participants import child_at
from carnet.clock import DAY, HOUR
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import (
    BIOLOGIST,
    COMMUNITY_NURSE,
    MEDECIN_TRAITANT,
    NESSI,
    OTHER_GP,
    PAT_TROIS,
)
from carnet.errors import DuplicateIdentifier, Refused, Several, UnknownDocument
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, MASQUE_PS, AvailabilityStatus
from carnet.record import deposit_drafts
from carnet.record.deposit_kinds import offered_types, suggested_type
from carnet.record.deposit_making import check_cda, deposit_of, faults_of, making, refused_for
from carnet.record.deposit_said import Said
from carnet.record.draft_keeping import Full, unique_id_of
from carnet.record.due import run_due
from carnet.record.patient_acts import PatientActs


@pytest.fixture
def room(open_room):
    return open_room(submission_signature_required=True)


# --- the document that is made ------------------------------------------------------------------------------------


def test_a_text_becomes_a_level_1_cda_that_our_own_checks_accept_and_that_reads_back(room):
    requester = by_portal(room)
    content = bytes_of(room, put_in(room, requester).unique_id)
    header = read_header(content)
    assert wrapped_of(child_at(clinical_document(content), "component", "nonXMLBody", "text")).content == TEXT
    assert [one.extension for one in header.authors[0].ids] == [requester.identifier]
    assert header.authors[0].profession.code == "G15_10/SM54"
    assert header.legal_authenticator.ids == header.authors[0].ids == header.main_event.performer.ids
    assert header.custodian.ids[0].extension == requester.organization_id
    assert header.facility.code == requester.sector.code
    assert header.main_event.performer.organization.practice_setting.code == "AMBULATOIRE"
    assert header.main_event.start == today(room)


def test_the_metadata_differ_from_the_document_in_nothing(room):
    requester = by_portal(room)
    draft_id = begun(room, requester, described(room, ended=today(room)))
    made = room.do(requester, deposit_drafts.basis(requester, draft_id))
    deposit = deposit_of(room.platform, requester, made)
    act = making(room.platform, requester, made)
    (entry,) = [one for one in room.do(requester, act).entries if not one.is_signature]
    assert differences(entry, read_header(deposit.content)) == ()


def test_names_of_the_directory_and_signs_of_markup_are_written_as_text(room):
    title = """<script>alert("1")</script> & 'fin' \u202e"""
    content = bytes_of(room, put_in(room, by_portal(room), title=title).unique_id)
    assert b"<script" not in content
    assert read_header(content).title == """<script>alert("1")</script> & 'fin'"""


def test_what_is_prepared_stands_nowhere_in_clear(room):
    requester = by_portal(room)
    begun(room, requester, described(room, title="TITRE-CANARI"), content=b"CONTENU-CANARI")
    for row in room.rows("SELECT maker, sealed_about, sealed_content, sealed_preview FROM deposit_draft"):
        for cell in row:
            assert b"CANARI" not in bytes(cell)
            assert requester.identifier.encode() not in bytes(cell)


def test_the_line_of_a_deposit_names_no_professional(room):
    requester = by_portal(room)
    put_in(room, requester)
    ((depositor,),) = room.rows("SELECT depositor FROM portal_deposit")
    assert requester.identifier.encode() not in bytes(depositor)


# --- drafts -------------------------------------------------------------------------------------------------------


def test_a_draft_is_its_maker_s_alone_in_the_structure_of_their_session(room):
    requester = by_portal(room)
    draft_id = begun(room, requester)
    elsewhere = replace(requester, organization_id=OTHER_GP.organization.identifier, portal=False)
    for other in (by_portal(room, OTHER_GP), elsewhere):
        with pytest.raises(UnknownDocument):
            room.do(other, deposit_drafts.show(other, draft_id))
    mine = room.do(requester, deposit_drafts.desk(requester, "consultation", today(room)))
    assert [one.draft_id for one in mine.waiting] == [draft_id]


def test_a_draft_of_one_patient_is_not_in_another_s_record(room):
    draft_id = begun(room, by_portal(room))
    other = by_portal(room, patient=NESSI)
    with pytest.raises(UnknownDocument):
        room.do(other, deposit_drafts.basis(other, draft_id))


def test_a_draft_is_gone_after_its_hours_and_its_row_with_the_next_timers(room):
    requester = by_portal(room)
    draft_id = begun(room, requester)
    room.now += room.platform.settings.portal_draft_hours * HOUR
    with pytest.raises(UnknownDocument):
        room.do(requester, deposit_drafts.show(requester, draft_id))
    run_due(room.gate, room.now)
    assert room.rows("SELECT count(*) FROM deposit_draft") == [(0,)]


def test_a_form_that_begins_twice_begins_one(room):
    requester, name = by_portal(room), uuid.uuid4().hex
    for _ in range(2):
        room.do(requester, deposit_drafts.begin(requester, name, described(room), TEXT, b""))
    assert room.rows("SELECT count(*) FROM deposit_draft") == [(1,)]


def test_an_eleventh_draft_is_refused(room):
    requester = by_portal(room)
    for _ in range(deposit_drafts.MAXIMUM_DRAFTS):
        begun(room, requester)
    with pytest.raises(Full):
        begun(room, requester)


def test_what_others_prepare_fills_nobody_else_s_room(room, monkeypatch):
    monkeypatch.setattr(deposit_drafts, "MAXIMUM_HELD", 2 * len(TEXT))
    other = by_portal(room, OTHER_GP)
    for _ in range(2):
        begun(room, other)
    with pytest.raises(Full):
        begun(room, other)
    assert begun(room, by_portal(room))


def test_a_professional_to_whose_feeding_the_patient_objects_prepares_nothing(room):
    requester = by_portal(room, OTHER_GP)
    acts = PatientActs(room.gate, "operator:tests")
    acts.oppose_feeding(PAT_TROIS.identifier, OTHER_GP.identifier, "motif légitime")
    with pytest.raises(Refused):
        begun(room, requester)


def test_depositing_ends_the_draft_and_a_second_time_makes_no_second_document(room):
    requester = by_portal(room)
    draft_id = begun(room, requester)
    made = room.do(requester, deposit_drafts.basis(requester, draft_id))
    acts = [making(room.platform, requester, made) for _ in range(2)]
    room.do(requester, acts[0])
    before = room.kept()
    with pytest.raises(DuplicateIdentifier):
        room.do(requester, acts[1])
    assert room.kept() == before
    assert before["deposit_draft"] == 0
    done = room.do(requester, deposit_drafts.deposited(requester, draft_id, "consultation", today(room)))
    assert done.unique_id == unique_id_of(draft_id)


def test_what_another_deposited_is_not_told_as_one_s_own(room):
    requester, other = by_portal(room), by_portal(room, OTHER_GP)
    draft_id = begun(room, requester)
    made = room.do(requester, deposit_drafts.basis(requester, draft_id))
    room.do(requester, making(room.platform, requester, made))
    assert room.do(other, deposit_drafts.deposited(other, draft_id, "consultation", today(room))) is None


def test_the_trace_of_a_preparation_has_its_words(room):
    requester, ticket = by_portal(room), room.last_ticket()
    begun(room, requester)
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["detail"]) == ("pro/prepare-deposit", "began")


# --- the description ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"title": "x" * 129}, "title"),
        ({"type": ""}, "type"),
        ({"type": "DOCPAT05"}, "type"),
        ({"type": "REMB"}, "type"),
        ({"type": "ATTEST-RESID"}, "type"),
        ({"setting": "EXP_PATIENT"}, "setting"),
        ({"activity": "promenade"}, "activity"),
        ({"began": "20260230"}, "began"),
        ({"began": "2026123"}, "began"),
        ({"began": "29990101"}, "later"),
        ({"ended": "20000101"}, "ended"),
        ({"masks": (MASQUE_PS, INVISIBLE_PATIENT)}, "both"),
        ({"masks": (INVISIBLE_REPRESENTANTS_LEGAUX,)}, "not-minor"),
        ({"began": "202001 1"}, "began"),
        ({"began": "٢٠٢٠٠١٠١"}, "began"),
    ],
)
def test_what_is_wrong_with_a_description_is_named(room, change, fault):
    requester = by_portal(room)
    assert faults_of(room.platform, requester, described(room), minor=False, today=today(room)) == ()
    said = described(room, **change)
    assert fault in faults_of(room.platform, requester, said, minor=False, today=today(room))


def test_a_role_is_offered_what_the_matrix_opens_to_it_and_nothing_of_the_patient_s(room):
    offered = {
        who: {one.code for one in offered_types(room.platform, by_portal(room, who), room.now)}
        for who in (MEDECIN_TRAITANT, COMMUNITY_NURSE)
    }
    assert {"11488-4", "57833-6", "PRESC-BIO", "11502-2"} <= offered[MEDECIN_TRAITANT]
    assert "68599-0" in offered[MEDECIN_TRAITANT]
    assert "68599-0" not in offered[COMMUNITY_NURSE]
    for codes in offered.values():
        assert not [one for one in codes if one.startswith(("DOCPAT", "EXPPAT"))]
        assert not codes & {"REMB", "E1762", "ATTEST-RESID" if codes is offered[MEDECIN_TRAITANT] else "REMB"}


@pytest.mark.parametrize(
    ("text", "who", "code"),
    [
        ("ORDONNANCE. Paracétamol 1 g, un comprimé matin, midi et soir", MEDECIN_TRAITANT, "57833-6"),
        ("Échographie abdominale. Incidence de face.", MEDECIN_TRAITANT, "18748-4"),
        ("Cher confrère, je vous adresse ce patient", MEDECIN_TRAITANT, "96349-6"),
        ("", MEDECIN_TRAITANT, "11488-4"),
        ("", BIOLOGIST, "11502-2"),
        ("", COMMUNITY_NURSE, "11506-3"),
    ],
)
def test_the_type_is_suggested_by_the_content_then_by_the_specialty(room, text, who, code):
    requester = by_portal(room, who)
    assert suggested_type(text, requester, offered_types(room.platform, requester, room.now)) == code


# --- a CDA of one's own software ----------------------------------------------------------------------------------


def cda(room, **about):
    return documents.level_1(Draft(**{"created": room.now - DAY, **about}), media_type="text/plain")


def wrong_with(room, requester, content):
    with pytest.raises(Exception) as found:
        check_cda(room.platform, requester, content, Said(form="cda"), uuid.uuid4().hex)
    return refused_for(found.value)


def test_a_cda_is_deposited_byte_for_byte(room):
    requester, content = by_portal(room), cda(room)
    header = check_cda(room.platform, requester, content, Said(form="cda"), uuid.uuid4().hex)
    said = described(room, form="cda", unique_id=header.id.root)
    draft_id = begun(room, requester, said, content)
    made = room.do(requester, deposit_drafts.basis(requester, draft_id))
    room.do(requester, making(room.platform, requester, made))
    assert bytes_of(room, header.id.root) == content
    with pytest.raises(DuplicateIdentifier):
        begun(room, requester, said, content)


def test_each_rule_that_a_cda_breaks_is_named_with_its_attribute(room):
    requester = by_portal(room)
    unknown = documents.LAB_REPORT.__class__("99999-9", documents.LOINC, "Rien de connu")
    found = wrong_with(room, requester, cda(room).replace(b'code="11488-4"', b'code="11526-1"'))
    assert "typeCode" in {attribute for attribute, _message in found}
    assert wrong_with(room, requester, cda(room, type=unknown))
    assert wrong_with(room, requester, cda(room, patient=NESSI))[0][1].startswith("The document is not about")


def test_a_cda_of_another_author_is_not_one_s_own_to_deposit(room):
    found = wrong_with(room, by_portal(room), cda(room, author=OTHER_GP))
    assert [attribute for attribute, _message in found] == ["author"]


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script></html>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><ClinicalDocument xmlns='urn:hl7-org:v3'>&a;</ClinicalDocument>",
        b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>",
        b"<",
        b"<" + b"a>" * 100_000,
    ],
)
def test_a_hostile_document_is_refused_and_nothing_is_kept(room, content):
    before = room.kept()
    assert wrong_with(room, by_portal(room), content)
    assert room.kept() == before


def test_the_signature_of_a_deposit_is_that_of_the_portal(room):
    requester = by_portal(room)
    draft_id = begun(room, requester)
    made = room.do(requester, deposit_drafts.basis(requester, draft_id))
    registered = room.do(requester, making(room.platform, requester, made))
    assert [one.status for one in registered.entries] == [AvailabilityStatus.APPROVED] * 2
    with pytest.raises(Several):
        making(room.platform, requester, replace(made, preparation=_masked_twice(made)))


def _masked_twice(made):
    said = msgspec.structs.replace(made.preparation.said, masks=(MASQUE_PS, INVISIBLE_PATIENT), setting="RIEN")
    return replace(made.preparation, said=said)
