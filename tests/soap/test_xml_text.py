import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet import hardened_xml
from carnet.errors import InvalidMetadata
from carnet.soap.xml_text import attribute, shown, text, texts


def read_again(value):
    root = hardened_xml.parse(f"<a b={attribute(value)}>{text(value)}</a>".encode())
    return root.get("b"), root.text or ""


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\ufffe\uffff"), max_size=60))
def test_what_is_written_is_read_again_or_refused(value):
    if any(character < " " and character not in "\t\n\r" for character in value):
        with pytest.raises(InvalidMetadata):
            text(value)
    else:
        assert read_again(value) == (value, value)


@pytest.mark.parametrize(
    "value", ["a&b", "<a>", "]]>", '"', "'", "\t", "\n", "\r\n", "é & è", "\u00a0", "\U0001f600", "\x85\u2028"]
)
def test_characters_of_xml_s_own_survive(value):
    assert read_again(value) == (value, value)


@pytest.mark.parametrize("value", ["\x00", "a\x0b", "\ud800", "\ufffe", "\uffff", "é\x1f"])
def test_a_character_that_xml_cannot_carry_is_refused(value):
    with pytest.raises(InvalidMetadata):
        text(value)
    with pytest.raises(InvalidMetadata):
        attribute(value)


@given(st.lists(st.text(alphabet='ab&<>"\t\n\r\x00\x85\u00e9\ud800', max_size=4), max_size=4))
def test_many_values_are_written_as_each_of_them(values):
    try:
        alone = [text(value) for value in values]
    except InvalidMetadata:
        with pytest.raises(InvalidMetadata):
            texts(values)
    else:
        assert list(texts(values)) == alone


@given(st.text(max_size=60))
def test_an_error_s_sentence_is_always_written(value):
    assert hardened_xml.parse(f'<a b="{shown(value)}">{shown(value)}</a>'.encode()).tag == "a"


def test_an_error_s_sentence_is_cut():
    assert len(shown("x" * 5000)) == 1024
