"""A reason is a code and a sentence in one text, read leniently, and never empty of content."""

from __future__ import annotations

import pytest

from carnet.errors import ReasonRequired
from carnet.exchange.emergency_reason import OTHER, REASONS, reason_in_words, stated_reason

SENTENCE = "Trouvé inconscient sur la voie publique"


def read(text, *, minimum_letters=10, code_required=False):
    reason = stated_reason(text, minimum_letters=minimum_letters, code_required=code_required)
    return reason.code, reason.sentence


@pytest.mark.parametrize("code", REASONS)
def test_every_code_is_read_with_its_sentence(code):
    assert read(f"{code}: {SENTENCE}") == (code, SENTENCE)
    assert stated_reason(f"{code}:{SENTENCE}", minimum_letters=10, code_required=True).text == f"{code}: {SENTENCE}"


@pytest.mark.parametrize(
    "written",
    [
        "expression_impossible",
        "Expression impossible",
        "EXPRESSION-IMPOSSIBLE",
        "  expréssion  impossible ",
        "Expression impossible ",
    ],
)
def test_a_code_may_be_written_as_people_and_software_write(written):
    assert read(f"{written}: {SENTENCE}") == ("EXPRESSION_IMPOSSIBLE", SENTENCE)


@pytest.mark.parametrize(
    "text", [SENTENCE, f"Urgence: {SENTENCE}", "Constat 10:45, patient au sol", f"INCONSCIENT {SENTENCE}"]
)
def test_a_sentence_without_a_known_code_is_of_the_code_for_others_unless_a_code_is_demanded(text):
    assert read(text) == (OTHER, text)
    with pytest.raises(ReasonRequired, match=r"coded reason.*INCONSCIENT"):
        read(text, code_required=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "urgence",
        "INCONSCIENT",
        "INCONSCIENT:",
        "INCONSCIENT: coma",
        "RISQUE_VITAL: urgenceurgence",
        "........ .......... ....",
        "12345 67890 12345",
        "aaaaaaaaaa aaaaaaaa",
        "urgence urgence urgence",
    ],
)
def test_a_reason_that_says_nothing_is_told_what_is_missing(text):
    with pytest.raises(ReasonRequired, match=r"2 words and 10 letters"):
        read(text)


def test_how_much_a_sentence_must_say_is_the_operator_s_to_decide():
    assert read("Coma là", minimum_letters=5)[0] == OTHER
    with pytest.raises(ReasonRequired, match="40 letters"):
        read(SENTENCE, minimum_letters=40)


def test_each_code_is_explained_in_french_and_in_english():
    assert all(french and english and french != english for french, english in REASONS.values())
    assert OTHER in REASONS


def test_a_reason_is_told_in_the_words_of_its_code_and_in_its_sentence():
    assert reason_in_words("RISQUE_VITAL: Choc à la rue", "fr") == (REASONS["RISQUE_VITAL"][0], "Choc à la rue")
    assert reason_in_words("inconscient: Found in the street", "en") == (
        REASONS["INCONSCIENT"][1],
        "Found in the street",
    )
    assert reason_in_words(f"{OTHER}: Une phrase", "fr") == ("", "Une phrase")
    assert reason_in_words("Appel du Centre 15", "fr") == ("", "Appel du Centre 15")
