import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.errors import MalformedMessage, TooLarge
from carnet.soap import mtom

FIRST = b"Content-Type: text/xml\r\nContent-ID: <one@exemple.test>\r\n"
SECOND = b"content-id: two@exemple.test\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: binary\r\n"


def parts_of(message):
    return {name: bytes(part.content) for name, part in message.parts.items()}


def test_the_envelope_and_the_attachments_are_taken_apart(multipart, content_type):
    message = mtom.split(
        content_type, multipart(b"<e/>", (FIRST, b"1"), (SECOND, b"\x00\r\n--\r\n\xff")), maximum_parts=3
    )
    assert message.root == b"<e/>"
    assert message.root_type == "application/soap+xml"
    assert message.multipart
    assert parts_of(message) == {"one@exemple.test": b"1", "two@exemple.test": b"\x00\r\n--\r\n\xff"}
    assert message.parts["two@exemple.test"].content_type == "application/pdf"


def test_attachments_are_views_on_the_received_bytes(multipart, content_type):
    body = multipart(b"<e/>", (FIRST, b"x" * 1000))
    message = mtom.split(content_type, body, maximum_parts=3)
    assert message.parts["one@exemple.test"].content.obj is body


@pytest.mark.parametrize("kind", ["application/soap+xml; charset=utf-8", 'text/xml; charset="UTF-8"'])
def test_a_bare_envelope_is_accepted(kind):
    message = mtom.split(kind, b"<e/>", maximum_parts=1)
    assert (message.root, message.parts, message.multipart) == (b"<e/>", {}, False)


def test_without_start_the_first_part_is_the_envelope(multipart):
    body = multipart(b"<e/>", (FIRST, b"1"))
    message = mtom.split("multipart/related; boundary=uuid:0a1b+id=1", body, maximum_parts=2)
    assert message.root == b"<e/>"


def test_start_may_name_a_later_part(multipart):
    body = multipart(b"<e/>", (b"Content-Type: text/xml\r\nContent-ID: <late>\r\n", b"<late/>"))
    message = mtom.split('multipart/related; boundary="uuid:0a1b+id=1"; start="<late>"', body, maximum_parts=2)
    assert (message.root, message.root_type) == (b"<late/>", "text/xml")
    assert parts_of(message) == {"root@exemple.test": b"<e/>"}


def test_preamble_epilogue_padding_and_folded_headers_are_accepted(multipart, content_type):
    body = multipart(b"<e/>", (b"Content-ID:\r\n <one>\r\n", b"1")).replace(
        b"--uuid:0a1b+id=1\r\n", b"--uuid:0a1b+id=1 \t\r\n"
    )
    message = mtom.split(content_type, b"preamble\r\n" + body + b"epilogue", maximum_parts=2)
    assert parts_of(message) == {"one": b"1"}


def test_bytes_that_only_look_like_a_boundary_are_content(multipart, content_type):
    content = b"a\r\n--uuid:0a1b+id=12\r\nb\r\n--uuid:0a1b+id=1--x\r\n--uuid:0a1b+id=1x"
    message = mtom.split(content_type, multipart(b"<e/>", (FIRST, content)), maximum_parts=2)
    assert parts_of(message) == {"one@exemple.test": content}


def test_a_part_in_base64_is_decoded(multipart, content_type):
    headers = FIRST + b"Content-Transfer-Encoding: BASE64\r\n"
    message = mtom.split(content_type, multipart(b"<e/>", (headers, base64.encodebytes(b"x" * 100))), maximum_parts=2)
    assert parts_of(message) == {"one@exemple.test": b"x" * 100}


@pytest.mark.parametrize(
    "broken",
    [
        lambda body: body.replace(b"--uuid:0a1b+id=1--", b""),
        lambda body: body[: len(body) // 2],
        lambda body: body.replace(b"uuid:0a1b+id=1", b"another"),
        lambda body: b"",
        lambda body: b"--uuid:0a1b+id=1--\r\n",
        lambda body: b"--uuid:0a1b+id=12\r\n" + body,
        lambda body: body.replace(b"\r\n", b"\n"),
        lambda body: body.replace(b"Content-ID: <one@exemple.test>\r\n", b""),
        lambda body: body.replace(b"<one@exemple.test>", b"<root@exemple.test>"),
        lambda body: body.replace(b"<root@exemple.test>", b"<elsewhere>"),
        lambda body: body.replace(b"Content-ID: <one", b"Content-ID: <a>\r\nContent-ID: <one"),
        lambda body: body.replace(b"Content-ID: <one", b"no header line\r\nContent-ID: <one"),
        lambda body: body.replace(b"<one@exemple.test>\r\n\r\n", b"<one@exemple.test>\r\n"),
        lambda body: body.replace(b"<one@exemple.test>", b"<one>\r\nContent-Transfer-Encoding: quoted-printable"),
        lambda body: body.replace(b"<one@exemple.test>", b"<one>\r\nContent-Transfer-Encoding: base64"),
        lambda body: body.replace(b'type="application/soap+xml"', b'type="application/json"'),
        lambda body: body.replace(b"application/xop+xml; charset=UTF-8", b"application/xop+xml; charset=UTF-16"),
        lambda body: body.replace(b"application/xop+xml; charset=UTF-8", b"text/plain"),
    ],
)
def test_broken_packaging_is_malformed(broken, multipart, content_type):
    body = multipart(b"<e/>", (FIRST, b"1"))
    mtom.split(content_type, body, maximum_parts=2)
    assert broken(body) != body
    with pytest.raises(MalformedMessage):
        mtom.split(content_type, broken(body), maximum_parts=2)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "",
        "multipart/form-data; boundary=b",
        "application/xop+xml",
        "multipart/related",
        'multipart/related; boundary=""',
        f"multipart/related; boundary={'b' * 71}",
        'multipart/related; boundary="é"',
        "text/xml; charset=iso-8859-1",
    ],
)
def test_another_content_type_is_malformed(content_type):
    with pytest.raises(MalformedMessage):
        mtom.split(content_type, b"--b\r\n\r\n<e/>\r\n--b--", maximum_parts=2)


def test_parts_are_counted_with_the_envelope(multipart, content_type):
    body = multipart(b"<e/>", (FIRST, b"1"), (SECOND, b"2"))
    assert len(mtom.split(content_type, body, maximum_parts=3).parts) == 2
    with pytest.raises(TooLarge):
        mtom.split(content_type, body, maximum_parts=2)


def test_fifty_thousand_parts_are_refused_before_any_is_read(multipart, content_type, monkeypatch):
    read = []
    monkeypatch.setattr(mtom, "_read_part", lambda *_: read.append(1))
    body = multipart(b"<e/>", *((FIRST, b"") for _ in range(50_000)))
    with pytest.raises(TooLarge):
        mtom.split(content_type, body, maximum_parts=64)
    assert not read


def test_headers_without_end_are_refused(multipart, content_type):
    body = multipart(b"<e/>", (b"Content-ID: <a>\r\nX: " + b"x" * 20_000 + b"\r\n", b"1"))
    with pytest.raises(TooLarge):
        mtom.split(content_type, body, maximum_parts=2)


@given(st.binary(max_size=300))
def test_any_bytes_are_split_or_refused_by_the_protocol(noise):
    for body in (noise, b"--b" + noise, b"--b\r\n\r\n" + noise + b"\r\n--b--"):
        try:
            mtom.split("multipart/related; boundary=b", body, maximum_parts=4)
        except MalformedMessage:
            continue


@given(st.binary(max_size=200), st.lists(st.binary(max_size=200), max_size=4))
def test_what_was_written_is_read_again(envelope, contents):
    parts = [
        (f"part{number}@urn:ihe:iti:xds-b:2007", "application/pdf", content) for number, content in enumerate(contents)
    ]
    kind, chunks = mtom.write(envelope, parts, "0e5b8f0e6c0d5a579d0a3f6d0d3c7a11", action="urn:x")
    message = mtom.split(kind, b"".join(chunks), maximum_parts=5)
    assert message.root == envelope
    assert list(parts_of(message).items()) == [(name, content) for name, _, content in parts]


def test_documents_are_chunks_of_their_own():
    content = b"x" * 1000
    _, chunks = mtom.write(b"<e/>", [("a", "text/xml", content)], "boundary")
    assert any(chunk is content for chunk in chunks)


def test_an_answer_without_documents_is_multipart_all_the_same():
    kind, chunks = mtom.write(b"<fault/>", (), "boundary")
    assert mtom.split(kind, b"".join(chunks), maximum_parts=1).root == b"<fault/>"


@pytest.mark.parametrize("kind", ["text/xml\r\nX-Injected: 1", "text/xml\x00"])
def test_a_media_type_cannot_bring_headers_with_it(kind):
    with pytest.raises(ValueError):
        mtom.write(b"<e/>", [("a", kind, b"")], "boundary")


def test_the_reference_to_a_part_is_percent_encoded():
    assert mtom.cid("1-2@urn:ihe:iti:xds-b:2007") == "cid:1-2@urn%3Aihe%3Aiti%3Axds-b%3A2007"
