"""The sections of the health profile and what each item of one says: a literal table (rules §4.1, §4.8), and the check of what is given."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from carnet.errors import InvalidMetadata

BLOOD_GROUPS = ("A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-")
LONGEST_COMMENT = 3_000
MOST_ITEMS = 100
"""Items of one section."""
_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{1,28}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: letters at most; `choices` where it is one of a list; `lines`: it may have several lines; `phone`: a telephone number."""

    name: str
    most: int = 120
    needed: bool = False
    choices: tuple[str, ...] = ()
    lines: bool = False
    phone: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One section. `several`: it has a list of items, and may be said to have none; otherwise one item.

    `on_card`: an item of it may stand on the emergency card. `of_age`: for adults alone.
    """

    name: str
    fields: tuple[Field, ...]
    several: bool = True
    on_card: bool = False
    of_age: bool = False


_NAME = Field("name", needed=True)
_NOTE = Field("note", 500, lines=True)
_SINCE = Field("since", 40)
_PHONE_NUMBER = Field("phone", 30, phone=True)
_RELATION = Field("relation", 60)
_ALL = (
    Section("diseases", (_NAME, _SINCE, _NOTE), on_card=True),
    Section("treatments", (_NAME, Field("dose"), _SINCE), on_card=True),
    Section("stays", (_NAME, _SINCE, Field("place"))),
    Section("allergies", (_NAME, Field("reaction", 200)), on_card=True),
    Section("family", (_NAME, _RELATION)),
    Section(
        "lifestyle",
        (
            Field("topic", needed=True, choices=("tobacco", "alcohol", "food", "activity", "other")),
            Field("note", 500, needed=True, lines=True),
        ),
    ),
    Section("handicaps", (_NAME, _NOTE), on_card=True),
    Section("blood", (Field("group", needed=True, choices=BLOOD_GROUPS),), several=False, on_card=True),
    Section(
        "professionals",
        (
            _NAME,
            Field(
                "role",
                needed=True,
                choices=("midwife", "pharmacist", "specialist", "nurse", "physiotherapist", "dentist", "other"),
            ),
            _PHONE_NUMBER,
        ),
    ),
    Section("trusted", (_NAME, _RELATION, _PHONE_NUMBER), several=False, on_card=True, of_age=True),  # L1111-6 CSP
    Section("contacts", (_NAME, _RELATION, Field("phone", 30, needed=True, phone=True)), on_card=True),
    Section(
        "directives",  # L1111-11 CSP: of adults
        (Field("statement", needed=True, choices=("written", "none")), Field("place", 200)),
        several=False,
        on_card=True,
        of_age=True,
    ),
    Section(
        "donation",
        (Field("statement", needed=True, choices=("agrees", "refuses", "undecided")),),
        several=False,
    ),
    Section("comments", (Field("text", LONGEST_COMMENT, needed=True, lines=True),), several=False),
)
SECTIONS: Mapping[str, Section] = MappingProxyType({one.name: one for one in _ALL})
"""In the order in which they are shown."""


class WrongField(InvalidMetadata):
    """A field cannot be kept as it was given: `subject` is the field, `why` is needed, long, choice or phone."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__("A field of the health profile cannot be kept as it was given.", subject=field)
        self.why = why


def checked(section: Section, given: Mapping[str, str]) -> dict[str, str]:
    """What is kept of the fields given, blank ones left out. Raises WrongField for the first that cannot be."""
    values = {field.name: _one(field, given.get(field.name, "")) for field in section.fields}
    return {name: value for name, value in values.items() if value}


def _one(field: Field, given: str) -> str:
    text = _tidy(given, lines=field.lines)
    if not text:
        if field.needed:
            raise WrongField(field.name, "needed")
        return ""
    if len(text) > field.most:
        raise WrongField(field.name, "long")
    if field.choices and text not in field.choices:
        raise WrongField(field.name, "choice")
    if field.phone and _PHONE.fullmatch(text) is None:
        raise WrongField(field.name, "phone")
    return text


def _tidy(text: str, *, lines: bool) -> str:
    """Composed, without controls and the marks that turn the direction of writing; a line ends in LF, or in a blank where one line is meant."""
    whole = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(
        one for one in whole if one == "\n" or unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    return kept.strip() if lines else " ".join(kept.split())
