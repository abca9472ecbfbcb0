"""Everything the pages say is said in English too, and with the typography of each language."""

from __future__ import annotations

import re

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from carnet.portal.languages import LOCALE, english_catalogue, load_words
from carnet.portal.templating import TEMPLATES
from carnet.portal.typography import english, french

KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3)}
PLACE = re.compile(r"%\(\w+\)[sd]")


def extracted():
    """(context, message) of all that the templates say."""
    found = extract_from_dir(
        TEMPLATES, [("**.html", "jinja2")], keywords=KEYWORDS, options_map={"**.html": {"newstyle_gettext": "true"}}
    )
    return {(context, message) for _file, _line, message, _comments, context in found}


def catalogue():
    return {(one.context, one.id): one for one in english_catalogue() if one.id}


def test_no_message_stands_in_two_catalogues():
    seen = []
    for path in (LOCALE / "en" / "LC_MESSAGES").glob("*.po"):
        with path.open("rb") as source:
            seen += [(one.context, one.id) for one in read_po(source, locale="en") if one.id]
    assert len(seen) == len(set(seen)) == len(catalogue())


def test_every_message_has_its_english_and_no_english_is_left_over():
    assert {key for key in extracted() if key[1]} == catalogue().keys()


def faults(messages):
    """Messages without English, doubtful ones, and those whose places differ."""
    for one in messages:
        ids = [one.id] if isinstance(one.id, str) else list(one.id)
        texts = [one.string] if isinstance(one.string, str) else list(one.string)
        places = set().union(*(PLACE.findall(text) for text in ids))
        if one.fuzzy or not all(texts) or any(not set(PLACE.findall(text)) <= places for text in texts):
            yield one.id


def test_no_message_is_missing_doubtful_or_has_other_places():
    assert list(faults(catalogue().values())) == []


def test_control_a_missing_message_is_found():
    one = next(iter(catalogue().values()))
    one.string = ""
    assert list(faults([one])) == [one.id]


@pytest.mark.parametrize(
    ("plain", "set_"),
    [
        ("Rien de nouveau ?", "Rien de nouveau\u202f?"),
        ("Auteur : « l'hôpital »", "Auteur\u00a0: «\u202fl\u2019hôpital\u202f»"),
        ("12:30 ; https://x", "12:30\u202f; https://x"),
    ],
)
def test_french_is_set_as_french(plain, set_):
    assert french(plain) == set_
    assert french(set_) == set_


def test_english_has_its_apostrophes():
    assert english("the patient's") == "the patient\u2019s"


def test_none_is_singular_in_french_and_plural_in_english():
    words = load_words()
    assert words["fr"].ngettext("un", "plusieurs", 0) == "un"
    assert words["en"].ngettext("un", "plusieurs", 0) == "plusieurs"
