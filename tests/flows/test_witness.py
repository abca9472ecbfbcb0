"""A real witness in a process of its own: the server and the operator have it sign, and it catches a trace that was cut back."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from carnet.cli import carnet
from carnet.demo.people import PAT_TROIS
from carnet.errors import CarnetError


class RunningWitness:
    """`python -m carnet.witness`, as whoever runs it would; killed and started again at will."""

    def __init__(self, folder, port):
        self.folder = folder
        self.key = self.command("init", "--name", "hospital.test/w1")
        self.process = None
        self.port = port

    def command(self, *words):
        done = subprocess.run(
            [sys.executable, "-m", "carnet.witness", words[0], "--folder", str(self.folder), *words[1:]],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def start(self):
        words = ["serve", "--folder", str(self.folder), "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "carnet.witness", *words], stdout=subprocess.PIPE, text=True
        )
        self.port = int(self.process.stdout.readline().rpartition("port ")[2].rstrip(".\n"))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def witness(tmp_path, free_port):
    running = RunningWitness(tmp_path / "witness", free_port())
    yield running
    if running.process is not None:
        running.kill()


def run(*words):
    """A command of the operator: status, and all that it said; a refusal as its sentence."""
    try:
        result = CliRunner().invoke(carnet, [str(word) for word in words], catch_exceptions=False)
    except CarnetError as error:
        return 2, error.message
    return result.exit_code, result.output


def watched(witness, home):
    witness.command("watch", run("audit-key", "--home", home)[1].strip())
    witness.start()
    return ("witness", "submit", "--home", home, "--url", witness.url, "--key", witness.key)


def block(home):
    run("record", "block", "--home", home, "--patient", PAT_TROIS.identifier.value, "--party", "899970000024")
    run("seal-audit", "--home", home)


def rows(home, query):
    with contextlib.closing(sqlite3.connect(home / "carnet.db")) as database, database:
        return database.execute(query).fetchall()


def test_an_operator_has_checkpoints_signed_and_sees_it(witness, home):
    submit = watched(witness, home)
    run("seal-audit", "--home", home)
    status, said = run(*submit)
    assert (status, said.startswith("Signed: ")) == (0, True)
    assert run(*submit) == (0, "Nothing new to sign.\n")
    block(home)
    assert run(*submit)[0] == 0
    status, said = run("verify-audit", "--home", home, "--witness", witness.key, "--json")
    report = json.loads(said)
    assert (status, report["cosignatures"]) == (0, 2)
    assert report["witnessed"] == report["sealed"]
    assert "2 signatures of witnesses" in run("verify-audit", "--home", home)[1]
    assert "carnet.example/trace" in witness.command("list")


def test_an_export_bears_the_signature_and_is_checked_without_the_home(witness, home, tmp_path):
    submit = watched(witness, home)
    run("seal-audit", "--home", home)
    run(*submit)
    key, out = tmp_path / "key", tmp_path / "trail"
    key.write_text(run("audit-key", "--home", home)[1], encoding="utf-8")
    status, said = run("export-trail", "--home", home, "--patient", PAT_TROIS.identifier.value, "--out", out)
    assert (status, said.startswith("Wrote ")) == (0, True)
    assert out.stat().st_mode & 0o777 == 0o600
    shutil.rmtree(home)
    status, said = run("verify-export", out, "--key", key, "--witness", witness.key)
    assert (status, "Witness hospital.test/w1: size " in said) == (0, True)
    content = bytearray(out.read_bytes())
    content[content.index(b'"salt') if b'"salt' in content else len(content) // 2] ^= 1
    out.write_bytes(content)
    status, said = run("verify-export", out, "--key", key)
    assert (status, said.startswith("THE EXPORT DOES NOT HOLD: line ")) == (1, True)


def test_a_trace_restored_from_an_older_copy_is_caught(witness, home, tmp_path):
    submit = watched(witness, home)
    run("seal-audit", "--home", home)
    shutil.copytree(home, tmp_path / "backup")
    block(home)
    run(*submit)
    for name in ("carnet.db", "carnet.db-wal", "carnet.db-shm"):
        (home / name).unlink(missing_ok=True)
        if (tmp_path / "backup" / name).exists():
            shutil.copy(tmp_path / "backup" / name, home / name)
    assert run("verify-audit", "--home", home)[0] == 0, "from inside nothing can be seen"
    status, said = run(*submit)
    assert (status, "was cut back" in said) == (2, True)
    for _ in range(3):  # grown again beyond what was signed
        block(home)
        run("record", "unblock", "--home", home, "--patient", PAT_TROIS.identifier.value, "--party", "899970000024")
        run("seal-audit", "--home", home)
    status, said = run(*submit)
    assert (status, "does not find that the trace continues" in said) == (2, True)


def test_a_witness_killed_between_two_checkpoints_goes_on_where_it_was(witness, home):
    submit = watched(witness, home)
    run("seal-audit", "--home", home)
    assert run(*submit)[0] == 0
    witness.kill()
    block(home)
    assert run(*submit) == (2, "The witness does not answer: ConnectError.")
    witness.start()
    assert run(*submit)[0] == 0
    assert rows(home, "SELECT count(*) FROM audit_cosignature") == [(2,)]


def test_an_answer_that_was_lost_is_asked_for_again(witness, home):
    """The witness signed and the exchange did not keep it: it is told the size, and asks from there."""
    submit = watched(witness, home)
    run("seal-audit", "--home", home)
    run(*submit)
    rows(home, "DELETE FROM audit_cosignature")
    assert run(*submit)[0] == 0
    block(home)
    rows(home, "DELETE FROM audit_cosignature")
    assert run(*submit)[0] == 0
    assert rows(home, "SELECT count(*) FROM audit_cosignature") == [(1,)]


def test_a_trace_that_nobody_told_the_witness_of_is_refused(witness, home):
    witness.start()
    run("seal-audit", "--home", home)
    status, said = run("witness", "submit", "--home", home, "--url", witness.url, "--key", witness.key)
    assert (status, "does not watch this trace" in said) == (2, True)


def wait_until(condition, what):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.1)


def test_a_running_server_has_its_checkpoints_signed_by_itself(witness, open_house, make_home):
    home = make_home()
    watched(witness, home)
    settings = f'witness_url = "{witness.url}"\nwitness_key = "{witness.key}"\nwitness_interval = 0.2\n'
    with (home / "carnet.toml").open("a", encoding="utf-8") as file:
        file.write(settings)
    with open_house(home=home) as house:
        wait_until(lambda: rows(home, "SELECT 1 FROM audit_cosignature"), "a first signature")
        record = house.new_record()
        witness.kill()
        record.add()
        unanswered = "carnet_witness_failures_total 0.0"
        figures = f"{house.stage.address}/metrics"
        wait_until(
            lambda: unanswered not in house.http().get(figures).text, "the silence of the witness in the figures"
        )
        before = rows(home, "SELECT max(size) FROM audit_cosignature")
        witness.start()
        wait_until(
            lambda: rows(home, "SELECT max(size) FROM audit_cosignature") != before, "a signature of what came since"
        )
    status, said = run("verify-audit", "--home", home, "--json")
    report = json.loads(said)
    assert status == 0
    assert report["witnessed"] > 0
