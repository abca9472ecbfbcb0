"""Commands about people whom nobody knows: each leaves a line of nobody that names whom the operator asked for, and does nothing else."""

from __future__ import annotations

import pytest

from carnet.consent.acting_links import Representation
from carnet.demo.people import MEDECIN_TRAITANT, NESSI, OTHER_GP, PAT_TROIS
from carnet.errors import UnknownPatient, UnresolvedReference
from carnet.identity.ins import NIR_TEST, key_of
from carnet.metadata import PatientIdentifier
from carnet.record import operator_desk
from carnet.record.administration import trail
from carnet.record.custody import Custody
from carnet.record.delegations import Delegations
from carnet.record.destruction import release_ins
from carnet.record.explanation import Asked, explain
from carnet.record.notice_office import NoticeOffice
from carnet.record.patient_acts import PatientActs
from carnet.record.trail_export import export_trail
from carnet.record.trail_view import told_trail

BY = "operator:tests"
NOBODY = PatientIdentifier("1990699350777" + key_of("1990699350777"), NIR_TEST)
CALLS = {
    "patient/block": lambda gate, one: PatientActs(gate, BY).block(one, OTHER_GP.identifier),
    "patient/list-representatives": lambda gate, one: Delegations(gate, BY).listed(one),
    "administration/activate": lambda gate, one: Custody(gate, BY).activate(one),
    "administration/opposition-proof": lambda gate, one: Custody(gate, BY).proof(one),
    "administration/read-trail": lambda gate, one: told_trail(gate, one, operator=BY),
    "administration/export-trail": lambda gate, one: export_trail(gate, one, operator=BY),
    "administration/notice-list": lambda gate, one: NoticeOffice(gate, BY).of_patient(one),
    "administration/contact": lambda gate, one: NoticeOffice(gate, BY).set_address(one, "a@example.org"),
    "administration/explain": lambda gate, one: explain(
        gate, Asked(one, MEDECIN_TRAITANT.identifier, "1.2"), operator=BY
    ),
    "life/release": lambda gate, one: release_ins(gate, one, operator=BY),
}


def in_vain(room, call):
    """What a command that ends in UnknownPatient leaves: nothing but lines of the trace."""
    before, ticket = room.kept(), room.last_ticket()
    with pytest.raises(UnknownPatient):
        call()
    assert room.kept() == before
    assert room.rows("SELECT count(*) FROM audit_event WHERE ticket > ? AND patient_key IS NOT NULL", ticket) == [(0,)]
    return [
        (line["action"], line["outcome"], line["detail"], line["requester_id"], line["patient"], line["objects"])
        for line in room.lines_since(ticket)
    ]


@pytest.mark.parametrize("action", sorted(CALLS))
def test_who_asks_for_somebody_unknown_leaves_a_line_of_nobody_that_names_them(room, action):
    left = in_vain(room, lambda: CALLS[action](room.gate, NOBODY))
    assert left == [(action, "refused", "UnknownPatient", BY, NOBODY.cx(), ())]


def test_who_speaks_for_a_patient_without_being_known_leaves_a_line(room):
    left = in_vain(room, lambda: PatientActs(room.gate, BY, NOBODY).block(PAT_TROIS.identifier, OTHER_GP.identifier))
    assert left == [("patient/block", "refused", "UnknownPatient", BY, PAT_TROIS.identifier.cx(), (NOBODY.cx(),))]


def test_a_person_named_within_an_act_is_traced_in_the_patient_s_own_chain(room):
    ticket = room.last_ticket()
    with pytest.raises(UnknownPatient):
        Delegations(room.gate, BY).declare(NESSI.identifier, NOBODY, Representation.FIRST_REPRESENTATIVE)
    (line,) = room.lines_since(ticket)
    assert (line["patient"], line["detail"]) == (NESSI.identifier.cx(), "UnknownPatient")


def test_a_question_about_a_professional_of_no_directory_is_traced(room):
    ticket = room.last_ticket()
    with pytest.raises(UnresolvedReference):
        explain(room.gate, Asked(PAT_TROIS.identifier, "899999999999", "1.2"), operator=BY)
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["outcome"], line["detail"]) == (
        "administration/explain",
        "failed",
        "UnresolvedReference",
    )


def test_control_a_desk_that_forgets_the_unknown_is_noticed(room, monkeypatch):
    monkeypatch.setattr(operator_desk, "write_operator_line", lambda *_given, **_named: None)
    assert in_vain(room, lambda: trail(room.gate, NOBODY, operator=BY)) == []
