"""Broken, huge and hostile messages: each gets its own error, nothing is stored, and the server answers the next call."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
from dataclasses import replace

import httpx
import pytest
from flows_house import fictitious_patient

from carnet.client.feeding import from_cda
from carnet.demo.documents import level_1
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.demo.pki import TestAuthority
from carnet.metadata import AssociationType, PatientIdentifier
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.messages import provide_and_register_request

BASE = "/si-dmp-server/v2/services"
MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def nothing_is_stored_and_the_server_goes_on(house, record, other_record):
    """Around each test: the counts of every table and the bytes of the documents, then a good call and a good submission."""
    assert other_record.identifier != record.identifier
    before = house.stored()
    yield
    assert house.stored() == before
    assert house.server.poll() is None
    assert record.documents().status is ResponseStatus.SUCCESS
    record.add(title="Après")
    assert record.titles() == ["Après"]


def packed(record, *, submission=None):
    """A good ITI-41 message, to be broken."""
    body, parts = provide_and_register_request(submission or record.submission(record.document()))
    return record.house.message(MEDECIN_TRAITANT, record.identifier, "iti41", body, parts)


def post(record, content_type, content, **how):
    return record.house.post("iti41", content_type, content, by=MEDECIN_TRAITANT, **how)


# --- packaging --------------------------------------------------------------------------------------------------------


def boundary_of(content_type):
    return content_type.partition('boundary="')[2].partition('"')[0].encode()


BROKEN = {
    "cut in the middle": lambda content, boundary: content[: len(content) // 2],
    "without its last boundary": lambda content, boundary: content[: content.rindex(boundary)],
    "without any boundary": lambda content, boundary: content.replace(boundary, b"x"),
    "with bare line feeds": lambda content, boundary: content.replace(b"\r\n", b"\n"),
    "without the blank line after a header": lambda content, boundary: content.replace(b"\r\n\r\n", b"\r\n", 1),
    "with a part that nothing names": lambda content, boundary: content.replace(
        b"\r\n--" + boundary + b"--",
        b"\r\n--" + boundary + b"\r\nContent-ID: <x>\r\n\r\nextra\r\n--" + boundary + b"--",
    ),
    "with an attachment that is missing": lambda content, boundary: content.replace(
        b"cid:document1@", b"cid:document9@"
    ),
    "with one attachment for two documents": lambda content, boundary: content.replace(
        b"cid:document2@", b"cid:document1@"
    ),
    "with two parts of one name": lambda content, boundary: content.replace(b"<document2@", b"<document1@"),
    "with a reference to a file": lambda content, boundary: content.replace(
        b"cid:document1@carnet", b"file:///etc/hostname"
    ),
    "with a reference to the network": lambda content, boundary: content.replace(
        b"cid:document1@carnet", b"http://127.0.0.1:9/document"
    ),
    "with an unknown transfer encoding": lambda content, boundary: content.replace(
        b"Encoding: binary", b"Encoding: x-uuencode"
    ),
    "with headers of 20,000 bytes": lambda content, boundary: content.replace(
        b"Content-ID: ", b"X-Long: " + b"a" * 20_000 + b"\r\nContent-ID: ", 1
    ),
    "empty": lambda content, boundary: b"",
    "of nought bytes": lambda content, boundary: b"\x00" * 4096,
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_package_is_the_senders_fault(record, case):
    content_type, content = packed(record)
    broken = BROKEN[case](content, boundary_of(content_type))
    assert broken != content
    reply = post(record, content_type, broken)
    assert (reply.status, reply.codes) == (500, ["Sender"])


@pytest.mark.parametrize("boundary", ["", "x" * 71, 'a"b', "\t"], ids=["none", "long", "quote", "tab"])
def test_a_boundary_that_is_none_is_the_senders_fault(record, boundary):
    content_type, content = packed(record)
    head, _, _ = content_type.partition("boundary=")
    reply = post(record, f'{head}boundary="{boundary}"', content)
    assert reply.codes == ["Sender"]


def test_fifty_thousand_parts_are_refused_at_once(record):
    content_type, content = packed(record)
    boundary = boundary_of(content_type)
    part = b"\r\n--" + boundary + b"\r\nContent-ID: <%d>\r\n\r\nx"
    end = b"\r\n--" + boundary + b"--"
    many = b"".join(part % number for number in range(50_000))
    reply = post(record, content_type, content.replace(end, many + end))
    assert reply.codes == ["Sender"]
    assert reply.fault.reason == "The message has more than 64 parts."


def test_base64_cut_short_is_the_senders_fault(record):
    made = record.submission(record.document())
    body, _ = provide_and_register_request(made)
    body = body.replace(
        b'<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:document1@carnet"/>',
        b"PENsaW5pY2FsRG9jdW1lbn",
    )
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti41", body)
    assert reply.codes == ["Sender"]


def test_a_compressed_body_is_refused(record):
    content_type, content = packed(record)
    reply = post(record, content_type, gzip.compress(content), headers=[("content-encoding", "gzip")])
    assert reply.codes == ["Sender"]
    assert reply.fault.reason == "Compressed requests are not accepted."


# --- XML --------------------------------------------------------------------------------------------------------------

BOMB = b"<!DOCTYPE lolz [<!ENTITY a '%s'>%s]>" % (
    b"ha" * 100,
    b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(10)),
)
DOCTYPES = {
    "a DOCTYPE": b"<!DOCTYPE x>",
    "an entity bomb": BOMB,
    "a file as an entity": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
    "a DTD of the network": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
}


@pytest.mark.parametrize("case", DOCTYPES)
def test_a_document_type_declaration_in_the_message_is_refused(record, case):
    content_type, content = packed(record)
    declared = content.replace(b'encoding="UTF-8"?>\n', b'encoding="UTF-8"?>\n' + DOCTYPES[case], 1)
    assert declared != content
    reply = post(
        record,
        content_type,
        declared.replace(b"<soap:Body>", b"<soap:Body>&k;" if case == "an entity bomb" else b"<soap:Body>"),
    )
    assert reply.codes == ["Sender"]


@pytest.mark.parametrize("case", DOCTYPES)
def test_a_document_type_declaration_in_a_document_is_refused(record, codes, case):
    sent = record.document()
    bad = sent.content.replace(b"?>\n", b"?>\n" + DOCTYPES[case], 1)
    made = record.submission(sent)
    made = replace(made, documents=(replace(made.documents[0], content=bad), *made.documents[1:]))
    assert codes(record.send(made))[0] in {"InvalidDocumentContent", "CarnetSubmissionSignatureInvalid"}


def test_a_message_nested_ten_thousand_deep_is_refused(record):
    content_type, content = packed(record)
    deep = content.replace(b"<soap:Body>", b"<soap:Body>" + b"<x>" * 10_000, 1).replace(
        b"</soap:Body>", b"</x>" * 10_000 + b"</soap:Body>"
    )
    assert post(record, content_type, deep).codes == ["Sender"]


def test_an_element_with_ten_thousand_attributes_is_refused(record):
    content_type, content = packed(record)
    many = b" ".join(b'a%d=""' % number for number in range(10_000))
    assert post(record, content_type, content.replace(b"<soap:Body>", b"<soap:Body %s>" % many, 1)).codes == ["Sender"]


def test_a_hundred_thousand_elements_of_nothing_do_not_hold_the_server_up(record):
    content_type, content = packed(record)
    many = content.replace(
        b"<rim:RegistryObjectList>", b"<rim:RegistryObjectList>" + b"<rim:ObjectRef id='x'/>" * 100_000, 1
    )
    cut = many.replace(b'<xdsb:Document id="Document01"', b'<xdsb:Document id="Document77"')
    assert set(post(record, content_type, cut).codes) == {"XDSMissingDocument", "XDSMissingDocumentMetadata"}


# --- what the message says --------------------------------------------------------------------------------------------


def test_a_wrong_hash_is_refused(record, codes):
    made = record.submission(record.document(entry={"hash": "ab" * 20}))
    assert codes(record.send(made)) == ["XDSRepositoryMetadataError"]


def test_an_unknown_patient_is_refused(record, codes):
    nobody = replace(record, patient=fictitious_patient(5_000))
    assert codes(nobody.send(nobody.submission(nobody.document()))) == ["XDSUnknownPatientId"]


def test_another_patients_ins_in_the_body_is_refused(record, other_record):
    body, parts = provide_and_register_request(record.submission(record.document()))
    other = other_record.identifier.value.encode()
    swapped = body.replace(record.identifier.value.encode(), other)
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti41", swapped, parts)
    assert reply.codes == ["XDSPatientIdDoesNotMatch"]
    assert other_record.titles() == []


def test_an_ins_that_no_ins_can_be_is_unknown(record):
    for value in (
        "0" * 15,
        record.identifier.value[:-2] + "00",
        "28405999900011",
        "2840599990001199",
        "'; DROP TABLE x;--",
    ):
        wrong = PatientIdentifier(value, record.identifier.authority)
        body, parts = provide_and_register_request(record.submission(record.document()))
        edited = body.replace(record.identifier.value.encode(), value.encode())
        reply = record.house.call(MEDECIN_TRAITANT, wrong, "iti41", edited, parts)
        assert reply.codes[0] in {
            "XDSUnknownPatientId",
            "XDSRepositoryMetadataError",
            "FailedAuthentication",
            "XDSPatientIdDoesNotMatch",
        }


EVIL = "\"><evil a='1'>&amp;]]>"


def test_what_a_caller_writes_comes_back_escaped(record):
    answers = [
        record.service().search(record.identifier, EVIL, []),
        record.read(EVIL)[0],
        record.read("1.2", repository=EVIL)[0],
        record.send(record.submission(record.document(), links=[record.tie(AssociationType.APND, EVIL, "Document01")])),
    ]
    assert [answer.errors[0].location for answer in answers] == [EVIL] * 4


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16", "windows-1252"])
def test_a_document_in_another_encoding_than_utf_8_is_refused(record, codes, encoding):
    sent = record.document(title="Été")
    text = sent.content.decode().replace('encoding="UTF-8"', f'encoding="{encoding}"')
    made = record.submission(sent, signed=False)
    made = replace(made, documents=(replace(made.documents[0], content=text.encode(encoding)),))
    assert codes(record.send(record.sign(made))) == ["InvalidDocumentContent"]


# --- size -------------------------------------------------------------------------------------------------------------


def huge(record, megabytes):
    """A document of so many megabytes, by the real client."""
    content = level_1(record.draft(title="Très grand"), media_type="application/pdf", size=megabytes * MEGABYTE)
    assert len(content) > (megabytes - 1) * MEGABYTE
    return from_cda(content)


def test_a_document_of_30_megabytes_is_refused_by_the_limit(record):
    body, parts = provide_and_register_request(record.submission(huge(record, 30)))
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti41", body, parts)
    assert reply.codes == ["Sender"]
    assert reply.fault.reason == "A document may have at most 20971520 bytes."


def test_a_document_of_30_megabytes_goes_in_where_the_setting_allows_it(tuned_house):
    record = tuned_house.new_record()
    sent = huge(record, 30)
    record.put(sent)
    assert record.read(sent.entry.unique_id)[1][0].content == sent.content


def test_a_request_beyond_the_limit_is_refused_before_it_is_read(record):
    limit = record.house.stage.settings.maximum_request_bytes
    with open_connection(record) as connection:
        head = f"POST {BASE}/repository HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\nContent-Length: {limit + 1}\r\n\r\n"
        connection.sendall(head.encode() + b"x")
        answer = whole_answer(connection)
    assert answer.startswith(b"HTTP/1.1 500")
    assert b"The request is larger than" in answer


def test_a_request_of_unknown_length_is_refused_where_it_passes_the_limit(record):
    limit = record.house.stage.settings.maximum_request_bytes

    def endless():
        for _ in range(limit // MEGABYTE + 2):
            yield b" " * MEGABYTE

    client = record.house.http(MEDECIN_TRAITANT)
    try:
        answer = client.post(
            record.house.url("iti41"), content=endless(), headers={"content-type": "application/soap+xml"}
        )
    except httpx.TransportError:
        return
    assert answer.status_code == 500
    assert b"The request is larger than" in answer.content


def test_an_answer_of_more_objects_than_the_limit_is_refused_and_references_are_given(tuned_house, codes):
    record = tuned_house.new_record()
    record.put(*(record.document(number=number) for number in range(1, 6)))
    assert codes(record.documents()) == ["XDSTooManyResults"]
    assert len(record.documents(refs=True).object_refs) == 5


# --- the connection ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_connection(record):
    """A TLS connection with the card of the médecin traitant, by hand."""
    context = ssl.create_default_context(cafile=str(record.house.stage.authorities))
    context.load_cert_chain(*record.house.caller(MEDECIN_TRAITANT).connection_files)
    settings = record.house.stage.settings
    with (
        socket.create_connection((settings.host, settings.port), timeout=20) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as wrapped,
    ):
        yield wrapped


def whole_answer(connection):
    """What comes until the server closes, or has said all that its Content-Length announces."""
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
        head, end, body = received.partition(b"\r\n\r\n")
        length = next(
            (line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), b"0"
        )
        if end and len(body) >= int(length):
            break
    return received


def test_without_a_certificate_nobody_is_let_in(record):
    content_type, content = packed(record)
    reply = record.house.post("iti41", content_type, content)
    assert reply.codes == ["FailedAuthentication"]
    assert reply.fault.reason == "The caller could not be identified."


def test_a_certificate_of_another_authority_does_not_connect(record, tmp_path):
    false = TestAuthority.create(tmp_path / "pki", record.house.gate.platform.clock())
    card = false.professional(MEDECIN_TRAITANT.identifier, "MONTRIEUX", "ALIZE", "10")
    context = ssl.create_default_context(cafile=str(record.house.stage.authorities))
    context.load_cert_chain(*card.authentication.write(tmp_path, "card"))
    content_type, content = packed(record)
    with httpx.Client(verify=context, timeout=60, trust_env=False) as client, pytest.raises(httpx.TransportError):
        client.post(record.house.url("iti41"), content=content, headers={"content-type": content_type})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
def test_another_method_than_post_is_refused(record, method):
    answer = record.house.http(MEDECIN_TRAITANT).request(method, record.house.url("iti41"))
    assert answer.status_code == 500
    assert method == "HEAD" or b"This service answers POST requests." in answer.content


@pytest.mark.parametrize("path", [f"{BASE}/", f"{BASE}/patientCertif", f"{BASE}/../../etc/passwd", "/metrics/x"])
def test_another_path_is_not_found(record, path):
    answer = record.house.http(MEDECIN_TRAITANT).post(
        record.house.stage.address + path, content=b"<x/>", headers={"content-type": "text/xml"}
    )
    assert (answer.status_code, b"Cette page n" in answer.content) == (404, True)


def test_the_space_s_first_page_takes_no_message(record):
    answer = record.house.http(MEDECIN_TRAITANT).post(
        f"{record.house.stage.address}/", content=b"<x/>", headers={"content-type": "text/xml"}
    )
    assert answer.status_code == 405


def test_a_slash_too_many_does_not_send_the_caller_where_the_host_header_says(record):
    answer = record.house.http(MEDECIN_TRAITANT).post(
        f"{record.house.stage.address}{BASE}/registry/", content=b"<x/>", headers={"host": "elsewhere.example"}
    )
    assert "elsewhere.example" not in answer.headers.get("location", "")


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00" + b"\xff" * 512, b"\x00" * 100_000, b"", b"SSH-2.0-x\r\n"],
    ids=["plain HTTP", "broken hello", "zeroes", "nothing", "another protocol"],
)
def test_what_is_no_tls_is_dropped(record, garbage):
    settings = record.house.stage.settings
    with contextlib.suppress(OSError), socket.create_connection((settings.host, settings.port), timeout=20) as raw:
        raw.sendall(garbage)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(4096):
            pass


@pytest.mark.parametrize(
    "garbage",
    [
        b"HELLO\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n",
        f"POST {BASE}/registry HTTP/1.1\r\nContent-Length: -1\r\n\r\n".encode(),
        f"POST {BASE}/registry HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode(),
        f"POST {BASE}/registry HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n".encode(),
        b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    ],
    ids=[
        "no request",
        "a version of its own",
        "long path",
        "negative length",
        "two lengths",
        "bad chunk",
        "many headers",
    ],
)
def test_what_is_no_http_is_refused(record, garbage):
    with contextlib.suppress(OSError), open_connection(record) as connection:
        connection.sendall(garbage)
        connection.settimeout(20)
        answer = connection.recv(65_536)
        assert not answer.startswith(b"HTTP/1.1 200")
        assert b"Traceback" not in answer


def test_a_client_that_goes_away_in_the_middle_harms_nobody(record):
    with open_connection(record) as connection:
        head = f"POST {BASE}/repository HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\nContent-Length: 100000\r\n\r\n"
        connection.sendall(head.encode() + b"<soap:Envelope")


def test_tls_older_than_1_2_does_not_connect(record):
    context = ssl.create_default_context(cafile=str(record.house.stage.authorities))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES256-SHA:@SECLEVEL=0")
    settings = record.house.stage.settings
    with socket.create_connection((settings.host, settings.port), timeout=20) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="localhost")


def test_a_proxys_header_from_a_stranger_is_refused(record):
    content_type, content = packed(record)
    reply = post(record, content_type, content, headers=[("client-cert", ":AAAA:")])
    assert reply.codes == ["Sender"]
    assert reply.fault.reason == "The header Client-Cert is accepted from declared proxies only."
