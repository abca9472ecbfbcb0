"""Rule data that somebody with the disk in hand changed: they open nothing, and no older version takes their place."""

from __future__ import annotations

import pytest
from rule_meddling import DRAFT, meddling, refused, sees

from carnet.clock import DAY
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.errors import (
    ConfigurationError,
    IntegrityFailure,
    Refused,
)

# --- what the disk may hold ----------------------------------------------------------------------------------------

TAMPERED = {
    "one byte of the content": "UPDATE rule_version SET content = replace(content, 'sourced', 'sourceD') || x'20'",
    "a cell that is opened": 'UPDATE rule_version SET content = CAST(replace(content, \'"11488-4":["N"\', \'"11488-4":["Y"\') AS BLOB)',
    "the digest": "UPDATE rule_version SET digest = replace(digest, substr(digest, 1, 1), 'z')",
    "the moment, later": "UPDATE rule_version SET effective_from = effective_from + 1",
    "the moment, earlier": "UPDATE rule_version SET effective_from = effective_from - 1",
    "the source": "UPDATE rule_version SET source = 'ailleurs'",
    "the legal basis": "UPDATE rule_version SET legal_basis = 'ailleurs'",
    "who proposed it": "UPDATE rule_version SET proposed_by = 'somebody'",
    "that an approver proposed it": "UPDATE rule_version SET proposed_by = 'alice'",
    "a signature": "UPDATE rule_approval SET signature = zeroblob(64) WHERE approver = 'bob'",
    "a signature gone": "UPDATE rule_approval SET signature = x'' WHERE approver = 'bob'",
    "a signature of another kind": "UPDATE rule_approval SET signature = 'text' WHERE approver = 'bob'",
    "signatures swapped": (
        "UPDATE rule_approval SET signature = (SELECT signature FROM rule_approval o WHERE o.approver <> rule_approval.approver)"
    ),
    "keys swapped": "UPDATE rule_approval SET key = (SELECT key FROM rule_approval o WHERE o.approver <> rule_approval.approver)",
    "the names of the approvers": "UPDATE rule_approval SET approver = approver || 'x'",
    "one person twice": (
        "UPDATE rule_approval SET approver = 'Alice', (key, signature) = "
        "(SELECT key, signature FROM rule_approval o WHERE o.approver = 'alice') WHERE approver = 'bob'"
    ),
    "an approval after the moment": "UPDATE rule_approval SET at = at + 10000000000000 WHERE approver = 'bob'",
    "an approval before the proposal": "UPDATE rule_approval SET at = 0 WHERE approver = 'bob'",
    "an approval taken away": "DELETE FROM rule_approval WHERE approver = 'alice'",
    "a version renamed": "UPDATE rule_version SET version = 'autre'; UPDATE rule_approval SET version = 'autre'",
    "an unsigned withdrawal": "INSERT INTO rule_withdrawal VALUES ('matrix', 'second', 4, 1, 'x', 'y', '', x'')",
    "a withdrawal within its time": (
        "INSERT INTO rule_withdrawal SELECT 'matrix', 'second', 4, at, 'alice', 'y', key, signature "
        "FROM rule_approval WHERE approver = 'alice'"
    ),
    "a place that is no number": "UPDATE rule_approval SET place = 'two' WHERE place = 2",
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_version_that_was_tampered_with_opens_nothing_and_no_older_one_takes_its_place(room, proposed, approve, what):
    version = proposed(cells={})
    approve("second", "alice", "bob")
    room.put(room.document())
    room.now = version.effective_from + DAY
    assert sees(room) == (1, "second")
    with meddling(room) as raw:
        before = list(raw.iterdump())
        raw.executescript(f"PRAGMA foreign_keys=OFF; {TAMPERED[what]}")
        assert list(raw.iterdump()) != before
    with pytest.raises(IntegrityFailure):
        room.gate.check_rules()
    with pytest.raises(Refused) as refusal:
        sees(room)
    assert refusal.value.rules == ("matrix",)


@pytest.mark.parametrize("rows", ["rule_approval WHERE approver = 'bob'", "rule_approval", "rule_version"])
def test_a_worker_that_runs_never_goes_back_to_rows_of_before(room, proposed, approve, rows):
    """The newest rows taken away leave what looks like the state of before: not to whoever has seen them."""
    version = proposed()
    approve("second", "alice", "bob")
    room.put(room.document())
    room.now = version.effective_from
    assert sees(room) == (0, "second")
    with meddling(room) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute(f"DELETE FROM {rows}")
    for _ in range(2):
        with pytest.raises(Refused):
            sees(room)
        with pytest.raises(IntegrityFailure, match="taken away"):
            room.gate.check_rules()


def test_control_rows_that_nobody_touched_are_proved(room, proposed, approve):
    version = proposed(cells={})
    approve("second", "alice", "bob")
    room.now = version.effective_from + DAY
    room.gate.check_rules()


def test_keys_that_are_gone_prove_nothing_and_those_of_former_approvers_do(room, ministry, proposed, approve):
    version = proposed(cells={})
    approve("second", "alice", "bob")
    room.put(room.document())
    room.now = version.effective_from
    folder = ministry.home / "approvers"
    (folder / "former").mkdir()
    (folder / "bob.pem").rename(folder / "former" / "bob.pem")
    room.gate.check_rules()
    (folder / "former" / "bob.pem").unlink()
    with pytest.raises(IntegrityFailure, match="bob is not registered"):
        room.gate.check_rules()
    with pytest.raises(Refused):
        sees(room)


def test_a_folder_of_approvers_that_others_may_write_proves_nothing(room, ministry, proposed, approve):
    version = proposed(cells={})
    approve("second", "alice", "bob")
    room.now = version.effective_from
    (ministry.home / "approvers").chmod(0o777)
    with pytest.raises(IntegrityFailure, match="written by others"):
        room.gate.check_rules()


def test_one_file_that_is_no_key_leaves_the_others_proved_and_lets_nobody_approve(room, ministry, proposed, approve):
    version = proposed(cells={})
    approve("second", "alice", "bob")
    proposed("third", 2 * DAY)
    (ministry.home / "approvers" / "mallory.pem").write_text("no key", encoding="utf-8")
    room.now = version.effective_from
    room.gate.check_rules()
    refused(room, ConfigurationError, lambda: approve("third", "alice"), "mallory.pem")


def test_feeding_goes_on_while_no_version_can_be_read(room, proposed, approve):
    """The matrix says who reads: a laboratory's result still comes in."""
    version = proposed(cells={})
    approve("second", "alice", "bob")
    with meddling(room) as raw:
        raw.execute("UPDATE rule_version SET digest = 'x'")
    room.now = version.effective_from
    with pytest.raises(IntegrityFailure):
        room.gate.check_rules()
    assert room.put(room.document(), by=MEDECIN_TRAITANT)


def test_a_version_to_come_that_cannot_be_proved_is_told_before_its_moment(room, proposed, approve, caplog):
    proposed(cells={})
    approve("second", "alice", "bob")
    room.gate.check_rules()
    with meddling(room) as raw:
        raw.execute("UPDATE rule_approval SET signature = zeroblob(64)")
    with pytest.raises(IntegrityFailure, match="cannot be proved"):
        room.gate.check_rules()
    assert "cannot be proved" in caplog.text
    room.put(room.document())
    assert sees(room) == (1, DRAFT)


def test_a_proposal_that_was_tampered_with_is_not_approved(room, proposed, approve):
    proposed()
    with meddling(room) as raw:
        raw.execute("UPDATE rule_version SET content = CAST(replace(content, '[\"N\"', '[\"Y\"') AS BLOB)")
    room.gate.check_rules()
    refused(room, IntegrityFailure, lambda: approve("second", "alice"), "does not match its digest")
