"""An operator's commands about reports, in the words that an operator reads."""

from __future__ import annotations

import pytest

from carnet.cli.operator_gate import operator_gate
from carnet.demo.people import PAT_TROIS
from carnet.record.own_reports import OwnReports, Wrong

HOME = ("--home", "HOME")
WORDS = "Je n'étais pas dans cette ville ce jour-là."
ANSWER = "C'était votre pharmacie, pour la délivrance du 3 mars."


@pytest.fixture
def reported(home, run):
    """A report about an access: the operator's own, for the test."""
    run("trace", *HOME, "--patient", "INS")
    with operator_gate(home) as gate:
        desk = OwnReports(gate, "operator:tests")
        return desk.report_access(PAT_TROIS.identifier, lambda _ticket: True, Wrong("no-care", WORDS))


def test_no_queue_has_anything_at_first(run):
    said = run("reports", "list", *HOME)
    assert (said.status, said.out, said.err) == (0, "", "0 waiting, 0 overdue.\n")


def test_a_report_is_listed_shown_answered_closed_and_gone(run, refused, reported):
    listed = run("reports", "list", *HOME, "--operator").out
    assert listed.split()[0] == reported
    assert "access  operator  sent" in listed
    assert run("reports", "list", *HOME, "--structure", "1990000028").out == ""
    shown = run("reports", "show", *HOME, reported).out
    assert "no-care" in shown
    assert f"in their words: {WORDS}" in shown
    assert "seen" in run("reports", "list", *HOME).out
    assert "answer it first" in refused("reports", "close", *HOME, reported)
    assert run("reports", "answer", *HOME, reported, "--sentence", ANSWER).out == "Done.\n"
    assert f"answered: {ANSWER}" in run("reports", "show", *HOME, reported).out
    assert run("reports", "list", *HOME).out == ""
    assert run("reports", "close", *HOME, reported).out == "Done.\n"
    assert "One of your reports was answered" in run("notices", "list", *HOME, "--patient", "INS").out
    trace = run("trace", *HOME, "--patient", "INS").out
    assert "administration/report-answer" in trace
    assert WORDS not in trace
    assert ANSWER not in trace


def test_what_is_wrong_is_told_in_a_sentence(refused, reported):
    assert "No such report" in refused("reports", "show", *HOME, "nothing")
    assert "sentence" in refused("reports", "answer", *HOME, reported, "--sentence", "ok")
