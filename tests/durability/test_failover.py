"""T5, T5b: the primary dies under load and its synchronous standby takes over; the standby is missing and nothing can be made durable.

`kill -9` takes the server and all its children. What was acknowledged must be on the standby; what was not may be there or not.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from postgres_clusters import Cluster, Copies, programs

from carnet.config import load
from carnet.database import postgres_session
from carnet.database.postgres import PostgresConnection
from carnet.demo.people import PATIENTS
from carnet.errors import Unavailable
from carnet.platform import build
from carnet.record.gate import Gate
from carnet.soap.ebrim_render import EbrimRenderer

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed: `make packages` installs it")
_SPEC = importlib.util.spec_from_file_location("record_rooms", Path(__file__).parents[1] / "record" / "conftest.py")
assert _SPEC is not None
record_rooms = sys.modules["record_rooms"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(record_rooms)

REPLICATES = "wal_level = replica\nmax_wal_senders = 4\nhot_standby = on\nwal_writer_delay = {delay}"
OPEN_RECORDS = 4
"""How many of the demonstration's people the médecin traitant may put documents in for."""
BACK_WITHIN = 15.0
"""Seconds from the death of the primary to the first acknowledgement of the standby."""


@dataclass
class Pair:
    """A primary and its standby. `name` is how the standby calls itself, `awaited` what the primary waits for."""

    primary: Cluster
    standby: Cluster | None = None

    def follow(self, *, awaited="standby", synchronous="on"):
        """Makes a standby of the primary, and the primary wait for it."""
        self.standby = Cluster(source=self.primary)
        (self.standby.data / "standby.signal").touch()
        (self.standby.data / "postgresql.auto.conf").write_text(
            f"primary_conninfo = 'host={self.primary.folder} user=carnet application_name=standby'\n"
        )
        self.standby.start()
        self.primary.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{awaited}'")
        self.primary.sql(f"ALTER SYSTEM SET synchronous_commit = '{synchronous}'")
        self.primary.sql("SELECT pg_reload_conf()")
        end = time.monotonic() + 120
        while awaited == "standby" and not self.primary.sql(
            "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        ):
            assert time.monotonic() < end, "the standby does not follow"
            time.sleep(0.05)
        if awaited != "standby":
            self._until_commits_wait(end)

    def _until_commits_wait(self, end):
        """Each process of the primary reads its settings again when it comes to it: they are in force when a commit waits."""
        waits = False
        while not waits:
            assert time.monotonic() < end, "no commit waits"
            message = "SELECT pg_logical_emit_message(true, 'probe', '')"
            writer = threading.Thread(target=self.primary.sql, args=(message,))
            writer.start()
            while writer.is_alive():
                waiting = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                waits = bool(self.primary.sql(waiting)) or waits
            writer.join()

    def fail_over(self):
        """Kills the primary with its children and promotes the standby."""
        dead, self.primary, self.standby = self.primary, self.standby, None
        dead.kill()
        assert self.primary.sql("SELECT pg_promote(true, 120)") == [(True,)]
        dead.stop()

    def hold_back(self):
        """Stops the process that sends to the standby: from now on the standby gets nothing more."""
        ((sender,),) = self.primary.sql("SELECT pid FROM pg_stat_replication")
        os.kill(sender, signal.SIGSTOP)

    def stop(self):
        for cluster in (self.primary, self.standby):
            if cluster is not None:
                cluster.stop()


@pytest.fixture
def pair(first_stage, request):
    delay = getattr(request, "param", "200ms")
    found = Pair(Cluster(REPLICATES.format(delay=delay)).start())
    yield found
    found.stop()


@dataclass
class Load:
    """Clients that put documents in until told to stop, each with a worker of its own, and what they were told."""

    room: object
    url: str
    acknowledged: list = field(default_factory=list)
    moments: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    surprises: list = field(default_factory=list)
    halted: threading.Event = field(default_factory=threading.Event)
    threads: list = field(default_factory=list)

    def begin(self, count=2):
        for number in range(count):
            platform = build(
                replace(self.room.platform.settings, database_url=self.url),
                EbrimRenderer(),
                clock=lambda: self.room.now,
                worker=f"f{number}",
            )
            patient = PATIENTS[number % OPEN_RECORDS]
            self.threads.append(threading.Thread(target=self._run, args=(Gate(platform), patient)))
            self.threads[-1].start()

    def _run(self, gate, patient):
        while not self.halted.is_set():
            requester = self.room.caller(patient=patient)
            act = self.room.submitting(self.room.submission(self.room.document(patient=patient)), requester)
            began = time.monotonic()
            try:
                entries = gate.perform_now(requester, act).entries
            except Unavailable:
                self.refused.append(time.monotonic() - began)
                time.sleep(0.05)
            except Exception as error:  # noqa: BLE001 - told to the test
                self.surprises.append(error)
            else:
                self.acknowledged += [entry.unique_id for entry in entries]
                self.moments.append(time.monotonic())
        gate.platform.close()

    def wait_for(self, more, within=120.0):
        """Until so many more were acknowledged; returns the moment of the first."""
        before, end = len(self.moments), time.monotonic() + within
        while len(self.moments) < before + more:
            assert time.monotonic() < end, ("nothing is acknowledged", self.surprises[:1])
            time.sleep(0.01)
        return self.moments[before]

    def halt(self):
        self.halted.set()
        for thread in self.threads:
            thread.join(timeout=120)


@pytest.fixture
def loaded(pair, first_stage, tmp_path, home, database):
    """A home whose database is on the pair; `loaded(folder, …)` says where it is, and the answer's `begin` loads it."""
    copies = Copies(pair.primary, first_stage.settings.database)
    room = record_rooms.Room(first_stage, home)
    begun = []

    def begin(*folders, patience=2.0):
        name = copies.template
        url = f"postgresql://carnet@/{name}?host={','.join(map(str, folders))}&target_session_attrs=read-write"
        settings = replace(
            load(home, {}), submission_signature_required=False, database_url=url, database_timeout=patience
        )
        room.platform = build(settings, EbrimRenderer(), clock=lambda: room.now)
        begun.append(Load(room, url))
        return begun[-1]

    yield begin
    for one in begun:
        one.halt()
    if room.platform is not None:
        room.platform.close()


def kept(pair, load):
    name = load.url.partition("@/")[2].partition("?")[0]
    return {row[0] for row in pair.primary.sql("SELECT unique_id FROM document_entry", database=name)}


def survive(pair, loaded, rounds, *, workers=2, before=25):
    """Fails over so many times, each after `before` acknowledgements; how many were acknowledged, lost, and the longest silence in seconds."""
    silences, acknowledged, lost = [], 0, set()
    for _ in range(rounds):
        pair.follow()
        load = loaded(pair.primary.folder, pair.standby.folder)
        load.begin(workers)
        load.wait_for(before, within=60 + before)
        died = time.monotonic()
        pair.fail_over()
        silences.append(load.wait_for(5) - died)
        load.halt()
        assert load.surprises == []
        acknowledged += len(load.acknowledged)
        lost |= set(load.acknowledged) - kept(pair, load)
    return acknowledged, lost, max(silences)


def test_nothing_acknowledged_is_lost_when_the_standby_takes_over(pair, loaded):
    """How soon it goes on is judged in the deep run, on a machine that does nothing else."""
    acknowledged, lost, _silence = survive(pair, loaded, 1)
    assert acknowledged >= 30
    assert lost == set()


@pytest.mark.deep
def test_nothing_acknowledged_is_lost_in_five_failovers(pair, loaded, tell):
    acknowledged, lost, silence = survive(pair, loaded, 5, workers=4, before=1_000)
    tell(failovers=5, acknowledged=acknowledged, lost=len(lost), longest_silence=round(silence, 1))
    assert acknowledged >= 5_000
    assert lost == set()
    assert silence <= BACK_WITHIN


@pytest.mark.parametrize("pair", ["10s"], indirect=True)
def test_without_synchronous_commit_acknowledged_documents_are_lost(pair, loaded, monkeypatch):
    """The control: a server that answers before it has written, and a start that does not look. The standby is behind when the primary dies."""
    monkeypatch.setattr(postgres_session, "_check_settings", lambda _raw: None)
    pair.follow(synchronous="off")
    load = loaded(pair.primary.folder, pair.standby.folder)
    load.begin()
    load.wait_for(25)
    pair.hold_back()
    load.wait_for(5)
    pair.fail_over()
    load.wait_for(2)
    load.halt()
    assert set(load.acknowledged) - kept(pair, load)


def test_a_server_that_answers_before_it_has_written_is_refused(pair, loaded):
    pair.primary.sql("ALTER SYSTEM SET synchronous_commit = 'off'")
    pair.primary.sql("SELECT pg_reload_conf()")
    with pytest.raises(Exception, match="synchronous_commit=off"):
        loaded(pair.primary.folder)


def test_without_its_standby_the_service_says_so_in_time_and_acknowledges_nothing(pair, loaded):
    """T5b: the primary waits for a standby of another name; what was written waits with it, and counts once it comes."""
    load = loaded(pair.primary.folder)
    gate = Gate(load.room.platform)
    requester = load.room.caller()

    def submit():
        act = load.room.submitting(load.room.submission(load.room.document()), requester)
        began = time.monotonic()
        try:
            return gate.perform_now(requester, act).entries[0].unique_id, time.monotonic() - began
        except Unavailable as error:
            return error, time.monotonic() - began

    first, _ = submit()
    assert isinstance(first, str)
    pair.follow(awaited="another_name")
    answers = [submit() for _ in range(4)]
    assert [type(answer) for answer, _ in answers] == [Unavailable] * 4
    assert max(seconds for _, seconds in answers) <= 60.0
    assert kept(pair, load) == {first}, "nobody sees what is not on the standby"
    with pytest.raises(Unavailable):
        gate.platform.connection.check_durability()
    pair.primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
    pair.primary.sql("SELECT pg_reload_conf()")
    end = time.monotonic() + 120
    while isinstance((again := submit())[0], Unavailable):
        assert time.monotonic() < end
        time.sleep(0.1)
    gate.platform.connection.check_durability()
    assert {first, again[0]} <= kept(pair, load)


def test_a_wait_that_is_given_up_is_no_acknowledgement(pair, loaded):
    """An operator cancels the COMMIT that waits: the server has written and says so with a warning. It is not told as done."""
    load = loaded(pair.primary.folder, patience=60.0)
    gate = Gate(load.room.platform)
    pair.follow(awaited="another_name")
    requester = load.room.caller()
    act = load.room.submitting(load.room.submission(load.room.document()), requester)

    def cancel():
        while not pair.primary.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"):
            time.sleep(0.02)

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(Unavailable, match="not known"):
        gate.perform_now(requester, act)
    canceller.join()
    (document,) = kept(pair, load)
    pair.primary.sql("ALTER SYSTEM RESET synchronous_standby_names")
    pair.primary.sql("SELECT pg_reload_conf()")
    end = time.monotonic() + 120
    while True:
        with contextlib.suppress(Unavailable):  # until the server has read its settings again
            (found,) = gate.perform_now(requester, load.room.retrieving(document))
            break
        assert time.monotonic() < end
        time.sleep(0.1)
    assert load.room.give(found), "what was written has its bytes"


def test_a_server_that_does_not_answer_is_cut_off_in_time(pair):
    connection = PostgresConnection(pair.primary.url(), patience=0.5)
    began = time.monotonic()
    connection._session.watch(0.5)
    with pytest.raises(Exception, match=r"server closed|terminat|connection"):
        connection._session.commands.execute("SELECT pg_sleep(30)", prepare=False)
    assert time.monotonic() - began < 25
    assert not connection.in_transaction
    connection.close()
