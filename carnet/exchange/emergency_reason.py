"""The reason of a break-glass access: a code and a sentence, which travel in the one text that the VIHF has (Mode_Acces_Raison).

No public source gives codes for it: these are Carnet's own. The text is `CODE: sentence`; a sentence alone is of the code AUTRE.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from carnet.errors import ReasonRequired

OTHER = "AUTRE"
REASONS: dict[str, tuple[str, str]] = {
    # code: (what a person reads in French, in English). L1111-17 I CSP: unable to express a will, and an immediate risk.
    "INCONSCIENT": ("La personne est inconsciente.", "The person is unconscious."),
    "RISQUE_VITAL": ("La vie de la personne est en danger immédiat.", "The person's life is in immediate danger."),
    "EXPRESSION_IMPOSSIBLE": (
        "La personne ne peut pas exprimer sa volonté.",
        "The person cannot express a will.",
    ),
    "MINEUR_SEUL": (
        "L'enfant est sans parent ni représentant légal joignable.",
        "The child is without a parent or legal representative who can be reached.",
    ),
    OTHER: ("Un autre motif, que la phrase explique.", "Another reason, which the sentence explains."),
}
DISTINCT_WORDS = 2
DISTINCT_LETTERS = 4


@dataclass(frozen=True, slots=True)
class StatedReason:
    """A code of REASONS and the sentence of whoever breaks the glass."""

    code: str
    sentence: str

    @property
    def text(self) -> str:
        """As it is kept for the review: `CODE: sentence`."""
        return f"{self.code}: {self.sentence}"


def stated_reason(text: str, *, minimum_letters: int, code_required: bool) -> StatedReason:
    """Reads the reason of a call. The code may be written in any case, with or without accents, blanks or hyphens for its underscores.

    The sentence has at least `minimum_letters` letters (four different ones) in two different words. Raises ReasonRequired, saying what
    is missing.
    """
    code, sentence = _parted(" ".join(text.split()))
    if code_required and not code:
        raise ReasonRequired(
            "Breaking the glass needs a coded reason, written `CODE: sentence` in Mode_Acces_Raison. "
            f"The codes are {', '.join(REASONS)}."
        )
    if not _has_content(sentence, minimum_letters):
        raise ReasonRequired(
            "Breaking the glass needs a reason in a sentence: Mode_Acces_Raison, as `CODE: sentence`, with at least "
            f"{DISTINCT_WORDS} words and {minimum_letters} letters after the code. The codes are {', '.join(REASONS)}."
        )
    return StatedReason(code or OTHER, sentence)


def reason_in_words(text: str, language: str) -> tuple[str, str]:
    """What a stated reason says: the words of its code in `fr` or `en`, '' for none and for AUTRE, and its sentence."""
    code, sentence = _parted(text)
    words = dict(zip(("fr", "en"), REASONS.get(code, ("", "")), strict=True))
    return "" if code == OTHER else words[language], sentence


def _parted(text: str) -> tuple[str, str]:
    """The code that the text begins with, '' for none, and the sentence; a code alone has no sentence."""
    head, colon, rest = text.partition(":")
    code = _plain(head)
    if code in REASONS:
        return code, rest.strip() if colon else ""
    return "", text


def _plain(text: str) -> str:
    """A code as REASONS writes it."""
    letters = unicodedata.normalize("NFKD", text.strip()).upper()
    return "".join("_" if letter in " -_" else letter for letter in letters if letter in " -_" or "A" <= letter <= "Z")


def _has_content(sentence: str, minimum_letters: int) -> bool:
    letters = [letter for letter in sentence.casefold() if letter.isalpha()]
    words = {word for word in sentence.casefold().split() if any(letter.isalpha() for letter in word)}
    enough = len(letters) >= minimum_letters and len(words) >= DISTINCT_WORDS
    return enough and len(set(letters)) >= DISTINCT_LETTERS
