"""Drafting a synthesis from what documents state: the newest statement gives the line, all that say it stand beside it, all that contradict it are shown.

Pure: statements in the order of their documents, the newest first, in; lines out. What nobody states is "not stated", never "none".
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from carnet.cda.synthesis_model import Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_narrative import date_words
from carnet.record.synthesis_lines import Contradiction, DraftLine, DraftPart, LineSource, words_of

_CONDITIONS = frozenset({Part.PROBLEMS, Part.HISTORY})
"""Parts between which a statement moves: what was a problem is history now."""
_LATEST_ALONE = frozenset({Part.MEASUREMENTS, Part.HABITS})
"""Parts of which the newest value of each kind counts; an older one contradicts nothing."""
_WORDS = {Told.NONE_KNOWN: "aucun élément connu"}
Identity = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statements:
    """What one document states. `former`: it is the synthesis that this one will follow; `before_former`: it is older than that one."""

    source: LineSource
    stated: Sequence[Stated]
    former: bool = False
    before_former: bool = False


@dataclass(slots=True)
class _Found:
    part: Part
    line: SynthesisLine
    sources: list[LineSource]
    otherwise: list[Contradiction] = field(default_factory=list)
    kept: bool = True
    in_former: bool = False


def merged(documents: Sequence[Statements]) -> tuple[tuple[DraftLine, ...], tuple[DraftPart, ...]]:
    """The lines, those of the former synthesis first and in its order, and what is said of the parts. `documents` are the newest first.

    A hidden document gives a line only where no other says it, and that one is left out until the doctor takes it.
    """
    documents = sorted(documents, key=lambda one: bool(one.source.hidden))
    found: dict[Identity, _Found] = {}
    for document in documents:
        for stated in document.stated:
            for line in stated.lines:
                _add(found, document, stated.part, line)
    unique = list({id(one): one for one in found.values()}.values())
    ordered = sorted(unique, key=lambda one: not one.in_former)
    return tuple(_named(ordered)), tuple(_parts(documents, unique))


def _add(found: dict[Identity, _Found], document: Statements, part: Part, line: SynthesisLine) -> None:
    names = list(_identities(part, line))
    known = next((found[name] for name in names if name in found), None)
    if known is not None and known.sources[0] == document.source and not _says_the_same(known, part, line):
        names, known = (
            [("another", document.source.unique_id, str(len(found)))],
            None,
        )  # one document may say two things of one name
    if known is None:
        known = _Found(part, line, [document.source], kept=not document.before_former and not document.source.hidden)
    else:
        _say_again(known, document, part, line)
    known.in_former = known.in_former or document.former
    known.kept = known.kept or (document.former and not document.source.hidden)
    for name in names:
        found.setdefault(name, known)


def _say_again(known: _Found, document: Statements, part: Part, line: SynthesisLine) -> None:
    if known.part in _LATEST_ALONE or _says_the_same(known, part, line):
        if document.source not in known.sources and known.part not in _LATEST_ALONE:
            known.sources.append(document.source)
    elif document.source != known.sources[0]:
        known.otherwise.append(Contradiction(_against(part, line), document.source))


def _says_the_same(known: _Found, part: Part, line: SynthesisLine) -> bool:
    """Whether a statement agrees: where both say when, how or how much, they say the same."""
    one = known.line
    pairs = (
        (one.start[:8], line.start[:8]),
        (one.end[:8], line.end[:8]),
        (one.value, line.value),
        (_plain(one.note), _plain(line.note)),
    )
    return known.part is part and all(a == b or not a or not b for a, b in pairs)


def _identities(part: Part, line: SynthesisLine) -> Iterable[Identity]:
    """By its code, and by its words where these stand without one or for it alone."""
    group = "conditions" if part in _CONDITIONS else part.value
    detail: Identity = ()
    if part is Part.VACCINATIONS:
        detail = (line.start[:8], line.rank)
    if part is Part.FAMILY:
        detail = (line.relative.code,)
    if line.code.code:
        yield (group, "code", line.code.system, line.code.code, *detail)
    if part not in _LATEST_ALONE or not line.code.code:
        yield (group, "words", _plain(line.label), *detail)


def _against(part: Part, line: SynthesisLine) -> str:
    dates = " - ".join(filter(None, (date_words(line.start), date_words(line.end))))
    told = words_of(line)
    where = {Part.PROBLEMS: "problème actif", Part.HISTORY: "antécédent"}.get(part, "")
    return ", ".join(filter(None, (told, dates, where)))


def _named(found: Iterable[_Found]) -> Iterator[DraftLine]:
    """Each line under a name made of what it says, so that it is the same when it is drafted again."""
    names: Counter[str] = Counter()
    for one in found:
        line = one.line
        about = (
            one.part.value,
            line.code.system,
            line.code.code,
            _plain(line.label),
            line.start,
            line.rank,
            line.relative.code,
        )
        name = hashlib.sha256("|".join(about).encode()).hexdigest()[:16]
        names[name] += 1
        line_id = name if names[name] == 1 else f"{name}-{names[name]}"
        yield DraftLine(line_id, one.part, line, tuple(one.sources), tuple(one.otherwise), kept=one.kept)


def _parts(documents: Sequence[Statements], found: Sequence[_Found]) -> Iterable[DraftPart]:
    """What is said of each part as a whole: that there is none, by the newest that says so, unless lines contradict it."""
    for part in Part:
        absent = [
            one.source
            for one in documents
            for stated in one.stated
            if stated.part is part and stated.told is Told.NONE_KNOWN
        ]
        if not absent:
            continue
        open_to_all = tuple(one for one in absent if not one.hidden)
        if not open_to_all or any(one.part is part for one in found):
            against = tuple(Contradiction(_WORDS[Told.NONE_KNOWN], source) for source in absent)
            yield DraftPart(part, otherwise=against)
        else:
            yield DraftPart(part, Told.NONE_KNOWN, open_to_all)


def _plain(words: str) -> str:
    """Words without accents, case and spaces that say nothing."""
    parts = unicodedata.normalize("NFKD", words)
    return " ".join("".join(one for one in parts if not unicodedata.combining(one)).casefold().split())
