"""What people send is never what is kept: pictures and PDFs are made anew, what acts is left behind, what is two things is one."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from carnet.demo.payloads import jpeg, pdf, plain, rtf, tiff
from carnet.viewing.pdf_cleaning import without_remarks
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.showing import shown
from carnet.viewing.taking_in import BOUNDS, bound_together, preview, taken_in

sys.path.insert(0, str(Path(__file__).parent))

from hostile_files import ACTIVE_PDFS, HEIC, POLYGLOTS, REFUSED, SCRIPT, page_pdf, png, real, stream, zipped

RED, BLUE = (200, 20, 20), (20, 20, 200)
ACTING = (
    b"/JavaScript",
    b"/JS",
    b"/Launch",
    b"/OpenAction",
    b"/AA",
    b"/XFA",
    b"/EmbeddedFile",
    b"/URI",
    b"/SubmitForm",
)


def halves(kind="JPEG", size=(400, 200), **options):
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def colour(image, x, y):
    """RED or BLUE, by which the dot at these shares of the sides is nearer."""
    red, _green, blue = image.convert("RGB").getpixel((int(image.width * x), int(image.height * y)))
    return RED if red > blue else BLUE


def opened(content):
    return Image.open(io.BytesIO(content))


def tried(content):
    """What a file becomes, or why nothing."""
    try:
        return taken_in(content)
    except NotShown as refusal:
        return refusal.cause


def inside(content):
    """Every byte that a PDF holds, streams unpacked."""
    with pikepdf.open(io.BytesIO(content)) as made:
        parts = [content]
        for found in made.objects:
            if isinstance(found, pikepdf.Stream):
                try:
                    parts.append(found.read_bytes())
                except pikepdf.PdfError:
                    parts.append(found.read_raw_bytes())
            parts.append(repr(found).encode())
    return b"".join(parts)


# --- pictures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_picture_becomes_a_jpeg_of_our_own(kind):
    (made,) = taken_in(halves(kind))
    assert (made.kind, made.pages) == ("picture", 1)
    image = opened(made.content)
    assert image.format == "JPEG"
    assert (colour(image, 0.1, 0.5), colour(image, 0.9, 0.5)) == (RED, BLUE)


def test_where_and_when_a_photograph_was_taken_is_not_kept():
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    exif[0x010F] = "Fabricant-Secret"
    content = halves(exif=exif, comment=b"Commentaire-Secret")
    assert b"Fabricant-Secret" in content
    (made,) = taken_in(content)
    assert not opened(made.content).getexif()
    assert b"Secret" not in made.content
    assert b"Exif" not in made.content


def test_a_photograph_is_turned_as_the_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 6
    (made,) = taken_in(halves(exif=exif))
    image = opened(made.content)
    assert image.size == (200, 400)
    assert (colour(image, 0.5, 0.1), colour(image, 0.5, 0.9)) == (RED, BLUE)


def test_each_page_of_a_tiff_is_a_page():
    written = io.BytesIO()
    pages = [Image.new("RGB", (60, 80), one) for one in (RED, BLUE, RED)]
    pages[0].save(written, "TIFF", save_all=True, append_images=pages[1:])
    made = taken_in(written.getvalue())
    assert [one.kind for one in made] == ["picture"] * 3
    assert [colour(opened(one.content), 0.5, 0.5) for one in made] == [RED, BLUE, RED]


def test_a_heic_of_a_phone_is_read_and_does_not_say_which():
    (made,) = taken_in(HEIC)
    assert colour(opened(made.content), 0.5, 0.5) == RED
    assert b"Appareil" in HEIC
    assert b"Appareil" not in made.content


def test_a_huge_picture_is_made_small_and_a_monstrous_one_refused():
    (made,) = taken_in(real("PNG", size=(6000, 4000)))
    assert made.width * made.height <= BOUNDS.shown_pixels
    with pytest.raises(NotShown) as refusal:
        taken_in(png(60_000, 60_000))
    assert refusal.value.cause is Cause.TOO_LARGE


# --- turned ---------------------------------------------------------------------------------------------------------

TURNED = {
    # turn: the colour at the top, right, bottom, left of a picture that was red on the left and blue on the right
    0: (None, BLUE, None, RED),
    90: (RED, None, BLUE, None),
    180: (None, RED, None, BLUE),
    270: (BLUE, None, RED, None),
}
PLACES = ((0.5, 0.08), (0.92, 0.5), (0.5, 0.92), (0.08, 0.5))


def check_turn(image, turn):
    assert (image.width > image.height) == (turn in {0, 180})
    for place, expected in zip(PLACES, TURNED[turn], strict=True):
        assert expected is None or colour(image, *place) == expected


@pytest.mark.parametrize("turn", TURNED)
def test_a_turned_page_is_turned_in_its_dots(turn):
    (made,) = taken_in(halves())
    check_turn(opened(preview("picture", turn, made.content).content), turn)
    bound = bound_together([("picture", turn, made.content)])
    page = shown(bound.content).pages[0].picture
    check_turn(opened(page.content), turn)
    (again,) = taken_in(bound.content)
    check_turn(opened(preview("pdf", 0, again.content).content), turn)
    check_turn(
        opened(shown(bound_together([("pdf", (360 - turn) % 360, again.content)]).content).pages[0].picture.content), 0
    )


def test_pictures_and_pdfs_become_one_pdf_in_their_order():
    first, second = taken_in(halves())[0], taken_in(pdf("Compte rendu"))[0]
    bound = bound_together([("pdf", 0, second.content), ("picture", 0, first.content), ("pdf", 0, second.content)])
    assert (bound.kind, bound.pages) == ("pdf", 3)
    pages = shown(bound.content, most=3).pages
    assert ["Compte rendu" in one.text for one in pages] == [True, False, True]


# --- PDF ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVE_PDFS)
def test_what_a_pdf_does_is_left_behind_and_what_it_shows_is_kept(name):
    (made,) = taken_in(ACTIVE_PDFS[name])
    found = inside(made.content)
    assert [word for word in ACTING if word in found] == []
    assert b"evil.example" not in found
    assert "visible" in shown(made.content).pages[0].text


def test_control_the_words_of_acting_are_found_where_they_are():
    assert any(word in inside(ACTIVE_PDFS["javascript when opened"]) for word in ACTING)


def test_what_acts_is_found_in_compressed_objects_and_deep_in_resources():
    with pikepdf.new() as made:
        page = made.add_blank_page(page_size=(200, 200))
        form = made.make_stream(b"", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 9, 9])
        form.Resources = pikepdf.Dictionary(Deep=pikepdf.Array([pikepdf.Dictionary(JS=pikepdf.String("app.alert(1)"))]))
        form.Ref = pikepdf.Dictionary(F=pikepdf.String("other.pdf"))
        page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(A=form))
        written = io.BytesIO()
        made.save(written, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"app.alert" in inside(written.getvalue())
    (cleaned,) = taken_in(written.getvalue())
    assert b"app.alert" not in inside(cleaned.content)
    assert b"other.pdf" not in inside(cleaned.content)


def test_a_picture_in_a_pdf_loses_what_its_camera_said():
    exif = Image.Exif()
    exif[0x010F] = "Fabricant-Secret"
    photo = halves(exif=exif)
    image = stream(
        photo,
        b"/Type/XObject/Subtype/Image/Width 400/Height 200/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode",
    )
    content = page_pdf(more=(image,)).replace(b"/Resources<<", b"/Resources<</XObject<</I 6 0 R>>", 1)
    assert b"Secret" in content
    (made,) = taken_in(content)
    assert b"Secret" not in inside(made.content)
    assert without_remarks(photo)[:2] == b"\xff\xd8"
    assert opened(without_remarks(photo)).size == (400, 200)


@pytest.mark.parametrize("cut", [0.3, 0.6])
def test_a_truncated_pdf_is_refused_or_whole_in_itself(cut):
    content = pdf("Compte rendu", size=20_000)
    made = tried(content[: int(len(content) * cut)])
    assert made is Cause.DAMAGED or shown(made[0].content).count == made[0].pages


def test_a_pdf_with_a_password_is_refused_with_the_reason():
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf("secret"))) as made:
        made.save(written, encryption=pikepdf.Encryption(owner="a", user="b"))
    with pytest.raises(NotShown) as refusal:
        taken_in(written.getvalue())
    assert refusal.value.cause is Cause.LOCKED


def test_a_pdf_that_no_reader_locks_is_taken_in():
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf("visible"))) as made:
        made.save(written, encryption=pikepdf.Encryption(owner="a", user=""))
    assert "visible" in shown(taken_in(written.getvalue())[0].content).pages[0].text


def test_a_pdf_of_too_many_pages_is_refused():
    with pikepdf.new() as made:
        for _ in range(BOUNDS.pages + 1):
            made.add_blank_page(page_size=(10, 10))
        written = io.BytesIO()
        made.save(written)
    with pytest.raises(NotShown) as refusal:
        taken_in(written.getvalue())
    assert refusal.value.cause is Cause.TOO_LARGE


# --- what is two things, or none that is kept ------------------------------------------------------------------------


@pytest.mark.parametrize("name", POLYGLOTS)
def test_of_what_is_two_things_one_is_kept_and_nothing_of_the_other(name):
    made = tried(POLYGLOTS[name])
    assert (made is Cause.UNKNOWN) == name.startswith("GIF")
    for one in () if isinstance(made, Cause) else made:
        assert b"<script" not in one.content
        assert b"PK\x03\x04" not in one.content
        assert b"<html" not in one.content


def test_control_the_polyglots_hold_what_is_looked_for():
    held = [SCRIPT in one or b"PK\x03\x04" in one or b"alert(1)" in one for one in POLYGLOTS.values()]
    assert all(held)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_document_is_refused_with_its_cause(name):
    with pytest.raises(NotShown):
        taken_in(REFUSED[name])


@pytest.mark.parametrize("content", [b"", zipped(1000), b"MZ" + bytes(100), b"<svg onload=1>", real("GIF")])
def test_every_refusal_says_why(content):
    with pytest.raises(NotShown) as refusal:
        taken_in(content)
    assert refusal.value.cause in {Cause.EMPTY, Cause.ARCHIVE, Cause.PROGRAM, Cause.MARKUP, Cause.UNKNOWN}


@pytest.mark.parametrize("make", [jpeg, tiff, pdf, rtf, plain])
def test_every_kind_that_is_accepted_is_taken_in(make):
    made = taken_in(make("Bonjour"))
    assert {one.kind for one in made} <= {"picture", "pdf", "text"}


def test_rtf_becomes_its_text_alone():
    content = rtf("Bonjour")[:-1] + b"{\\object\\objdata 4d5a9000}}"
    (made,) = taken_in(content)
    assert made.kind == "text"
    assert "Bonjour" in made.content.decode()
    assert b"objdata" not in made.content


def test_an_old_text_becomes_utf_8_without_controls():
    (made,) = taken_in("Fièvre à 39 °C\x1a".encode("cp1252"))
    assert made.content.decode() == "Fièvre à 39 °C"


def test_a_file_over_the_bound_is_not_even_looked_at():
    with pytest.raises(NotShown) as refusal:
        taken_in(b"%PDF-" + bytes(BOUNDS.file_bytes))
    assert refusal.value.cause is Cause.TOO_LARGE
