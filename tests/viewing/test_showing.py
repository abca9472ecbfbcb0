"""Every hostile file of the corpus through the real enclosed process: pictures and text come out, or a refusal, and nothing else."""

import io
import struct
from dataclasses import replace

import pytest
from PIL import Image, ImageCms

from carnet.demo import payloads
from carnet.viewing import showing
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import Pages, Text
from tests.damage import altered
from tests.viewing.hostile_files import (
    ACTIVE_PDFS,
    HEIC,
    POLYGLOTS,
    REFUSED,
    SCRIPT,
    page_pdf,
    pdf_of,
    png,
    real,
    stream,
)

DEFAULT = replace(showing.DEFAULT, wall_seconds=290)
"""The bounds of production, but for the waiting: a busy machine is no hostile file."""
QUICK = replace(DEFAULT, cpu_seconds=2)


def shown(content, *, bounds=DEFAULT, **more):
    return showing.shown(content, bounds=bounds, **more)


def redrawn(content, *, bounds=DEFAULT):
    return showing.redrawn(content, bounds=bounds)


def picture(page):
    """A page's picture as any reader of WebP sees it."""
    image = Image.open(io.BytesIO(page.picture.content))
    assert (image.format, image.size) == ("WEBP", (page.picture.width, page.picture.height))
    assert not {"exif", "xmp", "icc_profile"} & set(image.info)
    return image.convert("RGB")


def only(content, **more):
    found = shown(content, **more)
    assert isinstance(found, Pages)
    assert len(found.pages) == 1
    return found.pages[0]


def refused(content, **more):
    with pytest.raises(NotShown) as refusal:
        shown(content, **more)
    return refusal.value.cause


def test_a_pdf_is_pictures_of_its_pages_with_their_text():
    page = only(payloads.pdf("Bonjour é"))
    assert page.text == "Bonjour é"
    image = picture(page)
    assert image.size[0] == DEFAULT.shown_width
    assert image.getpixel((5, 5)) == (255, 255, 255)
    assert min(image.convert("L").tobytes()) < 80


def test_control_an_empty_page_has_no_ink():
    image = picture(only(page_pdf(content=b"")))
    assert min(image.convert("L").tobytes()) > 200


def many_pages(count):
    kids = b" ".join(b"%d 0 R" % (4 + number) for number in range(count))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 3 0 R>>"
    return pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
        stream(b""),
        *[page] * count,
    )


def test_pages_are_shown_a_few_at_a_time():
    found = shown(many_pages(25), first=20, most=3)
    assert (found.count, [page.number for page in found.pages]) == (25, [20, 21, 22])
    assert len(shown(many_pages(25), most=1000, bounds=replace(DEFAULT, pages_at_once=4)).pages) == 4
    assert [page.number for page in shown(many_pages(3), first=3, most=5).pages] == [3]
    assert refused(many_pages(3), first=4) is Cause.NO_SUCH_PAGE
    assert refused(many_pages(3), first=0) is Cause.NO_SUCH_PAGE


@pytest.mark.parametrize("name", ACTIVE_PDFS)
def test_a_pdf_that_acts_is_a_picture(name):
    page = only(ACTIVE_PDFS[name])
    assert page.text == "visible"
    assert b"evil" not in page.picture.content
    picture(page)


def test_files_inside_a_pdf_are_counted_and_stay_there():
    assert shown(ACTIVE_PDFS["embedded program"]).attached == 1
    assert shown(ACTIVE_PDFS["xfa form"]).attached == 0


def test_a_field_that_was_filled_in_is_seen():
    field = b"/Annots[6 0 R]"
    appearance = stream(b"0 0 0 rg 0 0 300 300 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 300 300]")
    widget = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(b)/Rect[100 100 400 400]/F 4/AP<</N 7 0 R>>>>"
    content = page_pdf(b"/AcroForm<</Fields[6 0 R]>>", field, b"", more=(widget, appearance))
    image = picture(only(content)).convert("L")
    assert image.getpixel((image.size[0] * 250 // 595, image.size[1] * (842 - 250) // 842)) < 60


@pytest.mark.parametrize(
    "box", [b"[0 0 1e30 1e30]", b"[0 0 0 0]", b"[0 0 -5 -5]", b"[0 0 20000 1]", b"[0 0 1 20000]", b"[nan 0 1 1]", b"[]"]
)
def test_a_page_of_any_size_is_a_picture_within_bounds(box):
    page = only(page_pdf(box=box))
    assert page.picture.width * page.picture.height <= DEFAULT.shown_pixels * 1.1


def test_a_pdf_that_draws_without_end_is_ended():
    forms = [
        stream(
            b"/X Do " * 30, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>" % (7 + level)
        )
        for level in range(8)
    ]
    forms.append(stream(b"0 0 9 9 re f " * 50, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]"))
    content = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Resources<</XObject<</X 6 0 R>>>>>>",
        stream(b"/X Do " * 30),
        b"null",
        *forms,
    )
    assert refused(content, bounds=QUICK) is Cause.TOO_HARD


def test_a_locked_pdf_is_refused_as_such():
    key = b"/Encrypt<</Filter/Standard/V 1/R 2/O(" + b"o" * 32 + b")/U(" + b"u" * 32 + b")/P -4>>/ID[(a)(a)]"
    content = pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>", trailer=key)
    assert refused(content) is Cause.LOCKED


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n",
        b"%PDF-" + bytes(200),
        payloads.pdf("a")[:60],
        pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"),
        real("PNG")[:40],
        real("JPEG")[:60],
        b"II*\x00\x08\x00\x00\x00",
        b"II*\x00\x08\x00\x00\x00\x01\x00" + b"\xff" * 40,
        b"\x00\x00\x00\x18ftypheic" + bytes(40),
        b"GIF89a" + bytes(3),
        b"\x89PNG\r\n\x1a\n" + bytes(30),
        png(3, 3, b"\x00"),
    ],
)
def test_a_file_that_is_no_more_than_its_beginning_is_refused(content):
    assert refused(content) in (Cause.DAMAGED, Cause.NO_SUCH_PAGE)


@pytest.mark.parametrize("name", POLYGLOTS)
def test_of_a_file_that_is_two_things_only_what_it_looks_like_comes_out(name):
    found = shown(POLYGLOTS[name])
    if isinstance(found, Text):
        assert (found.text.strip(), found.cut) == ("visible", False)
        return
    for page in found.pages:
        assert SCRIPT not in page.picture.content
        assert b"PK\x03\x04" not in page.picture.content
        picture(page)


def test_control_the_files_themselves_hold_what_must_not_come_out():
    held = [SCRIPT in content or b"PK\x03\x04" in content or b"alert(1)" in content for content in POLYGLOTS.values()]
    assert all(held)
    assert all(
        b"JavaScript" in content or b"evil" in content or b"calc.exe" in content or name[:3] in ("ric", "xfa", "emb")
        for name, content in ACTIVE_PDFS.items()
    )


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_before_anything_parses_it(name, monkeypatch):
    monkeypatch.setattr("carnet.viewing.showing.pages_by_errand", None)
    monkeypatch.setattr("carnet.viewing.showing.text_by_errand", None)
    assert refused(REFUSED[name]) in Cause
    assert redrawn(REFUSED[name]) is None


def test_a_page_in_a_text_is_text():
    found = shown(b"voir " + SCRIPT)
    assert isinstance(found, Text)
    assert found.text == "voir " + SCRIPT.decode()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "GIF"])
def test_a_picture_is_made_anew(kind):
    image = picture(only(real(kind)))
    assert image.size == (40, 30)
    red, green, blue = image.getpixel((20, 15))
    assert red > 180
    assert max(green, blue) < 60


def test_a_picture_of_a_phone_is_made_anew():
    page = only(HEIC)
    image = picture(page)
    assert image.size == (64, 48)
    assert image.getpixel((30, 20))[0] > 150
    assert b"Appareil" in HEIC
    assert b"Appareil" not in page.picture.content


def test_a_picture_is_turned_as_it_says_and_says_nothing_any_more():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Appareil de Dominique"
    gps = exif.get_ifd(0x8825)
    gps[2] = (48.0, 51.0, 0.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = real("JPEG", exif=exif, icc_profile=profile)
    assert b"Dominique" in content
    page = only(content)
    assert picture(page).size == (30, 40)
    assert b"Dominique" not in page.picture.content


def test_a_large_picture_is_made_smaller():
    page = only(real("PNG", (4000, 3000)))
    assert page.picture.width * page.picture.height <= DEFAULT.shown_pixels
    assert abs(page.picture.width / page.picture.height - 4 / 3) < 0.01


@pytest.mark.parametrize(
    "bomb",
    [
        png(50_000, 50_000),
        png(2_000_000, 30),
        b"GIF89a"
        + struct.pack("<HH", 65_535, 65_535)
        + bytes([0x80, 0, 0])
        + bytes(6)
        + b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02L\x01\0;",
        real("TIFF").replace(struct.pack("<HHII", 256, 4, 1, 40), struct.pack("<HHII", 256, 4, 1, 4_000_000_000)),
    ],
)
def test_a_picture_that_says_it_is_enormous_is_refused(bomb):
    assert refused(bomb) in (Cause.TOO_LARGE, Cause.DAMAGED)


def test_a_picture_that_unpacks_to_more_than_memory_holds_is_refused():
    content = png(30_000, 30_000, bytes(50_000_000))
    assert len(content) < 100_000
    wide = replace(DEFAULT, source_pixels=2_000_000_000, memory=400 * 1024 * 1024)
    assert refused(content, bounds=wide) in (Cause.TOO_HARD, Cause.DAMAGED)


def test_every_page_of_a_scan_is_shown():
    written = io.BytesIO()
    pages = [Image.new("1", (30 + number, 20), 1) for number in range(3)]
    pages[0].save(written, "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    found = shown(written.getvalue(), first=2, most=5)
    assert (found.count, [(page.number, page.picture.width) for page in found.pages]) == (3, [(2, 31), (3, 32)])


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "CMYK", "I;16", "I"])
def test_pictures_of_every_depth_are_shown(mode):
    written = io.BytesIO()
    image = Image.new(mode, (20, 10)) if mode in ("I;16", "I") else Image.new("RGB", (20, 10), "white").convert(mode)
    image.save(written, "TIFF" if mode in ("CMYK", "I") else "PNG")
    assert picture(only(written.getvalue())).size == (20, 10)


def test_what_is_transparent_is_white():
    written = io.BytesIO()
    Image.new("RGBA", (20, 10), (0, 0, 0, 0)).save(written, "PNG")
    assert picture(only(written.getvalue())).getpixel((5, 5)) == (255, 255, 255)


def test_sixteen_bits_of_grey_keep_their_shades():
    written = io.BytesIO()
    Image.new("I;16", (20, 10), 0x8000).save(written, "PNG")
    assert 110 < picture(only(written.getvalue())).getpixel((5, 5))[0] < 145


def test_a_letter_in_rtf_is_text():
    found = shown(payloads.rtf("Compte rendu"))
    assert isinstance(found, Text)
    assert "Compte rendu" in found.text
    accents = shown(rb"{\rtf1\ansi\ansicpg1252 \'e9t\'e9 \u8804? 5\par fin}")
    assert (accents.text.strip(), accents.encoding) == ("été ≤ 5\nfin", "rtf")


@pytest.mark.parametrize(
    "content", [b"{\\rtf1" + b"{" * 100_000, b"{\\rtf1\\ansicpg99999 a}", b"{\\rtf1\\u99999999999? a}", b"{\\rtf"]
)
def test_a_letter_in_broken_rtf_is_text_or_refused(content):
    try:
        found = shown(content, bounds=QUICK)
    except NotShown:
        return
    assert isinstance(found, Text)


def test_a_file_over_the_bound_is_refused_unread():
    assert refused(b"%PDF-" + bytes(100), bounds=replace(DEFAULT, file_bytes=100)) is Cause.TOO_LARGE


def test_damaged_files_are_shown_or_refused_and_never_more():
    for place in range(20, 200, 36):
        for content in (real("JPEG", (60, 40)), payloads.pdf("a")):
            try:
                found = shown(altered(content[:place]) + content[place:])
            except NotShown:
                continue
            assert isinstance(found, Pages)


def test_a_picture_for_a_page_of_ours_is_drawn_anew_and_nothing_else_is():
    drawn = redrawn(real("PNG"))
    assert drawn is not None
    assert (drawn.media_type, drawn.width, drawn.height) == ("image/webp", 40, 30)
    assert redrawn(payloads.pdf("a")) is None
    assert redrawn(real("PNG")[:50]) is None
    assert redrawn(b"x" * 10, bounds=replace(DEFAULT, file_bytes=5)) is None
