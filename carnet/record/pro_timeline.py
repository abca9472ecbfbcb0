"""The documents of a record as episodes: stays where documents say so, else what one structure put down on one day. One year at a time.

A stay is told by an act of a structure that lasted more than a day (serviceStartTime, serviceStopTime); what the same structure dated within
it belongs to it. The DMP's referenceIdList names no encounters (JDV_J231). Metadata are opened for the documents of one page alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from carnet.authorization.facts import Function
from carnet.metadata import DocumentEntry
from carnet.record.act import Act
from carnet.record.document_families import Family
from carnet.record.own_documents import Visible, structure_name, words_of_entry
from carnet.record.patient_documents import masks_everything
from carnet.record.pro_lines import Telling, masks_of
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.registry.queries import entry as whole_entry

PAGE = 200
"""Documents of one page."""
UNDATED = "sans-date"


@dataclass(frozen=True, slots=True)
class Span:
    """What of the timeline to show; empty means all. `year` has four digits, is '' for the newest, or is `UNDATED`; `structure` is a Struct_IdNat."""

    year: str = ""
    family: str = ""
    structure: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Episode:
    """Documents that belong together, the newest first. Days are YYYYMMDD, '' without a date; `stay`: documents say that it is one."""

    first: str
    last: str
    structure: str
    stay: bool
    documents: tuple[Telling, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Episodes of one year, the newest first. `years` have a count each, those between without documents too; `matching` is of the year.

    `documents` are all that this professional may read, `chosen` those that pass the filters in any year.
    """

    year: str
    episodes: tuple[Episode, ...]
    years: tuple[tuple[str, int], ...]
    undated: int
    matching: int
    chosen: int
    documents: int
    families: tuple[tuple[Family, int], ...]
    structures: tuple[tuple[str, str, int], ...]


def timeline(span: Span) -> Act[Timeline]:
    """The act of looking at the timeline."""
    return Act("pro/timeline", partial(_timeline, span=span), Function.CONSULT)


def _timeline(scope: Scope, *, span: Span) -> Timeline:
    shown = seen_documents(scope, Function.CONSULT)
    chosen = [one for one in shown if _passes(one, span)]
    counts = Counter(year_of(one) for one in chosen)
    dated = sorted(year for year in counts if year != UNDATED)
    year = span.year or (dated[-1] if dated else UNDATED)
    matching = [one for one in chosen if year_of(one) == year]
    page = matching[span.offset : span.offset + PAGE]
    structures = Counter(identifier for one in shown for identifier in one.facts.author_institutions)
    families = Counter(one.family for one in shown)
    return Timeline(
        year=year,
        episodes=_episodes(scope, page),
        years=tuple((str(one), counts[str(one)]) for one in _between(dated)),
        undated=counts[UNDATED],
        matching=len(matching),
        chosen=len(chosen),
        documents=len(shown),
        families=tuple((family, families[family]) for family in Family if families[family]),
        structures=tuple((one, structure_name(scope, one), count) for one, count in structures.most_common(20)),
    )


def year_of(one: Visible) -> str:
    """The year by which a document is listed, `UNDATED` for one without a date."""
    return one.time[:4] or UNDATED


def _between(years: Sequence[str]) -> range:
    """Every year from the first to the last, as numbers: those without a document show a gap."""
    return range(int(years[0]), int(years[-1]) + 1) if years else range(0)


def _passes(one: Visible, span: Span) -> bool:
    return (not span.family or one.family == span.family) and (
        not span.structure or span.structure in one.facts.author_institutions
    )


@dataclass(frozen=True, slots=True)
class _Dated:
    """A document with what its metadata say of a stay."""

    told: Telling
    place: str
    day: str
    began: str
    ended: str


def _episodes(scope: Scope, page: Sequence[Visible]) -> tuple[Episode, ...]:
    """The documents of a page, the newest first, by stay, else by structure and day."""
    by_default = masks_everything(scope)
    dated = []
    for one in page:
        entry = whole_entry(scope.connection, scope.holder, one.found.uuid)
        dated.append(
            _dated(one, entry, Telling(words_of_entry(one, entry, by_default=by_default), masks_of(one), new=False))
        )
    scope.touched.extend(one.found.unique_id for one in page)
    stays = [one for one in dated if one.began and one.began < one.ended]
    groups: dict[tuple[str, ...], list[_Dated]] = {}
    for some in dated:
        groups.setdefault(_group(some, stays), []).append(some)
    return tuple(_episode(name, documents) for name, documents in groups.items())


def _dated(one: Visible, entry: DocumentEntry, told: Telling) -> _Dated:
    return _Dated(
        told=told,
        place=min(one.facts.author_institutions, default=""),
        day=one.time[:8],
        began=entry.service_start_time[:8],
        ended=entry.service_stop_time[:8],
    )


def _group(one: _Dated, stays: Sequence[_Dated]) -> tuple[str, ...]:
    for stay in stays:
        if one.place and stay.place == one.place and stay.began <= one.day <= stay.ended:
            return ("stay", stay.place, stay.began, stay.ended)
    return ("day", one.place, one.day)


def _episode(name: tuple[str, ...], documents: Sequence[_Dated]) -> Episode:
    stay = name[0] != "day"
    days = [day for one in documents for day in ((one.began, one.ended, one.day) if stay else (one.day,)) if day]
    structures = (one.told.document.structure or one.told.document.author for one in documents)
    return Episode(
        first=min(days, default=""),
        last=max(days, default=""),
        structure=next((one for one in structures if one), ""),
        stay=stay,
        documents=tuple(one.told for one in documents),
    )
