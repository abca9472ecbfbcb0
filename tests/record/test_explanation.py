"""Any decision, now or then, is explained from the rows that held; the question is traced."""

from __future__ import annotations

import pytest

from carnet.authorization.rules import RULES
from carnet.clock import HOUR
from carnet.consent.choices import Choice
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from carnet.errors import Refused, UnknownPatient, UnresolvedReference
from carnet.record.administration import Administration
from carnet.record.explanation import Asked, explain
from carnet.record.patient_acts import PatientActs
from carnet.record.retrieval import Located
from carnet.record.rule_sentences import GROUNDS, REFUSALS, sentences
from carnet.requester import AccessMode

INS = PAT_TROIS.identifier


@pytest.fixture
def acts(room):
    return PatientActs(room.gate, "operator:test")


def why(room, who, unique_id, at=None, mode=AccessMode.NORMAL):
    return explain(room.gate, Asked(INS, who.identifier, unique_id, at, mode), operator="operator:test")


def test_every_rule_has_its_sentences_in_both_languages():
    assert {rule.name for rule in RULES} | {"error", "document-not-there"} == REFUSALS.keys()
    for french, english in [*REFUSALS.values(), *GROUNDS.values()]:
        assert french.endswith(".")
        assert english.endswith(".")
        assert french != english
    assert sentences(("matrix:error",), allowed=False) == (REFUSALS["matrix"],)


def test_each_moment_of_a_story_is_explained_as_it_was(room, acts):
    (entry,) = room.put(room.document())
    before, moments = room.now - HOUR, []

    def then(act):
        room.now += HOUR
        act()
        moments.append(room.now)

    then(lambda: acts.join_team(INS, OTHER_GP.organization.identifier))
    then(lambda: acts.mask(INS, entry.unique_id))
    then(lambda: acts.name_administrator(INS, OTHER_GP.identifier))
    then(lambda: acts.unmask(INS, entry.unique_id))
    then(lambda: acts.choose(INS, Choice.MASKS_EVERYTHING, value=True))
    then(lambda: acts.end_administrator(INS, OTHER_GP.identifier))
    then(lambda: acts.unmask(INS, entry.unique_id))
    then(lambda: acts.block(INS, OTHER_GP.identifier))
    then(lambda: Administration(room.gate, "x").close_record(INS, "FERMETURE_DEMANDE_PATIENT"))
    found = [why(room, OTHER_GP, entry.unique_id, at) for at in moments]
    assert [one.decision.allowed for one in found] == [True, False, True, True, True, False, True, False, False]
    assert found[0].decision.rules == ("functional-right", "care-team")
    assert found[1].decision.rules == ("masque-ps",)
    assert found[5].decision.rules == ("masque-ps",)
    assert found[5].masks == ""
    assert found[6].masks == "DEMASQUE_NOMMEMENT"
    assert found[7].decision.rules == ("blocked-by-patient",)
    assert found[8].decision.rules == ("record-not-open", "blocked-by-patient")
    assert [tie.kind.value for tie in found[2].ties] == ["care_team", "administrator"]
    assert ("masks_everything", "yes") in {choice[:2] for choice in found[5].choices}
    assert {one.decision.matrix_version for one in found} == {"draft-2026-11-22"}
    assert why(room, OTHER_GP, entry.unique_id, before).decision.rules == ("document-not-there",)


def test_what_is_explained_now_is_what_the_door_decides(room, acts):
    (entry,) = room.put(room.document())
    for who in (MEDECIN_TRAITANT, HOSPITAL_DOCTOR, OTHER_GP):
        said = why(room, who, entry.unique_id).decision.allowed
        if said:
            assert isinstance(room.do(room.caller(who), room.retrieving(entry.unique_id))[0], Located)
        else:
            with pytest.raises(Refused):
                room.do(room.caller(who), room.retrieving(entry.unique_id))
    glass = why(room, OTHER_GP, entry.unique_id, mode=AccessMode.BRIS_DE_GLACE)
    assert glass.decision.rules == ("functional-right", "bris-de-glace")
    acts.choose(INS, Choice.OPPOSES_BRIS_DE_GLACE, value=True)
    glass = why(room, OTHER_GP, entry.unique_id, mode=AccessMode.BRIS_DE_GLACE)
    assert glass.decision.rules == ("opposition-bris-de-glace",)


def test_the_question_is_traced_and_nothing_else_is_written(room):
    (entry,) = room.put(room.document())
    before, ticket = room.kept(), room.last_ticket()
    why(room, OTHER_GP, entry.unique_id, room.now)
    assert room.kept() == before
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["outcome"], line["requester_id"]) == (
        "administration/explain",
        "done",
        "operator:test",
    )
    assert set(line["objects"]) == {entry.unique_id, OTHER_GP.identifier}
    assert line["rules"] == ("no-authorisation",)


def test_strangers_are_told_as_such(room):
    stranger = type(INS)("155112A99900199", INS.authority)
    with pytest.raises(UnknownPatient):
        explain(room.gate, Asked(stranger, OTHER_GP.identifier, "1.2"), operator="x")
    with pytest.raises(UnresolvedReference):
        explain(room.gate, Asked(INS, "899999999999", "1.2"), operator="x")
