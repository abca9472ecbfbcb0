"""The page of a CDA document: whole, self-contained, made by our own stylesheet, for a sandboxed frame in which nothing runs.

Serve it with PAGE_POLICY as its Content-Security-Policy, in `<iframe sandbox>` without any permission: then no script, no form, no
request and no frame can come of it, whatever the document held.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from importlib.resources import files

from carnet.cda.narrative_markup import escaped
from carnet.cda.page_words import FLAVORS, WORDS, day_words
from carnet.cda.participants import Participant
from carnet.cda.section_model import Contents, Medium, Reader, Section

_STYLE = (files("carnet.cda") / "data" / "page.css").read_text(encoding="utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
"""The Content-Security-Policy of a page made here: our own style by its digest, pictures of the page itself, nothing else."""

_HEADINGS = 6


def page_of(contents: Contents, *, language: str = "fr") -> str:
    """The HTML of a whole page (UTF-8). `language` (fr or en) is that of our own words; the document's text keeps its own."""
    words = WORDS[language]
    header = contents.header
    title = escaped(header.title or header.code.display or header.code.code)
    own = escaped(header.language)
    parts = [
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main>",
        f'<h1 lang="{own}">{title}</h1><p class="notice">{words["notice"]}</p>',
        f'<section class="about" aria-label="{words["about"]}"><dl>',
        *(f"<dt>{words[name]}</dt><dd>{escaped(told)}</dd>" for name, told in _about(contents, language)),
        "</dl></section>",
        f'<div lang="{own}">',
        *(part for section in contents.sections for part in _section(section, language, 2)),
        "</div>",
        *_files(contents, language),
        "</main></body></html>\n",
    ]
    return "".join(parts)


def _about(contents: Contents, language: str) -> Iterator[tuple[str, str]]:
    """Label and text of each line about the document; lines without a text are left out."""
    header, words = contents.header, WORDS[language]
    patient = header.patient
    names = " ".join(
        part
        for part in (patient.birth_given_names or patient.used_given, patient.birth_family or patient.used_family)
        if part
    )
    born = f", {words['born']} {day_words(patient.birth_date, language)}" if patient.birth_date else ""
    version = words["version"].format(number=header.version_number) if header.version_number else ""
    replaced = words["replacing"] if any(one.type == "RPLC" for one in header.related) else ""
    lines = [
        ("patient", names + born),
        *(("author", _person(author)) for author in header.authors),
        ("written", day_words(contents.written, language)),
        ("act", _joined((header.main_event.code.display, day_words(contents.act_began, language)))),
        *(("recipient", _recipient(reader)) for reader in contents.recipients),
        ("authenticator", _person(header.legal_authenticator)),
        ("custodian", header.custodian.name),
        ("replaces", _joined((version, replaced))),
    ]
    return ((name, told) for name, told in lines if told)


def _person(one: Participant) -> str:
    device = " ".join(part for part in one.device if part) if one.device else ""
    name = " ".join(part for part in (one.given, one.family) if part)
    return _joined((name or device, one.profession.display, one.organization.name))


def _recipient(reader: Reader) -> str:
    return _joined((" ".join(part for part in (reader.given, reader.family) if part), reader.organization))


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part)


def _section(section: Section, language: str, level: int) -> Iterator[str]:
    """A section with its heading at `level` (h2 for those of the document), its text, and the sections inside it."""
    lang = f' lang="{escaped(section.language)}"' if section.language else ""
    heading = f"h{min(level, _HEADINGS)}"
    title = section.title or section.code.display
    yield f"<section{lang}>"
    if title or section.html.strip():
        ours = "" if section.title else ' class="ours"'
        yield f"<{heading}{ours}>{escaped(title or WORDS[language]['unnamed'])}</{heading}>"
    if section.html.strip():
        yield f'<div class="text">{section.html}</div>'
    else:
        yield from _no_text(section, language)
    for inner in section.sections:
        yield from _section(inner, language, level + 1)
    yield "</section>"


def _no_text(section: Section, language: str) -> Iterator[str]:
    if section.missing:
        flavor = FLAVORS[language].get(section.missing, section.missing)
        yield f'<p class="ours" lang="{language}">{WORDS[language]["missing"].format(flavor=escaped(flavor))}</p>'
    elif not section.sections:
        yield f'<p class="ours" lang="{language}">{WORDS[language]["empty"]}</p>'


def _files(contents: Contents, language: str) -> Iterator[str]:
    """What the page cannot show itself: the file that a level 1 document wraps, and those beside the pictures of level 3."""
    words = WORDS[language]
    if contents.wrapped is not None:
        yield f'<p class="text">{words["wrapped"].format(kind=escaped(contents.wrapped.media_type))}</p>'
    aside = [medium for medium in contents.media if not _is_shown(medium)]
    if aside:
        yield f"<section><h2>{words['attached']}</h2><ul>"
        yield from (f"<li>{escaped(_told(medium))}</li>" for medium in aside)
        yield "</ul></section>"


def _is_shown(medium: Medium) -> bool:
    return medium.in_text and medium.media_type.startswith("image/")


def _told(medium: Medium) -> str:
    size = max(1, round(len(medium.content) / 1024))
    return f"{medium.media_type or '?'}, {size} Kio"
