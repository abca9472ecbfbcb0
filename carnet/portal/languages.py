"""The two languages of the pages: French is written in the templates, English in a catalogue that is read at start."""

from __future__ import annotations

import gettext
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

from carnet.portal.typography import english, french

LOCALE = Path(__file__).parent / "locale"
COOKIE = "langue"
Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
YEAR = 365 * 24 * 3600
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language: `code` is fr or en, and what gettext needs, each answer set in the typography of the language."""

    code: str
    translations: gettext.NullTranslations
    typography: Callable[[str], str]

    def gettext(self, message: str) -> str:
        """The message in this language."""
        return self.typography(self.translations.gettext(message))

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The message for a number of things."""
        return self.typography(self.translations.ngettext(one, many, number))

    def pgettext(self, context: str, message: str) -> str:
        """The message in a context, where the word alone is ambiguous."""
        return self.typography(self.translations.pgettext(context, message))

    def npgettext(self, context: str, one: str, many: str, number: int) -> str:
        """Both."""
        return self.typography(self.translations.npgettext(context, one, many, number))


class _French(gettext.NullTranslations):
    """French says « 0 document »: one and none are singular."""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return msgid1 if n < 2 else msgid2

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        del context
        return self.ngettext(msgid1, msgid2, n)


def english_catalogue() -> Catalog:
    """All that the catalogues of the folder say, one for each part of the portal, as one. Raises OSError when one cannot be read."""
    whole = Catalog(locale="en")
    for path in sorted((LOCALE / "en" / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as source:
            for one in read_po(source, locale="en"):
                if one.id:
                    whole.add(one.id, one.string, flags=one.flags, context=one.context)
    return whole


@cache
def load_words() -> Mapping[str, Words]:
    """The languages by their code, read once a process: both spaces say the same. Raises OSError when a catalogue cannot be read."""
    compiled = io.BytesIO()
    write_mo(compiled, english_catalogue())
    compiled.seek(0)
    return MappingProxyType(
        {"fr": Words("fr", _French(), french), "en": Words("en", gettext.GNUTranslations(compiled), english)}
    )


def language_of(request: Request) -> Language:
    """What the person chose, else the first of the browser's languages that we speak, else French."""
    chosen = request.cookies.get(COOKIE, "")
    for known in LANGUAGES:
        if chosen == known:
            return known
    for part in request.headers.get("accept-language", "").split(","):
        code = part.split(";")[0].strip().lower().split("-")[0]
        for known in LANGUAGES:
            if code == known:
                return known
    return "fr"
