"""The exchange's value sets, read from the compact tables of `data/`; each table's header says its OID, version and source.

A table is known by its French name: `J07` for JDV_J07-XdsTypeCode-CISIS, `J66` for the DMP's subset of it, and so on. Where the DMP's own
list was not found its CI-SIS superset stands in (`STAND_INS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

STAND_INS: Mapping[str, str] = MappingProxyType(
    {
        "J61": "J02",  # healthcareFacilityTypeCode DMP, a subset of J02
        "J62": "J04",  # practiceSettingCode DMP, a subset of J04
    }
)

NAMES = (
    "J01",  # authorSpecialty
    "J02",  # healthcareFacilityTypeCode
    "J04",  # practiceSettingCode
    "J06",  # classCode CI-SIS
    "J07",  # typeCode CI-SIS, with retired types
    "J08",  # confidentialityCode CI-SIS
    "J10",  # formatCode CI-SIS
    "J47",  # functionCode: label of authorRole
    "J57",  # classCode DMP
    "J58",  # confidentialityCode DMP
    "J59",  # contentTypeCode DMP, derived
    "J60",  # formatCode DMP
    "J65",  # subject role of the VIHF
    "J66",  # typeCode DMP
    "J231",  # referenceIdList types DMP
    "TRE_A07",  # visibility statuses, the whole code system
)


@dataclass(frozen=True, slots=True)
class Concept:
    """One code of a value set. `active` is false for a retired code: readable in what exists, not for what is new."""

    code: str
    system: str
    display: str
    active: bool


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """A coding scheme as the wire writes it: an OID, or a word (`URN`, `ASTM`). `name` is '' where none is published."""

    system: str
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A value set with its provenance. `oid` is '' and `version` is `derived` where nothing was published."""

    name: str
    oid: str
    version: str
    source: str
    codes: tuple[Concept, ...]
    _index: Mapping[tuple[str, str], Concept] = field(repr=False, compare=False)

    def contains(self, code: str, system: str) -> bool:
        """Whether the pair belongs to the set, retired codes included. The scheme is compared as on the wire, without `urn:oid:`."""
        return (code, system) in self._index

    def active(self, code: str, system: str) -> bool:
        """Whether the pair belongs to the set and may be given to something new."""
        found = self._index.get((code, system))
        return found is not None and found.active

    def display(self, code: str, system: str) -> str:
        """The published label, '' for an unknown pair or one without label."""
        found = self._index.get((code, system))
        return found.display if found else ""


@cache
def value_set(name: str) -> ValueSet:
    """The set of that short name (`NAMES`, `STAND_INS`), read once; KeyError for another name."""
    short = STAND_INS.get(name, name)
    if short not in NAMES:
        raise KeyError(name)
    header, rows = _read(short)
    concepts = tuple(Concept(code, system, display, status == "active") for code, system, status, display in rows)
    index = MappingProxyType({(concept.code, concept.system): concept for concept in concepts})
    return ValueSet(header["name"], header["oid"], header["version"], header["source"], concepts, index)


def class_of(type_code: str) -> str | None:
    """The classCode of a typeCode: by ASS_X16 (DMP), then ASS_X04 (CI-SIS, with retired types); None when neither has it."""
    return _classes("ASS_X16").get(type_code) or _classes("ASS_X04").get(type_code)


@cache
def code_systems() -> Mapping[str, CodeSystem]:
    """Every coding scheme of the tables, by what the wire writes."""
    _header, rows = _read("systems")
    return MappingProxyType({system: CodeSystem(system, name, label) for system, name, label in rows})


@cache
def _classes(name: str) -> Mapping[str, str]:
    _header, rows = _read(name)
    return MappingProxyType({code: class_code for code, _system, _status, class_code in rows})


def _read(name: str) -> tuple[dict[str, str], list[list[str]]]:
    """Header lines are `# key<TAB>value`, the rest tab-separated rows in the order that `# columns` says."""
    header: dict[str, str] = {}
    rows: list[list[str]] = []
    text = files(__package__).joinpath("data", f"{name}.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("# "):
            key, _tab, value = line[2:].partition("\t")
            header.setdefault(key, value)
        else:
            rows.append(line.split("\t"))
    return header, rows
