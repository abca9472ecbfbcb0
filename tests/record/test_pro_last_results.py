"""The last results without decoding every report: the same as when all are decoded."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from carnet.cda.formats import TEXT_XML
from carnet.clock import DAY, to_dtm
from carnet.demo.documents import LAB_REPORT, Draft
from carnet.demo.lab_reports import Measured, lab_report
from carnet.record import pro_last_results
from carnet.record.document_extracts import Extract
from carnet.record.extractors import State
from carnet.record.pro_last_results import last_results
from carnet.record.structured_extracts import packed_report

NOW = 1_790_000_000_000_000
REPORTS = 30


def extract(number, results, *, days, taken):
    """The extract of a report of so many days ago, whose results were taken some days before."""
    at = NOW - days * DAY
    stamp = f"{to_dtm(at - taken * DAY)}+0000"
    measured = [Measured(f"{code}-1", f"Examen {code}", digits, "g/L", stamp) for code, digits in results]
    content = lab_report(Draft(at, type=LAB_REPORT), measured, collected=stamp)
    found = SimpleNamespace(time=to_dtm(at), found=SimpleNamespace(unique_id=f"1.2.{number}"))
    return Extract(found, State.MADE, packed_report(content, TEXT_XML))


@pytest.fixture(scope="module")
def extracts():
    """Reports, the newest first: few examinations in each, the newest of them long after their specimens were taken."""
    made = []
    for number in range(REPORTS):
        results = [((number * 7 + step) % 40, f"{number}.{step}") for step in range(4)]
        made.append(extract(number, results, days=number * 11, taken=60 if number < 3 else number % 5))
    return made


def shown(found):
    return [(one.key, one.moment, one.unique_id, one.results[0].values[0].shown) for one in found]


def decoded(monkeypatch, extracts):
    """What comes out, and how many reports were decoded for it."""
    counted = []
    whole = pro_last_results.report_in
    monkeypatch.setattr(pro_last_results, "report_in", lambda plain: counted.append(1) or whole(plain))
    found, documents = last_results(extracts)
    return shown(found), documents, len(counted)


def test_no_line_differs_from_what_all_reports_together_tell(extracts, monkeypatch):
    monkeypatch.setattr(pro_last_results, "EXAMINATIONS", 8)
    some, documents, count = decoded(monkeypatch, extracts)
    monkeypatch.setattr(pro_last_results, "AT_ONCE", REPORTS)
    everything, _documents, all_of_them = decoded(monkeypatch, extracts)
    assert some == everything
    assert len(some) == 8
    assert count < all_of_them == REPORTS
    assert {one.found.unique_id for one in documents} == {one[2] for one in some}


def test_control_stopping_as_soon_as_there_are_enough_lines_is_caught(extracts, monkeypatch):
    monkeypatch.setattr(pro_last_results, "EXAMINATIONS", 8)
    monkeypatch.setattr(pro_last_results, "AT_ONCE", REPORTS)
    everything = shown(last_results(extracts)[0])
    monkeypatch.setattr(pro_last_results, "AT_ONCE", 3)
    # as if every report that is left were too old to tell anything
    hurried = [Extract(SimpleNamespace(time="0", found=one.document.found), one.state, one.content) for one in extracts]
    assert shown(last_results(hurried)[0]) != everything


def test_a_record_without_reports_has_no_results():
    assert last_results([]) == ((), [])
    assert last_results([Extract(SimpleNamespace(time="2024"), State.MADE, b"")]) == ((), [])
