"""More than the server can do: reads are told to come back, masks and emergencies go through, nobody waits for ever, and a stop is in steps.

The server stands still while the requests are sent, so that all of them are there when it goes on: nothing depends on how fast it is.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from carnet.client.feeding import mask_update
from carnet.clock import system_clock
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, OTHER_GP
from carnet.document_query import ReturnType
from carnet.metadata import MASQUE_PS, AvailabilityStatus
from carnet.requester import AccessMode
from carnet.soap import mtom
from carnet.soap.answer_parse import query_answer, registry_answer, soap_fault
from carnet.soap.envelope import parse
from carnet.soap.messages import adhoc_query_request, quoted, update_request
from carnet.soap.query_table import BY_NAME

READS, MASKS, EMERGENCIES = 30, 4, 4
SMALL = {"CARNET_MAXIMUM_REQUESTS_IN_PROGRESS": "1", "CARNET_MAXIMUM_WAITING_REQUESTS": "10"}
ENDLESS = {"CARNET_MAXIMUM_WAITING_REQUESTS": "1000000", "CARNET_MAXIMUM_WAITING_SECONDS": "1000000"}


@contextlib.contextmanager
def standing_still(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def search(record):
    slots = [
        ("$XDSDocumentEntryPatientId", [f"'{record.identifier.cx()}'"]),
        ("$XDSDocumentEntryStatus", [quoted(AvailabilityStatus.APPROVED.value)]),
    ]
    return adhoc_query_request(BY_NAME["FindDocuments"].uuid, ReturnType.OBJECT_REF, slots)


def crowd(house, record):
    """(kind, caller, Content-Type, bytes) of each request: reads of one client, masks of another among them, and emergencies."""
    entries = record.put(
        *(record.document(title=f"À masquer {number}", number=number) for number in range(1, MASKS + 1))
    )
    him = MEDECIN_TRAITANT
    found = [("read", him, house.message(him, record.identifier, "iti18", search(record))) for _ in range(READS)]
    for entry in entries:
        update = update_request(mask_update(entry, [MASQUE_PS], house.caller(MEDECIN_TRAITANT), system_clock()))
        found.append(("mask", MEDECIN_TRAITANT, house.message(MEDECIN_TRAITANT, record.identifier, "iti57", update)))
    for number in range(EMERGENCIES):
        who = (OTHER_GP, HOSPITAL_DOCTOR)[number % 2]
        said = {"purpose": AccessMode.BRIS_DE_GLACE, "reason": "Patient inconscient aux urgences"}
        assertion = house.assertion(who, record.identifier, **said)
        message = house.message(who, record.identifier, "iti18", search(record), assertion=assertion)
        found.append(("emergency", who, message))
    return found


def client_of(house, person):
    context = ssl.create_default_context(cafile=str(house.stage.authorities))
    context.load_cert_chain(*house.caller(person).connection_files)
    return httpx.Client(verify=context, timeout=60, trust_env=False)


def all_at_once(house, requests):
    """Sends everything while the server stands still; (kind, answer) of each."""
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(len(requests)) as pool:
        clients = [stack.enter_context(client_of(house, who)) for _, who, _ in requests]
        for client in clients:
            client.get(house.stage.address + "/health/live")
        ready = threading.Barrier(len(requests) + 1)

        def post(client, request):
            kind, _, (content_type, content) = request
            url = house.url("iti57" if kind == "mask" else "iti18")
            ready.wait(60)
            return kind, client.post(url, content=content, headers={"content-type": content_type})

        with standing_still(house.server.pid):
            sent = [pool.submit(post, *both) for both in zip(clients, requests, strict=True)]
            ready.wait(60)
            until_all_have_come(house.stage.settings.port, [len(content) for _, _, (_, content) in requests])
        return [one.result() for one in sent]


def until_all_have_come(port, lengths):
    """Until the kernel holds a request for each connection of the server that stands still, and all their bytes."""
    end = time.monotonic() + 60
    while True:
        lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
        waiting = [int(line[4].rpartition(":")[2], 16) for line in lines if int(line[1].rpartition(":")[2], 16) == port]
        if sum(map(bool, waiting)) >= len(lengths) and sum(waiting) >= sum(lengths):
            return
        assert time.monotonic() < end, "not every request was sent"
        time.sleep(0.02)


def envelope(answer):
    return parse(mtom.split(answer.headers["content-type"], answer.content, maximum_parts=9).root, addressing=False)


def overload(house):
    """What became of each kind: how many were answered, how many told to come back; every answer is one of these, in the protocol."""
    record = house.new_record()
    requests = crowd(house, record)
    before = len(record.trace())
    done, refused = {}, {}
    for kind, answer in all_at_once(house, requests):
        if answer.status_code == 200:
            read = registry_answer if kind == "mask" else query_answer
            assert not read(envelope(answer)).errors
            done[kind] = done.get(kind, 0) + 1
        else:
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) >= 1
            assert soap_fault(envelope(answer)).code == "Receiver"
            refused[kind] = refused.get(kind, 0) + 1
    lines = [line for line in record.trace()[before:] if line["action"] in {"iti18", "iti57"}]
    assert len(lines) == sum(done.values())
    assert all(line["outcome"] == "done" for line in lines)
    return done, refused


def test_reads_are_told_to_come_back_masks_and_emergencies_are_not_and_every_read_has_its_line(open_house):
    with open_house(**SMALL) as house:
        done, refused = overload(house)
        assert refused["read"] >= READS - 15
        assert done["read"] >= 1
        assert (done["mask"], done["emergency"]) == (MASKS, EMERGENCIES)
        assert set(refused) == {"read"}
        assert house.http().get(house.stage.address + "/health/ready").status_code == 200
        told = house.http().get(house.stage.address + "/metrics").text
        assert 'carnet_shed_requests_total{lane="ordinary"' in told


def test_control_a_queue_without_end_refuses_nobody(open_house):
    with open_house(**ENDLESS) as house:
        done, refused = overload(house)
        assert refused == {}
        assert done["read"] == READS


# --- peers that take their time ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def raw_connection(house):
    context = ssl.create_default_context(cafile=str(house.stage.authorities))
    settings = house.stage.settings
    plain = socket.create_connection((settings.host, settings.port), timeout=60)
    with plain, context.wrap_socket(plain, server_hostname=settings.host) as spoken:
        yield spoken


@pytest.fixture(scope="module")
def impatient(open_house):
    with open_house(CARNET_MAXIMUM_HEAD_SECONDS="0.5", CARNET_MAXIMUM_BODY_SECONDS="1") as house:
        yield house


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n",
        b"POST /si-dmp-server/v2/services/registry HTTP/1.1\r\nhost: x\r\n",
        b"POST /si-dmp-server/v2/services/registry HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nhalf",
        b"POST /health/live HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nrefused before it is whole",
    ],
    ids=[
        "nothing",
        "a blank line",
        "half a head",
        "half a body",
        "a body of a refused request",
    ],
)
def test_a_peer_that_does_not_go_on_is_cut_off(impatient, sent):
    """Within the minute of this connection's patience; left alone, the server would keep it for 75 seconds."""
    with raw_connection(impatient) as peer, contextlib.suppress(ConnectionResetError, BrokenPipeError, ssl.SSLError):
        peer.sendall(sent)
        while peer.recv(65_536):
            pass


def test_a_head_without_end_is_cut_off(house):
    with raw_connection(house) as peer, contextlib.suppress(ConnectionResetError, BrokenPipeError, ssl.SSLError):
        peer.sendall(b"GET /health/live HTTP/1.1\r\n")
        for number in range(5_000):
            peer.sendall(b"x-%d: " % number + b"y" * 1_000 + b"\r\n")
        pytest.fail("five megabytes of headers were taken")


def test_when_all_connections_are_taken_one_that_nobody_uses_gives_way(open_house):
    with open_house(CARNET_MAXIMUM_CONNECTIONS="4") as house, contextlib.ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(raw_connection(house))
        for _ in range(3):
            client = stack.enter_context(client_of(house, MEDECIN_TRAITANT))
            assert client.get(house.stage.address + "/health/live").status_code == 200


# --- stopping ---------------------------------------------------------------------------------------------------------


NOTICE = 8
"""Seconds: two calls are made meanwhile, however busy the machine."""


def test_a_stop_is_told_first_then_no_connection_is_taken_and_what_was_let_in_is_answered(open_house):
    with open_house(CARNET_STOP_NOTICE_SECONDS=str(NOTICE)) as house:
        record = house.new_record()
        client = house.http(MEDECIN_TRAITANT)
        assert client.get(house.stage.address + "/health/ready").status_code == 200
        house.server.send_signal(signal.SIGTERM)
        end = time.monotonic() + NOTICE
        while (ready := client.get(house.stage.address + "/health/ready")).status_code == 200:
            assert time.monotonic() < end
        assert ready.json()["failing"] == ["stopping"]
        answer = house.call(MEDECIN_TRAITANT, record.identifier, "iti18", search(record))
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert not answer.query.errors
        assert house.server.wait(timeout=60) in {0, -signal.SIGTERM}
        settings = house.stage.settings
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((settings.host, settings.port), timeout=5)
