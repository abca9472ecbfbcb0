from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.errors import MalformedMessage, TooLarge, UnsupportedOperation
from carnet.soap import envelope
from carnet.soap.envelope import NotUnderstood

BROKEN = sorted((Path(__file__).parent / "messages" / "broken").glob("*.xml"))
OTHER_CLASSES = {
    "must_understand": NotUnderstood,
    "reply_elsewhere": UnsupportedOperation,
    "long_message_id": TooLarge,
}
SOAP = 'xmlns:s="http://www.w3.org/2003/05/soap-envelope"'


def with_body(body):
    return (
        f'<s:Envelope {SOAP} xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header><a:Action>urn:a</a:Action>'
        f"<a:MessageID>urn:m</a:MessageID></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def test_the_headers_and_the_one_body_element_are_read(read_message):
    read = envelope.parse(read_message("find_documents"))
    assert read.action == "urn:ihe:iti:2007:RegistryStoredQuery"
    assert read.message_id == "urn:uuid:6f1f8f5e-1111-4222-8333-444444444403"
    assert (read.to, read.reply_to) == ("", "http://www.w3.org/2005/08/addressing/anonymous")
    assert read.body_element.tag.endswith("}AdhocQueryRequest")
    assert read.header.getparent() is read.root


def test_a_soap_11_envelope_is_tolerated(read_message):
    read = envelope.parse(read_message("soap11"))
    assert read.action == "urn:ihe:iti:2007:RetrieveDocumentSet"
    assert read.body_element.tag == "{urn:ihe:iti:xds-b:2007}RetrieveDocumentSetRequest"


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_envelope_is_refused(path):
    expected = OTHER_CLASSES.get(path.stem, MalformedMessage)
    with pytest.raises(expected) as refusal:
        envelope.parse(path.read_bytes())
    assert type(refusal.value) is expected


def test_the_good_messages_are_not_refused(read_message):
    for name in ("provide_and_register", "update_availability", "find_documents", "soap11"):
        envelope.parse(read_message(name))


def test_an_entity_bomb_in_a_large_message_is_refused_before_parsing(monkeypatch):
    bomb = (Path(__file__).parent / "messages" / "broken" / "entity_bomb.xml").read_bytes()
    monkeypatch.setattr(envelope.hardened_xml, "parse", lambda *_, **__: pytest.fail("the parser saw it"))
    with pytest.raises(MalformedMessage):
        envelope.parse(bomb.replace(b"</r:R>", b"x" * 11_000_000 + b"</r:R>"))


@pytest.mark.parametrize(
    "data", ["<a/>".encode("utf-16"), "\ufeff<a/>".encode("utf-16-le"), b"<\x00a\x00/\x00>\x00", b"", b"\xff"]
)
def test_another_encoding_is_malformed(data):
    with pytest.raises(MalformedMessage):
        envelope.parse(data)


def test_a_byte_order_mark_of_utf_8_is_accepted(read_message):
    assert envelope.parse(b"\xef\xbb\xbf" + read_message("find_documents")).action


def test_nesting_is_bounded():
    inside = envelope.MAXIMUM_DEPTH - 2
    envelope.parse(with_body("<d>" * inside + "</d>" * inside))
    with pytest.raises(TooLarge):
        envelope.parse(with_body("<d>" * (inside + 1) + "</d>" * (inside + 1)))
    with pytest.raises(MalformedMessage):
        envelope.parse(with_body("<d>" * 100_000))


def test_attributes_are_bounded():
    def element(number):
        return with_body("<d><e {}/></d>".format(" ".join(f'a{index}=""' for index in range(number))))

    envelope.parse(element(envelope.MAXIMUM_ATTRIBUTES))
    with pytest.raises(TooLarge):
        envelope.parse(element(envelope.MAXIMUM_ATTRIBUTES + 1))


def test_a_comment_does_not_cut_a_value_of_the_body_in_two():
    read = envelope.parse(with_body("<!-- a --><d>one<!-- b -->two<e/><!-- c --></d><!-- d -->"))
    assert read.body_element.text == "onetwo"
    assert len(read.body_element) == 1


def test_comments_of_the_header_stay_for_who_judges_the_assertion():
    data = with_body("<d/>").replace(b"<a:Action>", b"<!-- a --><a:Action>urn<!-- b -->")
    read = envelope.parse(data)
    assert read.action == "urnurn:a"
    assert sum(1 for node in read.header.iter() if not isinstance(node.tag, str)) == 2


def test_a_header_block_for_another_node_is_left_alone():
    block = '<t:T xmlns:t="urn:t" s:mustUnderstand="1" s:role="http://exemple.test/other"/></s:Header>'
    assert envelope.parse(with_body("<d/>").replace(b"</s:Header>", block.encode())).action == "urn:a"


def test_a_block_that_must_be_understood_is_named():
    block = b'<t:T xmlns:t="urn:t" s:mustUnderstand="1" s:role="http://www.w3.org/2003/05/soap-envelope/role/next"/></s:Header>'
    with pytest.raises(NotUnderstood) as refusal:
        envelope.parse(with_body("<d/>").replace(b"</s:Header>", block))
    assert refusal.value.subject == "{urn:t}T"


def test_an_unknown_block_that_need_not_be_understood_is_ignored():
    block = b'<t:T xmlns:t="urn:t" s:mustUnderstand="0"/></s:Header>'
    assert envelope.parse(with_body("<d/>").replace(b"</s:Header>", block)).action == "urn:a"


def test_an_answer_carries_its_four_headers():
    data = envelope.write("urn:answer", "urn:uuid:request", b"<d/>", "urn:uuid:ours")
    read = envelope.parse(data)
    assert (read.action, read.message_id, read.relates_to) == ("urn:answer", "urn:uuid:ours", "urn:uuid:request")
    assert read.to == "http://www.w3.org/2005/08/addressing/anonymous"
    assert read.body_element.tag == "d"


def test_a_request_carries_its_security_header_and_is_read_again():
    security = b'<wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" soap:mustUnderstand="true"/>'
    read = envelope.parse(
        envelope.write_request("urn:a", "urn:uuid:m", b"<d/>", to="https://exemple.test/a?b&c", security=security)
    )
    assert (read.action, read.message_id, read.to) == ("urn:a", "urn:uuid:m", "https://exemple.test/a?b&c")
    assert read.header[-1].tag.endswith("}Security")


def test_a_client_may_read_an_answer_without_addressing():
    data = f"<s:Envelope {SOAP}><s:Body><d/></s:Body></s:Envelope>".encode()
    assert envelope.parse(data, addressing=False).header is None
    with pytest.raises(MalformedMessage, match="wsa:MessageID is missing"):
        envelope.parse(data)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40))
def test_a_message_id_cannot_break_out_of_its_header(message_id):
    read = envelope.parse(envelope.write("urn:a", message_id, b"<d/>", "urn:m"))
    assert read.relates_to == message_id.strip()
    assert len(read.header) == (4 if message_id else 3)
