"""A draft stands for days: what its documents become meanwhile decides what may still be signed of them."""

from synthesis_work import change, doctor, draft, kept_words, put_summary, sign, summary, told

from carnet.cda.synthesis_model import Part, Stated, SynthesisLine, Told
from carnet.client.feeding import from_cda
from carnet.clock import DAY, HOUR
from carnet.demo.people import OTHER_GP
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS, AvailabilityStatus
from carnet.record import synthesis_draft
from carnet.record.synthesis_acts import correcting, drafting, keeping

SECRET = told(Part.PROBLEMS, "Secret")


def put(room, parts, *, by=OTHER_GP, replaces=None, at=None):
    """The entry of a summary by another doctor."""
    content = summary(parts, by=by, at=at or room.now, replaces=replaces.unique_id if replaces else "")
    (entry,) = room.put(from_cda(content), by=by, replaces={"Document01": replaces.entry_uuid} if replaces else None)
    return entry


def mask(room, entry):
    room.do(room.caller(OTHER_GP), room.mask(entry, (MASQUE_PS,), by=OTHER_GP))


def delete(room, entry):
    room.do(room.caller(OTHER_GP), room.status(entry, AvailabilityStatus.DELETED, by=OTHER_GP))


def words(drafted):
    return [one.line.label for one in drafted.lines]


def test_what_is_hidden_after_the_draft_was_made_is_left_out_until_the_doctor_takes_it(room):
    entry = put(room, [SECRET])
    first = draft(room)
    assert kept_words(first, Part.PROBLEMS) == ["Secret"]
    mask(room, entry)
    now = draft(room)
    assert (now.name, kept_words(now, Part.PROBLEMS), words(now)) == (first.name, [], ["Secret"])
    assert now.lines[0].only_hidden
    taken = change(room, now.name, keeping(now.lines[0].line_id, kept=True))
    assert (taken.from_hidden, draft(room).from_hidden) == (1, 1)


def test_control_without_looking_again_what_was_hidden_since_would_be_signed(room, monkeypatch):
    entry = put(room, [SECRET])
    draft(room)
    mask(room, entry)
    monkeypatch.setattr(synthesis_draft.SynthesisDraft, "as_hidden_now", lambda draft, _hidden: draft)
    assert kept_words(draft(room), Part.PROBLEMS) == ["Secret"]


def test_what_a_document_that_is_no_more_alone_said_is_no_more(room):
    kept, gone = put(room, [told(Part.PROBLEMS, "Asthme")]), put(room, [told(Part.PROBLEMS, "Asthme", "Autre patient")])
    draft(room)
    delete(room, gone)
    now = draft(room)
    assert words(now) == ["Asthme"]
    assert [one.unique_id for one in now.lines[0].sources] == [kept.unique_id]


def test_what_the_doctor_put_in_other_words_is_the_doctor_s(room):
    entry = put(room, [told(Part.PROBLEMS, "Asthme")])
    first = draft(room)
    line = first.lines[0]
    change(room, first.name, correcting(line.line_id, SynthesisLine("Asthme vu ce jour"), line.mark))
    delete(room, entry)
    (now,) = draft(room).lines
    assert (now.line.label, now.sources, now.kept) == ("Asthme vu ce jour", (), True)


def test_what_says_otherwise_goes_with_its_document(room):
    put(room, [told(Part.TREATMENTS, SynthesisLine("Doliprane", note="1 par jour"))])
    against = put(room, [told(Part.TREATMENTS, SynthesisLine("Doliprane", note="2"))], at=room.now - DAY)
    assert len(draft(room).lines[0].otherwise) == 1
    delete(room, against)
    assert draft(room).lines[0].otherwise == ()


def test_a_source_that_its_author_replaced_still_says_what_it_said(room):
    entry = put(room, [told(Part.ALLERGIES, "Amoxicilline")])
    requester = doctor(room)
    first = draft(room)
    put(room, [told(Part.ALLERGIES, "Pollen")], replaces=entry)
    now = room.do(requester, drafting(requester, final=True))
    assert (now.draft, now.newer) == (first, 1)


def test_that_there_is_none_is_not_said_once_only_a_hidden_document_says_it(room):
    entry = put(room, [Stated(Part.ALLERGIES, Told.NONE_KNOWN)])
    assert draft(room).about(Part.ALLERGIES).told is Told.NONE_KNOWN
    mask(room, entry)
    assert draft(room).about(Part.ALLERGIES).told is Told.NOT_STATED


def test_a_letter_that_came_after_the_last_synthesis_is_proposed_whatever_its_date(room):
    put_summary(room, [told(Part.PROBLEMS, "Asthme")], at=room.now - 10 * DAY)
    put(room, [told(Part.ALLERGIES, "Amoxicilline")], at=room.now - 90 * DAY)
    assert kept_words(draft(room), Part.ALLERGIES) == ["Amoxicilline"]


def test_the_lines_of_a_last_synthesis_that_the_patient_does_not_see_are_not_told_to_them(room):
    put_summary(room, [SECRET], masks=(INVISIBLE_PATIENT,))
    now = draft(room)
    assert (kept_words(now, Part.PROBLEMS), now.lines[0].only_hidden) == ([], True)
    assert INVISIBLE_PATIENT not in sign(room).masks


def test_what_came_since_the_draft_is_counted_and_what_was_there_is_not(room):
    put(room, [SECRET])
    requester = doctor(room)
    draft(room)
    assert room.do(requester, drafting(requester, final=True)).newer == 0
    room.now += HOUR
    put(room, [told(Part.PROBLEMS, "Nouveau")])
    found = room.do(requester, drafting(requester, final=True))
    assert (found.newer, words(found.draft)) == (1, ["Secret"])
