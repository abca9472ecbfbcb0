"""Results compared by a professional: what may be set side by side, chosen by the address, and nothing of what is hidden."""

from __future__ import annotations

import asyncio

import pytest

from carnet.client.feeding import from_cda
from carnet.clock import DAY
from carnet.demo.documents import LAB_REPORT, Draft
from carnet.demo.lab_reports import Measured, lab_report
from carnet.demo.people import COMMUNITY_NURSE
from carnet.errors import UnknownDocument
from carnet.metadata import MASQUE_PS
from carnet.record import pro_results
from carnet.record.extract_filling import fill_fresh
from carnet.record.pro_results import Compared, result_history, result_table

POTASSIUM, CREATININE = "2823-3", "14682-9"


def put(room, digits, *, days, code=POTASSIUM, unit="mmol/L", chapter="Biochimie", masks=()):
    """A report of one result, so many days old."""
    at = room.now - days * DAY
    measured = Measured(code, f"Examen {code}", digits, unit, f"2025{12 - days // 31:02}010830+0100")
    content = lab_report(Draft(at, type=LAB_REPORT), [measured], title=chapter)
    return room.put(from_cda(content, masks=masks))[0]


def ask(room, act, who=COMMUNITY_NURSE):
    asyncio.run(fill_fresh(room.gate, 1_000))
    return room.do(room.caller(who), act)


def table(room, **asked):
    return ask(room, result_table(Compared(**asked)))


def values(found):
    return {
        (one.code, series.unit): [point.value.shown for point in series.points]
        for one in found.comparison.analytes
        for series in one.series
    }


def test_every_report_is_compared_by_code_and_unit_with_its_source(room):
    old, new = put(room, "4.0", days=90), put(room, "4.10", days=1)
    put(room, "61", days=2, code=CREATININE, unit="umol/L")
    found = table(room)
    assert values(found) == {(POTASSIUM, "mmol/L"): ["4.0", "4.10"], (CREATININE, "umol/L"): ["61"]}
    point = found.comparison.analytes[0].series[0].points[-1]
    assert found.sources[point.sources[0].document].document.unique_id == new.unique_id
    assert {one.document.unique_id for one in found.sources.values()} >= {old.unique_id, new.unique_id}
    assert [one.key for one in found.examinations] == [POTASSIUM, CREATININE]
    assert (found.reports, found.matching, found.older) == (3, 3, "")


def test_what_is_chosen_is_compared_and_nothing_else(room):
    put(room, "4.0", days=90)
    put(room, "4.10", days=1)
    put(room, "61", days=2, code=CREATININE, unit="umol/L", chapter="Rein")
    assert values(table(room, keys=(CREATININE,))) == {(CREATININE, "umol/L"): ["61"]}
    assert values(table(room, chapter="REIN")) == {(CREATININE, "umol/L"): ["61"]}
    since = table(room).sources
    newest = max(one.document.time[:8] for one in since.values())
    assert values(table(room, since=newest)) == {(POTASSIUM, "mmol/L"): ["4.10"]}
    assert values(table(room, until="20000101")) == {}
    assert len(table(room, until="20000101").examinations) == 2


def test_more_reports_than_fit_are_told_with_the_day_to_go_on_from(room, monkeypatch):
    monkeypatch.setattr(pro_results, "REPORTS", 2)
    for days in (1, 40, 80):
        put(room, str(days), days=days)
    found = table(room)
    assert (found.reports, found.matching) == (2, 3)
    assert values(table(room, until=found.older)) == {(POTASSIUM, "mmol/L"): ["80"]}


def test_one_examination_over_time(room):
    put(room, "4.0", days=90)
    put(room, "4.10", days=1)
    found = ask(room, result_history(POTASSIUM))
    assert [point.value.shown for point in found.analyte.series[0].points] == ["4.0", "4.10"]
    assert found.own == ()


def test_a_masked_report_changes_nothing_and_its_examination_is_unknown(room):
    put(room, "4.0", days=90)
    before, history = table(room), ask(room, result_history(POTASSIUM))
    put(room, "6.66", days=1, masks=(MASQUE_PS,))
    put(room, "6.66", days=1, code="999-1", masks=(MASQUE_PS,))
    assert table(room) == before
    assert ask(room, result_history(POTASSIUM)) == history
    for key in ("999-1", "999-9"):
        with pytest.raises(UnknownDocument):
            ask(room, result_history(key))


def test_control_a_viewer_that_sees_everything_is_caught(room, monkeypatch):
    put(room, "4.0", days=90)
    put(room, "6.66", days=1, code="999-1", masks=(MASQUE_PS,))
    monkeypatch.setattr("carnet.authorization.engine.Viewer.sees", lambda *_given: True)
    assert ("999-1", "mmol/L") in values(table(room))
    assert ask(room, result_history("999-1")).analyte is not None
