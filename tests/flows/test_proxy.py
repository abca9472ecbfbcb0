"""Behind nginx, which ends mutual TLS and hands over the caller's certificate (RFC 9440): the right caller, and nobody by a forged header.

The configuration is the one that operators are given; the test puts its own paths and ports into it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from flows_house import House, Reply

from carnet.client.vihf import build_vihf
from carnet.clock import system_clock
from carnet.demo.people import HOSPITAL_DOCTOR, LABORATORY, MEDECIN_TRAITANT, PAT_TROIS, PROFESSIONALS
from carnet.document_query import ReturnType
from carnet.metadata import AvailabilityStatus
from carnet.soap.messages import adhoc_query_request, quoted
from carnet.soap.query_table import BY_NAME

CONFIGURATION = Path(__file__).parents[2] / "docs" / "operate" / "nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
SETTINGS = 'tls_enabled = false\ndeclared_proxies = ["127.0.0.1"]\n'
FAILED = "FailedAuthentication"

pytestmark = pytest.mark.skipif(NGINX is None, reason="needs the proxy nginx, which `make test` installs")


@dataclass
class Proxied:
    """A house behind nginx: `house` is spoken to through the proxy, `inner` is the server's own address."""

    house: House
    inner: str
    directory: Path


@pytest.fixture(scope="module")
def proxied(open_house, free_port, tmp_path_factory):
    directory = tmp_path_factory.mktemp("nginx")
    port = free_port()
    with open_house(SETTINGS) as inner:
        write_configuration(directory, inner.stage, port)
        outer = replace(inner.stage, settings=replace(inner.stage.settings, port=port))
        with running_nginx(directory, port):
            address = f"http://127.0.0.1:{inner.stage.settings.port}"
            yield Proxied(House(outer, inner.gate, inner.stack, inner.server), address, directory)


def write_configuration(directory, stage, port):
    """The operators' file with our paths and ports, inside the least main file that nginx wants."""
    pki = stage.home / "pki"
    callers = [*(pki / "trust").glob("*.pem"), *(pki / "intermediates").glob("*.pem")]
    (directory / "callers.pem").write_bytes(b"".join(file.read_bytes() for file in callers))
    text = CONFIGURATION.read_text(encoding="utf-8")
    for written, ours in (
        ("/etc/carnet/pki/server.pem", str(pki / "server.pem")),
        ("/etc/carnet/pki/server.key", str(pki / "server.key")),
        ("/etc/carnet/pki/callers.pem", str(directory / "callers.pem")),
        ("/var/log/nginx/carnet.log", str(directory / "access.log")),
        ("    server 127.0.0.1:8080;", f"    server 127.0.0.1:{stage.settings.port};"),
        ("    listen 8443 ssl;", f"    listen 127.0.0.1:{port} ssl;"),
    ):
        assert text.count(written) == 1, written
        text = text.replace(written, ours)
    (directory / "carnet.conf").write_text(text, encoding="utf-8")
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"    {name}_temp_path {directory}/{name};\n" for name in names)
    user = "user root;\n" if os.geteuid() == 0 else ""
    (directory / "nginx.conf").write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {directory}/nginx.pid;\nerror_log {directory}/error.log info;\n"
        f"events {{}}\nhttp {{\n    access_log off;\n{places}    include {directory}/carnet.conf;\n}}\n",
        encoding="utf-8",
    )


@contextlib.contextmanager
def running_nginx(directory, port):
    command = [NGINX, "-p", str(directory), "-c", str(directory / "nginx.conf"), "-e", str(directory / "error.log")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while True:
            assert process.poll() is None, (directory / "error.log").read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert time.monotonic() < end, "nginx does not listen"
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def fingerprint(house, person):
    """SHA-256 of the person's connection certificate, as the trace has it."""
    pem = Path(house.caller(person).connection_files[0]).read_text(encoding="ascii")
    return hashlib.sha256(base64.b64decode(pem.split("-----")[2])).hexdigest()


def client_cert(house, person):
    """The Client-Cert header of a person's certificate, as a proxy writes it."""
    pem = Path(house.caller(person).connection_files[0]).read_text(encoding="ascii")
    return f":{''.join(pem.split('-----')[2].split())}:"


def find_documents(record):
    slots = [
        ("$XDSDocumentEntryPatientId", [record.cx]),
        ("$XDSDocumentEntryStatus", [quoted(AvailabilityStatus.APPROVED.value)]),
    ]
    return adhoc_query_request(BY_NAME["FindDocuments"].uuid, ReturnType.LEAF_CLASS, slots)


def unsigned_search(house, record, person):
    """A query whose assertion is not signed: the connection's certificate alone says who calls."""
    assertion = build_vihf(house.vihf(person, record.identifier), system_clock())
    return house.message(person, record.identifier, "iti18", find_documents(record), assertion=assertion)


def test_a_document_goes_in_is_found_and_read_through_the_proxy(proxied):
    record = proxied.house.new_record()
    sent = record.document(title="Par le mandataire")
    entry = record.put(sent)
    assert record.titles() == ["Par le mandataire"]
    assert record.read(entry.unique_id)[1][0].content == sent.content
    line = record.last_line("iti43")
    assert (line["certificate"], line["address"]) == (fingerprint(proxied.house, MEDECIN_TRAITANT), "127.0.0.1")


@pytest.mark.parametrize("person", [*PROFESSIONALS, LABORATORY], ids=lambda person: person.identifier)
def test_every_callers_certificate_comes_through_whole(proxied, person):
    record = proxied.house.new_record()
    assert record.documents(by=person, refs=True) is not None
    assert record.last_line("iti18")["certificate"] == fingerprint(proxied.house, person)


def test_a_document_of_megabytes_leaves_no_trace_in_the_proxys_files(proxied):
    record = proxied.house.new_record()
    sent = record.document(media_type="application/pdf", size=4_000_000)
    record.put(sent)
    assert record.read(sent.entry.unique_id)[1][0].content == sent.content
    left = [
        file for name in ("client_body", "proxy") for file in (proxied.directory / name).rglob("*") if file.is_file()
    ]
    assert left == []
    log = (proxied.directory / "error.log").read_text()
    assert "buffered to a temporary file" not in log


def test_without_a_certificate_nobody_is_let_in(proxied):
    record = proxied.house.new_record()
    content_type, content = unsigned_search(proxied.house, record, MEDECIN_TRAITANT)
    assert proxied.house.post("iti18", content_type, content).codes == [FAILED]


@pytest.mark.parametrize("by", [HOSPITAL_DOCTOR, None], ids=["over another's connection", "over no certificate"])
def test_a_header_that_a_caller_forges_is_replaced_by_the_proxys(proxied, by):
    record = proxied.house.new_record()
    forged = [("client-cert", client_cert(proxied.house, MEDECIN_TRAITANT))]
    content_type, content = unsigned_search(proxied.house, record, MEDECIN_TRAITANT)
    assert proxied.house.post("iti18", content_type, content, by=by, headers=forged).codes == [FAILED]
    content_type, content = unsigned_search(proxied.house, record, MEDECIN_TRAITANT)
    assert proxied.house.post("iti18", content_type, content, by=MEDECIN_TRAITANT, headers=forged).codes == []


def test_an_address_that_a_caller_forges_is_replaced_by_the_proxys(proxied):
    record = proxied.house.new_record()
    content_type, content = unsigned_search(proxied.house, record, MEDECIN_TRAITANT)
    forged = [("x-forwarded-for", "203.0.113.9")]
    assert proxied.house.post("iti18", content_type, content, by=MEDECIN_TRAITANT, headers=forged).codes == []
    assert record.last_line("iti18")["address"] == "127.0.0.1"


def test_health_answers_through_the_proxy_without_a_certificate(proxied):
    answer = proxied.house.http().get(f"{proxied.house.stage.address}/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


def test_a_card_signs_in_to_the_portal_through_the_proxy(proxied):
    """The form's origin has the port of the proxy, and so must the Host that Carnet compares it with."""
    http, address = proxied.house.http(MEDECIN_TRAITANT), proxied.house.stage.address
    page = http.get(f"{address}/pro/connexion")
    form = {"jeton": re.search(r'name="jeton" value="([^"]*)"', page.text)[1]}
    answer = http.post(f"{address}/pro/connexion/carte", data=form, headers={"origin": address})
    assert (answer.status_code, answer.headers.get("location")) == (303, "/pro")
    assert MEDECIN_TRAITANT.family_name in http.get(f"{address}/pro").text
    bare = {"cookie": "; ".join(f"{name}={value}" for name, value in http.cookies.items())}
    assert proxied.house.http().get(f"{address}/pro", headers=bare).status_code == 303


def test_no_address_that_names_a_patient_stands_in_the_proxys_log(proxied):
    number, log = PAT_TROIS.identifier.value, proxied.directory / "access.log"
    proxied.house.http(MEDECIN_TRAITANT).get(f"{proxied.house.stage.address}/AccesDirect/Documents/{number}?q={number}")
    end = time.monotonic() + 60
    while "GET /AccesDirect " not in log.read_text():
        assert time.monotonic() < end, "the proxy writes no log"
        time.sleep(0.05)
    assert number not in log.read_text()


# --- the server's own door, where only the declared proxy may say who calls -------------------------------------------


def direct(proxied, record, headers, *, source="127.0.0.1"):
    """A query straight to the server, from an address of this machine."""
    content_type, content = unsigned_search(proxied.house, record, MEDECIN_TRAITANT)
    transport = httpx.HTTPTransport(local_address=source)
    with httpx.Client(transport=transport, timeout=60, trust_env=False) as client:
        answer = client.post(
            f"{proxied.inner}/si-dmp-server/v2/services/registry",
            content=content,
            headers=[("content-type", content_type), *headers],
        )
    return Reply(answer.status_code, answer.headers, answer.content)


def test_the_header_is_believed_from_the_declared_proxy_and_refused_from_any_other_peer(proxied):
    record = proxied.house.new_record()
    header = [("client-cert", client_cert(proxied.house, MEDECIN_TRAITANT))]
    assert direct(proxied, record, header).codes == []
    before = len(record.trace())
    reply = direct(proxied, record, header, source="127.0.0.2")
    assert reply.codes == ["Sender"]
    assert reply.fault.reason == "The header Client-Cert is accepted from declared proxies only."
    assert len(record.trace()) == before + 1


def test_a_proxy_that_hands_over_no_certificate_lets_nobody_in(proxied):
    record = proxied.house.new_record()
    assert direct(proxied, record, []).codes == [FAILED]


@pytest.mark.parametrize(
    "value", ["", "MIIB", ":::", ":not base64:", ":AAAA:", "-----BEGIN CERTIFICATE-----", "%2D%2D%2D"], ids=str
)
def test_a_header_that_holds_no_certificate_lets_nobody_in(proxied, value):
    record = proxied.house.new_record()
    assert direct(proxied, record, [("client-cert", value)]).codes[0] in {"Sender", FAILED, "DMPInvalidCertificate"}


def test_two_headers_let_nobody_in(proxied):
    record = proxied.house.new_record()
    header = ("client-cert", client_cert(proxied.house, MEDECIN_TRAITANT))
    assert direct(proxied, record, [header, header]).codes == ["Sender"]


def test_a_certificate_of_nobody_in_the_header_lets_nobody_in(proxied):
    record = proxied.house.new_record()
    server = (proxied.house.stage.home / "pki" / "server.pem").read_text(encoding="ascii")
    value = f":{''.join(server.split('-----')[2].split())}:"
    assert direct(proxied, record, [("client-cert", value)]).codes == ["DMPInvalidCertificate"]
