"""An operator's commands on one record: what they change, what they say, and that each is traced."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from carnet.clock import DAY
from carnet.demo.people import HOSPITAL_DOCTOR, NESSI, OTHER_GP, PAT_TROIS

DONE, NOTHING = "Done.\n", "Nothing to change.\n"
OF_INS = ("--home", "HOME", "--patient", "INS")
OTHER = ("--party", OTHER_GP.identifier)
PROTECTOR = NESSI.identifier.value
KNOWN = ("--party", HOSPITAL_DOCTOR.identifier)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (("open",), NOTHING),
        (("close", "--reason", "FERMETURE_DEMANDE_PATIENT"), DONE),
        (("authorise", *OTHER), DONE),
        (("authorise", *OTHER, "--until", "2099-12-31"), DONE),
        (("end-authorisation", *KNOWN), DONE),
        (("block", *KNOWN), DONE),
        (("unblock", *KNOWN), NOTHING),
        (("medecin-traitant", *OTHER), DONE),
        (("choose", "--choice", "opposes_centre_15", "--yes"), DONE),
        (("choose", "--choice", "masks_everything", "--yes"), DONE),
        (("join-team", *OTHER), DONE),
        (("join-team", *OTHER, "--until", "2099-12-31"), DONE),
        (("leave-team", *OTHER), NOTHING),
        (("name-administrator", *OTHER), DONE),
        (("end-administrator", *OTHER), NOTHING),
        (("oppose-feeding", *OTHER, "--reason", "un motif"), DONE),
        (("allow-feeding", *OTHER), NOTHING),
        (("declare-representative", "--other", PROTECTOR, "--kind", "protection"), DONE),
        (("answer", "--accept", "--as", PROTECTOR), NOTHING),
        (("give-up", "--as", PROTECTOR), NOTHING),
    ],
)
def test_a_command_says_whether_it_changed_anything_and_done_twice_it_changes_nothing(run, words, first):
    name, *options = words
    assert run("record", name, *OF_INS, *options).out == first
    again = run("record", name, *OF_INS, *options)
    assert (again.status, again.out, again.err) == (0, NOTHING, "")


def test_every_command_is_in_the_patient_s_trace_with_the_operator_s_name(run, monkeypatch):
    monkeypatch.setenv("LOGNAME", "colibri")
    run("record", "block", *OF_INS, *OTHER)
    run("record", "unblock", *OF_INS, *OTHER)
    said = run("trace", *OF_INS)
    assert said.status == 0
    tail = [line.split() for line in said.out.splitlines()][-3:]
    assert [line[2] for line in tail] == [
        "patient/block",
        "patient/unblock",
        "administration/read-trail",
    ]
    assert {line[4] for line in tail} == {"operator:colibri"}
    assert {line[3] for line in tail} == {"done"}


def test_an_identifier_may_name_its_authority(run, refused):
    oid = PAT_TROIS.identifier.authority
    full = f"{PAT_TROIS.identifier.value}/{oid}"
    assert run("record", "open", "--home", "HOME", "--patient", full).out == NOTHING
    assert refused("record", "open", "--home", "HOME", "--patient", f"{PAT_TROIS.identifier.value}/1.2.3")


@pytest.mark.parametrize(
    ("patient", "said"),
    [
        ("279035121518900", ""),  # a wrong key
        ("not-an-ins", ""),
        ("", ""),
        ("155112A99900124/1.2.250.1.213.1.4.11", "No person is known"),
    ],
)
def test_nobody_s_record_is_told_in_a_sentence_that_does_not_repeat_the_identifier(refused, patient, said):
    sentence = refused("record", "open", "--home", "HOME", "--patient", patient)
    assert said in sentence
    assert not patient[:13] or patient[:13] not in sentence


@pytest.mark.parametrize("options", [("--party", ""), ("--party", "two words"), (*OTHER, "--until", "2001-01-01")])
def test_an_authorisation_that_makes_no_sense_is_told_in_a_sentence(refused, options):
    assert "cannot be written" in refused("record", "authorise", *OF_INS, *options)


def test_who_is_blocked_is_not_authorised(run, refused):
    run("record", "block", *OF_INS, *OTHER)
    assert "blocked" in refused("record", "authorise", *OF_INS, *OTHER)
    assert "refused" in run("trace", *OF_INS).out


@pytest.mark.parametrize(
    "words",
    [
        ("record", "open", "--home", "HOME"),
        ("record", "choose", *OF_INS, "--choice", "whatever", "--yes"),
        ("record", "choose", *OF_INS, "--choice", "opposes_centre_15"),
        ("record", "authorise", *OF_INS, *OTHER, "--until", "tomorrow"),
        ("record", "vanish"),
    ],
)
def test_a_command_that_is_not_well_said_explains_itself_with_status_2(run, words):
    said = run(*words)
    assert said.status == 2
    assert "Usage:" in said.err


def test_an_authorisation_without_an_end_holds_for_the_days_of_the_setting(run, home):
    run("record", "authorise", *OF_INS, *OTHER)
    with contextlib.closing(sqlite3.connect(home / "carnet.db")) as raw:
        query = "SELECT expires_at - since FROM care_link WHERE party = ? ORDER BY since DESC LIMIT 1"
        (length,) = raw.execute(query, (OTHER_GP.identifier,)).fetchone()
    assert 364 * DAY < length <= 367 * DAY


def test_a_list_is_printed_line_by_line_and_somebody_else_may_speak(run, refused):
    assert run("record", "documents", *OF_INS).status == 0
    assert run("record", "representatives", *OF_INS).out == ""
    assert "not for the person" in refused("record", "documents", *OF_INS, "--as", NESSI.identifier.value)
    run("record", "declare-representative", *OF_INS, "--other", NESSI.identifier.value, "--kind", "protection")
    listed = run("record", "representatives", *OF_INS).out
    assert listed.startswith(f"{NESSI.identifier.value}  protection  accepted  True")
    assert run("record", "documents", *OF_INS, "--as", NESSI.identifier.value).status == 0


def test_carers_are_closed_here(refused):
    words = ("record", "invite", *OF_INS, "--other", NESSI.identifier.value, "--kind", "carer")
    assert "not open" in refused(*words)
    assert "not open" in refused(*words, "--from", "2099-01-01", "--until", "2099-06-01")
