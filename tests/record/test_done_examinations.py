"""What was examined already: within the time asked for, from what the requester may read, and nothing said of what is hidden."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from carnet.cda.examinations import BodySite
from carnet.cda.repeated_examinations import Likeness, Order
from carnet.cda.result_model import LOINC
from carnet.client.feeding import from_cda
from carnet.clock import DAY, to_dtm
from carnet.demo.care_documents import (
    BODY_LOCATION,
    CHEST,
    CHEST_SCAN,
    IMAGING_REPORT,
    MODALITY,
    SCANNER,
    imaging_report,
)
from carnet.demo.documents import Draft
from carnet.demo.lab_reports import Measured, lab_draft, lab_report
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP
from carnet.errors import AssertionInvalid, InvalidMetadata, Refused, Unauthenticated
from carnet.hooks.draft_orders import read_request
from carnet.hooks.hooks_door import HooksDoor
from carnet.identity.vihf_structure import deny
from carnet.metadata import MASQUE_PS, Code
from carnet.record import done_examinations as done
from carnet.record import gate as gate_module
from carnet.record.administration import Administration
from carnet.record.done_examinations import MOST, done_examinations
from carnet.record.extract_filling import fill, fill_fresh
from carnet.requester import AssertionUse

POTASSIUM = Order("Potassium", (Code("2823-3", LOINC),))
SCAN = Order("Scanner du thorax", (), (SCANNER,), (BodySite(CHEST),))


def report(room, days, digits="4.10", masks=()):
    at = room.now - days * DAY
    measured = Measured("2823-3", "Potassium [Moles/Volume] Sérum/Plasma", digits, "mmol/L", to_dtm(at)[:8])
    return from_cda(lab_report(lab_draft(at), [measured]), masks=masks)


def scan(room, days):
    draft = Draft(
        room.now - days * DAY,
        type=IMAGING_REPORT,
        event=CHEST_SCAN,
        event_about=((MODALITY, SCANNER), (BODY_LOCATION, CHEST)),
    )
    return from_cda(imaging_report(draft, "1.2.3", modality="CT", display="Scanner", address="", began="20260105"))


def asked(room, *orders, days=365, by=MEDECIN_TRAITANT):
    act = done_examinations(orders, days)
    found = room.do(room.caller(by), act)
    if found.missing.unique_ids:
        asyncio.run(fill_fresh(room.gate, 100))
        found = room.do(room.caller(by), act)
    assert not found.missing.unique_ids
    return found


def told(found, number=0):
    return [(one.likeness, one.label.partition(" [")[0], one.moment[:8]) for one in found.orders[number][1]]


def test_the_newest_result_of_the_same_examination_is_told_with_its_value_and_document(room):
    room.put(report(room, 200, "3.9"))
    (entry,) = room.put(report(room, 30, "4.20"))
    found = asked(room, POTASSIUM)
    assert told(found) == [(Likeness.SAME, "Potassium", to_dtm(room.now - 30 * DAY)[:8])]
    (earlier,) = found.orders[0][1]
    assert (earlier.result.values[0].shown, earlier.document.unique_id) == ("4.20", entry.unique_id)
    assert found.documents == 2


def test_what_is_older_than_the_time_asked_for_is_not_told(room):
    room.put(report(room, 200))
    assert told(asked(room, POTASSIUM, days=100)) == []
    assert len(told(asked(room, POTASSIUM, days=300))) == 1


def test_imaging_of_the_same_kind_is_told_beside_results(room):
    room.put(scan(room, 20))
    room.put(report(room, 10))
    found = asked(room, SCAN, POTASSIUM)
    assert [likeness for likeness, _, _ in told(found)] == [Likeness.SAME_KIND]
    assert told(found)[0][1] == CHEST_SCAN.display
    assert len(told(found, 1)) == 1


def answer_of(room, by):
    found = asked(room, POTASSIUM, by=by)
    return [one.result.values[0].shown for one in found.orders[0][1]], found.documents, len(found.written)


def test_a_masked_report_is_absent_for_who_may_not_read_it(room):
    room.put(report(room, 60, "3.9"))
    authorise(room, OTHER_GP)
    before = answer_of(room, OTHER_GP)
    room.put(report(room, 5, "4.40", masks=(MASQUE_PS,)))
    assert answer_of(room, OTHER_GP) == before == (["3.9"], 1, 0)
    assert answer_of(room, MEDECIN_TRAITANT) == (["4.40"], 2, 0)


def test_control_a_look_that_forgets_the_rules_shows_the_masked_report(room, monkeypatch):
    authorise(room, OTHER_GP)
    room.put(report(room, 5, "4.40", masks=(MASQUE_PS,)))

    real = done.seen_documents

    def careless(scope):
        scope.requester = room.caller(MEDECIN_TRAITANT)
        scope.record = type(scope.record)(state="open", medecin_traitant=True, authorisation="valid")
        return real(scope)

    monkeypatch.setattr(done, "seen_documents", careless)
    assert answer_of(room, OTHER_GP)[0] == ["4.40"]


def authorise(room, who):
    Administration(room.gate, "operator:tests").authorise(room.caller().patient, who.identifier, None)


def test_a_stranger_to_the_record_is_refused(room):
    with pytest.raises(Refused):
        room.do(room.caller(OTHER_GP), done_examinations((POTASSIUM,), 365))


@pytest.mark.parametrize(
    ("orders", "days"),
    [((), 10), ((Order(),), 10), ((POTASSIUM,), 0), ((POTASSIUM,), 4_000), ((POTASSIUM,) * (MOST + 1), 9)],
)
def test_a_question_without_bounds_or_words_is_refused(room, orders, days):
    with pytest.raises(InvalidMetadata):
        room.do(room.caller(), done_examinations(orders, days))


def test_the_trace_tells_which_documents_were_shown(room):
    (entry,) = room.put(report(room, 30))
    room.put(scan(room, 20))
    asked(room, POTASSIUM)
    ticket = room.last_ticket()
    asked(room, POTASSIUM)
    (line,) = room.lines_since(ticket)
    assert (line["action"], tuple(line["objects"]), line["detail"]) == (
        "pro/examinations-done",
        (entry.unique_id,),
        "1: 1",
    )


# --- asked for twice within one call --------------------------------------------------------------------------------------


def asking(room, monkeypatch, meanwhile):
    """A call whose documents are read while it waits; `meanwhile` happens after that."""
    room.put(report(room, 30))
    use = AssertionUse(b"k" * 32, room.now + DAY)
    who = replace(room.caller(), assertion=use)

    async def filling(gate, missing, *, seconds):
        count = await fill(gate, missing, seconds=seconds)
        meanwhile()
        return count

    monkeypatch.setattr("carnet.hooks.hooks_door.fill", filling)
    request = read_request(
        b'{"hook":"order-select","hookInstance":"1","context":{"userId":"1","patientId":"42","draftOrders":{"entry":[{"resource":'
        b'{"resourceType":"ServiceRequest","code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]}}}]}}}'
    )
    return asyncio.run(HooksDoor(room.platform, room.gate)._cards(who, request)), use


def test_what_is_read_while_software_waits_is_told_under_the_assertion_of_the_call(room, monkeypatch):
    (card,), use = asking(room, monkeypatch, lambda: None)
    assert card["indicator"] == "warning"
    with pytest.raises(AssertionInvalid):
        room.do(replace(room.caller(), assertion=use), done_examinations((POTASSIUM,), 365))


def test_the_directory_is_asked_again_before_the_second_answer(room, monkeypatch):
    def leave():
        confirmed.append("left")

    confirmed = []
    real = gate_module.confirm

    def confirm(connection, requester):
        if confirmed == ["left"]:
            raise deny("the directory knows the caller no more")
        return real(connection, requester)

    monkeypatch.setattr(gate_module, "confirm", confirm)
    with pytest.raises(Unauthenticated):
        asking(room, monkeypatch, leave)
