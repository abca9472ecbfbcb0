"""A document without the file that it wraps: what is read of it, and its canonical form, are those of the whole."""

from __future__ import annotations

import base64
import os

import pytest

from carnet import hardened_xml
from carnet.errors import MalformedMessage
from carnet.hardened_xml import KEPT, LONG_RUN, LeanTree
from carnet.identity.signature_manifest import _CANONICALIZATIONS, canonical

RUN = base64.b64encode(os.urandom(9000)).decode()
LINES = base64.encodebytes(os.urandom(9000)).decode()
CUT = {
    "a text": f"<a><b>one</b><c n='&lt;'>{RUN}</c> </a>",
    "lines": f"<a><c>\n  {LINES}\t</c></a>",
    "the same twice": f"<a><c>{RUN}</c><c>{RUN}</c></a>",
    "before an element": f"<a>{RUN}<b/>{RUN[:4000]}</a>",
    "before a comment": f"<a>{RUN}<!-- x -->{RUN[:4000]}</a>",
    "within a comment": f"<a><!-- > -->x<!-- a >{RUN}< b --></a>",
    "within an instruction": f"<a><?b >{RUN}<?></a>",
    "within character data": f"<a><![CDATA[ <>{RUN}<& ]]></a>",
    "a default namespace": f"<a xmlns='urn:a' xmlns:b='urn:b'><b:c>{RUN}</b:c></a>",
    "after a declaration": f"<?xml version='1.0' encoding='UTF-8'?>\n<!-- é --><a><c>{RUN}</c></a>\n<!-- end -->",
    "beside other letters": f"<a><b>é&amp;\r\n</b><c>{RUN}</c>&#233;</a>",
}
WHOLE = {
    "a short one": f"<a>{RUN[: LONG_RUN - 1]}</a>",
    "line ends of two characters": f"<a>{LINES}</a>".replace("\n", "\r\n"),
    "an entity": f"<a>{RUN}&#65;</a>",
    "dashes": f"<a><!-- a >{RUN}-x< --></a>",
    "other letters": f"<a>é{RUN}</a>",
    "an attribute": f"<a b='{RUN}'/>",
    "an attribute with a bracket": f"<a b='> {RUN}'/>",
    "at the end": f"<a/>\n<!--{RUN}-->",
}


def form(tree: LeanTree, data: bytes, transform: str) -> bytes:
    found = tree.whole(canonical(tree.root, transform))
    return canonical(hardened_xml.parse(data), transform) if found is None else found


@pytest.mark.parametrize("name", CUT)
def test_the_canonical_form_is_that_of_the_whole_document(name):
    data = CUT[name].encode()
    tree = hardened_xml.parse_lean(data)
    assert len(tree.left_out) > LONG_RUN
    for transform in _CANONICALIZATIONS:
        assert form(tree, data, transform) == canonical(hardened_xml.parse(data), transform)


@pytest.mark.parametrize("name", WHOLE)
def test_what_xml_could_change_is_not_cut(name):
    data = WHOLE[name].encode()
    tree = hardened_xml.parse_lean(data)
    assert tree.left_out == b""
    assert tree.whole(b"as it is") == b"as it is"


@pytest.mark.parametrize("name", ["line ends of two characters", "an entity"])
def test_a_tree_that_cut_them_would_have_another_form(monkeypatch, name):
    data = WHOLE[name].encode()
    monkeypatch.setattr(hardened_xml, "_SPECIAL", ())
    tree = hardened_xml.parse_lean(data)
    transform = next(iter(_CANONICALIZATIONS))
    assert form(tree, data, transform) != canonical(hardened_xml.parse(data), transform)


def test_the_beginning_of_a_run_can_be_read():
    tree = hardened_xml.parse_lean(f"<a><c> {RUN}</c></a>".encode())
    assert tree.root[0].text[: KEPT - 1] == f" {RUN}"[: KEPT - 1]
    assert len(tree.root[0].text) < KEPT + 64


def test_a_run_that_canonicalization_leaves_out_or_repeats_is_not_put_back():
    tree = hardened_xml.parse_lean(f"<a><c>{RUN}</c></a>".encode())
    assert tree.whole(b"<a></a>") is None
    assert tree.whole(b"<a>" + tree.token + tree.token + b"</a>") is None


@pytest.mark.parametrize(
    "data", [f"<a>{RUN}", f"<a>{RUN}</b>", f"{RUN}<a/>", f"<a>{RUN}<b</a>", f"<!DOCTYPE a><a>{RUN}</a>"]
)
def test_what_is_not_well_formed_is_refused_all_the_same(data):
    with pytest.raises(MalformedMessage):
        hardened_xml.parse_lean(data.encode())
