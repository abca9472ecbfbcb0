"""An operator's commands about emergency accesses, in the words that an operator reads."""

from __future__ import annotations

import csv
import io

import pytest

from carnet.cli.operator_gate import operator_gate
from carnet.clock import DAY, system_clock, to_iso
from carnet.demo.people import OTHER_GP, PAT_TROIS, PATIENTS
from carnet.document_query import FindDocuments, ReturnType
from carnet.metadata import AvailabilityStatus
from carnet.record.search import search
from carnet.requester import AccessMode, Authentication, CardClass, Requester

REASON = "INCONSCIENT: trouvé au sol, ne répond pas"
HOME = ("--home", "HOME")


@pytest.fixture
def broken(home):
    """Breaks the glass of a patient's record."""

    def breaks(patient=PAT_TROIS, mode=AccessMode.BRIS_DE_GLACE):
        who = Requester(
            identifier=OTHER_GP.identifier,
            name=OTHER_GP.name,
            organization_id=OTHER_GP.organization.identifier,
            sector=OTHER_GP.organization.sector,
            authentication=Authentication.DIRECT,
            card=CardClass.PROFESSIONAL,
            profession=OTHER_GP.profession,
            specialty=OTHER_GP.specialty,
            mode=mode,
            reason=REASON,
            patient=patient.identifier,
        )
        with operator_gate(home) as gate:
            gate.perform_now(
                who, search(FindDocuments((patient.identifier,), (AvailabilityStatus.APPROVED,)), ReturnType.LEAF_CLASS)
            )

    return breaks


def day(number):
    """The date so many days from now."""
    return to_iso(system_clock() + number * DAY)[:10]


def test_the_queue_is_empty_at_first(run):
    said = run("emergency", "list", *HOME)
    assert (said.status, said.out, said.err) == (0, "", "0 to review, 0 overdue.\n")


def test_an_access_is_listed_shown_reviewed_and_gone(run, broken, refused):
    broken()
    said = run("emergency", "list", *HOME)
    assert OTHER_GP.identifier in said.out
    assert "OVERDUE" not in said.out
    name = said.out.split()[0]
    shown = run("emergency", "show", *HOME, name).out
    assert f"reason: {REASON}" in shown
    assert "To be reviewed before" in shown
    verdict = ("emergency", "review", *HOME, name, "--verdict")
    assert run(*verdict, "unclear", "--sentence", "Le service est interrogé").out == "Done.\n"
    assert "unclear so far" in run("emergency", "list", *HOME).out
    assert run(*verdict, "justified", "--sentence", "Passage aux urgences confirmé").out == "Done.\n"
    shown = run("emergency", "show", *HOME, name).out
    assert "justified by operator:" in shown
    assert "Reviewed." in shown
    assert run("emergency", "list", *HOME).out == ""
    assert "already" in refused(*verdict, "justified", "--sentence", "Encore une fois vraiment")
    assert "administration/emergency-review" in run("trace", *HOME, "--patient", "INS").out


def test_an_overdue_review_is_flagged_and_the_command_ends_with_status_1(run, broken, monkeypatch):
    monkeypatch.setenv("CARNET_EMERGENCY_REVIEW_HOURS", "-1")
    broken()
    said = run("emergency", "list", *HOME)
    assert said.status == 1
    assert "OVERDUE" in said.out
    assert "1 overdue" in said.err


def test_what_is_wrong_is_told_in_a_sentence(run, refused, broken):
    broken()
    name = run("emergency", "list", *HOME).out.split()[0]
    assert "No such" in refused("emergency", "show", *HOME, "none")
    assert "sentence" in refused("emergency", "review", *HOME, name, "--verdict", "justified", "--sentence", "ok")
    assert "No such alarm" in refused("emergency", "settle", *HOME, "none", "--note", "Une note entière")
    assert run("emergency", "review", *HOME, name, "--verdict", "fine", "--sentence", "x").status == 2


def test_alarms_are_listed_with_status_1_and_settled(run, broken, monkeypatch):
    monkeypatch.setenv("CARNET_EMERGENCY_ALARM_REQUESTER_HOUR", "1")
    assert run("emergency", "alarms", *HOME).status == 0
    for patient in PATIENTS[:2]:
        broken(patient)
    said = run("emergency", "alarms", *HOME)
    assert said.status == 1
    assert "emergency-requester-hour" in said.out
    name = said.out.split()[0]
    assert run("emergency", "settle", *HOME, name, "--note", "Accident de car, vu ensemble").out == "Done.\n"
    assert run("emergency", "alarms", *HOME).status == 0


def test_the_figures_come_as_a_table_and_as_csv(run, broken):
    broken()
    table = run("emergency", "figures", *HOME, "--from", day(-1), "--to", day(1)).out.splitlines()
    assert table[0].split()[:3] == ["structure", "name", "bris_de_glace"]
    assert table[1].startswith(OTHER_GP.organization.identifier)
    rows = list(
        csv.DictReader(
            io.StringIO(run("emergency", "figures", *HOME, "--from", day(-1), "--to", day(1), "--csv").out),
            delimiter=";",
        )
    )
    assert rows == [
        {
            "structure": OTHER_GP.organization.identifier,
            "name": OTHER_GP.organization.name,
            "bris_de_glace": "1",
            "centre_15": "0",
            "reviewed": "0",
            "unjustified": "0",
            "overdue": "0",
            "normal_visits": "0",
            "bris_de_glace_per_1000_visits": "",
        }
    ]
    before = day(-3)
    assert run("emergency", "figures", *HOME, "--from", before, "--to", before, "--csv").out.count("\n") == 1


def test_the_watch_says_what_it_counted(run, broken):
    broken()
    said = run("watch", *HOME)
    assert said.status == 0
    assert "0 alarms raised." in said.out
    assert run("watch", *HOME).out.startswith("1 lines")
