"""What a list shows is what the rules say of each document by itself: lists ask them once for each kind of row, and that changes nothing."""

from __future__ import annotations

import random
from functools import partial

import pytest
from sqlalchemy import bindparam, null, update

from carnet.authorization.facts import Function
from carnet.authorization.patient_side import PatientRight, decide
from carnet.clock import DAY
from carnet.consent.acting_links import Representation
from carnet.consent.choices import Choice
from carnet.database.statements import prepare
from carnet.database.tables import document_entry, health_record
from carnet.demo.documents import CONSULTATION, LAB_REPORT, PRESCRIPTION
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, NESSI, OTHER_GP, PAT_TROIS
from carnet.document_query import FindDocuments
from carnet.metadata import (
    INVISIBLE_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX,
    MASQUE_PS,
    AvailabilityStatus,
    ObjectType,
)
from carnet.record.act import Act
from carnet.record.delegations import Delegations
from carnet.record.document_families import family_of
from carnet.record.facts import document_facts
from carnet.record.own_documents import Visible, time_shown, visible_documents
from carnet.record.patient_acts import PatientActs
from carnet.record.patient_documents import CURRENT, facts_of_own
from carnet.record.patient_room import PATIENT_SIDE
from carnet.record.seen_documents import seen_documents
from carnet.registry import dated_entries
from carnet.registry.queries import entry as whole_entry
from carnet.registry.queries import find

PATIENT = PAT_TROIS.identifier
TYPES = (CONSULTATION, LAB_REPORT, PRESCRIPTION)
MASKS = ((), (), (MASQUE_PS,), (INVISIBLE_PATIENT,), (INVISIBLE_REPRESENTANTS_LEGAUX,))
DOCTORS = (MEDECIN_TRAITANT, OTHER_GP, HOSPITAL_DOCTOR)
DOCUMENTS = 14
_TO_PATIENT_SIDE = prepare(
    update(document_entry)
    .where(document_entry.c.unique_id == bindparam("document"))
    .values(depositor=PATIENT_SIDE, depositor_organization="", judged=null())
)

_ACTIVATED = prepare(update(health_record).values(state="activated"))


def fill(room, drawn):
    """A record of documents by several hands, of which some were masked, replaced, archived, deleted or added by the patient's side."""
    entries = []
    for _ in range(DOCUMENTS):
        by = drawn.choice(DOCTORS)
        created = room.now - drawn.choice((1, 2, 400)) * DAY
        about = {"type": drawn.choice(TYPES), "author": by, "created": created, "masks": drawn.choice(MASKS)}
        entries += [(one, by) for one in room.put(room.document(**about), by=by)]
    for number, (entry, by) in enumerate(entries):
        change = drawn.randrange(8)
        if change == 0:
            room.do(room.caller(), room.status(entry, AvailabilityStatus.ARCHIVED))
        elif change == 1:
            room.do(room.caller(), room.status(entry, AvailabilityStatus.DELETED))
        elif change == 2:
            room.put(room.document(author=by), by=by, replaces={"Document01": entry.entry_uuid})
        elif change == 3 and not entry.masks:
            room.do(room.caller(), room.mask(entry))
        elif change == 4 or number == 0:
            values = {"document": entry.unique_id}
            room.gate.administer(lambda connection, values=values: connection.execute(_TO_PATIENT_SIDE, values))
    if drawn.randrange(2):
        acts = PatientActs(room.gate, "operator:tests")
        acts.choose(PATIENT, Choice.MASKS_EVERYTHING, value=True)
        for one in acts.documents(PATIENT)[:3]:
            acts.unmask(PATIENT, one.unique_id)


def one_by_one(room, statuses, facts_of, seen):
    """What the list must be: each entry of the registry judged by itself, its metadata opened."""
    types = (ObjectType.STABLE, ObjectType.ON_DEMAND)
    shown = []
    for found in find(room.connection, room.holder, FindDocuments((PATIENT,), statuses, object_types=types)).entries:
        facts = facts_of(room, found)
        if not seen(facts):
            continue
        entry = whole_entry(room.connection, room.holder, found.uuid)
        family = family_of(found.type_code, entry.class_code.code, own=facts.patient_authored)
        time = time_shown(entry.creation_time, entry.service_start_time, own=facts.patient_authored)
        shown.append(Visible(found, facts, time, family))
    return sorted(shown, key=lambda one: (one.time, one.found.registered_at, one.found.unique_id), reverse=True)


def both_of_patient_side(inside):
    expected = one_by_one(
        inside, CURRENT, facts_of_own, lambda facts: decide(inside.facts, PatientRight.SEE, facts).allowed
    )
    return expected, visible_documents(inside)


def both_of_professional(scope, function):
    viewer = scope.platform.engine.viewer(scope.requester, scope.record, scope.now, function)
    statuses = (AvailabilityStatus.APPROVED,)
    expected = one_by_one(scope, statuses, document_facts, lambda facts: viewer.decision(facts).allowed)
    return expected, seen_documents(scope, function)


def answers(room):
    """What each viewer must get, and gets: the holder, a carer, three doctors by both functions."""
    for acting in (None, NESSI.identifier):
        acts = PatientActs(room.gate, "operator:tests", acting)
        yield acts.perform(PATIENT, "list-documents", PatientRight.SEE, both_of_patient_side)
    for who in DOCTORS:
        for function in (Function.CONSULT, Function.SEARCH):
            act = Act("pro/tests", partial(both_of_professional, function=function), function)
            yield room.do(room.caller(who), act)


@pytest.fixture
def filled(open_room):
    room = open_room(carers=True)
    room.gate.administer(lambda connection: connection.execute(_ACTIVATED))
    Delegations(room.gate, "operator:tests").invite(PATIENT, NESSI.identifier, Representation.CARER)
    Delegations(room.gate, "operator:tests", NESSI.identifier).answer(PATIENT, accepted=True)
    for doctor in DOCTORS[1:]:
        PatientActs(room.gate, "operator:tests").authorise(PATIENT, doctor.identifier)

    def make(seed):
        fill(room, random.Random(seed))
        return room

    return make


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_viewer_gets_what_the_rules_say_of_each_document(filled, seed):
    found = list(answers(filled(seed)))
    for expected, listed in found:
        assert listed == expected
    assert len({tuple(one.found.uuid for one in listed) for _, listed in found}) > 2  # viewers who differ were asked


@pytest.mark.parametrize("column", ["judged", "masks"])
def test_control_rows_that_differ_in_what_the_rules_read_are_not_alike(filled, monkeypatch, column):
    room = filled(1)
    key, place, first = dated_entries._key, ("judged", "status", "masks").index(column), []

    def careless(row):
        found = list(key(row))
        first.append(found[place])
        found[place] = first[0]
        return tuple(found)

    monkeypatch.setattr(dated_entries, "_key", careless)
    assert any(expected != got for expected, got in answers(room))


def test_rules_are_asked_once_for_each_kind_within_one_act_and_anew_in_the_next(room, monkeypatch):
    for _ in range(4):
        room.put(room.document())
    asked = []

    def counted(*given):
        asked.append(given)
        return decide(*given)

    monkeypatch.setattr("carnet.record.own_documents.decide", counted)
    acts = PatientActs(room.gate, "operator:tests")
    for times in (1, 2):
        found = acts.perform(PATIENT, "list-documents", PatientRight.SEE, visible_documents)
        assert (len(found), len(asked)) == (4, times)
