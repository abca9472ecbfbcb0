"""The generator itself: sizes, identifiers, and payloads that other programs would accept."""

import re
import struct
import zlib

import pytest

from carnet.demo import documents, payloads
from carnet.demo.documents import Draft, new_oid


@pytest.mark.parametrize("size", [100_000, 1_000_000])
def test_documents_have_about_the_size_that_was_asked(draft, size):
    for content in (documents.level_1(draft, size=size), documents.level_3(draft, size=size)):
        assert abs(len(content) - size) < size / 20


def test_filling_does_not_compress():
    assert len(zlib.compress(payloads.pdf("x", 50_000))) > 48_000


def test_identifiers_are_new_each_time_and_short_enough():
    oids = {new_oid() for _ in range(100)} | {Draft(0).unique_id, Draft(0).set_id}
    assert len(oids) == 102
    assert all(re.fullmatch(r"2\.25\.(0|[1-9][0-9]*)", oid) and len(oid) <= 44 for oid in oids)


def test_the_cross_reference_table_of_a_pdf_finds_its_objects():
    content = payloads.pdf("Bonjour (à tous) \\", 3_000)
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF", content)[1])
    assert content[start:].startswith(b"xref\n0 7\n")
    for number, offset in enumerate(re.findall(rb"(\d{10}) 00000 n ", content), 1):
        assert content[int(offset) :].startswith(b"%d 0 obj\n" % number)
    for length, stream in re.findall(rb"/Length (\d+)>>\nstream\n(.*?)\nendstream", content, re.DOTALL):
        assert int(length) == len(stream)


def test_the_segments_of_a_jpeg_follow_each_other_to_the_scan():
    content, place, found = payloads.jpeg("Bonjour", 150_000), 2, []
    while found[-1:] != [0xDA]:
        marker, kind, length = struct.unpack_from(">BBH", content, place)
        assert marker == 0xFF
        found.append(kind)
        place += 2 + length
    assert found.count(0xC0) == 1
    assert content.endswith(b"\xff\xd9")
    assert len(content) >= 149_000


def test_the_directory_of_a_tiff_points_at_its_dot():
    content = payloads.tiff("Bonjour", 1_000)
    count = struct.unpack_from("<H", content, 8)[0]
    entries = dict(struct.unpack_from("<H6xI", content, 10 + 12 * number) for number in range(count))
    assert entries[256] == entries[257] == entries[279] == 1
    assert content[entries[273]] == 0xFF


def test_text_is_text():
    assert payloads.plain("Été", 500).decode().startswith("Été\n")
    assert payloads.rtf("Été {a}", 500).startswith(b"{\\rtf1")
    assert b"\\u201?t\\u233? \\u123?a\\u125?" in payloads.rtf("Été {a}", 500)
    with pytest.raises(KeyError):
        payloads.payload("text/html", "")
