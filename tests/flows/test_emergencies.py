"""Emergencies through the real door, and notices through a real sender that is killed for good while it speaks SMTP."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

from carnet.cli.operator_gate import operator_gate
from carnet.demo.people import HOSPITAL_DOCTOR, OTHER_GP, PAT_TROIS
from carnet.exchange.notices import owe
from carnet.identity.patients import find
from carnet.record.notice_office import NoticeOffice
from carnet.requester import AccessMode

GLASS = AccessMode.BRIS_DE_GLACE
REASON = "Risque vital : arrêt cardiaque en salle d'attente"
NEEDED = "CarnetEmergencyReasonRequired"
MINE = "colibri@carnet.example"


def read(record, entry, by=OTHER_GP, reason=""):
    return record.read(entry.unique_id, by=by, purpose=GLASS, reason=reason)


# --- through the door -----------------------------------------------------------------------------------------------


def test_a_reason_opens_the_record_and_the_next_calls_ride_on_it(record, codes):
    entry = record.add()
    answer, given = read(record, entry)
    assert (codes(answer), given) == ([NEEDED], ())
    assert "CODE: sentence" in answer.errors[0].context
    assert read(record, entry, reason=REASON)[1]
    assert read(record, entry)[1]
    assert codes(read(record, entry, by=HOSPITAL_DOCTOR)[0]) == [NEEDED]
    line = record.last_line("iti43")
    assert (line["outcome"], line["rules"]) == ("refused", ("emergency-reason",))


def test_one_record_s_access_does_not_open_another(record, other_record, codes):
    mine, other = record.add(), other_record.add()
    assert read(record, mine, reason=REASON)[1]
    assert codes(read(other_record, other)[0]) == [NEEDED]


# --- a sender that is killed ----------------------------------------------------------------------------------------


@pytest.fixture
def post(pristine, tmp_path, mail_server):
    """A home with notices due, and how to start and end a sender of its own process."""
    home = shutil.copytree(pristine.home, tmp_path / "home")
    lines = [
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
        for name, value in mail_server.settings().items()
    ]
    file = home / "carnet.toml"
    file.write_text("\n".join(lines) + "\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    with operator_gate(home) as gate:
        NoticeOffice(gate, "operator:test").set_address(PAT_TROIS.identifier, MINE)
        known = find(gate.platform.connection, gate.platform.keyring, PAT_TROIS.identifier)
        now = gate.platform.clock()
        for cause in "abc":
            about = {"kind": "emergency-access-centre_15", "recipient": "patient", "cause": cause, "now": now}
            gate.administer(lambda connection, about=about: owe(connection, known.patient_key, **about))
    return home


@contextlib.contextmanager
def sender(home):
    process = subprocess.Popen(
        [sys.executable, "-m", "carnet", "notices", "deliver", "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=300)


def delivered(home):
    """A run to its end."""
    with sender(home) as process:
        out, err = process.communicate(timeout=300)
    assert err == ""
    return out


def rows(home, query):
    with contextlib.closing(sqlite3.connect(f"file:{home / 'carnet.db'}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def states(home):
    return dict(rows(home, "SELECT state, count(*) FROM notice GROUP BY state"))


def let_time_pass(home):
    """As if the claim (240 seconds) had run out: the sender's clock is the machine's."""
    with contextlib.closing(sqlite3.connect(home / "carnet.db")) as connection:
        connection.execute("UPDATE notice SET claimed_at = claimed_at - 241000000 WHERE claimed_at IS NOT NULL")
        connection.commit()


def kill_while(home, mail_server, command, *, takes=True):
    mail_server.hold, mail_server.takes_while_held = command, takes
    with sender(home) as process:
        assert mail_server.reached.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
    mail_server.release.set()
    mail_server.hold = ""
    let_time_pass(home)


def test_three_notices_go_out_in_one_conversation(post, mail_server):
    assert delivered(post).startswith("3 sent")
    assert (states(post), len(mail_server.taken)) == ({"sent": 3}, 3)


def test_killed_before_the_text_was_handed_over_each_is_sent_once(post, mail_server):
    kill_while(post, mail_server, "RCPT")
    assert delivered(post).startswith("3 sent")
    assert len({message["Message-ID"] for message in mail_server.messages}) == len(mail_server.taken) == 3


@pytest.mark.parametrize("takes", [True, False], ids=["it was taken", "it was not"])
def test_killed_while_the_text_is_handed_over_it_is_uncertain_until_somebody_looks(post, mail_server, takes):
    kill_while(post, mail_server, "DATA", takes=takes)
    assert delivered(post) == "2 sent, 0 in_space, 0 post, 0 put_off, 0 failed, 1 uncertain, 0 left.\n"
    assert states(post) == {"sent": 2, "uncertain": 1}
    ((name, message_id),) = rows(post, "SELECT notice_id, message_id FROM notice WHERE state = 'uncertain'")
    log = {message["Message-ID"] for message in mail_server.messages}
    assert (message_id in log) == takes
    with operator_gate(post) as gate:
        NoticeOffice(gate, "operator:test").settle(name, sent=takes)
    delivered(post)
    assert states(post) == {"sent": 3}
    assert len({message["Message-ID"] for message in mail_server.messages}) == len(mail_server.taken) == 3


def test_killed_after_the_answer_and_before_it_was_written_it_is_uncertain(post, mail_server):
    """The database is held by another while the mail server answers, so that the sender cannot write down what it heard."""
    mail_server.hold = "DATA"
    with contextlib.closing(sqlite3.connect(post / "carnet.db", isolation_level=None)) as holding:
        with sender(post) as process:
            assert mail_server.reached.wait(60)
            holding.execute("BEGIN IMMEDIATE")
            mail_server.hold = ""
            mail_server.release.set()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=1)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(timeout=60)
        holding.execute("ROLLBACK")
    let_time_pass(post)
    assert "1 uncertain" in delivered(post)
    assert len(mail_server.taken) == 3


def test_two_senders_at_once_send_each_once(post, mail_server):
    with sender(post) as one, sender(post) as other:
        for process in (one, other):
            process.communicate(timeout=300)
    assert states(post) == {"sent": 3}
    assert len({message["Message-ID"] for message in mail_server.messages}) == len(mail_server.taken) == 3
