import base64

import pytest

from carnet import hardened_xml
from carnet.errors import MalformedMessage
from carnet.soap import envelope, mtom
from carnet.soap.xop import document_contents

INCLUDE = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="{}"/>'


def part(content, kind="application/pdf"):
    return mtom.Part(memoryview(content), kind)


def tree(*documents, around="{}"):
    inside = "".join(documents)
    return hardened_xml.parse(f'<r xmlns:i="urn:ihe:iti:xds-b:2007">{around.format(inside)}</r>'.encode())


def document(content, identifier="D1"):
    return f'<i:Document id="{identifier}">{content}</i:Document>'


def contents(root, **parts):
    return [(element.get("id"), content) for element, content in document_contents(root, parts)]


def test_references_and_base64_may_stand_side_by_side():
    root = tree(document(INCLUDE.format("cid:a%40exemple.test")), document("\n  ZG V1\n eA==\n", "D2"))
    found = document_contents(root, {"a@exemple.test": part(b"un")})
    assert [content for _, content in found] == [b"un", b"deux"]


def test_a_message_without_documents_gives_none():
    assert contents(tree()) == []


def test_an_empty_document_is_empty():
    assert contents(tree('<i:Document id="D1"/>')) == [("D1", b"")]


@pytest.mark.parametrize(
    "href",
    [
        "http://exemple.test/a",
        "file:///etc/hostname",
        "https://127.0.0.1/",
        "//exemple.test/a",
        "a",
        "",
        "#a",
        "cid:",
        "cid:missing",
        "cid:%ff",
        "cid:a%2540",
    ],
)
def test_only_an_attachment_of_this_message_may_be_referred_to(href):
    with pytest.raises(MalformedMessage):
        contents(tree(document(INCLUDE.format(href))), a=part(b"1"))


def test_an_attachment_is_used_once():
    root = tree(document(INCLUDE.format("cid:a")), document(INCLUDE.format("cid:a"), "D2"))
    with pytest.raises(MalformedMessage, match="used already"):
        contents(root, a=part(b"1"))


def test_no_attachment_is_left_over():
    with pytest.raises(MalformedMessage, match="nothing refers to"):
        contents(tree(document(INCLUDE.format("cid:a"))), a=part(b"1"), b=part(b"2"))
    with pytest.raises(MalformedMessage, match="nothing refers to"):
        contents(tree(), a=part(b"1"))


@pytest.mark.parametrize(
    "body",
    [
        INCLUDE.format("cid:a"),
        f"<i:Other>{INCLUDE.format('cid:a')}</i:Other>",
        document(f"<i:Inner>{INCLUDE.format('cid:a')}</i:Inner>"),
        document(INCLUDE.format("cid:a") + INCLUDE.format("cid:a")),
        document("ZGV1eA==" + INCLUDE.format("cid:a")),
        document(INCLUDE.format("cid:a") + "ZGV1eA=="),
        document(INCLUDE.format("cid:a").replace("/>", ">" + INCLUDE.format("cid:a") + "</x:Include>")),
        document("<i:Other/>"),
    ],
)
def test_a_reference_stands_alone_and_directly_in_a_document(body):
    with pytest.raises(MalformedMessage):
        contents(tree(body), a=part(b"1"))


def test_an_attachment_is_not_a_package_itself():
    with pytest.raises(MalformedMessage, match="XOP package"):
        contents(tree(document(INCLUDE.format("cid:a"))), a=part(b"1", 'Application/XOP+xml; type="text/xml"'))


@pytest.mark.parametrize("text", ["ZGV1eA", "ZGV1eA=", "ZGV1e*==", "ZGV1eA==ZGV1eA==", "=", "é", "Z"])
def test_truncated_or_wrong_base64_is_malformed_and_named(text):
    with pytest.raises(MalformedMessage, match="Document D7 is truncated or not base64"):
        contents(tree(document(text, "D7")))


def test_the_name_of_a_document_in_an_error_is_bounded():
    with pytest.raises(MalformedMessage, match=r"^A Document is truncated"):
        contents(tree(document("Z", "D" * 5000)))


def test_twenty_megabytes_in_place_are_read(read_message):
    content = bytes(range(256)) * 60_000
    included = b'<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:document-1%40exemple.test"/>'
    data = read_message("provide_and_register").replace(included, base64.b64encode(content))
    assert len(data) > 20_000_000
    found = document_contents(envelope.parse(data).root, {})
    assert [bytes_ == content for _, bytes_ in found] == [True]
