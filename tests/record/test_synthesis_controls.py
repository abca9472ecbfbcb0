"""Controls: each guarantee of the synthesis broken on purpose, to show that the tests beside would see it."""

from __future__ import annotations

from synthesis_work import change, doctor, draft, kept_words, put_summary, sign, told

from carnet.cda.synthesis_model import Part, Stated, SynthesisLine, Told
from carnet.clock import DAY
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP
from carnet.metadata import MASQUE_PS
from carnet.record import synthesis_draft, synthesis_merging, synthesis_signing
from carnet.record.synthesis_acts import adding, drafting
from carnet.record.synthesis_signing import basis, digest, signing, written


def test_control_without_the_rule_of_who_writes_a_stranger_would_draft(room, monkeypatch):
    monkeypatch.setattr(synthesis_draft, "may_write", lambda _scope: True)
    requester = doctor(room, OTHER_GP)
    assert room.do(requester, drafting(requester, final=True)).draft.lines == ()


def test_control_without_the_comparison_something_else_than_what_was_shown_would_be_signed(room, monkeypatch):
    put_summary(room, [told(Part.PROBLEMS, "Asthme")], by=OTHER_GP, at=room.now - DAY)
    found, requester = draft(room), doctor(room)
    made = room.do(requester, basis(requester))
    shown = digest(written(requester, made, None))
    change(room, found.name, adding(Part.ALERTS, SynthesisLine("Autre chose")))
    newer = room.do(requester, basis(requester))
    monkeypatch.setattr(synthesis_signing.hmac, "compare_digest", lambda _one, _other: True)
    assert room.do(requester, signing(room.platform, requester, newer, None, shown=shown)).entries


def test_control_without_looking_at_masks_what_the_patient_hid_would_be_drafted(room, monkeypatch):
    put_summary(room, [told(Part.PROBLEMS, "Secret")], by=OTHER_GP, masks=(MASQUE_PS,))
    monkeypatch.setattr(
        synthesis_draft, "hidden_now", lambda _scope, documents, _former: {one.found.unique_id: "" for one in documents}
    )
    assert kept_words(draft(room), Part.PROBLEMS) == ["Secret"]


def test_control_were_every_former_synthesis_a_basis_another_s_denial_would_take_an_allergy_out(room, monkeypatch):
    put_summary(room, [told(Part.ALLERGIES, "Amoxicilline")], by=MEDECIN_TRAITANT, at=room.now - 90 * DAY)
    put_summary(room, [Stated(Part.ALLERGIES, Told.NONE_KNOWN)], by=OTHER_GP)
    newest = lambda _scope, documents: next(iter(synthesis_draft.syntheses_among(documents)), None)  # noqa: E731
    monkeypatch.setattr(synthesis_draft, "own_synthesis", newest)
    assert kept_words(draft(room), Part.ALLERGIES) == []


def test_control_were_contradictions_agreements_they_would_not_be_seen(room, monkeypatch):
    put_summary(room, [told(Part.TREATMENTS, SynthesisLine("Doliprane", note="1"))], by=OTHER_GP, at=room.now - DAY)
    put_summary(room, [told(Part.TREATMENTS, SynthesisLine("Doliprane", note="2"))], by=OTHER_GP)
    monkeypatch.setattr(synthesis_merging, "_says_the_same", lambda *_: True)
    assert [one.otherwise for one in draft(room).lines] == [()]


def test_control_a_signature_without_the_draft_s_end_would_leave_it(room, monkeypatch):
    put_summary(room, [told(Part.PROBLEMS, "Asthme")], by=OTHER_GP, at=room.now - DAY)
    draft(room)
    monkeypatch.setattr(synthesis_signing, "drop_draft", lambda _scope: None)
    sign(room)
    assert room.rows("SELECT count(*) FROM synthesis_draft") == [(1,)]
