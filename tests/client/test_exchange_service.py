"""What the reference client says when a service cannot be called or does not speak the protocol."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from carnet.client.exchange_service import CallFailed, ExchangeService
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.errors import CarnetError, ConfigurationError
from carnet.soap.document_set import DocumentRequest
from carnet.soap.faults import fault_for

PATIENT = PAT_TROIS.identifier
WANTED = [DocumentRequest("1.2.3", "2.25.1")]


@pytest.fixture
def service(first_stage):
    caller = first_stage.callers[MEDECIN_TRAITANT.identifier]
    return ExchangeService("http://127.0.0.1:9", caller, str(first_stage.authorities), recorder=[])


@contextmanager
def answering(status, content_type, body):
    """A service on the loopback that answers everything alike, and its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_service_that_does_not_answer_is_told_in_a_sentence(service):
    with service, pytest.raises(CallFailed, match=r"127\.0\.0\.1:9 could not be called"):
        service.retrieve(PATIENT, WANTED)


def test_a_service_is_used_as_a_context_manager(service):
    with pytest.raises(CallFailed, match="context manager"):
        service.retrieve(PATIENT, WANTED)


@pytest.mark.parametrize("what", ["authorities", "caller"])
def test_certificates_that_cannot_be_read_are_told_in_a_sentence(service, tmp_path, what):
    broken = {
        "authorities": replace(service, authorities=str(tmp_path / "nowhere.pem")),
        "caller": replace(service, caller=replace(service.caller, directory=tmp_path)),
    }[what]
    with pytest.raises(ConfigurationError, match="cannot be read"):
        broken.__enter__()


def test_a_soap_fault_is_told_by_its_subcode_and_reason(service):
    status, body = fault_for(CarnetError("Nothing today."))
    with answering(status, "application/soap+xml", body) as address, replace(service, address=address) as opened:
        with pytest.raises(CallFailed, match="Nothing today"):
            opened.retrieve(PATIENT, WANTED)
        ((transaction, request, answer),) = opened.recorder
    assert (transaction, answer) == ("iti43", body)
    assert b"RetrieveDocumentSetRequest" in request


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"<html>502</html>"),
        ("", b""),
        ("application/soap+xml", b"not XML"),
        ("text/xml", b"<html/>"),
        ("multipart/related", b"no boundary"),
    ],
)
def test_an_answer_that_is_not_of_the_protocol_is_told_in_a_sentence(service, content_type, body):
    with answering(502, content_type, body) as address, replace(service, address=address) as opened:
        with pytest.raises(CarnetError) as failure:
            opened.retrieve(PATIENT, WANTED)
        assert failure.value.message


def test_the_address_may_end_with_a_slash(service):
    plain = service.url("iti18")
    assert replace(service, address=service.address + "/").url("iti18") == plain
    assert plain.endswith("/si-dmp-server/v2/services/registry")
    assert service.url("iti43").endswith("/repository")


def test_each_request_carries_its_own_message_identifier_and_assertion(service):
    first, second = (service.request("iti18", PATIENT, b"<x/>")[1] for _ in range(2))
    for mark in (b"MessageID>", b' ID="'):
        assert first.partition(mark)[2][:60] != second.partition(mark)[2][:60]
