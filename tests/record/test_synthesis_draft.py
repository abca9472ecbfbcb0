"""A draft comes from what this doctor may read, the newest statement first, contradictions beside it; what nobody states is not stated."""

import pytest
from synthesis_work import CIM_10, change, doctor, draft, kept_words, put_summary, read_all, told

from carnet.cda.synthesis_model import Part, Stated, SynthesisLine, Told
from carnet.clock import DAY
from carnet.demo.people import BIOLOGIST, MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from carnet.errors import Refused, UnknownDocument
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, MASQUE_PS, Code
from carnet.record.administration import Administration
from carnet.record.due import run_due
from carnet.record.synthesis_acts import (
    MOST_LINES,
    TooManyLines,
    adding,
    correcting,
    drafting,
    giving_up,
    keeping,
    saying,
    standing,
)
from carnet.record.synthesis_lines import SynthesisDraft

DIABETES = SynthesisLine("Diabète de type 2", Code("E11", CIM_10), start="2015")
ASTHMA = SynthesisLine("Asthme", Code("J45", CIM_10))


def the(drafted, label):
    return next(one for one in drafted.lines if one.line.label == label)


def test_each_line_says_from_which_documents_it_comes(room):
    older = put_summary(room, [told(Part.PROBLEMS, DIABETES)], by=OTHER_GP, at=room.now - 9 * DAY)
    newer = put_summary(room, [told(Part.PROBLEMS, SynthesisLine("Diabète de type 2", DIABETES.code))], by=OTHER_GP)
    found = the(draft(room), "Diabète de type 2")
    assert [one.unique_id for one in found.sources] == [newer, older]
    assert {one.author.casefold() for one in found.sources} == {OTHER_GP.name.casefold()}
    assert found.otherwise == ()


def test_the_newest_statement_gives_the_line_and_the_others_stand_against_it(room):
    older = put_summary(room, [told(Part.PROBLEMS, ASTHMA)], by=OTHER_GP, at=room.now - 9 * DAY)
    put_summary(room, [told(Part.HISTORY, SynthesisLine("Asthme", ASTHMA.code, end="2024"))], by=OTHER_GP)
    found = the(draft(room), "Asthme")
    assert found.part is Part.HISTORY
    assert [(one.words, one.source.unique_id) for one in found.otherwise] == [("Asthme, problème actif", older)]


def test_two_doses_of_one_medicine_are_a_contradiction_and_never_one_line(room):
    once, twice = (SynthesisLine("Doliprane", note=note) for note in ("1 le matin", "2 par jour"))
    put_summary(room, [told(Part.TREATMENTS, once)], by=OTHER_GP, at=room.now - 9 * DAY)
    put_summary(room, [told(Part.TREATMENTS, twice)], by=OTHER_GP)
    found = the(draft(room), "Doliprane")
    assert (found.line.note, [one.words for one in found.otherwise]) == ("2 par jour", ["Doliprane - 1 le matin"])


def test_one_document_may_say_two_things_of_one_name_and_both_are_there(room):
    lines = [SynthesisLine("Doliprane", note=note) for note in ("1 le matin", "2 le soir")]
    put_summary(room, [told(Part.TREATMENTS, *lines)], by=OTHER_GP)
    found = draft(room).kept_in(Part.TREATMENTS)
    assert [one.line.note for one in found] == ["1 le matin", "2 le soir"]
    assert len({one.line_id for one in found}) == 2


def test_what_nobody_states_is_not_stated_and_a_stated_absence_says_by_whom(room):
    source = put_summary(room, [Stated(Part.ALLERGIES, Told.NONE_KNOWN)], by=OTHER_GP)
    drafted = draft(room)
    assert drafted.about(Part.ALLERGIES).told is Told.NONE_KNOWN
    assert [one.unique_id for one in drafted.about(Part.ALLERGIES).sources] == [source]
    assert {drafted.about(part).told for part in Part if part is not Part.ALLERGIES} == {Told.NOT_STATED}


def test_an_allergy_against_no_known_allergy_is_shown_and_kept(room):
    put_summary(room, [told(Part.ALLERGIES, "Amoxicilline")], by=OTHER_GP, at=room.now - 9 * DAY)
    denying = put_summary(room, [Stated(Part.ALLERGIES, Told.NONE_KNOWN)], by=OTHER_GP)
    drafted = draft(room)
    assert kept_words(drafted, Part.ALLERGIES) == ["Amoxicilline"]
    assert [one.source.unique_id for one in drafted.about(Part.ALLERGIES).otherwise] == [denying]


def test_the_synthesis_before_is_the_basis_and_what_it_left_out_stays_out_unless_said_again(room):
    put_summary(room, [told(Part.PROBLEMS, ASTHMA, "Verrue")], by=OTHER_GP, at=room.now - 90 * DAY)
    former = put_summary(room, [told(Part.PROBLEMS, "Lombalgie", ASTHMA)], at=room.now - 60 * DAY)
    put_summary(room, [told(Part.PROBLEMS, DIABETES)], by=OTHER_GP)
    drafted = draft(room)
    assert drafted.former == former
    assert kept_words(drafted, Part.PROBLEMS) == ["Lombalgie", "Asthme", "Diabète de type 2"]
    assert [one.line.label for one in drafted.left_out_of(Part.PROBLEMS)] == ["Verrue"]


def test_what_another_doctor_left_out_of_a_synthesis_is_not_left_out_of_ours(room):
    put_summary(room, [told(Part.ALLERGIES, "Amoxicilline")], by=MEDECIN_TRAITANT, at=room.now - 90 * DAY)
    put_summary(room, [Stated(Part.ALLERGIES, Told.NONE_KNOWN)], by=OTHER_GP)
    drafted = draft(room)
    assert kept_words(drafted, Part.ALLERGIES) == ["Amoxicilline"]


@pytest.mark.parametrize("mask", [MASQUE_PS, INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX])
def test_what_a_hidden_document_alone_says_is_left_out_until_the_doctor_takes_it(room, mask):
    hidden = put_summary(room, [told(Part.PROBLEMS, "Secret", ASTHMA)], by=OTHER_GP, masks=(mask,))
    put_summary(room, [told(Part.PROBLEMS, ASTHMA)], by=OTHER_GP, at=room.now - 9 * DAY)
    drafted = draft(room)
    assert kept_words(drafted, Part.PROBLEMS) == ["Asthme"]
    (secret,) = drafted.left_out_of(Part.PROBLEMS)
    assert (secret.line.label, secret.only_hidden, secret.sources[0].unique_id) == ("Secret", True, hidden)
    assert drafted.from_hidden == 0
    drafted = change(room, drafted.name, keeping(secret.line_id, kept=True))
    assert drafted.from_hidden == 1


def test_a_hidden_no_known_allergy_is_not_said_to_everybody(room):
    put_summary(room, [Stated(Part.ALLERGIES, Told.NONE_KNOWN)], by=OTHER_GP, masks=(MASQUE_PS,))
    drafted = draft(room)
    assert drafted.about(Part.ALLERGIES).told is Told.NOT_STATED
    assert len(drafted.about(Part.ALLERGIES).otherwise) == 1


def test_the_lines_of_ones_own_masked_synthesis_stay_for_the_next_is_masked_too(room):
    put_summary(room, [told(Part.PROBLEMS, ASTHMA)], masks=(MASQUE_PS,))
    assert kept_words(draft(room), Part.PROBLEMS) == ["Asthme"]


def test_what_is_masked_to_a_professional_is_absent_from_what_they_see_of_syntheses(room):
    office = Administration(room.gate, "operator:tests")
    office.authorise(PAT_TROIS.identifier, OTHER_GP.identifier, None)
    shown = put_summary(room, [told(Part.PROBLEMS, ASTHMA)])
    masked = put_summary(room, [told(Part.PROBLEMS, ASTHMA)], masks=(MASQUE_PS,))
    names = {one.unique_id for one in room.do(doctor(room), standing()).syntheses}
    assert {shown, masked} <= names
    other = room.do(doctor(room, OTHER_GP), standing())
    assert {one.unique_id for one in other.syntheses} == names - {masked}
    assert (other.may_write, other.writing, other.overdue) == (False, False, False)


@pytest.mark.parametrize("who", [OTHER_GP, BIOLOGIST], ids=["another doctor", "a biologist"])
def test_nobody_but_the_declared_medecin_traitant_writes_it(room, who):
    requester = doctor(room, who)
    with pytest.raises(Refused):
        room.do(requester, drafting(requester, final=True))


def test_what_was_not_read_yet_is_said_and_a_draft_without_it_is_not_kept_by_itself(room):
    put_summary(room, [told(Part.PROBLEMS, ASTHMA)], by=OTHER_GP)
    requester = doctor(room)
    first = room.do(requester, drafting(requester, final=False))
    assert (len(first.missing.unique_ids), first.draft.waiting) == (1, 1)
    assert room.rows("SELECT count(*) FROM synthesis_draft") == [(0,)]
    assert kept_words(draft(room), Part.PROBLEMS) == ["Asthme"]
    assert draft(room).waiting == 0


def test_it_is_kept_sealed_for_its_doctor_alone_and_ends_after_some_days(room):
    put_summary(room, [told(Part.PROBLEMS, "Mot secret")], by=OTHER_GP)
    first = draft(room)
    assert draft(room) == first
    ((sealed,),) = room.rows("SELECT sealed_content FROM synthesis_draft")
    assert b"secret" not in bytes(sealed)
    room.now += 13 * DAY
    assert draft(room).name == first.name
    room.now += 2 * DAY
    assert draft(room).name != first.name
    room.now += 15 * DAY
    assert run_due(room.gate).counts["draft-dropped"] == 1
    assert room.rows("SELECT count(*) FROM synthesis_draft") == [(0,)]


def test_a_line_is_kept_left_out_corrected_and_added(room):
    put_summary(room, [told(Part.PROBLEMS, ASTHMA, DIABETES)], by=OTHER_GP)
    drafted = draft(room)
    asthma = the(drafted, "Asthme")
    drafted = change(room, drafted.name, keeping(asthma.line_id, kept=False))
    assert kept_words(drafted, Part.PROBLEMS) == ["Diabète de type 2"]
    drafted = change(
        room, drafted.name, correcting(asthma.line_id, SynthesisLine("Asthme sévère", ASTHMA.code), asthma.mark)
    )
    corrected = the(drafted, "Asthme sévère")
    assert (corrected.kept, corrected.corrected, corrected.line.code.code) == (True, True, "")
    assert corrected.sources == asthma.sources
    drafted = change(
        room, drafted.name, correcting(corrected.line_id, SynthesisLine("Asthme sévère", note="suivi"), corrected.mark)
    )
    drafted = change(room, drafted.name, adding(Part.ALERTS, SynthesisLine("Vit seule")))
    assert kept_words(drafted, Part.ALERTS) == ["Vit seule"]
    assert the(draft(room), "Asthme sévère").line.note == "suivi"


def test_a_code_stays_while_the_words_do(room):
    put_summary(room, [told(Part.PROBLEMS, ASTHMA)], by=OTHER_GP)
    drafted = draft(room)
    line = the(drafted, "Asthme")
    noted = SynthesisLine("Asthme", line.line.code, note="stable")
    drafted = change(room, drafted.name, correcting(line.line_id, noted, line.mark))
    assert the(drafted, "Asthme").line.code.code == "J45"


def test_absence_is_said_of_a_part_without_lines_only(room):
    put_summary(room, [told(Part.PROBLEMS, ASTHMA)], by=OTHER_GP)
    drafted = draft(room)
    drafted = change(room, drafted.name, saying(Part.PROBLEMS, Told.NONE_KNOWN))
    assert drafted.stated()[list(Part).index(Part.PROBLEMS)].told is Told.LINES
    drafted = change(room, drafted.name, saying(Part.ALLERGIES, Told.NONE_KNOWN))
    assert drafted.about(Part.ALLERGIES).told is Told.NONE_KNOWN
    drafted = change(room, drafted.name, saying(Part.WORK, Told.NONE_KNOWN))
    assert drafted.about(Part.WORK).told is Told.NOT_STATED


def test_a_page_of_another_draft_changes_nothing(room):
    put_summary(room, [told(Part.PROBLEMS, ASTHMA)], by=OTHER_GP)
    first = draft(room)
    room.do(doctor(room), giving_up(doctor(room)))
    second = draft(room)
    with pytest.raises(UnknownDocument):
        change(room, first.name, saying(Part.ALLERGIES, Told.NONE_KNOWN))
    assert draft(room) == second


def test_there_is_an_end_to_how_many_lines_one_adds(room):
    drafted = draft(room)

    def many(known: SynthesisDraft) -> SynthesisDraft:
        for number in range(MOST_LINES + 1):
            known = adding(Part.ALERTS, SynthesisLine(f"{number}"))(known)
        return known

    with pytest.raises(TooManyLines):
        change(room, drafted.name, many)
    assert draft(room) == drafted


def test_every_draft_is_traced_with_the_documents_that_it_shows(room):
    source = put_summary(room, [told(Part.PROBLEMS, ASTHMA)], by=OTHER_GP)
    read_all(room)
    ticket = room.last_ticket()
    draft(room)
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["outcome"]) == ("pro/draft-synthesis", "done")
    assert source in line["objects"]
