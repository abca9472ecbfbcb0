"""The passage that answers: marked words, the page, cut between words."""

from __future__ import annotations

import pytest

from carnet.errors import IntegrityFailure
from carnet.searching.asked import read_question
from carnet.searching.paged_text import LONGEST, PagedText, TextPage, read, written
from carnet.searching.passages import beginning_of, marked, passages_of

FILLING = "Le patient va bien et dort bien. " * 40


def text(*pages):
    return PagedText(tuple(TextPage(number, one) for number, one in enumerate(pages, 1)))


def marks(passage):
    return [piece for piece, is_marked in passage.pieces if is_marked]


def whole(passage):
    return "".join(piece for piece, _ in passage.pieces)


def test_the_passage_shows_the_words_and_its_page():
    found = passages_of(
        text(FILLING, f"{FILLING}Allergie aux pénicillines signalée.{FILLING}"), read_question("allergies")
    )
    assert [(one.page, marks(one)) for one in found] == [(2, ["Allergie"])]
    assert "pénicillines signalée" in whole(found[0])
    assert found[0].before
    assert found[0].after
    assert len(whole(found[0])) <= 260


def test_a_passage_begins_and_ends_with_whole_words():
    source = f"{FILLING}Allergie aux pénicillines.{FILLING}"
    (passage,) = passages_of(text(source), read_question("allergie"))
    shown = whole(passage)
    place = source.index(shown)
    assert source[place - 1].isspace()
    assert source[place + len(shown)].isspace()


def test_the_window_with_most_of_the_question_comes_first():
    page = f"Diabète connu.{FILLING}Diabète traité par metformine depuis 2019.{FILLING}"
    found = passages_of(text(page), read_question("diabete metformine"))
    assert marks(found[0]) == ["Diabète", "metformine"]


def test_an_expression_is_marked_whole_and_its_words_alone_are_not():
    page = "Prise en charge simple. Prise de sang faite ce matin."
    (passage,) = passages_of(text(page), read_question("prise de sang"))
    assert marks(passage) == ["Prise de sang"]


def test_another_way_of_saying_it_is_marked():
    (passage,) = passages_of(text("Paracétamol 1 g si douleur."), read_question("doliprane"))
    assert marks(passage) == ["Paracétamol"]


def test_the_beginning_of_a_word_marks_the_word():
    (passage,) = passages_of(text("Ophtalmologie : fond d'œil"), read_question("ophtalm"))
    assert marks(passage) == ["Ophtalmologie"]


def test_nothing_is_invented_where_nothing_answers():
    assert passages_of(text("rien ici"), read_question("genou")) == ()
    assert beginning_of(text("", "Bonjour")).page == 2
    assert beginning_of(text("", " ")) is None


def test_values_of_a_table_do_not_run_together():
    (passage,) = passages_of(text("TSH\t2,1\tmUI/L\t\nHémoglobine\t13.4\tg/dL\t\nfin"), read_question("hemoglobine"))
    assert whole(passage) == "TSH · 2,1 · mUI/L / Hémoglobine · 13.4 · g/dL / fin"
    assert marks(passage) == ["Hémoglobine"]


def test_no_character_is_lost_or_added_in_a_title():
    title = "Bilan d'hémoglobine : l'hémoglobine glyquée"
    pieces = marked(title, read_question("hemoglobine"))
    assert "".join(piece for piece, _ in pieces) == title
    assert [piece for piece, is_marked in pieces if is_marked] == ["hémoglobine", "hémoglobine"]


def test_a_text_is_kept_and_cut_where_it_is_too_long():
    source = PagedText((TextPage(1, "a" * LONGEST), TextPage(2, "b")), unread=3)
    kept = read(written(source))
    assert (len(kept.pages), kept.unread, kept.cut) == (1, 3, True)
    assert read(written(text("un", "deux"))) == text("un", "deux")
    with pytest.raises(IntegrityFailure):
        read(b"\xff\xff")
