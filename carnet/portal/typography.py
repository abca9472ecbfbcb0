"""French typography by rule, so that nobody sets it by hand: narrow no-break spaces, no-break spaces and curled apostrophes."""

from __future__ import annotations

import re
import unicodedata

NARROW = "\u202f"
WIDE = "\u00a0"
APOSTROPHE = "\u2019"
_BEFORE_NARROW = re.compile(r" (?=[;!?])")
_HOUR = re.compile(r"(?<=\d) h (?=\d\d\b)")
_BEFORE_COLON = re.compile(r" (?=:(?:\s|$))")


def french(text: str) -> str:
    """U+202F before ; ! ? and inside « », U+00A0 before a colon and around the h of an hour, U+2019 for apostrophes. Nothing else is touched."""
    text = _BEFORE_NARROW.sub(NARROW, text)
    text = _HOUR.sub(f"{WIDE}h{WIDE}", text)
    text = _BEFORE_COLON.sub(WIDE, text)
    return text.replace("« ", f"«{NARROW}").replace(" »", f"{NARROW}»").replace("'", APOSTROPHE)


def english(text: str) -> str:
    """U+2019 for apostrophes."""
    return text.replace("'", APOSTROPHE)


def of_name(name: str, language: str) -> str:
    """`de Zoé`, `d'Ange`, `of Zoé`: before a vowel, an h, or a y that a consonant follows, French elides."""
    if language == "en":
        return f"of {name}"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    elides = plain[:1] in set("aeiouh") or (plain[:1] == "y" and plain[1:2] not in set("aeiou"))
    return f"d{APOSTROPHE}{name}" if plain and elides else f"de {name}"
