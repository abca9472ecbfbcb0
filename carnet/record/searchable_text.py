"""A document as it is searched: its text by the pages of our reading view, and the terms that it is found by, its metadata among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from babel.dates import get_month_names

from carnet.cda.readable_text import ReadableText, readable_text
from carnet.errors import InvalidDocument
from carnet.metadata import DocumentEntry
from carnet.record.document_families import family_of, kind_in_words
from carnet.searching.paged_text import PagedText, TextPage, written
from carnet.searching.terms import Place, terms_of
from carnet.viewing.kinds import Kind, kind_of
from carnet.viewing.optical_reader import installed_reader
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.wording import wording_of

Obstacle = Literal["", "scanned", "unreadable"]
_ATTACHED = frozenset({Kind.PDF, Kind.RTF, Kind.TEXT})
_MOST_ATTACHED = 10
_MONTHS = get_month_names("wide", locale="fr")


@dataclass(frozen=True, slots=True)
class Searchable:
    """The text (`paged_text`) and the terms of a document, and what stood in the way of reading its content."""

    text: bytes = field(repr=False)
    terms: bytes = field(repr=False)
    obstacle: Obstacle = ""


def text_and_terms(content: bytes, entry: DocumentEntry, *, own: bool) -> Searchable:
    """What a document is searched by. What cannot be read is found by its metadata alone."""
    medicines: tuple[str, ...] = ()
    obstacle: Obstacle = ""
    try:
        text, medicines = _text_of(content)
        obstacle = "scanned" if text.unread else ""
    except NotShown as refusal:
        text, obstacle = PagedText(), "scanned" if refusal.cause is Cause.UNPROTECTED else "unreadable"
    except InvalidDocument:
        text, obstacle = PagedText(), "unreadable"
    body = (part for page in text.pages for part in (page.heading, page.text))
    family = family_of(entry.type_code.code, entry.class_code.code, own=own)
    # What the patient's side added belongs to the family of its type too: somebody who looks for lab reports means those as well.
    families = {family, family_of(entry.type_code.code, entry.class_code.code, own=False)}
    places = {**_headings(entry), Place.BODY: body}
    return Searchable(written(text), terms_of(places, families=sorted(families), medicines=medicines), obstacle)


def _headings(entry: DocumentEntry) -> dict[Place, Iterable[str]]:
    return {
        Place.TITLE: (entry.title, entry.comments),
        Place.KIND: (kind_in_words(entry.type_code), *(code.display for code in entry.event_codes)),
        Place.AUTHOR: tuple(_authors(entry)),
        Place.DATE: _date_words(entry.creation_time),
    }


def _authors(entry: DocumentEntry) -> Iterator[str]:
    for author in entry.authors:
        yield " ".join(author.person.split("^")[1:3])
        yield from (institution.split("^")[0] for institution in author.institutions)
        yield from (specialty.split("^")[1] for specialty in author.specialties if "^" in specialty)


def _date_words(time: str) -> tuple[str, ...]:
    """The year and the month in words: `radio mars 2023`."""
    month = _MONTHS.get(int(time[4:6]), "") if time[4:6].isdigit() else ""
    return time[:4], str(month)


def _text_of(content: bytes) -> tuple[PagedText, tuple[str, ...]]:
    """The text of a document, and the medicines that it names. Raises InvalidDocument, NotShown."""
    try:
        cda: ReadableText | None = readable_text(content)
    except InvalidDocument:
        cda = None
    if cda is None:
        return _text_of_file(content), ()
    if cda.wrapped is not None:
        return _text_of_file(cda.wrapped.content), cda.medicines
    return _text_of_sections(cda), cda.medicines


def _text_of_file(content: bytes) -> PagedText:
    found = wording_of(content, installed_reader())
    return PagedText(tuple(TextPage(one.number, one.text) for one in found.pages), found.unread, found.cut)


def _text_of_sections(cda: ReadableText) -> PagedText:
    parts = [TextPage(0, text, heading) for heading, text in cda.sections if text or heading]
    if cda.labels:
        parts.append(TextPage(0, " · ".join(cda.labels)))
    attached = [one.content for one in cda.attached if not one.in_text and _is_read(one.content)][:_MOST_ATTACHED]
    unread = 0
    for content in attached:
        try:
            found = _text_of_file(content)
        except NotShown:
            continue
        parts += [TextPage(0, page.text) for page in found.pages]
        unread += found.unread
    return PagedText(tuple(parts), unread)


def _is_read(content: bytes) -> bool:
    try:
        return kind_of(content) in _ATTACHED
    except NotShown:
        return False
