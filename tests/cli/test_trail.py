"""The trace from the command line: sealed, proved again, and status 1 with the first bad line as soon as one byte differs."""

from __future__ import annotations

import json
import sqlite3

import pytest

OF_INS = ("--home", "HOME", "--patient", "INS")


def verified(run, *words):
    said = run("verify-audit", "--home", "HOME", "--json", *words)
    return said.status, json.loads(said.out)


def checkpoint(home):
    with sqlite3.connect(home / "carnet.db") as database:
        found = database.execute("SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1").fetchone()[0]
    database.close()
    return found


@pytest.fixture
def sealed(run):
    """A trace with some lines more than the stage's, all of them sealed."""
    run("record", "block", *OF_INS, "--party", "899970000024")
    assert run("seal-audit", "--home", "HOME").out == "Sealed.\n"


def test_sealing_says_when_nothing_waits(run, sealed):
    said = run("seal-audit", "--home", "HOME")
    assert (said.status, said.out) == (0, "Nothing was waiting.\n")


def test_a_trace_that_holds_is_told_with_its_counts(run, sealed):
    said = run("verify-audit", "--home", "HOME")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("The trace holds: ")
    status, report = verified(run)
    assert (status, report["intact"], report["findings"], report["unsealed"]) == (0, True, [], 0)


def test_lines_that_wait_to_be_sealed_are_counted_apart(run, sealed):
    run("record", "unblock", *OF_INS, "--party", "899970000024")
    _, report = verified(run)
    assert report["unsealed"] == 1


@pytest.mark.parametrize(
    "mark", [b'"action":"administration/', b'"outcome":"do', b'"seq":', b'"committed":{"objects":"']
)
def test_one_byte_altered_in_the_database_is_found_and_its_line_named(run, sealed, home, mark):
    """In the file itself, as whoever holds the disk would."""
    content = bytearray((home / "carnet.db").read_bytes())
    place = content.rfind(mark) + len(mark)
    assert place > len(mark)
    content[place] = ord("1") if content[place] != ord("1") else ord("2")
    (home / "carnet.db").write_bytes(content)
    said = run("verify-audit", "--home", "HOME")
    assert said.status == 1
    assert said.out.startswith("THE TRACE DOES NOT HOLD")
    assert "index " in said.err
    status, report = verified(run)
    assert (status, report["intact"]) == (1, False)
    assert isinstance(report["findings"][0]["index"], int)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM audit_event WHERE leaf_index = 5",
        "UPDATE audit_event SET leaf_hash = zeroblob(32) WHERE leaf_index = 5",
        "UPDATE audit_event SET sealed_openings = x'00' WHERE leaf_index = 5",
        "UPDATE audit_event SET patient_seq = patient_seq + 100 WHERE leaf_index = 5",
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_checkpoint SET root = zeroblob(32)",
        "UPDATE audit_checkpoint SET note = replace(note, 'carnet', 'karnet')",
    ],
)
def test_a_row_taken_away_or_changed_is_found(run, sealed, home, change):
    with sqlite3.connect(home / "carnet.db") as database:
        database.execute(change)
    database.close()
    assert verified(run)[0] == 1


def test_a_checkpoint_kept_elsewhere_finds_a_trace_cut_back(run, sealed, home, tmp_path):
    (tmp_path / "kept").write_text(checkpoint(home), encoding="utf-8")
    assert verified(run, "--checkpoint", tmp_path / "kept")[0] == 0
    with sqlite3.connect(home / "carnet.db") as database:
        size = database.execute("SELECT max(size) FROM audit_checkpoint").fetchone()[0]
        database.execute("DELETE FROM audit_checkpoint WHERE size = ?", (size,))
        before = database.execute("SELECT coalesce(max(size), 0) FROM audit_checkpoint").fetchone()[0]
        database.execute("DELETE FROM audit_event WHERE leaf_index >= ?", (before,))
        database.execute("DELETE FROM audit_place WHERE leaf_index >= ?", (before,))
    database.close()
    assert verified(run)[0] == 0
    assert verified(run, "--checkpoint", tmp_path / "kept")[0] == 1


def test_a_file_that_is_no_checkpoint_is_not_taken_for_one(refused, sealed, tmp_path):
    (tmp_path / "kept").write_text("not a checkpoint", encoding="utf-8")
    assert "not of the form" in refused("verify-audit", "--home", "HOME", "--checkpoint", tmp_path / "kept")


def test_a_patient_s_trace_is_told_a_line_each_and_a_line_that_does_not_hold_says_so(run, sealed, home):
    before = run("trace", *OF_INS)
    assert before.status == 0
    assert all(line.split()[1].endswith("Z") for line in before.out.splitlines())
    with sqlite3.connect(home / "carnet.db") as database:
        database.execute(
            "UPDATE audit_event SET entry = replace(entry, 'administration/block', 'administration/blick')"
        )
    database.close()
    after = run("trace", *OF_INS)
    assert "does not match its hash" in after.err
    assert "blick" not in after.out


def test_the_trace_of_nobody_is_told_in_a_sentence(refused):
    assert "No person is known" in refused(
        "trace", "--home", "HOME", "--patient", "155112A99900124/1.2.250.1.213.1.4.11"
    )


def test_the_patient_s_trail_is_told_in_sentences_in_either_language(run, sealed):
    french = run("trace", *OF_INS, "--language", "fr")
    assert (french.status, french.err) == (0, "")
    assert all(
        (" Le " in line and "votre dossier" in line) or "médecin" in line or "bloqué" in line
        for line in french.out.splitlines()
    )
    english = run("trace", *OF_INS, "--language", "en").out.splitlines()
    assert len(english) == len(french.out.splitlines()) + 1, "the reading before is a line too"
    assert english[-1].endswith("the service's support read the trail of access to your record.")
    assert "your" not in run("trace", *OF_INS, "--language", "en", "--viewer", "representative").out


def test_filters_choose_lines_of_the_trail(run, sealed):
    whole = run("trace", *OF_INS).out.splitlines()
    (blocking,) = run("trace", *OF_INS, "--filter", "actor=patient").out.splitlines()
    assert "patient/block" in blocking
    assert run("trace", *OF_INS, "--filter", "actor=carer").out == ""
    assert (
        len(run("trace", *OF_INS, "--filter", "actor=patient", "--filter", "actor=SUPPORT").out.splitlines())
        == len(whole) + 2
    )
    assert run("trace", *OF_INS, "--filter", "until=2020-01-01").out == ""
    assert run("trace", *OF_INS, "--filter", "emergencies").out == ""
    assert (
        run("trace", *OF_INS, "--filter", "since=2020-01-01", "--filter", "document=899970000024").out.count("\n") == 1
    )


@pytest.mark.parametrize(
    "wrong", ["", "actor", "actor=nobody", "since=yesterday", "document=", "emergencies=1", "other=1"]
)
def test_a_filter_that_is_none_is_refused_and_nothing_is_traced(run, sealed, wrong):
    before = run("trace", *OF_INS).out
    said = run("trace", *OF_INS, "--filter", wrong)
    assert said.status == 2
    assert "is not one of actor=TYPE" in said.err
    assert len(run("trace", *OF_INS).out.splitlines()) == len(before.splitlines()) + 1


def test_a_broken_line_is_told_in_a_sentence_too(run, sealed, home):
    with sqlite3.connect(home / "carnet.db") as database:
        database.execute("UPDATE audit_event SET leaf_hash = zeroblob(32) WHERE leaf_index = 0")
    database.close()
    assert "La ligne 1 de l'historique" in run("trace", *OF_INS, "--language", "fr").err
