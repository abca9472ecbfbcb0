"""The words of files for the search: text as it is, PDF by page, scanned pages by an optical reader that gets nothing but our own dots."""

from __future__ import annotations

import io
import shutil

import pytest
from PIL import Image, ImageDraw, ImageFont

from carnet.demo import payloads
from carnet.viewing.optical_reader import Tesseract, installed_reader, is_plain_picture
from carnet.viewing.refusals import NotShown
from carnet.viewing.wording import MOST_READ, wording_of
from tests.viewing.hostile_files import ACTIVE_PDFS, REFUSED, page_pdf, pdf_of, stream

WORDS = "Compte rendu du scanner thoracique"
needs_tesseract = pytest.mark.skipif(installed_reader() is None, reason="Tesseract with French is not installed")


class Dots:
    """An optical reader that notes what it gets."""

    def __init__(self, answer="lu") -> None:
        self.answer, self.seen = answer, []

    def read(self, picture):
        self.seen.append(picture)
        return self.answer


def scan(text=WORDS, *, size=(1_654, 2_339)):
    """A page of A4 at 200 dots an inch, as a scanner makes it."""
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).text((150, 300), text, fill=20, font=ImageFont.load_default(48))
    return image


def saved(image, kind, **more):
    written = io.BytesIO()
    image.save(written, kind, **more)
    return written.getvalue()


def scanned_pdf(*images):
    return saved(images[0], "PDF", save_all=True, append_images=list(images[1:]), resolution=200)


def texts(found):
    return {page.number: page.text for page in found.pages}


def test_text_and_rtf_have_no_pages():
    assert texts(wording_of("Bonjour, l'été".encode(), None)) == {0: "Bonjour, l'été"}
    found = wording_of(payloads.rtf("Douleur à l'épaule"), None)
    assert texts(found)[0].strip() == "Douleur à l'épaule"


def test_a_pdf_gives_its_text_by_page():
    found = wording_of(payloads.pdf("Compte rendu opératoire de l'épaule"), Dots())
    assert texts(found) == {1: "Compte rendu opératoire de l'épaule"}
    assert (found.unread, found.cut) == (0, False)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "GIF"])
def test_a_picture_goes_to_the_optical_reader_as_bare_dots(kind):
    reader = Dots()
    found = wording_of(saved(scan(), kind), reader)
    assert (texts(found), found.unread) == ({1: "lu"}, 0)
    assert [is_plain_picture(one) for one in reader.seen] == [True]


def test_only_the_scanned_pages_of_a_pdf_are_read_optically():
    reader = Dots()
    found = wording_of(scanned_pdf(scan(), scan()), reader)
    assert texts(found) == {1: "lu", 2: "lu"}
    assert all(map(is_plain_picture, reader.seen))
    empty = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        stream(b""),
    )
    nobody = Dots()
    assert texts(wording_of(empty, nobody)) == {1: ""}
    assert nobody.seen == []


@pytest.mark.parametrize("reader", [None, Dots(answer=None)])
def test_without_a_reader_scanned_pages_are_counted(reader):
    assert wording_of(scanned_pdf(scan(), scan()), reader).unread == 2
    assert wording_of(saved(scan(), "PNG"), reader).unread == 1


def test_a_file_of_endless_pages_is_read_in_part():
    small = [Image.new("L", (40, 40), number) for number in range(MOST_READ + 3)]
    reader = Dots()
    found = wording_of(saved(small[0], "TIFF", save_all=True, append_images=small[1:]), reader)
    assert len(reader.seen) == MOST_READ
    assert (found.unread, found.cut) == (3, True)


@pytest.mark.parametrize("name", sorted(ACTIVE_PDFS))
def test_a_pdf_that_would_act_gives_its_words_alone(name):
    assert texts(wording_of(ACTIVE_PDFS[name], None)) == {1: "visible"}


@pytest.mark.parametrize("content", [*REFUSED.values()] if isinstance(REFUSED, dict) else REFUSED)
def test_what_is_not_shown_is_not_read(content):
    with pytest.raises(NotShown):
        wording_of(content[0] if isinstance(content, tuple) else content, Dots())


def test_a_damaged_pdf_is_refused():
    with pytest.raises(NotShown):
        wording_of(b"%PDF-1.7\n" + bytes(400), Dots())


def test_a_pdf_with_a_page_that_lies_gives_what_it_has():
    assert "visible" in texts(wording_of(page_pdf(box=b"[0 0 1e30 1e30]"), None))[1]


# --- the program itself ------------------------------------------------------------------------------------------------


@needs_tesseract
def test_tesseract_reads_a_scanned_page():
    for content in (scanned_pdf(scan()), saved(scan(), "JPEG", quality=70)):
        found = wording_of(content, installed_reader())
        assert "scanner thoracique" in " ".join(texts(found)[1].split())
        assert found.unread == 0


@needs_tesseract
@pytest.mark.parametrize(
    "content", [b"", b"P5 9 9 255\n", b"P5 2 2 255\nabc", b"P5 2 2 255\nabcde", b"\x89PNG\r\n\x1a\n", b"P5 0 9 255\n"]
)
def test_tesseract_gets_nothing_but_whole_plain_pictures(content):
    assert Tesseract("/nonexistent").read(content) is None
    assert not is_plain_picture(content)


def test_a_program_that_fails_or_is_not_there_reads_nothing():
    picture = b"P5 2 2 255\nabcd"
    assert Tesseract("/nonexistent").read(picture) is None
    assert Tesseract(shutil.which("false")).read(picture) is None


def test_a_program_that_answers_is_held_within_its_bounds(tmp_path):
    told = tmp_path / "told"
    told.write_text(
        '#!/bin/sh\nulimit -v; ulimit -t; ulimit -f; nice; echo "$#" "$@"; env | sort | cut -d= -f1\ncat >/dev/null\n'
    )
    told.chmod(0o755)
    lines = Tesseract(str(told)).read(b"P5 2 2 255\nabcd").split()
    assert lines[:3] == ["1048576", "60", "0"]
    assert int(lines[3]) >= 10
    assert lines[4] == "6"
    assert "CARNET_HOME" not in lines
