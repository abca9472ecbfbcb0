"""Every worker process decides by the version in force at the moment of the act: no restart, no stale version once an approval is acknowledged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from carnet.clock import DAY
from carnet.demo.people import HOSPITAL_DOCTOR
from carnet.platform import packaged_matrices
from carnet.record.rule_changes import RuleChanges

DRAFT = packaged_matrices()[0].version
WORKER = Path(__file__).with_name("rules_worker.py")
CLOSED = {("10", "11488-4"): "N"}


class Worker:
    """A second process on the same home."""

    def __init__(self, home, *words):
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), str(home), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def sees(self, now):
        """(documents found, version that decided) at a moment."""
        self._process.stdin.write(f"{now}\n")
        self._process.stdin.flush()
        count, version = self._process.stdout.readline().split()
        return int(count), version

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture
def worker(home):
    """Starts a second process."""
    started = []

    def start(*words):
        started.append(Worker(home, *words))
        return started[-1]

    yield start
    for one in started:
        one.close()


def story(room, ministry, worker):
    """Where the other process decided by another version than the one in force: (step, moment, what it said, what it should have said)."""
    changes = RuleChanges(room.gate, "operator:tests")
    room.put(room.document())
    second, third = room.now + DAY, room.now + 2 * DAY
    wrong = []

    def look(step, moment, expected):
        room.now = moment
        said = worker.sees(moment)
        if said != expected:
            wrong.append((step, said, expected))

    def approve(name, person):
        changes.approve(name, person, ministry.sign(person, changes.text_to_sign(name, person)))

    look("at first", room.now, (1, DRAFT))
    start = room.now
    changes.propose(ministry.file("second", second, cells=CLOSED), "operator:carole")
    changes.propose(ministry.file("third", third), "operator:carole")
    look("proposed", start, (1, DRAFT))
    approve("second", "alice")
    look("approved once", start, (1, DRAFT))
    room.now = second - 1
    approve("second", "bob")
    look("a microsecond before", second - 1, (1, DRAFT))
    look("at the moment", second, (0, "second"))
    approve("third", "bob")
    approve("third", "alice")
    text = changes.text_to_sign("third", "alice", withdrawal_reason="Non")
    look("before the third", third - 1, (0, "second"))
    changes.withdraw("third", "Non", "alice", ministry.sign("alice", text))
    look("the third withdrawn", third, (0, "second"))
    return wrong


def test_another_process_follows_every_change_from_the_moment_it_is_acknowledged(room, ministry, worker):
    assert story(room, ministry, worker()) == []


def test_control_a_process_that_keeps_what_it_read_first_is_caught(room, ministry, worker):
    wrong = story(room, ministry, worker("stale"))
    assert [(step, said) for step, said, _ in wrong] == [
        ("at the moment", (1, DRAFT)),
        ("before the third", (1, DRAFT)),
        ("the third withdrawn", (1, DRAFT)),
    ]


def test_the_rule_data_cost_one_statement_a_transaction_and_are_read_when_they_changed(room, ministry, monkeypatch):
    ran = []
    execute = room.connection.execute
    monkeypatch.setattr(
        room.connection,
        "execute",
        lambda statement, values=None: ran.append(statement.sqlite) or execute(statement, values),
    )

    def about_rules():
        return sum("rule_" in statement for statement in ran)

    searches = [(room.caller(HOSPITAL_DOCTOR), room.finding()) for _ in range(20)]
    room.together(*searches)
    ran.clear()
    room.together(*searches)
    assert about_rules() == 1
    RuleChanges(room.gate, "operator:tests").propose(ministry.file("second", room.now + DAY), "operator:carole")
    ran.clear()
    room.together(*searches)
    assert about_rules() == 1 + 3


def test_a_change_that_was_not_kept_is_not_decided_by(room, ministry):
    """The commit of the second approval fails: the version does not hold."""
    changes = RuleChanges(room.gate, "operator:tests")
    room.put(room.document())
    version = changes.propose(ministry.file("second", room.now + DAY, cells=CLOSED), "operator:carole")
    signatures = {one: ministry.sign(one, changes.text_to_sign("second", one)) for one in ("alice", "bob")}
    changes.approve("second", "alice", signatures["alice"])
    room.connection.fail("COMMIT")
    with pytest.raises(Exception, match="I/O error"):
        changes.approve("second", "bob", signatures["bob"])
    room.now = version.effective_from
    ticket = room.last_ticket()
    assert len(room.gate.perform_now(room.caller(HOSPITAL_DOCTOR), room.finding()).objects) == 1
    assert room.lines_since(ticket)[0]["matrix_version"] == DRAFT
