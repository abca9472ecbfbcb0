"""A reason is a code and a sentence in one text, read leniently, and never empty of content."""

from __future__ import annotations

import pytest

from carnet.errors import ReasonRequired
from carnet.exchange.emergency_reason import OTHER, REASONS, stated_reason

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
