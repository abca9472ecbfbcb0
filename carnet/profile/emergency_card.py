"""The emergency card: of all that a profile says, what the person chose to show to whoever finds them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from carnet.profile.profile_items import Item
from carnet.profile.profile_sections import SECTIONS

CARD = "card"
"""The section of the item that says what is shown."""
SHOWN = "shown"
NAME, BIRTH, DOCTOR, DIRECTIVES = "name", "birth", "doctor", "directives"
OF_THE_RECORD = (NAME, BIRTH, DOCTOR, DIRECTIVES)
"""What the record knows by itself, shown when it is chosen."""
LEAST = 2
"""What helps, beside the name, before there is a card."""
ORDER = ("blood", "allergies", "diseases", "treatments", "handicaps", "contacts", "trusted", DOCTOR, DIRECTIVES)
"""The order in which it is read by who helps."""


@dataclass(frozen=True, slots=True)
class CardLine:
    """One line; `values` are the fields of the item, `nothing` the statement that there is nothing; `since` microseconds UTC, 0 for none."""

    item_id: str
    section: str
    values: Mapping[str, str]
    nothing: bool = False
    declared_by: str = ""
    since: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What the record knows for a card, '' for nothing: the name, the date of birth (yyyymmdd), the médecin traitant.

    `directives`: whether a document of advance directives is in the record.
    """

    name: str = ""
    birth_date: str = ""
    doctor: str = ""
    directives: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """What a finder reads: no more than what was chosen and still holds. `changed_at` (microseconds UTC): when the last of it was declared."""

    name: str
    birth_date: str
    lines: tuple[CardLine, ...]

    @property
    def ready(self) -> bool:
        """Whether it says enough to be of use."""
        return len(self.lines) >= LEAST

    @property
    def changed_at(self) -> int:
        """When the newest of its lines was declared; 0 for none."""
        return max((one.since for one in self.lines), default=0)


def chosen(items: Iterable[Item]) -> frozenset[str]:
    """What the person chose to show: ids of items, and names of OF_THE_RECORD."""
    return frozenset(name for one in items if one.section == CARD for name in one.values.get(SHOWN, "").split())


def candidates(items: Iterable[Item], known: Known) -> tuple[CardLine, ...]:
    """All that could be chosen, in the order of the card."""
    lines = [
        CardLine(one.item_id, one.section, _values(one, known), one.nothing, one.declared_by, one.since)
        for one in items
        if one.section in SECTIONS and SECTIONS[one.section].on_card
    ]
    if known.directives and not any(one.section == DIRECTIVES for one in lines):
        lines.append(CardLine(DIRECTIVES, DIRECTIVES, MappingProxyType({"filed": "yes"})))
    if known.doctor:
        lines.append(CardLine(DOCTOR, DOCTOR, MappingProxyType({"name": known.doctor})))
    return tuple(sorted(lines, key=lambda one: ORDER.index(one.section)))


def card_of(items: tuple[Item, ...], known: Known) -> Card:
    """The card as it stands now."""
    shown = chosen(items)
    return Card(
        known.name if NAME in shown else "",
        known.birth_date if BIRTH in shown else "",
        tuple(one for one in candidates(items, known) if one.item_id in shown),
    )


def _values(one: Item, known: Known) -> Mapping[str, str]:
    """The fields; advance directives that are in the record are said to be there."""
    if one.section == DIRECTIVES and known.directives:
        return MappingProxyType({**one.values, "filed": "yes"})
    return one.values
