"""What the patient's side does: decided by its table, written in the registry and in consent, traced with who acted for whom."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from carnet.authorization.facts import Function
from carnet.clock import DAY, HOUR
from carnet.consent.acting_links import Representation
from carnet.consent.choices import Choice
from carnet.consent.majority import majority_at
from carnet.demo.people import COMMUNITY_NURSE, HOSPITAL_DOCTOR, LANTERNE, MEDECIN_TRAITANT, NESSI, OTHER_GP, PAT_TROIS
from carnet.document_query import ReturnType
from carnet.errors import CarnetError, InvalidMetadata, RecordClosed, Refused, UnknownDocument, UnknownPatient
from carnet.identity.patients import find as find_patient
from carnet.identity.patients import register
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, MASQUE_PS
from carnet.record.administration import Administration
from carnet.record.care_team import Declaration, declare
from carnet.record.delegations import Delegations
from carnet.record.patient_acts import PatientActs
from carnet.record.retrieval import Located
from carnet.record.scope import open_scope

INS = PAT_TROIS.identifier
REFERENCES = ReturnType.OBJECT_REF


@pytest.fixture
def acts(room):
    return PatientActs(room.gate, "operator:test")


def sees(room, who, unique_id):
    """Whether a professional retrieves a document."""
    try:
        answers = room.do(room.caller(who), room.retrieving(unique_id))
    except CarnetError:
        return False
    return isinstance(answers[0], Located)


# --- documents -----------------------------------------------------------------------------------------------------


def test_the_holder_lists_what_is_there_but_what_waits_to_be_announced(room, acts):
    (shown,) = room.put(room.document(title="Compte rendu"))
    (hidden,) = room.put(room.document(masks=[INVISIBLE_PATIENT]))
    (young,) = room.put(room.document(masks=[INVISIBLE_REPRESENTANTS_LEGAUX, MASQUE_PS]))
    listed = {one.unique_id: one for one in acts.documents(INS)}
    assert {shown.unique_id, young.unique_id} <= listed.keys()
    assert hidden.unique_id not in listed
    assert (listed[shown.unique_id].masked, listed[young.unique_id].masked) == (False, True)
    assert not any(one.deletable for one in listed.values())
    for act in (acts.mask, acts.unmask, acts.delete):
        with pytest.raises(UnknownDocument):
            act(INS, hidden.unique_id)


def test_a_document_that_the_holder_masks_is_seen_by_author_and_medecin_traitant_alone(room, acts):
    (entry,) = room.put(room.document(author=HOSPITAL_DOCTOR), by=HOSPITAL_DOCTOR)
    acts.authorise(INS, OTHER_GP.identifier)
    assert sees(room, OTHER_GP, entry.unique_id)
    assert acts.mask(INS, entry.unique_id)
    assert not acts.mask(INS, entry.unique_id)
    seen = {who: sees(room, who, entry.unique_id) for who in (OTHER_GP, HOSPITAL_DOCTOR, MEDECIN_TRAITANT)}
    assert seen == {OTHER_GP: False, HOSPITAL_DOCTOR: True, MEDECIN_TRAITANT: True}
    assert acts.name_administrator(INS, OTHER_GP.identifier)
    assert sees(room, OTHER_GP, entry.unique_id)
    acts.end_administrator(INS, OTHER_GP.identifier)
    assert not sees(room, OTHER_GP, entry.unique_id)
    assert acts.unmask(INS, entry.unique_id)
    assert sees(room, OTHER_GP, entry.unique_id)


def test_the_holder_unmasks_what_a_professional_masked(room, acts):
    (entry,) = room.put(room.document(masks=[MASQUE_PS]))
    acts.authorise(INS, OTHER_GP.identifier)
    assert not sees(room, OTHER_GP, entry.unique_id)
    assert acts.unmask(INS, entry.unique_id)
    assert sees(room, OTHER_GP, entry.unique_id)


def test_everything_is_masked_by_default_now_and_to_come_but_what_is_unmasked_by_name(room, acts):
    acts.authorise(INS, OTHER_GP.identifier)
    (old,) = room.put(room.document())
    assert acts.choose(INS, Choice.MASKS_EVERYTHING, value=True)
    (new,) = room.put(room.document(title="Plus tard"))
    assert not sees(room, OTHER_GP, old.unique_id)
    assert not sees(room, OTHER_GP, new.unique_id)
    assert all(one.masked for one in acts.documents(INS))
    assert acts.unmask(INS, new.unique_id)
    assert not acts.unmask(INS, new.unique_id)
    assert sees(room, OTHER_GP, new.unique_id)
    assert not sees(room, OTHER_GP, old.unique_id)
    assert len(room.do(room.caller(OTHER_GP), room.finding(return_type=REFERENCES)).references) == 1
    assert acts.mask(INS, new.unique_id)
    assert not sees(room, OTHER_GP, new.unique_id)
    acts.choose(INS, Choice.MASKS_EVERYTHING, value=False)
    assert sees(room, OTHER_GP, old.unique_id)
    assert not sees(room, OTHER_GP, new.unique_id)


def test_masking_everything_anew_takes_back_what_was_unmasked_by_name(room, acts):
    acts.authorise(INS, OTHER_GP.identifier)
    (entry,) = room.put(room.document())
    acts.choose(INS, Choice.MASKS_EVERYTHING, value=True)
    acts.unmask(INS, entry.unique_id)
    acts.choose(INS, Choice.MASKS_EVERYTHING, value=False)
    acts.choose(INS, Choice.MASKS_EVERYTHING, value=True)
    assert not sees(room, OTHER_GP, entry.unique_id)


def test_a_correction_of_a_document_unmasked_by_name_falls_under_the_default_again(room, acts):
    acts.authorise(INS, OTHER_GP.identifier)
    (entry,) = room.put(room.document())
    acts.choose(INS, Choice.MASKS_EVERYTHING, value=True)
    acts.unmask(INS, entry.unique_id)
    assert sees(room, OTHER_GP, entry.unique_id)
    (corrected,) = room.put(room.document(title="Corrigé"), replaces={"Document01": entry.entry_uuid})
    assert not sees(room, OTHER_GP, corrected.unique_id)
    assert sees(room, MEDECIN_TRAITANT, corrected.unique_id)


def test_nobody_sends_the_mark_of_what_the_holder_unmasked(room, acts):
    acts.authorise(INS, OTHER_GP.identifier)
    acts.choose(INS, Choice.MASKS_EVERYTHING, value=True)
    with contextlib.suppress(InvalidMetadata):
        room.put(room.document(masks=["DEMASQUE_NOMMEMENT"]))
    assert room.rows("SELECT count(*) FROM document_entry WHERE masks LIKE '%DEMASQUE%'") == [(0,)]


def test_the_patient_s_side_deletes_what_it_added_and_nothing_else(room, acts):
    (own,) = room.put(room.document(author=HOSPITAL_DOCTOR), by=HOSPITAL_DOCTOR)
    with pytest.raises(Refused) as refused:
        acts.delete(INS, own.unique_id)
    assert refused.value.rules == ("not-added-by-the-patient-side",)
    with room.gate.platform.connection._raw as raw:
        raw.execute(
            "UPDATE document_entry SET depositor = 'EXP_PATIENT', judged = NULL WHERE unique_id = ?", (own.unique_id,)
        )
    assert acts.delete(INS, own.unique_id)
    assert not sees(room, HOSPITAL_DOCTOR, own.unique_id)
    with pytest.raises(UnknownDocument):
        acts.mask(INS, own.unique_id)


def test_the_holder_is_told_who_may_see_a_document(room, acts):
    (entry,) = room.put(room.document(author=HOSPITAL_DOCTOR), by=HOSPITAL_DOCTOR)
    acts.join_team(INS, OTHER_GP.organization.identifier)
    attending, author = MEDECIN_TRAITANT.identifier, HOSPITAL_DOCTOR.identifier
    shown = set(acts.viewers(INS, entry.unique_id))
    assert f"{attending} medecin_traitant" in shown
    assert {f"{author} authorised", f"{OTHER_GP.organization.identifier} care_team"} <= shown
    acts.mask(INS, entry.unique_id)
    masked = set(acts.viewers(INS, entry.unique_id))
    assert f"{author} authorised" in masked
    assert f"{OTHER_GP.organization.identifier} care_team" not in masked
    acts.block(INS, author)
    assert not [one for one in acts.viewers(INS, entry.unique_id) if one.startswith(author)]


# --- professionals -------------------------------------------------------------------------------------------------


def test_a_care_team_reads_for_a_stay_and_no_longer(room, acts):
    (entry,) = room.put(room.document())
    acts.join_team(INS, COMMUNITY_NURSE.organization.identifier, room.now + 3_600_000_000)
    ticket = room.last_ticket()
    assert sees(room, OTHER_GP, entry.unique_id)
    assert "care-team" in room.lines_since(ticket)[0]["rules"]
    room.now += 3_600_000_000
    assert not sees(room, OTHER_GP, entry.unique_id)
    acts.join_team(INS, OTHER_GP.identifier)
    assert sees(room, OTHER_GP, entry.unique_id)
    acts.leave_team(INS, OTHER_GP.identifier)
    assert not sees(room, OTHER_GP, entry.unique_id)


def test_who_is_opposed_to_feeds_nothing_and_goes_on_reading(room, acts):
    (entry,) = room.put(room.document())
    acts.oppose_feeding(INS, HOSPITAL_DOCTOR.organization.identifier, "conflit familial")
    with pytest.raises(Refused) as refused:
        open_scope(room.platform, room.caller(HOSPITAL_DOCTOR), "test").require(Function.FEED)
    assert refused.value.rules == ("feeding-opposed",)
    assert sees(room, HOSPITAL_DOCTOR, entry.unique_id)
    assert not [row for row in room.rows("SELECT sealed_reason FROM care_link") if b"conflit" in row[0]]
    acts.allow_feeding(INS, HOSPITAL_DOCTOR.organization.identifier)
    open_scope(room.platform, room.caller(HOSPITAL_DOCTOR), "test").require(Function.FEED)
    with pytest.raises(InvalidMetadata):
        acts.oppose_feeding(INS, HOSPITAL_DOCTOR.identifier, " ")


def test_consent_that_a_professional_took_for_another_is_told_to_the_holder(room, acts):
    assert acts.authorise(INS, OTHER_GP.identifier, collected_by=MEDECIN_TRAITANT.identifier)
    query = "SELECT kind, recipient FROM notice ORDER BY due_at DESC LIMIT 1"
    assert room.rows(query) == [("consent-collected", "patient")]
    links = room.rows("SELECT source, collected_by FROM care_link WHERE party = ?", OTHER_GP.identifier)
    assert links[-1] == ("collected", MEDECIN_TRAITANT.identifier)


def test_a_professional_without_access_collects_no_consent(room, acts):
    with pytest.raises(Refused):
        acts.authorise(INS, COMMUNITY_NURSE.identifier, collected_by=OTHER_GP.identifier)
    acts.block(INS, HOSPITAL_DOCTOR.identifier)
    with pytest.raises(Refused):
        acts.join_team(INS, COMMUNITY_NURSE.identifier, collected_by=HOSPITAL_DOCTOR.identifier)


def test_banks_and_employers_are_not_let_in_whoever_consents(open_room):
    bank = OTHER_GP.organization.identifier
    room = open_room(forbidden_structures=(bank,))
    acts = PatientActs(room.gate, "operator:test")
    with pytest.raises(Refused) as refused:
        acts.authorise(INS, bank)
    assert refused.value.rules == ("forbidden-actor",)
    acts.authorise(INS, OTHER_GP.identifier)
    (entry,) = room.put(room.document())
    ticket = room.last_ticket()
    assert not sees(room, OTHER_GP, entry.unique_id)
    assert "forbidden-actor" in room.lines_since(ticket)[0]["rules"]


def test_nobody_who_is_blocked_is_named_administrator(room, acts):
    acts.block(INS, OTHER_GP.identifier)
    with pytest.raises(Refused):
        acts.name_administrator(INS, OTHER_GP.identifier)


# --- who acts, and the trace ----------------------------------------------------------------------------------------


def test_each_act_is_traced_with_who_acted_in_what_quality(room, acts):
    ticket = room.last_ticket()
    acts.block(INS, OTHER_GP.identifier)
    acts.block(INS, OTHER_GP.identifier)
    with pytest.raises(Refused):
        PatientActs(room.gate, "operator:test", NESSI.identifier).unblock(INS, OTHER_GP.identifier)
    lines = room.lines_since(ticket)
    assert [(line["action"], line["outcome"], line["detail"]) for line in lines] == [
        ("patient/block", "done", ""),
        ("patient/block", "done", "nothing changed"),
        ("patient/unblock", "refused", "Refused"),
    ]
    assert [line["requester_id"] for line in lines] == [INS.value, INS.value, NESSI.identifier.value]
    assert {line["software"] for line in lines} == {"operator:test"}
    assert lines[0]["objects"] == (OTHER_GP.identifier,)
    assert "not-acting-for-the-holder" in lines[2]["rules"]


def test_an_act_that_fails_half_way_leaves_nothing_but_its_line(room, acts, monkeypatch):
    (entry,) = room.put(room.document())
    before = room.kept()

    def fails(*_given):
        raise Refused("No.")

    monkeypatch.setattr("carnet.record.patient_acts.bump", fails)
    with pytest.raises(Refused):
        acts.mask(INS, entry.unique_id)
    assert room.kept() == before
    assert sees(room, HOSPITAL_DOCTOR, entry.unique_id)


def test_a_closed_record_lets_its_holder_do_nothing_with_it(room, acts):
    (entry,) = room.put(room.document())
    Administration(room.gate, "operator:test").close_record(INS, "FERMETURE_DEMANDE_PATIENT")
    for act in (lambda: acts.documents(INS), lambda: acts.mask(INS, entry.unique_id), lambda: acts.block(INS, "8")):
        with pytest.raises(RecordClosed):
            act()


def test_nobody_acts_for_a_stranger_nor_does_a_stranger(room):
    stranger = type(INS)("155112A99900199", INS.authority)
    with pytest.raises(UnknownPatient):
        PatientActs(room.gate, "x", stranger).documents(INS)
    with pytest.raises(UnknownPatient):
        PatientActs(room.gate, "x").documents(stranger)


# --- coming of age --------------------------------------------------------------------------------------------------


def test_at_midnight_in_paris_the_representatives_stop_and_the_new_adult_begins(room, acts):
    of_age = majority_at("20081122")
    room.now = of_age - DAY
    traits = replace(PAT_TROIS.traits, birth_date="20081122")
    with room.gate.platform.connection._raw:
        register(room.platform.connection, room.platform.keyring, traits, INS, room.now)
    assert Delegations(room.gate, "x").declare(INS, NESSI.identifier, Representation.FIRST_REPRESENTATIVE)
    assert Delegations(room.gate, "x", NESSI.identifier).invite(
        INS, LANTERNE.identifier, Representation.SECOND_REPRESENTATIVE
    )
    assert Delegations(room.gate, "x", LANTERNE.identifier).answer(INS, accepted=True)
    (plain,) = room.put(room.document(author=HOSPITAL_DOCTOR), by=HOSPITAL_DOCTOR)
    (secret,) = room.put(
        room.document(author=HOSPITAL_DOCTOR),
        by=HOSPITAL_DOCTOR,
        requester=room.caller(HOSPITAL_DOCTOR, secret_connection=True),
    )
    parents = [PatientActs(room.gate, "x", who.identifier) for who in (NESSI, LANTERNE)]

    def shown(who):
        try:
            return {one.unique_id for one in who.documents(INS)} & {plain.unique_id, secret.unique_id}
        except Refused:
            return None

    assert room.do(room.caller(OTHER_GP, secret_connection=True), declare(Declaration.AUTHORISE))

    def viewers(who):
        return {one.split()[0] for one in who.viewers(INS, plain.unique_id)}

    assert [OTHER_GP.identifier in viewers(who) for who in parents] == [False, False]
    room.now = of_age - 1
    assert [shown(who) for who in (*parents, acts)] == [{plain.unique_id}, {plain.unique_id}, None]
    room.now = of_age
    assert OTHER_GP.identifier in viewers(acts), "the holder sees who was authorised in secret"
    assert [shown(who) for who in (*parents, acts)] == [None, None, {plain.unique_id, secret.unique_id}]


@pytest.fixture
def new_adult(open_room):
    """A room where carers are open, an hour before its patient comes of age; NESSI represents him and LANTERNE is invited to care."""
    room = open_room(carers=True)
    of_age = majority_at("20081122")
    room.now = of_age - HOUR
    traits = replace(PAT_TROIS.traits, birth_date="20081122")
    with room.gate.platform.connection._raw as raw:
        register(room.platform.connection, room.platform.keyring, traits, INS, room.now)
        raw.execute("UPDATE health_record SET state = 'activated'")
    assert Delegations(room.gate, "x").declare(INS, NESSI.identifier, Representation.FIRST_REPRESENTATIVE)
    parent = Delegations(room.gate, "x", NESSI.identifier)
    assert parent.invite(INS, LANTERNE.identifier, Representation.CARER)
    return room, of_age


def test_a_carer_invited_by_a_parent_does_not_get_in_by_accepting_after_majority(new_adult):
    room, room.now = new_adult
    with pytest.raises(Refused) as refused:
        Delegations(room.gate, "x", LANTERNE.identifier).answer(INS, accepted=True)
    assert refused.value.rules == ("named-before-majority",)
    with pytest.raises(Refused):
        PatientActs(room.gate, "x", LANTERNE.identifier).documents(INS)


def test_the_new_adult_revokes_the_parent_s_lapsed_link_and_the_minor_s_side_does_not(new_adult):
    room, of_age = new_adult
    with pytest.raises(Refused):
        Delegations(room.gate, "x", NESSI.identifier).revoke(INS, NESSI.identifier)
    room.now = of_age
    desk = Delegations(room.gate, "x")
    assert desk.revoke(INS, NESSI.identifier)
    assert NESSI.identifier.value not in {one.acting for one in desk.listed(INS)}


def test_the_new_adult_makes_the_mother_a_carer(new_adult):
    room, room.now = new_adult
    mother = Delegations(room.gate, "x", NESSI.identifier)
    assert Delegations(room.gate, "x").invite(INS, NESSI.identifier, Representation.CARER)
    room.now += HOUR
    assert mother.answer(INS, accepted=True)
    PatientActs(room.gate, "x", NESSI.identifier).documents(INS)


# --- carers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def cared_for(open_room):
    """A room where carers are open, and NESSI, who uses her own space, is asked to care for the patient."""
    room = open_room(carers=True)
    with room.gate.platform.connection._raw as raw:
        raw.execute("UPDATE health_record SET state = 'activated'")
    assert Delegations(room.gate, "x").invite(INS, NESSI.identifier, Representation.CARER)
    return room


def test_a_carer_sees_and_masks_and_neither_manages_nor_closes(cared_for):
    room, carer = cared_for, PatientActs(cared_for.gate, "x", NESSI.identifier)
    (entry,) = room.put(room.document())
    with pytest.raises(Refused):
        carer.documents(INS)
    assert Delegations(room.gate, "x", NESSI.identifier).answer(INS, accepted=True)
    assert carer.mask(INS, entry.unique_id)
    for act in (
        lambda: carer.block(INS, OTHER_GP.identifier),
        lambda: carer.choose(INS, Choice.MASKS_EVERYTHING, value=True),
        lambda: Delegations(room.gate, "x", NESSI.identifier).invite(INS, LANTERNE.identifier, Representation.CARER),
        lambda: Delegations(room.gate, "x", NESSI.identifier).listed(INS),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.rules == ("patient-right",)
    assert Delegations(room.gate, "x").revoke(INS, NESSI.identifier)
    with pytest.raises(Refused):
        carer.documents(INS)


def test_the_holder_sees_who_acts_and_in_what_state(cared_for):
    desk = Delegations(cared_for.gate, "x")
    (pending,) = desk.listed(INS)
    assert (pending.acting, pending.kind, pending.state, pending.in_force) == (
        NESSI.identifier.value,
        "carer",
        "pending",
        False,
    )
    Delegations(cared_for.gate, "x", NESSI.identifier).answer(INS, accepted=True)
    assert desk.listed(INS)[0].in_force
    assert Delegations(cared_for.gate, "x", NESSI.identifier).give_up(INS)
    assert desk.listed(INS) == ()


def test_a_link_to_somebody_whose_key_was_destroyed_is_shown_without_their_ins(cared_for):
    desk = Delegations(cared_for.gate, "x")
    (before,) = desk.listed(INS)
    known = find_patient(cared_for.connection, cared_for.platform.keyring, NESSI.identifier)
    cared_for.platform.keyring.destroy_patient_key(known.pseudonym)
    assert desk.listed(INS) == (replace(before, acting=""),)


def test_carers_are_closed_unless_the_operator_opens_them_and_need_a_space_in_use(open_room):
    room = open_room()
    with pytest.raises(Refused) as refused:
        Delegations(room.gate, "x").invite(INS, NESSI.identifier, Representation.CARER)
    assert refused.value.rules == ("carers-not-open",)
    room = open_room(carers=True)
    with pytest.raises(Refused) as refused:
        Delegations(room.gate, "x").invite(INS, NESSI.identifier, Representation.CARER)
    assert refused.value.rules == ("carer-without-space",)


def test_an_adult_has_no_legal_representative_of_a_minor_and_a_protected_one_is_represented(room, acts):
    desk = Delegations(room.gate, "x")
    with pytest.raises(Refused):
        desk.declare(INS, NESSI.identifier, Representation.FIRST_REPRESENTATIVE)
    assert desk.declare(INS, NESSI.identifier, Representation.PROTECTION)
    (hidden,) = room.put(room.document(masks=[INVISIBLE_REPRESENTANTS_LEGAUX]))
    represented = PatientActs(room.gate, "x", NESSI.identifier)
    assert hidden.unique_id not in {one.unique_id for one in represented.documents(INS)}
    assert hidden.unique_id in {one.unique_id for one in acts.documents(INS)}
    assert represented.block(INS, OTHER_GP.identifier)
    with pytest.raises(Refused):
        desk.revoke(INS, NESSI.identifier)
