import base64
import hashlib
import re

import pytest

from carnet.cda.contents import contents_of
from carnet.cda.page_words import FLAVORS, WORDS, day_words
from carnet.cda.rendering import PAGE_POLICY, page_of
from carnet.demo import documents
from tests.cda.shown_html import ATTRIBUTES, TAGS, Seen

PAGE_TAGS = TAGS | {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "section",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "dl",
    "dt",
    "dd",
}
PAGE_ATTRIBUTES = ATTRIBUTES | {"charset", "name", "content", "src", "alt", "width", "height", "aria-label"}


def page(content, language="fr"):
    return page_of(contents_of(content, lambda _content: None, language=language), language=language)


class Page(Seen):
    """A page: its style is not text, its meta elements are never closed."""

    def __init__(self, html):
        super().__init__(re.sub(r"<meta [^>]*>|<!DOCTYPE html>|<style>[^<]*</style>", "", html))


def test_every_public_example_makes_a_page_in_which_nothing_can_run(sample):
    html = page(sample.read_bytes())
    seen = Page(html)
    assert set(seen.tags) <= PAGE_TAGS
    assert seen.attributes <= PAGE_ATTRIBUTES
    assert seen.tags.count("h1") == 1
    assert html.count("<style>") == 1
    assert all(link.startswith(("https://", "#c-")) for link in seen.links)


def test_the_policy_lets_in_our_style_alone(report):
    style = re.search(r"<style>([^<]*)</style>", page(report))[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'; sandbox"
    ) == PAGE_POLICY
    assert "url(" not in style
    assert "@import" not in style


def test_a_page_says_who_wrote_what_about_whom_and_that_it_is_ours(report, draft):
    html = page(report)
    for told in ("PAT-TROIS", "28 mars 1979", draft.author.family_name, draft.author.organization.name, "fait foi"):
        assert told in html
    assert f'<h1 lang="fr-FR">{draft.title}</h1>' in html
    assert '<div class="text">Résultats</div>' in html


def test_our_words_are_in_the_language_that_is_asked_for(report):
    html = page(report, "en")
    assert '<html lang="en">' in html
    assert "The original, as it was signed" in html
    assert '<div lang="fr-FR">' in html
    assert WORDS["fr"].keys() == WORDS["en"].keys()
    assert FLAVORS["fr"].keys() == FLAVORS["en"].keys()


def test_a_file_in_a_document_is_told(draft):
    assert "application/pdf" in page(documents.level_1(draft))


def test_a_missing_text_is_said_to_be_missing_and_an_empty_one_empty(report):
    asked = page(report.replace("<text>Résultats</text>".encode(), b'<text nullFlavor="ASKU"/>', 1))
    assert "Texte non renseigné dans le document (demandé et inconnu)." in asked
    assert "pas de texte" in page(report.replace("<text>Résultats</text>".encode(), b"<text> </text>", 1))


@pytest.mark.parametrize("place", ["title", "displayName", "name"])
def test_the_header_is_text_and_never_markup(report, place):
    evil = b"&lt;script&gt;alert(1)&lt;/script&gt;"
    changed = {
        "title": re.sub(rb"<title>[^<]*</title>", b"<title>" + evil + b"</title>", report),
        "displayName": re.sub(rb'displayName="[^"]*"', b'displayName="' + evil + b'"', report),
        "name": report.replace(b"<family>", b"<family>" + evil),
    }[place]
    html = page(changed)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_replacement_says_so(draft):
    assert "version 2, remplace une version précédente" in page(documents.level_3(draft.next_version(draft.created)))


@pytest.mark.parametrize(
    ("stamp", "french", "english"),
    [
        ("20240104131933+0100", "4 janvier 2024 à 13 h 19", "4 January 2024, 13:19"),
        ("2024080109", "1er août 2024 à 9 h", "1 August 2024, 09:00"),
        ("20240801", "1er août 2024", "1 August 2024"),
        ("202408", "août 2024", "August 2024"),
        ("2024", "2024", "2024"),
        ("20092012", "20092012", "20092012"),
        ("20240230", "20240230", "20240230"),
        ("hier", "hier", "hier"),
        ("", "", ""),
    ],
)
def test_a_day_is_written_as_precisely_as_it_came(stamp, french, english):
    assert (day_words(stamp, "fr"), day_words(stamp, "en")) == (french, english)
