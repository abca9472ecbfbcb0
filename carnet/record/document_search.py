"""Searching in the documents of a record: the decision first, then the terms of what the person may see, then the passages of one page of answers.

What is asked is health data: it stands in no line of the trace and in no log. The trace says that somebody searched, and which documents
were shown to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from carnet.authorization.patient_side import PatientRight
from carnet.metadata import PatientIdentifier
from carnet.record.document_extracts import Extract, Missing, extracts_of
from carnet.record.document_families import Family
from carnet.record.extractors import ExtractKind, State
from carnet.record.own_documents import SpaceDocument, Visible, in_words, structure_name, visible_documents
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.record.reading_room import ReadingRoom
from carnet.searching.asked import Asked, answers, read_question, unanswered
from carnet.searching.paged_text import PagedText
from carnet.searching.paged_text import read as read_text
from carnet.searching.passages import Passage, Pieces, beginning_of, marked, passages_of
from carnet.searching.terms import medicines_of

PAGE = 10
"""Answers of one page."""
_LOOKED_AT = 3
"""Newest documents whose authors are suggested."""
_AUTHORS = 20


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Empty filters filter nothing; `year` has four digits, `author` is a Struct_IdNat, `offset` counts answers."""

    text: str = field(repr=False)
    family: str = ""
    year: str = ""
    author: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that answers. `title` with its words marked; `readable` is false when not all of its content could be read here."""

    document: SpaceDocument
    title: Pieces
    passages: tuple[Passage, ...]
    readable: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """One page of answers, and what can be chosen among all of them: counts by family, year, structure (identifier, name, count).

    `searched` documents were looked through, `late` are not searchable yet, `unread` can be found by their headings alone.
    `lacking` are the words that no document has; `suggestions` words that some document has, when none answers.
    """

    asked: Asked
    hits: tuple[Hit, ...] = ()
    matching: int = 0
    everything: int = 0
    searched: int = 0
    families: tuple[tuple[Family, int], ...] = ()
    years: tuple[tuple[str, int], ...] = ()
    authors: tuple[tuple[str, str, int], ...] = ()
    late: Missing = field(default_factory=Missing)
    unread: int = 0
    lacking: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocatedAnswers:
    """What the act gives, before passages are looked for: `texts` beside the documents of the page."""

    answers: Answers
    documents: tuple[SpaceDocument, ...]
    texts: tuple[PagedText | None, ...]
    states: tuple[State, ...]


@dataclass(frozen=True, slots=True)
class DocumentSearch(PatientDesk):
    """The act."""

    def search(self, patient: PatientIdentifier, question: Question) -> Answers:
        """One page of the documents that answer, those by their headings first, then the newest. A question without words asks nothing."""
        asked = read_question(question.text)
        if not asked.units:
            return Answers(asked)
        found = self.perform(patient, "search-documents", PatientRight.SEE, lambda room: _search(room, asked, question))
        return told(found)


def _search(room: PatientRoom, asked: Asked, question: Question) -> LocatedAnswers:
    return search_among(room, visible_documents(room), asked, question)


def search_among(room: ReadingRoom, shown: Sequence[Visible], asked: Asked, question: Question) -> LocatedAnswers:
    """Looks in documents that who asks may read, and in no others; `told` finds the passages, outside the gate."""
    terms = extracts_of(room, ExtractKind.TERMS, shown)
    ranked = [(rank, one) for one in terms.found if (rank := answers(one.content, asked))]
    ranked.sort(key=lambda pair: -pair[0])
    every = [one for _, one in ranked]
    matching = [one for one in every if _chosen(one.document, question)]
    page = matching[question.offset : question.offset + PAGE]
    documents = in_words(room, [one.document for one in page])
    found = Answers(
        asked=asked,
        matching=len(matching),
        everything=len(every),
        searched=len(shown),
        families=_families(every),
        years=_years(every),
        authors=_authors(room, every),
        late=terms.missing,
        unread=sum(one.state is not State.MADE for one in terms.found),
        lacking=() if every else unanswered([one.content for one in terms.found], asked),
        suggestions=() if every else _suggestions(room, shown, terms.found),
    )
    return LocatedAnswers(found, documents, _texts(room, page), tuple(one.state for one in page))


def _chosen(one: Visible, question: Question) -> bool:
    return (
        (not question.family or one.family == question.family)
        and (not question.year or one.time.startswith(question.year))
        and (not question.author or question.author in one.facts.author_institutions)
    )


def _families(found: Sequence[Extract]) -> tuple[tuple[Family, int], ...]:
    counts = Counter(one.document.family for one in found)
    return tuple((family, counts[family]) for family in Family if counts[family])


def _years(found: Sequence[Extract]) -> tuple[tuple[str, int], ...]:
    counts = Counter(one.document.time[:4] for one in found if one.document.time)
    return tuple(sorted(counts.items(), reverse=True))


def _authors(room: ReadingRoom, found: Sequence[Extract]) -> tuple[tuple[str, str, int], ...]:
    """Structures that have a name: an identifier says nothing to anybody."""
    counts = Counter(identifier for one in found for identifier in one.document.facts.author_institutions)
    named = ((one, structure_name(room, one), count) for one, count in counts.most_common(_AUTHORS))
    return tuple(one for one in named if one[0] != one[1])


def _texts(room: ReadingRoom, page: Sequence[Extract]) -> tuple[PagedText | None, ...]:
    kept = {
        one.document.found.uuid: one.content
        for one in extracts_of(room, ExtractKind.TEXT, [one.document for one in page]).found
    }
    contents = (kept.get(one.document.found.uuid, b"") for one in page)
    return tuple(read_text(content) if content else None for content in contents)


def _suggestions(room: ReadingRoom, shown: Sequence[Visible], found: Sequence[Extract]) -> tuple[str, ...]:
    """A doctor's name, a medicine and a year that the documents of this person do have."""
    names = (one.author or one.structure for one in in_words(room, shown[:_LOOKED_AT]))
    medicine = next(_medicines(found), "")
    year = next((one.time[:4] for one in shown if one.time), "")
    return tuple(dict.fromkeys(one for one in (next(names, ""), medicine, year) if one))


def _medicines(found: Sequence[Extract]) -> Iterator[str]:
    for one in found:
        yield from medicines_of(one.content)


# --- outside the gate ----------------------------------------------------------------------------------------------


def told(found: LocatedAnswers) -> Answers:
    """The answers with their passages, from what the act gave."""
    asked = found.answers.asked
    parts = zip(found.documents, found.texts, found.states, strict=True)
    hits = tuple(
        Hit(document, marked(document.title, asked), _passages(text, asked), state is State.MADE)
        for document, text, state in parts
    )
    return replace(found.answers, hits=hits)


def _passages(text: PagedText | None, asked: Asked) -> tuple[Passage, ...]:
    """Those that answer; how the text begins, when only the headings do."""
    if text is None:
        return ()
    found = passages_of(text, asked)
    begins = beginning_of(text) if not found else None
    return found if begins is None else (begins,)
