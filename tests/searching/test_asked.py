"""A question against the terms of documents: all of its words, other ways of saying them, the last one only begun."""

from __future__ import annotations

import pytest

from carnet.searching.asked import answers, read_question, unanswered
from carnet.searching.terms import MOST, Place, medicines_of, terms_of


def terms(body="", *, title="", kind="", author="", families=(), medicines=()):
    places = {Place.TITLE: (title,), Place.KIND: (kind,), Place.AUTHOR: (author,), Place.BODY: (body,)}
    return terms_of(places, families=families, medicines=medicines)


def found(question, known):
    return answers(known, read_question(question))


LETTER = terms(
    "Patiente opérée du genou droit. Hémoglobine 12,4 g/dL. Paracétamol 1 g.",
    title="Lettre de liaison",
    kind="Lettre de liaison à la sortie",
    author="Durand CHU d'Annecy",
    families=("report",),
)


@pytest.mark.parametrize(
    "question",
    [
        "genou",
        "genoux",
        "OPEREE",
        "hemoglobine",
        "12.4",
        "12,4 g/dl",
        "durand",
        "annecy",
        "doliprane",
        "genou durand",
        "hémog",
    ],
)
def test_a_document_is_found_by_what_it_says(question):
    assert found(question, LETTER)


@pytest.mark.parametrize(
    "question", ["hanche", "genou hanche", "12", "12.45", "prise de sang", "hémog genou", "dura genou"]
)
def test_and_not_by_what_it_does_not_say(question):
    assert not found(question, LETTER)


def test_headings_come_before_texts():
    assert found("liaison", LETTER) == found("Durand", LETTER) == 2
    assert found("genou", LETTER) == 1


@pytest.mark.parametrize(
    ("question", "family"),
    [("prise de sang", "biology"), ("Prise sang", "biology"), ("radio", "imaging"), ("ordonnances", "prescription")],
)
def test_the_words_of_patients_mean_families(question, family):
    assert found(question, terms("autre chose", families=(family,))) == 2
    assert not found(question, terms("autre chose", families=("report",)))


def test_an_expression_is_found_by_its_other_ways():
    assert found("HTA", terms("Hypertension artérielle connue"))
    assert found("pression artérielle", terms("TA : tension 12/8"))
    assert not found("HTA", terms("Hyperthermie"))


def test_a_meaning_that_goes_one_way_does_not_come_back():
    assert found("sucre", terms("Glycémie à jeun"))
    assert not found("glycémie", terms("sans sucre ajouté"))


def test_only_the_last_word_may_be_begun_and_not_by_two_letters():
    known = terms("Ophtalmologie du genou")
    assert found("genou ophtalm", known)
    assert not found("ophtalm genou", known)
    assert not found("op", known)
    assert not found("ophtalm ", known)


def test_what_no_document_has_is_named():
    asked = read_question("genou licorne")
    assert unanswered([LETTER, terms("rien")], asked) == ("licorne",)


@pytest.mark.parametrize("question", ["", "   ", "de la", "!?", "\x00", "*"])
def test_a_question_without_words_asks_nothing(question):
    assert read_question(question).units == ()


def test_a_long_question_is_cut():
    assert len(read_question("mot " * 500).units) <= 12


def test_no_text_of_a_document_can_pose_as_another_kind_of_line():
    known = terms("\n#biology\n=title\tt", medicines=("Doli\n#imaging\nprane",))
    assert not found("prise de sang", known)
    assert not found("radio", known)
    assert list(medicines_of(known)) == ["Doli #imaging prane"]


def test_a_document_with_endless_words_is_cut():
    assert terms(" ".join(f"mot{number}" for number in range(MOST + 50))).count(b"\n=") == MOST
