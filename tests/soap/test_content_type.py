import pytest

from carnet.errors import MalformedMessage, TooLarge
from carnet.soap.content_type import media_type


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("application/soap+xml", ("application/soap+xml", {})),
        ("Text/XML; Charset=UTF-8", ("text/xml", {"charset": "UTF-8"})),
        ("text/xml;", ("text/xml", {})),
        (
            'multipart/related; START="<a@b>" ; boundary=uuid:1+id=2;type="application/xop+xml"',
            ("multipart/related", {"start": "<a@b>", "boundary": "uuid:1+id=2", "type": "application/xop+xml"}),
        ),
        ('text/xml; a="x\\"y\\\\z"', ("text/xml", {"a": 'x"y\\z'})),
        ("multipart/related; start=<a@b>; boundary=b", ("multipart/related", {"start": "<a@b>", "boundary": "b"})),
    ],
)
def test_parameters_are_read_quoted_or_not(header, expected):
    assert media_type(header) == expected


@pytest.mark.parametrize(
    "header", ['text/xml; a="unclosed', "text/xml; novalue", "text/xml; a=1; A=2", 'text/xml; a="b"c"']
)
def test_a_header_that_cannot_be_read_is_malformed(header):
    with pytest.raises(MalformedMessage):
        media_type(header)


def test_a_huge_header_is_refused():
    with pytest.raises(TooLarge):
        media_type("text/xml; a=" + "b" * 10_000)
