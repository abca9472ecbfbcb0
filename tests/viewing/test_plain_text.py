import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet.viewing import plain_text as reading
from carnet.viewing.plain_text import plain_text
from carnet.viewing.refusals import NotShown


@pytest.mark.parametrize(
    ("content", "text", "encoding"),
    [
        ("Été à l'hôpital : 5 µg".encode(), "Été à l'hôpital : 5 µg", "utf-8-sig"),
        ("\ufeffÉté".encode(), "Été", "utf-8-sig"),
        ("Été 5 €".encode("cp1252"), "Été 5 €", "cp1252"),
        (b"\xc9t\xe9 \x81", "Été ", "latin-1"),
        ("\ufeffÉté".encode("utf-16-le"), "Été", "utf-16"),
        (b"a\r\nb\rc\fd", "a\nb\nc\nd", "utf-8-sig"),
        (b"a\x1bb\x07\tc", "ab\tc", "utf-8-sig"),
        ("gnp.\u202etxt".encode(), "gnp.\u202etxt", "utf-8-sig"),
        (b"<b>5 < 6</b>", "<b>5 < 6</b>", "utf-8-sig"),
    ],
)
def test_a_text_is_read_in_the_encoding_it_is_in(content, text, encoding):
    found = plain_text(content)
    assert (found.text, found.encoding, found.cut) == (text, encoding, False)


def test_half_a_character_of_utf_16_is_told():
    with pytest.raises(NotShown):
        plain_text(b"\xff\xfea")


def test_a_long_text_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(reading, "LONGEST", 10)
    assert (plain_text(b"a" * 10).text, plain_text(b"a" * 10).cut) == ("a" * 10, False)
    assert (plain_text(b"a" * 11).text, plain_text(b"a" * 11).cut) == ("a" * 10, True)
    assert plain_text(b"\x01" * 30).cut


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff"), max_size=80))
def test_what_is_written_in_utf_8_is_read_whole(text):
    assert plain_text(text.encode()).text == text


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_no_control_ever_comes_out(content):
    try:
        text = plain_text(content).text
    except NotShown:
        return
    assert all(one in "\n\t" or (one >= " " and one != "\x7f") for one in text)
