"""What an operator relies on: health, figures, logs that name nobody, a clean stop, and a start that is refused when it would not be safe."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from processes import children_of, has_ended
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from carnet.client.exchange_service import CallFailed, ExchangeService
from carnet.database.connection import SqliteConnection
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, OTHER_GP
from carnet.demo.pki import PERSONS, TestAuthority
from carnet.document_query import ReturnType
from carnet.errors import ConfigurationError
from carnet.metadata import MASQUE_PS, AvailabilityStatus
from carnet.record.administration import verify_trace
from carnet.requester import AccessMode
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.messages import adhoc_query_request, provide_and_register_request, quoted
from carnet.soap.query_table import BY_NAME

LOG_FIELDS = {
    "at",
    "level",
    "logger",
    "message",
    "transaction",
    "reason",
    "reference",
    "host",
    "port",
    "worker",
    "operation",
    "segment",
    "offset",
    "source",
    "exception",
    "places",
}


@pytest.fixture(scope="module")
def quiet(open_house):
    """A house of this file alone: what it logs and counts is known."""
    with open_house() as opened:
        yield opened


def get(house, path, **how):
    return house.http(how.pop("by", None)).get(house.stage.address + path, **how)


# --- health and figures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [None, MEDECIN_TRAITANT], ids=["without certificate", "with a card"])
def test_health_answers_anybody_and_says_nothing_else(quiet, by):
    assert get(quiet, "/health/live", by=by).json() == {"status": "live"}
    ready = get(quiet, "/health/ready", by=by)
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "failing": []})


def wait_for(condition, seconds=60):
    """Waits until something holds; the test fails when it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_while_revocation_lists_are_out_of_date_nobody_is_let_in_and_the_server_is_not_ready(quiet):
    record = quiet.new_record()
    authority = TestAuthority.load(quiet.stage.home / "pki")
    authority.write_crls(days=2 / 86_400)
    wait_for(lambda: get(quiet, "/health/ready").status_code == 503)
    assert get(quiet, "/health/ready").json() == {"status": "not ready", "failing": ["revocation lists"]}
    assert get(quiet, "/health/live").status_code == 200
    assert search(quiet, record, MEDECIN_TRAITANT).codes == ["DMPInvalidCertificate"]
    authority.write_crls()
    wait_for(lambda: get(quiet, "/health/ready").status_code == 200)
    assert search(quiet, record, MEDECIN_TRAITANT).codes == []


def test_a_card_that_was_revoked_is_refused_over_a_connection_that_is_open_already(open_house):
    with open_house() as house:
        record = house.new_record(HOSPITAL_DOCTOR)
        assert search(house, record, HOSPITAL_DOCTOR).codes == []
        authority = TestAuthority.load(house.stage.home / "pki")
        pem = Path(house.caller(HOSPITAL_DOCTOR).connection_files[0]).read_bytes()
        authority.revoked[PERSONS][x509.load_pem_x509_certificates(pem)[0].serial_number] = authority.now
        authority.write_crls()
        wait_for(lambda: search(house, record, HOSPITAL_DOCTOR).codes == ["DMPInvalidCertificate"])
        assert search(house, record, MEDECIN_TRAITANT).codes == []


def search(house, record, person):
    """FindDocuments as somebody: the whole answer."""
    return house.call(person, record.identifier, "iti18", find_all(record))


def find_all(record):
    """The body of FindDocuments."""
    slots = [
        ("$XDSDocumentEntryPatientId", [record.cx]),
        ("$XDSDocumentEntryStatus", [quoted(AvailabilityStatus.APPROVED.value)]),
    ]
    return adhoc_query_request(BY_NAME["FindDocuments"].uuid, ReturnType.LEAF_CLASS, slots)


def figures(house):
    """Every sample of /metrics, by name and labels."""
    answer = get(house, "/metrics")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_the_figures_are_openmetrics_and_count_every_call_by_its_outcome(quiet):
    record = quiet.new_record()

    def counted(transaction, outcome):
        return figures(quiet).get(("carnet_requests_total", (("outcome", outcome), ("transaction", transaction))), 0)

    cases = {
        ("iti41", "success"): lambda: record.send(record.submission(record.document())),
        ("iti41", "failure"): lambda: record.send(record.submission(record.document(), signed=False)),
        ("iti18", "success"): record.documents,
        ("iti18", "failure"): lambda: record.documents(by=OTHER_GP),
        ("iti43", "failure"): lambda: record.read("1.2.3"),
        ("iti18", "fault"): lambda: quiet.post(
            "iti18", *quiet.message(MEDECIN_TRAITANT, None, "iti18", find_all(record))
        ),
        ("unknown", "fault"): lambda: quiet.post("iti18", "text/plain", b"x", by=MEDECIN_TRAITANT),
    }
    for (transaction, outcome), call in cases.items():
        before = counted(transaction, outcome)
        call()
        assert counted(transaction, outcome) == before + 1, (transaction, outcome)
    samples = figures(quiet)
    assert samples["carnet_waiting_acts", ()] == 0
    assert samples["carnet_request_seconds_count", (("transaction", "iti41"),)] >= 2


def test_the_figures_name_nobody(quiet):
    record = quiet.new_record()
    record.add()
    text = get(quiet, "/metrics").text
    assert record.identifier.value not in text
    assert MEDECIN_TRAITANT.identifier not in text


# --- logs -------------------------------------------------------------------------------------------------------------

CANARY = "Fauvette"
"""Stands wherever a caller can write something: names, titles, reasons, tokens, headers, paths, broken bytes."""


def sing(quiet, record):
    """Every door, with the canary everywhere."""
    house, him = quiet, MEDECIN_TRAITANT
    sent = record.document(title=f"Lettre {CANARY}", media_type="text/plain")
    entry = record.put(sent)
    record.titles(("$XDSDocumentEntryAuthorPerson", f"('%{CANARY}%')"))
    record.read(f"1.2.3.{CANARY}")
    record.read(entry.unique_id, by=OTHER_GP, purpose=AccessMode.BRIS_DE_GLACE, reason=f"Urgence {CANARY}")
    record.read(entry.unique_id, by=OTHER_GP)
    record.mask(entry, [MASQUE_PS])
    body, parts = provide_and_register_request(record.submission(sent))
    content_type, content = house.message(him, record.identifier, "iti41", body, parts)
    good = house.message(him, record.identifier, "iti18", find_all(record))
    strange = [
        (content_type, content.replace(b"urn:uuid:", CANARY.encode() + b":")),
        (content_type, content.replace(b"Content-ID", b"X-" + CANARY.encode())),
        (content_type.replace("boundary=", f"{CANARY}="), content),
        (f"text/{CANARY}", CANARY.encode()),
        ("application/soap+xml", f"<{CANARY}>".encode()),
        ("application/soap+xml", good[1].replace(b"RegistryStoredQuery", CANARY.encode())),
        ("application/soap+xml", good[1].replace(b"AdhocQueryRequest", CANARY.encode())),
        ("application/soap+xml", good[1].replace(b"14d4debf", CANARY.encode())),
        ("application/soap+xml", good[1].replace(b"ID=", b'X="' + CANARY.encode() + b'" ID=')),
        ("application/soap+xml", good[1]),
        ("application/soap+xml", good[1]),
    ]
    for kind, message in strange:
        for by in (him, None):
            house.post("iti18", kind, message, by=by, headers=[("user-agent", CANARY), ("x-forwarded-for", CANARY)])
            house.post("iti41", kind, message, by=by, headers=[("cookie", CANARY)])
    house.post("iti18", *good, by=him, headers=[("client-cert", f":{CANARY}:")])
    for path in (
        f"/{CANARY}",
        f"/health/live?{CANARY}=1",
        f"/metrics/{CANARY}",
        f"/si-dmp-server/v2/services/registry?{CANARY}",
    ):
        get(house, path)
    assertion = house.assertion(
        him, record.identifier, edit=lambda text: text.replace(b'ID="', b'ID="_' + CANARY.encode())
    )
    house.call(him, record.identifier, "iti18", find_all(record), assertion=assertion)
    false = house.assertion(him, record.identifier, edit=lambda text: text.replace(b"LPS_Nom", CANARY.encode()))
    house.call(him, record.identifier, "iti18", find_all(record), assertion=false)
    settings = house.stage.settings
    with contextlib.suppress(OSError), socket.create_connection((settings.host, settings.port), timeout=60) as raw:
        raw.sendall(f"GET /{CANARY} HTTP/1.1\r\n\r\n".encode())
        raw.recv(100)


def test_no_name_no_ins_and_no_token_gets_into_the_logs_by_any_door(quiet):
    record = quiet.new_record()
    sing(quiet, record)
    log = quiet.log.read_text(encoding="utf-8")
    assert log.count("refused a caller") > 3
    told = [CANARY, record.identifier.value, record.patient.traits.birth_name, "MONTRIEUX", MEDECIN_TRAITANT.identifier]
    assert [word for word in told if word.lower() in log.lower()] == []


def test_every_line_of_the_log_is_an_object_of_known_fields(quiet):
    lines = [json.loads(line) for line in quiet.log.read_text(encoding="utf-8").splitlines()]
    assert lines
    for line in lines:
        assert set(line) <= LOG_FIELDS
        assert {"at", "level", "logger", "message"} <= set(line)


def test_a_failure_of_ours_is_told_by_a_reference_alone(quiet):
    """The table is away for a moment: the caller gets a number, the log has it with the kind of error and not its text."""
    record = quiet.new_record()
    database = quiet.stage.settings.database

    def rename(old, new):
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA legacy_alter_table = ON")
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
            connection.commit()

    rename("document_entry", "document_entry_away")
    try:
        reply = quiet.call(MEDECIN_TRAITANT, record.identifier, "iti18", find_all(record))
    finally:
        rename("document_entry_away", "document_entry")
    assert reply.codes == ["Receiver"]
    assert "document_entry" not in reply.fault.reason
    reference = reply.fault.reason.rpartition("reference ")[2].partition(" ")[0]
    (line,) = [json.loads(text) for text in quiet.log.read_text().splitlines() if reference in text]
    assert (line["level"], line["exception"]) == ("ERROR", "OperationalError")
    assert "document_entry" not in json.dumps(line)
    assert record.last_line("iti18")["outcome"] == "failed"
    assert record.documents().status is ResponseStatus.SUCCESS


def test_while_another_holds_the_database_callers_are_told_to_come_back(quiet):
    record = quiet.new_record()
    made = record.submission(record.document(title="Plus tard"))
    body, parts = provide_and_register_request(made)
    before = quiet.stored()
    with contextlib.closing(sqlite3.connect(quiet.stage.settings.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reply = quiet.call(MEDECIN_TRAITANT, record.identifier, "iti41", body, parts)
        other.execute("ROLLBACK")
    assert reply.codes == ["XDSRegistryNotAvailable"]
    assert quiet.stored() == before
    assert not record.send(made).errors
    assert record.titles() == ["Plus tard"]


# --- the trace --------------------------------------------------------------------------------------------------------


def test_the_trace_of_a_running_server_is_sealed_by_itself_and_holds(quiet):
    record = quiet.new_record()
    record.add()
    wait_for(lambda: all(line["index"] is not None for line in record.trace()[:-2]))
    quiet.gate.seal()
    report = verify_trace(quiet.gate)
    assert report.intact, report.findings
    assert report.sealed > 0


def test_a_call_that_is_refused_before_it_names_a_patient_is_traced_to_nobody(quiet):
    before = quiet.traced_without_patient()
    record = quiet.new_record()
    content_type, content = quiet.message(OTHER_GP, record.identifier, "iti18", find_all(record))
    assert quiet.post("iti18", content_type, content, by=HOSPITAL_DOCTOR).codes == ["FailedAuthentication"]
    assert quiet.traced_without_patient() == before + 1


# --- stopping and starting --------------------------------------------------------------------------------------------


def test_a_server_that_is_told_to_stop_seals_its_trace_and_what_it_holds_is_there_after(open_house):
    with open_house() as house:
        record = house.new_record()
        sent = record.document(title="Avant l'arrêt")
        entry = record.put(sent)
        home = house.stage.home
        house.hang_up()
        house.server.send_signal(signal.SIGTERM)
        assert house.server.wait(timeout=60) in {0, -signal.SIGTERM}
        assert house.rows("SELECT count(*) FROM audit_event WHERE leaf_index IS NULL") == [(0,)]
    with open_house(home=home) as again:
        record.house = again
        assert record.titles() == ["Avant l'arrêt"]
        assert record.read(entry.unique_id)[1][0].content == sent.content
        report = verify_trace(again.gate)
        assert report.intact, report.findings


def test_an_idle_connection_does_not_hold_the_stop_of_the_server(open_house):
    with open_house(CARNET_STOP_SECONDS="600") as house:
        assert get(house, "/health/live").status_code == 200
        house.server.send_signal(signal.SIGTERM)
        try:
            house.server.wait(timeout=60)  # an idle connection would be kept for 75 seconds
        except subprocess.TimeoutExpired:
            pytest.fail("the server waits for its clients")
        finally:
            house.hang_up()


def test_what_was_acknowledged_survives_the_servers_sudden_death(open_house):
    """Killed in the middle of many submissions: every one that was answered Success is there, whole, and the trace holds."""
    acknowledged = {}
    with open_house() as house:
        record = house.new_record()
        sent = [record.document(title=f"Document {number}", size=20_000) for number in range(40)]
        made = [record.submission(one) for one in sent]
        service, stop = record.service(), threading.Event()

        def submit(pair):
            one, submission = pair
            with contextlib.suppress(CallFailed):
                if not stop.is_set() and service.submit(submission).status is ResponseStatus.SUCCESS:
                    acknowledged[one.entry.unique_id] = one.content
                    if len(acknowledged) >= 15:
                        stop.set()
                        house.server.kill()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(submit, zip(sent, made, strict=True)))
        house.server.wait(timeout=60)
        home = house.stage.home
    with open_house(home=home) as again:
        record.house = again
        _, documents = record.read(*acknowledged)
        assert {document.unique_id: document.content for document in documents} == acknowledged
        stored = len(record.titles())
        assert len(acknowledged) <= stored <= len(acknowledged) + 4
        again.gate.seal()
        report = verify_trace(again.gate)
        assert report.intact, report.findings
        lines = [line for line in record.trace() if line["action"] == "iti41" and line["outcome"] == "done"]
        assert len(lines) == stored


@pytest.fixture(scope="module")
def pair(open_house):
    """An exchange of two worker processes."""
    with open_house(CARNET_WORKERS="2") as opened:
        yield opened


def test_two_workers_share_one_record(pair):
    record = pair.new_record()
    for number in range(8):
        pair.hang_up()
        record.add(title=f"Document {number}")
    assert len(record.titles()) == 8
    pair.gate.seal()
    report = verify_trace(pair.gate)
    assert report.intact, report.findings


def test_two_workers_write_one_record_at_the_same_time(pair):
    record = pair.new_record()
    made = [record.submission(record.document(title=f"Document {number:02}")) for number in range(24)]

    def submit(submission):
        service = ExchangeService(pair.stage.address, pair.caller(MEDECIN_TRAITANT), str(pair.stage.authorities))
        with service:
            return service.submit(submission).status

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(submit, made)) == {ResponseStatus.SUCCESS}
    assert len(record.titles()) == 24
    assert [line["seq"] for line in record.trace()] == list(range(1, len(record.trace())))
    pair.gate.seal()
    assert verify_trace(pair.gate).intact


def test_workers_stop_with_the_process_that_started_them(open_house):
    with open_house(CARNET_WORKERS="2") as house:
        end = time.monotonic() + 60
        while len(workers := children_of(house.server.pid)) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        assert len(workers) >= 2
        house.server.send_signal(signal.SIGTERM)
        house.server.wait(timeout=60)
        end = time.monotonic() + 60
        while not all(map(has_ended, workers)) and time.monotonic() < end:
            time.sleep(0.05)
        left = [pid for pid in workers if not has_ended(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert left == []


def serve(home, **environment):
    """`carnet serve` on a home that must be refused: its status and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "carnet", "serve", "--home", str(home)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"CARNET_ENVIRONMENT": "production", "CARNET_TEST_IDENTITIES": "false"}, "Production needs a keyring"),
        ({"CARNET_ENVIRONMENT": "production"}, "test_identities"),
        ({"CARNET_ENVIRONMENT": "staging"}, "environment"),
        ({"CARNET_COLOUR": "blue"}, "CARNET_COLOUR"),
        ({"CARNET_PORT": "many"}, "wrong type"),
        ({"CARNET_TLS_ENABLED": "false"}, "declared_proxies"),
        ({"CARNET_VIHF_MAXIMUM_AGE": "86400"}, "vihf_maximum_age"),
    ],
    ids=["development keys in production", "test INS in production", "environment", "unknown", "type", "no TLS", "age"],
)
def test_a_server_that_would_not_be_safe_does_not_start_and_says_why(pristine, environment, word):
    status, said = serve(pristine.home, **environment)
    assert status != 0
    assert word in said
    assert "Traceback" not in said


def test_a_home_that_is_none_is_not_served(tmp_path):
    status, said = serve(tmp_path / "nowhere")
    assert status != 0
    assert "carnet init" in said
    assert "Traceback" not in said


def test_sqlite_that_does_not_keep_what_it_acknowledged_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="journal_mode=memory"):
        SqliteConnection(":memory:")
    connection = SqliteConnection(tmp_path / "x.db")
    connection.check_durability()
    for pragma in ("synchronous=NORMAL", "foreign_keys=OFF", "journal_mode=DELETE"):
        connection._raw.execute(f"PRAGMA {pragma}")
        with pytest.raises(ConfigurationError):
            connection.check_durability()
        for good in ("synchronous=FULL", "foreign_keys=ON", "journal_mode=WAL"):
            connection._raw.execute(f"PRAGMA {good}")
        connection.check_durability()
    connection.close()
