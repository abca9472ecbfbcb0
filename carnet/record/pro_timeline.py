"""The documents of a record as episodes: the stays and consultations in which they say that they were written. One year at a time.

A document's own header names its encounter (`cda.encounters`): a stay with its first and last day, a consultation, a passage through an emergency ward. What
the same structure dated within a stay belongs to it. Where a report tells no encounter, an act of more than a day (serviceStartTime, serviceStopTime) is one;
of a prescription that is how long it holds, and of a statement of refunds what it covers. All else is one structure's day, in Paris. Metadata are opened for
the documents of one page alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from carnet.authorization.facts import Function
from carnet.cda.encounters import Encounter
from carnet.cda.timestamps import day_in_paris
from carnet.metadata import DocumentEntry
from carnet.record.act import Act
from carnet.record.document_extracts import Missing, extracts_of
from carnet.record.document_families import Family
from carnet.record.extractors import ExtractKind
from carnet.record.own_documents import Visible, structure_name, words_of_entry
from carnet.record.patient_documents import masks_everything
from carnet.record.pro_lines import Telling, masks_of
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.record.structured_extracts import encounter_of
from carnet.registry.queries import entry as whole_entry

PAGE = 200
"""Documents of one page."""
UNDATED = "sans-date"
PERIOD = "period"
"""What an episode of several days is called of which nobody says what it was."""
_STAYS = frozenset({"", "stay", "emergency"})
"""Settings of an encounter that gathers what its structure dated within; of the others each is its own."""
_ACTS = frozenset({Family.REPORT, Family.IMAGING})
"""Families of documents whose act, in the metadata, is one of care."""


@dataclass(frozen=True, slots=True)
class Span:
    """What of the timeline to show; empty means all. `year` has four digits, is '' for the newest, or is `UNDATED`; `structure` is a Struct_IdNat."""

    year: str = ""
    family: str = ""
    structure: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Episode:
    """Documents that belong together, the newest first. Days are YYYYMMDD in Paris, '' without a date.

    `setting` is what documents say that it was (`cda.encounters`), `PERIOD` for several days of which they do not, '' for a day.
    """

    first: str
    last: str
    structure: str
    setting: str
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
    missing: Missing


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
    told = extracts_of(scope, ExtractKind.ENCOUNTER, page)
    encounters = {one.document.found.unique_id: encounter_of(one.content) for one in told.found if one.content}
    return Timeline(
        year=year,
        episodes=_episodes(scope, page, encounters),
        years=tuple((str(one), counts[str(one)]) for one in _between(dated)),
        undated=counts[UNDATED],
        matching=len(matching),
        chosen=len(chosen),
        documents=len(shown),
        families=tuple((family, families[family]) for family in Family if families[family]),
        structures=tuple((one, structure_name(scope, one), count) for one, count in structures.most_common(20)),
        missing=told.missing,
    )


def year_of(one: Visible) -> str:
    """The year by which a document is listed, `UNDATED` for one without a date."""
    return _day(one.time)[:4] or UNDATED


def _day(time: str) -> str:
    """The day in Paris of a DTM in UTC, as precise as it is; what is no date as it is."""
    try:
        return f"{day_in_paris(time):%Y%m%d}" if len(time) >= 8 else time
    except ValueError:
        return time[:8]


def _between(years: Sequence[str]) -> range:
    """Every year from the first to the last, as numbers: those without a document show a gap."""
    return range(int(years[0]), int(years[-1]) + 1) if years else range(0)


def _passes(one: Visible, span: Span) -> bool:
    return (not span.family or one.family == span.family) and (
        not span.structure or span.structure in one.facts.author_institutions
    )


@dataclass(frozen=True, slots=True)
class _Dated:
    """A document with its day, and the encounter that it is of: `began` and `ended` are days, '' where not told."""

    told: Telling
    place: str
    day: str
    setting: str = ""
    began: str = ""
    ended: str = ""

    @property
    def gathers(self) -> bool:
        """Whether what the same structure dated within belongs to it."""
        return self.setting in _STAYS and bool(self.began) and (self.setting != "" or self.began < self.ended)

    def meets(self, stay: _Dated) -> bool:
        """Whether it belongs to a stay: by the structure and its own days."""
        alike = self.setting in ("", stay.setting) or not stay.setting
        began, ended = (self.began, self.ended) if self.gathers else (self.day, self.day)
        return alike and bool(self.place) and self.place == stay.place and began <= stay.ended and stay.began <= ended


def _episodes(scope: Scope, page: Sequence[Visible], encounters: Mapping[str, Encounter]) -> tuple[Episode, ...]:
    """The documents of a page, by stay, else by structure and day; the latest episode first."""
    by_default = masks_everything(scope)
    dated = []
    for one in page:
        entry = whole_entry(scope.connection, scope.holder, one.found.uuid)
        told = Telling(words_of_entry(one, entry, by_default=by_default), masks_of(one), new=False)
        dated.append(_dated(one, entry, told, encounters.get(one.found.unique_id)))
    scope.touched.extend(one.found.unique_id for one in page)
    stays = _stays(dated)
    groups: dict[tuple[str, ...], list[_Dated]] = {}
    for some in dated:
        groups.setdefault(_group(some, stays), []).append(some)
    found = [_episode(documents) for documents in groups.values()]
    return tuple(sorted(found, key=lambda one: one.last, reverse=True))


def _dated(one: Visible, entry: DocumentEntry, told: Telling, encounter: Encounter | None) -> _Dated:
    """By its encounter; without one that has a time, a report by its act."""
    place, day = min(one.facts.author_institutions, default=""), _day(one.time)
    if encounter is not None and (encounter.setting or encounter.began):
        began, ended = _day(encounter.began), _day(encounter.ended)
        last = ended or (day if encounter.setting in ("stay", "emergency") else began)
        return _Dated(told, place, began or ended or day, encounter.setting, began, max(began, last))
    began, ended = _day(entry.service_start_time), _day(entry.service_stop_time)
    if one.family in _ACTS and began < ended:
        return _Dated(told, place, day, "", began, ended)
    return _Dated(told, place, day)


def _stays(dated: Sequence[_Dated]) -> list[_Dated]:
    """The stays that documents tell, those that say what they are first: the others join them."""
    return sorted((one for one in dated if one.gathers), key=lambda one: one.setting == "")


def _group(one: _Dated, stays: Sequence[_Dated]) -> tuple[str, ...]:
    for stay in stays:
        if one.meets(stay):
            return ("stay", stay.place, stay.began, stay.setting)
    return ("day", one.place, one.day)


def _episode(documents: Sequence[_Dated]) -> Episode:
    days = [day for one in documents for day in ((one.began, one.ended) if one.gathers else (one.day,)) if day]
    structures = (one.told.document.structure or one.told.document.author for one in documents)
    setting = next((one.setting for one in documents if one.setting), "")
    return Episode(
        first=min(days, default=""),
        last=max(days, default=""),
        structure=next((one for one in structures if one), ""),
        setting=setting or (PERIOD if any(one.gathers for one in documents) else ""),
        documents=tuple(one.told for one in documents),
    )
