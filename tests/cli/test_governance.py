"""Rule data from the command line: a ministry changes the matrix without a redeploy, and what is wrong is said in a sentence."""

from __future__ import annotations

import hashlib
import sqlite3

import pytest

from carnet.clock import DAY, system_clock, to_iso

OF_HOME = ("--home", "HOME")
CELLS = {("10", "11488-4"): "N", ("60", "68599-0"): "Y"}


@pytest.fixture
def propose(run, ministry, tmp_path):
    """Imports a version that begins in a day; `change` edits the lines of its file."""

    def imported(name="second", proposer="carole", effective_at=None, change=None):
        file = tmp_path / f"{name}.csv"
        moment = effective_at or system_clock() + DAY
        file.write_bytes(ministry.file(name, moment, cells=CELLS, change=change))
        return run("rules", "import", *OF_HOME, file, "--as", proposer)

    return imported


@pytest.fixture
def approve(run, ministry):
    return lambda name, person: run(
        "rules", "approve", *OF_HOME, name, "--as", person, "--key", ministry.key_file(person)
    )


def test_a_proposal_says_its_digest_and_what_it_would_change(propose):
    said = propose()
    assert (said.status, said.err) == (0, "")
    first, second, *rest = said.out.splitlines()
    assert first.startswith("Proposed second, from ")
    assert second == "Against draft-2026-11-22, second opens 1 and closes 1 cells."
    assert rest[0] == "Médecin (10):"
    assert rest[1].startswith("  closes 1: ")
    assert rest[1].endswith("(11488-4)")
    assert rest[2] == "Infirmier (60):"
    assert rest[3].startswith("  opens 1: ")
    assert len(rest) == 4


def test_two_people_approve_and_the_version_is_listed_with_its_state(run, propose, approve):
    propose()
    assert "1 of 2. Another person must approve it." in approve("second", "alice").out
    assert "2 of 2. It holds from " in approve("second", "bob").out
    lines = run("rules", "list", *OF_HOME).out.splitlines()
    assert [line.split()[1:3] for line in lines] == [["in", "force"], ["to", "come"]]
    assert lines[1].endswith("second  proposed by carole, approved by alice, bob")


def test_a_signature_made_elsewhere_approves(run, propose, ministry, tmp_path):
    propose()
    told = run("rules", "text", *OF_HOME, "second", "--as", "alice")
    (tmp_path / "signature").write_bytes(ministry.sign("alice", told.out.encode()))
    said = run("rules", "approve", *OF_HOME, "second", "--as", "alice", "--signature", tmp_path / "signature")
    assert "1 of 2" in said.out


def test_what_is_shown_has_the_digest_that_is_signed(run, propose):
    digest = propose().out.splitlines()[0].rstrip(".").rpartition(" ")[2]
    content = run("rules", "show", *OF_HOME, "second", "--content").out.encode()
    assert hashlib.sha256(content).hexdigest() == digest
    shown = run("rules", "show", *OF_HOME, "second").out
    assert digest in shown
    assert "legal basis: Arrêté inventé" in shown
    assert "23 roles, 102 types" in shown


def test_a_version_that_comes_with_carnet_is_shown_too(run):
    said = run("rules", "show", *OF_HOME, "draft-2026-11-22")
    assert said.status == 0
    assert "in force" in said.out
    assert "legal basis: not said" in said.out


def test_each_bad_line_is_said_with_its_number_and_nothing_is_proposed(run, propose):
    said = propose(change=lambda lines: [*lines, "77;11488-4;Y;S;", "10;00000-0;Y;S;"])
    assert said.status == 1
    assert said.out == ""
    lines = said.err.splitlines()
    assert "no role '77' is known" in lines[0]
    assert lines[0].startswith("Line 2355")
    assert "no document type '00000-0' is known" in lines[1]
    assert lines[-1] == "Nothing was proposed."
    assert "second" not in run("rules", "list", *OF_HOME).out


def test_many_bad_lines_are_counted(propose):
    said = propose(change=lambda lines: lines[:8] + [line.replace(";S;", ";?;") for line in lines[8:]])
    assert said.status == 1
    assert len(said.err.splitlines()) == 22
    assert said.err.splitlines()[20].startswith("and ")


def test_a_version_is_compared_with_another(run, propose):
    propose()
    propose("third", effective_at=system_clock() + 2 * DAY)
    assert (
        "Against second, third opens 0 and closes 0 cells."
        in run("rules", "compare", *OF_HOME, "third", "--with", "second").out
    )
    assert "opens 1 and closes 1" in run("rules", "compare", *OF_HOME, "third").out


def test_types_that_a_version_names_no_more_are_said(propose):
    def change(lines):
        kept = [line for line in lines if ";REMB;" not in line]
        return [line.replace("# types;102", "# types;101") for line in kept]

    assert "no longer names, for their authors alone: " in propose(change=change).out


REFUSED = {
    "approving without key or signature": (("approve", "second", "--as", "alice"), "either --key or --signature"),
    "approving an unknown version": (("approve", "none", "--as", "alice", "--key", "KEY"), "No version of this name"),
    "approving as nobody": (("approve", "second", "--as", "zoe", "--key", "KEY"), "No approver of this name"),
    "approving as another": (("approve", "second", "--as", "bob", "--key", "KEY"), "not the approver's"),
    "showing an unknown version": (("show", "none"), "No version of this name"),
    "comparing an unknown version": (("compare", "none"), "No version of this name"),
    "comparing with an unknown version": (("compare", "second", "--with", "none"), "No version of this name"),
    "withdrawing an unknown version": (("withdraw", "none", "--reason", "x"), "No version of this name"),
    "withdrawing without a reason": (("withdraw", "second", "--reason", " "), "one line"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_done_is_said_in_one_sentence(refused, propose, ministry, what):
    propose()
    words, said = REFUSED[what]
    words = [str(ministry.key_file("alice")) if word == "KEY" else word for word in words]
    assert said in refused("rules", *words, *OF_HOME)


def test_a_version_is_withdrawn_by_who_may(run, refused, propose, approve, ministry):
    propose()
    approve("second", "alice")
    approve("second", "bob")
    assert "No approver of this name" in refused("rules", "withdraw", *OF_HOME, "second", "--reason", "Erreur")
    said = run(
        *(
            "rules",
            "withdraw",
            *OF_HOME,
            "second",
            "--reason",
            "Erreur",
            "--as",
            "bob",
            "--key",
            ministry.key_file("bob"),
        )
    )
    assert said.out == "second is withdrawn.\n"
    assert "withdrawn by bob: Erreur" in run("rules", "show", *OF_HOME, "second").out


def test_a_signed_withdrawal_may_be_made_elsewhere(run, propose, approve, ministry, tmp_path):
    propose()
    approve("second", "alice")
    approve("second", "bob")
    text = run("rules", "text", *OF_HOME, "second", "--as", "bob", "--withdrawal", "Erreur").out.encode()
    (tmp_path / "signature").write_bytes(ministry.sign("bob", text))
    words = ("--reason", "Erreur", "--as", "bob", "--signature", tmp_path / "signature")
    assert run("rules", "withdraw", *OF_HOME, "second", *words).status == 0


def test_the_history_tells_every_attempt_and_shows_a_row_that_was_taken_away(run, refused, propose, approve, ministry):
    propose()
    refused("rules", "approve", *OF_HOME, "second", "--as", "bob", "--key", str(ministry.key_file("alice")))
    approve("second", "alice")
    said = run("rules", "history", *OF_HOME)
    assert said.status == 0
    assert [line.split()[1:3] for line in said.out.splitlines()] == [
        ["import", "done"],
        ["approve", "refused"],
        ["approve", "done"],
    ]
    with sqlite3.connect(ministry.home / "carnet.db") as database:
        database.execute("DELETE FROM rule_approval")
    database.close()
    said = run("rules", "history", *OF_HOME)
    assert said.status == 1
    assert said.err.startswith("The trace tells of a row that is not there: 2 second")


def test_a_version_that_cannot_be_proved_is_shown_so(run, home, propose):
    propose()
    with sqlite3.connect(home / "carnet.db") as database:
        database.execute("UPDATE rule_version SET digest = 'x'")
    database.close()
    assert "cannot be proved" in run("rules", "list", *OF_HOME).out
    said = run("rules", "show", *OF_HOME, "second")
    assert said.status == 1
    assert "does not match its digest" in said.err


def test_the_proposer_is_the_operator_unless_said_otherwise(run, ministry, tmp_path):
    (tmp_path / "file.csv").write_bytes(ministry.file("second", to_iso(system_clock() + DAY)))
    run("rules", "import", *OF_HOME, tmp_path / "file.csv")
    assert "proposed by operator:" in run("rules", "show", *OF_HOME, "second").out
