"""Forms come twice, late, and out of two pages at once: none takes back unseen what another said."""

import pytest
from synthesis_work import change, draft, kept_words, put_summary, told

from carnet.cda.synthesis_model import Part, SynthesisLine
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP
from carnet.errors import Refused
from carnet.record.synthesis_acts import ChangedLine, adding, correcting, drafting, moving

DOSE = SynthesisLine("Doliprane", note="1 par jour")


def test_an_older_page_takes_back_nothing_unseen(room):
    put_summary(room, [told(Part.TREATMENTS, DOSE)], by=OTHER_GP)
    drafted = draft(room)
    (line,) = drafted.lines
    corrected = change(
        room, drafted.name, correcting(line.line_id, SynthesisLine("Doliprane", note="2 par jour"), line.mark)
    )
    dated = SynthesisLine("Doliprane", note="1 par jour", start="2020")
    with pytest.raises(ChangedLine):
        change(room, drafted.name, correcting(line.line_id, dated, line.mark))
    assert draft(room) == corrected


def test_a_line_that_is_moved_twice_is_moved_once(room):
    put_summary(room, [told(Part.PROBLEMS, "Asthme"), told(Part.DEVICES, "Canne")], by=OTHER_GP)
    drafted = draft(room)
    asthma, cane = drafted.lines
    for _ in range(2):
        moved = change(room, drafted.name, moving(asthma.line_id, Part.HISTORY))
        assert (kept_words(moved, Part.PROBLEMS), kept_words(moved, Part.HISTORY)) == ([], ["Asthme"])
    assert change(room, drafted.name, moving(cane.line_id, Part.HISTORY)) == moved
    assert kept_words(change(room, drafted.name, moving(asthma.line_id, Part.PROBLEMS)), Part.PROBLEMS) == ["Asthme"]


def test_a_line_that_is_sent_twice_is_added_once(room):
    drafted = draft(room)
    for _ in range(2):
        added = change(room, drafted.name, adding(Part.ALERTS, SynthesisLine("Vit seule")))
    assert kept_words(added, Part.ALERTS) == ["Vit seule"]
    assert len(added.lines) == 1


def test_nobody_writes_it_in_an_emergency(room):
    for who in (MEDECIN_TRAITANT, OTHER_GP):
        requester = room.glass_breaker(who, portal=True)
        with pytest.raises(Refused):
            room.do(requester, drafting(requester, final=True))
