"""The layout over several servers: each table has its place, keys allow it, and every hot statement goes to one shard."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from distributed_statements import elsewhere, mixed, noted, scattered, tables_of
from portal_deposits import begun, by_portal, today
from postgres_clusters import Cluster, pour, programs
from professional_day import a_day, before_the_day
from sqlalchemy import UniqueConstraint, bindparam, delete, select

from carnet.audit.verification import verify
from carnet.clock import HOUR
from carnet.database.citus import TICKETS_SKIPPED
from carnet.database.distribution import LAYOUT, THE_TRACE, Lies, commands, distribute
from carnet.database.postgres import PostgresConnection
from carnet.database.schema import migrate
from carnet.database.statements import Statement
from carnet.database.tables import care_link, document_entry, entry_code, metadata, record_opening
from carnet.database.turns import ALONE, NOBODY
from carnet.demo.people import HOSPITAL_DOCTOR, NESSI, PAT_TROIS
from carnet.errors import AssertionInvalid, ConfigurationError, DuplicateIdentifier, Unavailable
from carnet.identity.patients import find
from carnet.identity.replay import remember
from carnet.platform import build
from carnet.record import deposit_drafts
from carnet.record.deposit_making import making
from carnet.record.deposits_everywhere import deposits_everywhere
from carnet.record.draft_keeping import unique_id_of
from carnet.record.gate import Attempt, Gate
from carnet.record.groups import groups_of
from carnet.record.retrieval import read
from carnet.registry.holder import Holder
from carnet.registry.registered_identifiers import remember as claim
from carnet.soap.ebrim_render import EbrimRenderer

FAMILIAR_LINE = Statement(
    "INSERT INTO audit_event (patient_key, at, entry, sealed_openings, leaf_hash) VALUES (0, 0, '', '', '') RETURNING ticket"
)


def test_every_table_has_its_place():
    assert set(LAYOUT) == set(metadata.tables)


@pytest.mark.parametrize("name", [name for name, where in LAYOUT.items() if where is Lies.BY_PATIENT])
def test_what_lies_by_patient_is_unique_within_a_patient(name):
    table = metadata.tables[name]
    if name == "audit_event":
        assert [
            one
            for one in THE_TRACE
            if "PRIMARY KEY (patient_key, ticket)" in one or "DROP COLUMN IF EXISTS leaf_index" in one
        ]
        assert {"patient_key", "patient_seq"} in [set(one.columns.keys()) for one in table.indexes if one.unique]
        return
    uniques = [set(table.primary_key.columns.keys())]
    uniques += [set(one.columns.keys()) for one in table.constraints if isinstance(one, UniqueConstraint)]
    uniques += [set(one.columns.keys()) for one in table.indexes if one.unique]
    assert all("patient_key" in columns for columns in uniques)


def test_references_stay_within_a_shard_or_go_to_what_is_everywhere():
    for name, where in LAYOUT.items():
        for one in metadata.tables[name].foreign_key_constraints:
            to = LAYOUT[one.referred_table.name]
            if name == "audit_event":
                assert f"DROP CONSTRAINT IF EXISTS {one.name}" in " ".join(THE_TRACE)
            elif where is Lies.BY_PATIENT and to is Lies.BY_PATIENT:
                pairs = {(element.parent.name, element.column.name) for element in one.elements}
                assert ("patient_key", "patient_key") in pairs
            elif where is Lies.COORDINATOR:
                assert to in {Lies.COORDINATOR, Lies.EVERYWHERE}
            else:
                assert to is Lies.EVERYWHERE


def test_the_commands_move_each_table_once_and_put_references_back():
    said = list(commands())
    spread = [where for where in LAYOUT.values() if where in {Lies.BY_PATIENT, Lies.BY_VALUE}]
    assert sum("create_distributed_table" in one for one in said) == len(spread)
    moved = [one for one in said if one not in THE_TRACE]
    assert sum("DROP CONSTRAINT" in one for one in moved) == sum("ADD CONSTRAINT" in one for one in moved) > 0
    again = list(commands(set(LAYOUT)))
    assert not [one for one in again if "WHERE NOT EXISTS" not in one]


def test_what_lies_by_its_own_value_has_no_other_key():
    for name, where in LAYOUT.items():
        if where is Lies.BY_VALUE:
            table = metadata.tables[name]
            assert len(table.primary_key.columns) == 1
            assert not [one for one in (*table.constraints, *table.indexes) if getattr(one, "unique", False)]
            assert not [one for one in table.constraints if isinstance(one, UniqueConstraint)]


# --- the shape of hot statements ----------------------------------------------------------------------------------------


def of_care_software(room):
    """The statements that the acts of ITI-41, 18, 43 and 57 run."""
    with noted(room.connection) as ran:
        (entry,) = room.put(room.document())
        following = room.document()
        (second,) = room.put(following, replaces={following.entry.entry_uuid: entry.entry_uuid})
        room.do(room.caller(assertion=room.assertion()), room.finding())
        room.do(room.caller(), room.getting_all())
        room.do(room.caller(), room.retrieving(second.unique_id))
        room.do(room.caller(), room.mask(second))
    return ran


def of_the_portal(room):
    """Those of a professional's day in the portal."""
    before_the_day(room)
    with noted(room.connection) as ran:
        a_day(room)
    return ran


HOT = {
    # acts: tables that they must have touched
    of_care_software: {"document_entry", "submission_set", "stored_document", "replay", "registered_identifier"},
    of_the_portal: {
        "record_opening", "sign_in_count", "professional_look", "deposit_draft", "portal_deposit", "synthesis_draft",
        "document_extract", "emergency_access", "care_link", "document_entry", "audit_event",
    },
}  # fmt: skip


COUNTED_OVER_ALL = (
    "SELECT coalesce(sum(CASE WHEN (emergency_access.began_at",
    "SELECT audit_event.ticket, audit_event.patient_key, audit_event.patient_seq",
)
"""What acts ask of every shard: how often somebody broke the glass in whatever records, and, for a professional's own journal, the newest lines."""


@pytest.mark.parametrize("acts", HOT)
def test_every_hot_statement_goes_to_one_shard(acts, room):
    ran = acts(room)
    assert len(ran.all) > 20
    for wrong in (scattered, mixed):
        found = {one.sqlite: found for one, _ in ran.all if (found := wrong(one.expression))}
        assert [text for text in found if not text.startswith(COUNTED_OVER_ALL)] == []
    assert {name for one, _ in ran.all for name in tables_of(one.expression)} >= HOT[acts]


@pytest.mark.parametrize("acts", HOT)
def test_what_an_act_writes_in_its_own_transaction_is_on_one_shard(acts, room):
    """A row on the coordinator or by a value of its own is written apart: with a line of the trace it would be a commit in two phases."""
    ran = acts(room)
    assert {name for one, _ in ran.within.values() if (name := elsewhere(one.expression))} == set()
    assert {elsewhere(one.expression) for one, _ in ran.apart.values()} - {""}


def test_a_statement_over_all_patients_is_seen():
    """The control."""
    everybody = select(document_entry.c.entry_uuid).where(document_entry.c.unique_id == bindparam("u"))
    assert scattered(everybody) == {"document_entry"}
    one = everybody.where(document_entry.c.patient_key == bindparam("p"))
    assert scattered(one) == set()
    loose = one.join(care_link, care_link.c.party == document_entry.c.depositor)
    assert scattered(loose) == {"care_link"}
    same = entry_code.c.patient_key == document_entry.c.patient_key
    assert scattered(one.join(entry_code, same)) == set()
    across = one.join(record_opening, record_opening.c.patient_key == document_entry.c.patient_key)
    assert mixed(across) == {"document_entry", "record_opening"}
    assert not mixed(one)
    assert elsewhere(delete(record_opening)) == "record_opening"
    assert not elsewhere(delete(document_entry))


# --- where Citus is installed -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def citus():
    """A coordinator and two servers, on loopback. Transactions in two phases stay counted in pg_dist_transaction."""
    if programs() is None or not list(Path("/usr/share/postgresql").glob("*/extension/citus.control")):
        pytest.skip("Citus is not installed: docs/operate/citus.md says how")
    settings = (
        "shared_preload_libraries = 'citus'\nlisten_addresses = '127.0.0.1'\ncitus.node_conninfo = 'sslmode=disable'\n"
        "citus.recover_2pc_interval = -1\n"
    )
    found = [Cluster(settings, port=port) for port in free_ports(3)]
    for cluster in found:
        cluster.start()
    yield found
    for cluster in found:
        cluster.stop()


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture(scope="module")
def spread(citus, first_stage, tmp_path_factory):
    """The first stage's rows on three servers: the address of the coordinator, and the home whose documents those rows name."""
    coordinator, *workers = citus
    for cluster in citus:
        cluster.sql("CREATE DATABASE spread")
        cluster.sql("CREATE EXTENSION citus", database="spread")
    coordinator.sql(f"SELECT citus_set_coordinator_host('127.0.0.1', {coordinator.port})", database="spread")
    for worker in workers:
        coordinator.sql(f"SELECT citus_add_node('127.0.0.1', {worker.port})", database="spread")
    url = coordinator.url("spread")
    migrate(url)
    pour(first_stage.settings.database, url)
    distribute(url)
    home = tmp_path_factory.mktemp("spread") / "home"
    shutil.copytree(first_stage.home, home, ignore=shutil.ignore_patterns("callers", "carnet.db*"))
    return SimpleNamespace(url=url, home=home)


@pytest.fixture
def on_citus(spread, room):
    """The room, with its gate on the distributed database and on its files, which the tests of this module share."""
    before = room.platform, room.gate
    whole = replace(room.platform.settings, home=spread.home, database_url=spread.url)
    settings = replace(whole, emergency_alarm_requester_hour=1)
    room.now = max(room.now, moment_after(spread.url))
    room.platform = build(settings, EbrimRenderer(), clock=lambda: room.now, worker="citus")
    room.gate = Gate(room.platform)
    yield room
    room.platform.close()
    room.platform, room.gate = before


def moment_after(url):
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as raw:
        return raw.execute("SELECT coalesce(max(at), 0) + 1000000 FROM audit_event").fetchone()[0]


def two_phases(citus):
    """How many transactions were committed in two phases so far, on how many connections."""
    return citus[0].sql("SELECT count(*) FROM pg_dist_transaction", database="spread")[0][0]


def proved(room):
    platform = room.platform
    return room.gate.read(
        lambda connection: (
            verify(connection, platform.keyring.checkpoint_public_key(), platform.settings.audit_origin).findings
        )
    )


def seal_all(room):
    while room.gate.seal():
        pass


@pytest.mark.parametrize("acts", HOT)
def test_on_citus_every_hot_statement_is_one_task_of_one_server(acts, on_citus):
    """The plan of each statement that the acts run there is asked for."""
    tasks, url = {}, on_citus.platform.settings.database_url
    for statement, values in acts(on_citus).all:
        text, defaults = statement.postgres
        lying = {LAYOUT[name] for name in tables_of(statement.expression)}
        if not lying & {Lies.BY_PATIENT, Lies.BY_VALUE} or ("value1" in values and Lies.BY_VALUE in lying):
            continue  # lists of identifiers are asked for one by one there
        with contextlib.suppress(psycopg.errors.IntegrityError), psycopg.connect(url) as asking:
            rows = asking.execute("EXPLAIN " + text, {**defaults, **values}, prepare=False).fetchall()
            tasks[statement.sqlite] = next((line.strip() for (line,) in rows if "Task Count" in line), str(rows[:3]))
            asking.rollback()
    assert len(tasks) > 10
    assert any("INSERT INTO audit_event" in text for text in tasks)
    several = {text: found for text, found in tasks.items() if found != "Task Count: 1"}
    assert {text: found for text, found in several.items() if not text.startswith(COUNTED_OVER_ALL)} == {}
    with pytest.raises(ConfigurationError, match="already"):
        distribute(url)


def test_on_citus_no_act_is_committed_in_two_phases(citus, on_citus):
    """Submissions, searches, retrievals, masks and refusals of several people, in batches: the control is a transaction over two people."""
    room = on_citus
    seal_all(room)
    before = two_phases(citus)
    for number in range(3):
        calls = []
        for patient in (PAT_TROIS, NESSI):
            requester = room.caller(patient=patient, assertion=room.assertion())
            calls.append((requester, room.submitting(room.submission(room.document(patient=patient)), requester)))
            calls.append((room.caller(patient=patient, assertion=room.assertion()), room.finding(patient=patient)))
        calls.append((room.caller(patient=None, assertion=room.assertion()), room.finding()))
        answers = room.together(*calls)
        assert [type(one).__name__ for one in answers[4:]] == ["UnknownPatient"]
        for patient, answer in ((PAT_TROIS, answers[0]), (NESSI, answers[2])):
            (entry,) = answer.entries
            (located,) = room.do(room.caller(patient=patient), room.retrieving(entry.unique_id))
            assert read(room.platform, located)
            room.do(room.caller(patient=patient), room.mask(entry))
        room.gate.note(Attempt("iti18", "127.0.0.1", "c" * 64, f"no assertion {number}"))
    began = room.connection._ask("SELECT count(*) FROM emergency_access")
    for patient in (PAT_TROIS, NESSI):
        room.do(room.glass_breaker(HOSPITAL_DOCTOR, patient=patient), room.finding(patient=patient))
    assert room.connection._ask("SELECT count(*) FROM emergency_access") > began
    assert room.connection._ask("SELECT count(*) FROM alarm") > [(0,)], (
        "an emergency raised one, in a transaction of its own"
    )
    assert two_phases(citus) == before
    connection = room.connection
    connection.begin(ALONE)
    for patient in (PAT_TROIS, NESSI):
        key = find(connection, room.platform.keyring, patient.identifier).patient_key
        connection._run(f"UPDATE health_record SET state = state WHERE patient_key = {key}")
    connection.control("COMMIT")
    assert two_phases(citus) > before
    seal_all(room)
    assert list(proved(room)) == []


def test_on_citus_no_act_of_a_professional_s_day_is_committed_in_two_phases(citus, on_citus):
    """Entry, summary, documents, search, deposits, synthesis, sharing, journal."""
    room = on_citus
    before_the_day(room)
    seal_all(room)
    before = two_phases(citus)
    a_day(room)
    assert two_phases(citus) == before
    seal_all(room)
    assert list(proved(room)) == []


def test_on_citus_a_deposit_that_was_cut_is_on_no_list_and_the_same_form_deposits_it(on_citus):
    """The depositor's line is kept before the deposit: alone it shows nothing, and the next try writes over it."""
    room, requester = on_citus, by_portal(on_citus)
    draft_id = begun(room, requester)
    made = room.do(requester, deposit_drafts.basis(requester, draft_id))
    listed = len(room.do(requester, deposits_everywhere()).deposits)
    control = room.connection.control

    def cut(command):
        if command == "COMMIT":
            raise Unavailable("cut before the commit")
        control(command)

    room.connection.control = cut
    with pytest.raises(Unavailable):
        room.do(requester, making(room.platform, requester, made))
    del room.connection.control
    line = room.connection._ask("SELECT count(*) FROM portal_deposit WHERE deposit_id = %s", [draft_id])
    assert line == [(1,)], "the line was kept"
    assert len(room.do(requester, deposits_everywhere()).deposits) == listed
    asked = (requester, draft_id, "consultation", today(room))
    assert room.do(requester, deposit_drafts.deposited(*asked)) is None
    room.do(requester, making(room.platform, requester, made))
    assert room.do(requester, deposit_drafts.deposited(*asked)).unique_id == unique_id_of(draft_id)
    assert len(room.do(requester, deposits_everywhere()).deposits) == listed + 1


def test_on_citus_a_group_is_of_one_shard(on_citus):
    room = on_citus
    people = [PAT_TROIS, NESSI, PAT_TROIS, None, NESSI]
    batch = [SimpleNamespace(requester=room.caller(patient=one), act=room.finding()) for one in people]
    found = [[one.requester.patient for one in group] for group, _ in groups_of(room.platform, batch)]
    first, second = PAT_TROIS.identifier, NESSI.identifier
    assert found == [[first, first], [second, second], [None]]


def test_on_citus_an_assertion_is_used_up_before_its_act_and_never_after(on_citus):
    room = on_citus
    used = room.assertion()
    connection = room.connection
    connection.begin(NOBODY)
    remember(connection, used, "c" * 64)
    connection.control("ROLLBACK")
    with pytest.raises(AssertionInvalid):
        room.do(room.caller(assertion=used), room.finding())
    room.now += HOUR + 1
    connection._swept.clear()
    seal_all(room)
    room.gate.note(Attempt("iti18", "127.0.0.1", "c" * 64, "one more line"))
    seal_all(room)
    rows = connection._ask("SELECT count(*) FROM replay WHERE key = %s", [used.key])
    assert rows == [(0,)]


def test_on_citus_a_submission_that_was_interrupted_comes_again_and_nobody_else_gets_its_names(on_citus):
    room = on_citus
    requester = room.caller()
    act = room.submitting(room.submission(room.document()), requester)
    names = sorted(act.registers())
    control = room.connection.control

    def cut(command):
        if command == "COMMIT":
            raise Unavailable("cut before the commit")
        control(command)

    room.connection.control = cut
    with pytest.raises(Unavailable):
        room.do(requester, act)
    del room.connection.control
    claimed = room.connection._ask("SELECT count(*) FROM registered_identifier WHERE value = ANY(%s)", [names])
    assert claimed == [(len(names),)]
    key = find(room.connection, room.platform.keyring, NESSI.identifier).patient_key
    other = Holder(patient_key=key, key=None, requester_id="", organization_id="", now=0, identifier="")
    with pytest.raises(DuplicateIdentifier):
        claim(room.connection, other, names[:1])
    (entry,) = room.do(requester, act).entries
    again = room.do(requester, act)
    assert (again.resubmitted, [one.unique_id for one in again.entries]) == (True, [entry.unique_id])
    seal_all(room)
    assert list(proved(room)) == []


def test_on_citus_nothing_is_sealed_while_a_transaction_outlives_the_coordinator_s(citus, on_citus):
    """A server that stands still keeps a transaction whose session on the coordinator is gone: its line may still come."""
    room = on_citus
    seal_all(room)
    with contextlib.closing(PostgresConnection(room.platform.settings.database_url)) as slow:
        slow.begin(NOBODY)
        slow.execute(FAMILIAR_LINE, {"ticket": None})
        here = slow._session.raw.info.backend_pid
        held = [
            pid
            for worker in citus[1:]
            for (pid,) in worker.sql(
                "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name LIKE 'citus_internal gpid=%%'"
                f" AND (regexp_replace(application_name, '.*=', ''))::bigint %% 10000000000 = {here}",
                database="spread",
            )
        ]
        assert len(held) == 1
        os.kill(held[0], signal.SIGSTOP)
        try:
            os.kill(here, signal.SIGTERM)
            waited_for(lambda: not citus[0].sql(f"SELECT 1 FROM pg_stat_activity WHERE pid = {here}"))
            room.gate.note(Attempt("iti18", "127.0.0.1", "c" * 64, "a later line"))
            assert not room.gate.seal()
        finally:
            os.kill(held[0], signal.SIGCONT)
    waited_for(room.gate.seal)
    assert list(proved(room)) == []


def waited_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_on_citus_no_ticket_is_given_twice_by_a_coordinator_that_lost_its_memory(citus, on_citus):
    room = on_citus
    room.do(room.caller(), room.finding())
    ((last,),) = room.connection._ask("SELECT last_value FROM audit_event_ticket_seq")
    with contextlib.closing(PostgresConnection(room.platform.settings.database_url)) as beside:
        assert beside._ask("SELECT last_value FROM audit_event_ticket_seq") == [(last,)]
    citus[0].kill()
    citus[0].start()
    with contextlib.suppress(Unavailable):
        room.do(room.caller(), room.finding())
    waited_for(lambda: answered(room))
    ((now,),) = room.connection._ask("SELECT last_value FROM audit_event_ticket_seq")
    assert now >= last - 32 + TICKETS_SKIPPED
    seal_all(room)
    assert list(proved(room)) == []


def answered(room):
    try:
        return room.do(room.caller(), room.finding()) is not None
    except Unavailable:
        return False


def test_a_database_without_citus_is_not_distributed(copies):
    url = copies.make()
    with pytest.raises(ConfigurationError, match="no Citus"):
        distribute(url)
    copies.drop(url)
