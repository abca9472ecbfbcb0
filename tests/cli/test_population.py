"""The population from the command line: enrolled, brought forward in time, and destroyed people forgotten again."""

from __future__ import annotations

import pytest

from carnet.cli import life_of_records
from carnet.clock import DAY, system_clock, to_datetime
from carnet.identity.ins import NIR_TEST, key_of

OF_INS = ("--home", "HOME", "--patient", "INS")
HEADER = "ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance;territoire;canal;dmp_avant_2022\n"


def ins_of(number):
    body = f"2840599{number:06d}"
    return body + key_of(body)


def person(number, sex="F"):
    return f"{ins_of(number)};{NIR_TEST};ESSAI;MARIE;{sex};1984-05-17;99350;80;courriel;non\n"


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "affiliation.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def by(monkeypatch):
    """Who sits at the command line from now on."""
    return lambda name: monkeypatch.setattr(life_of_records, "operator_name", lambda: f"operator:{name}")


def in_days(number):
    return to_datetime(system_clock() + number * DAY).date().isoformat()


def test_people_are_enrolled_and_opened_after_six_weeks(run, file, monkeypatch):
    said = run("enrol", "--home", "HOME", file(HEADER + person(901001) + person(901002)))
    assert (said.status, said.out, said.err) == (
        0,
        "2 people informed, 0 wait for their territory, 0 unchanged.\n",
        "",
    )
    assert run("due", "--home", "HOME").out == "Nothing is due.\n"
    assert run("due", "--home", "HOME", "--at", in_days(43)).out == "notice-awaited: 2\n"
    monkeypatch.setenv("CARNET_DELAYS_WAIT_FOR_NOTICE", "false")
    assert run("due", "--home", "HOME", "--at", in_days(42)).out == "Nothing is due.\n"
    assert run("due", "--home", "HOME", "--at", in_days(43)).out == "delay-ends: 2\n"
    assert run("due", "--home", "HOME", "--at", in_days(43)).out == "Nothing is due.\n"


def test_bad_lines_of_an_affiliation_file_are_told_with_status_1_each_time(run, file):
    latin = person(901003).replace("ESSAI", "ESSAIÉ").encode("latin-1")
    path = file((HEADER + person(901001) + person(901002, "X")).encode() + latin + b"x\n" * 25)
    for _ in range(2):
        said = run("enrol", "--home", "HOME", path)
        assert said.status == 1
        assert said.out.startswith("1 people informed")
        lines = said.err.splitlines()
        assert lines[:2] == ["line 3: The sex is not M, F or I.", "line 4: The line is not written in UTF-8."]
        assert (len(lines), lines[-1]) == (21, "and 7 more lines")


def test_who_objects_receives_a_proof_in_a_file(run, refused, file, tmp_path):
    run("enrol", "--home", "HOME", file(HEADER + person(901001)))
    proof = tmp_path / "preuve.txt"
    of = ("--home", "HOME", "--patient", ins_of(901001))
    said = run("record", "oppose", *of, "--identity", "Marie ESSAI", "--out", proof)
    assert (said.status, said.out) == (0, "Done.\n")
    again = tmp_path / "encore.txt"
    run("record", "opposition-proof", *of, "--out", again)
    assert again.read_text(encoding="utf-8") == proof.read_text(encoding="utf-8")
    assert run("record", "verify-opposition", "--home", "HOME", proof).out.startswith("Valid: OPP-")
    proof.write_text(proof.read_text(encoding="utf-8").replace("Marie", "Maria"), encoding="utf-8")
    assert "changed" in refused("record", "verify-opposition", "--home", "HOME", proof)
    assert run("due", "--home", "HOME", "--at", in_days(60)).out == "Nothing is due.\n"


def test_two_operators_destroy_a_record_and_a_restore_does_not_bring_it_back(run, refused, by):
    by("un")
    assert "close it first" in refused("record", "destroy", *OF_INS)
    run("record", "close", *OF_INS, "--reason", "FERMETURE_DEMANDE_PATIENT")
    assert run("record", "destroy", *OF_INS, "--requested", in_days(-80)).out == "Done.\n"
    said = run("due", "--home", "HOME")
    assert (said.status, said.out) == (1, "destruction-warned: 1\n")
    assert "is not confirmed" in said.err
    assert "does not confirm" in refused("record", "confirm-destruction", *OF_INS)
    by("deux")
    assert run("record", "confirm-destruction", *OF_INS).out == "Done.\n"
    said = run("due", "--home", "HOME")
    assert (said.status, said.out) == (0, "destroy: 1\nkey-erased: 1\n")
    assert refused("record", "open", *OF_INS)
    assert run("restore", "--home", "HOME", "--replay-tombstones").out.startswith("0 people")


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        (("activate",), "Done.\n", "Nothing to change.\n"),
        (("suspend", "--reason", "FRAUDE"), "Done.\n", "Nothing to change.\n"),
        (("resume",), "Nothing to change.\n", "Nothing to change.\n"),
        (("death",), "Done.\n", "Nothing to change.\n"),
        (("cancel-destruction",), "Nothing to change.\n", "Nothing to change.\n"),
    ],
)
def test_each_command_says_whether_it_changed_anything(run, words, first, second):
    said = [run("record", words[0], *OF_INS, *words[1:]).out for _ in range(2)]
    assert said == [first, second]


def test_a_death_that_did_not_happen_is_withdrawn(run, refused):
    run("record", "death", *OF_INS)
    assert "death" in refused("record", "open", *OF_INS)
    assert run("record", "death", *OF_INS, "--withdrawn").out == "Done.\n"
    assert run("record", "open", *OF_INS).out == "Nothing to change.\n"


def test_the_history_of_a_record_is_shown_with_who_made_it(run):
    run("record", "close", *OF_INS, "--reason", "FERMETURE_DEMANDE_PATIENT")
    lines = run("record", "history", *OF_INS).out.splitlines()
    assert [line.split()[1:4] for line in lines] == [
        ["open", "open", "-"],
        ["closed", "close", "FERMETURE_DEMANDE_PATIENT"],
    ]
    assert lines[0].endswith(" operator:demonstration")
    assert "administration/read-history" in run("trace", *OF_INS).out


def test_restoring_says_what_it_does(run):
    said = run("restore", "--home", "HOME")
    assert said.status == 2
    assert "--replay-tombstones" in said.err
