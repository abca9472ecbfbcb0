"""Templates: autoescaped, strict about what they name, in two languages, with dates and assets by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from carnet.portal.assets import Assets
from carnet.portal.dates_in_words import date_of_stamp, date_of_time, day, moment
from carnet.portal.languages import Words, load_words
from carnet.portal.typography import of_name

TEMPLATES = Path(__file__).parent / "templates"


_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters by which a title makes what stands beside it be read backwards (Unicode UAX 9)."""


class _Compiled(BytecodeCache):
    """The templates of one language that were compiled in this process: the patient's pages and the professionals' share theirs.

    Each language has its own, since constants are folded with the filters of the language.
    """

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        kept = self._kept.get(bucket.key)
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED: Mapping[str, BytecodeCache] = {"fr": _Compiled(), "en": _Compiled()}


class Templates:
    """One environment a language, made at start. Every text of a template goes through gettext and the language's typography."""

    def __init__(self, assets: Assets) -> None:
        self.words = load_words()
        self._environments = {code: _environment(words, assets) for code, words in self.words.items()}

    def render(self, language: str, name: str, values: Mapping[str, Any]) -> str:
        """A page. Raises TemplateNotFound, UndefinedError."""
        return self._environments[language].get_template(name).render(values)


def _groups(things: Iterable[Any], name: str) -> list[tuple[Any, list[Any]]]:
    """Things by the value of an attribute, in the order in which the values first come."""
    found: dict[Any, list[Any]] = {}
    for one in things:
        found.setdefault(getattr(one, name), []).append(one)
    return list(found.items())


def decimal(number: float, language: str) -> str:
    """A number with one decimal at most, in the language's sign: `4,9` or `4.9`, `5` for a whole one."""
    text = f"{number:.1f}".removesuffix(".0")
    return text.replace(".", ",") if language == "fr" else text


def _unturned(value: Any) -> Any:
    """What a template shows, without characters that would turn the text around it."""
    if not isinstance(value, str) or not _TURNING.search(value):
        return value
    kept = _TURNING.sub("", str(value))
    return Markup(kept) if isinstance(value, Markup) else kept  # noqa: S704 - it was markup of ours before, shorter now


def _environment(words: Words, assets: Assets) -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_COMPILED[words.code],
        finalize=_unturned,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True, pgettext=words.pgettext, npgettext=words.npgettext
    )
    made.globals.update(asset=assets.url, lang=words.code)
    made.filters.update(
        moment=partial(moment, language=words.code),
        day=partial(day, language=words.code),
        date_of_time=partial(date_of_time, language=words.code),
        date_of_stamp=partial(date_of_stamp, language=words.code),
        typography=words.typography,
        groupby_in_order=_groups,
        decimal=partial(decimal, language=words.code),
        of_name=partial(of_name, language=words.code),
    )
    return made
