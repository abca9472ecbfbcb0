"""Results out of laboratory reports as plain values: what was measured, the value as received, and where it comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from carnet.cda.participants import Identifier, Organization
from carnet.metadata import Code

LOINC = "2.16.840.1.113883.6.1"
_NO_CODE = Code("")
_NO_ORGANIZATION = Organization()
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)


def number_of(digits: str) -> Decimal | None:
    """The number that received digits write (HL7 real: a point, perhaps an exponent), None for anything else."""
    return Decimal(digits) if _NUMBER.fullmatch(digits) else None


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of an interval; `digits` and `unit` as received, '' when there is no such end."""

    digits: str = ""
    unit: str = ""
    inclusive: bool = True


@dataclass(frozen=True, slots=True)
class Value:
    """A value as received. `kind` is its HL7 type without a prefix (PQ, IVL_PQ, REAL, INT, CD, ST, ED).

    `digits` are those of a number, every zero kept. `low` and `high` are the ends of an interval. `text` is what a reader sees of a
    coded or written value; `missing` a nullFlavor.
    """

    kind: str
    digits: str = ""
    unit: str = ""
    low: Bound = Bound()
    high: Bound = Bound()
    text: str = ""
    code: Code = _NO_CODE
    missing: str = ""

    @property
    def comparator(self) -> str:
        """`<`, `≤`, `>` or `≥` of an interval that is open on one side (a result below or above what can be measured), else ''."""
        if self.high.digits and not self.low.digits:
            return "≤" if self.high.inclusive else "<"
        if self.low.digits and not self.high.digits:
            return "≥" if self.low.inclusive else ">"
        return ""

    @property
    def shown(self) -> str:
        """The value in the characters that came: `45.0`, `< 0.128`, `3.5` to `8`, a text; the unit apart."""
        if self.digits:
            return self.digits
        if self.comparator:
            return f"{self.comparator} {self.high.digits or self.low.digits}"
        if self.low.digits:
            return f"{self.low.digits} – {self.high.digits}"  # noqa: RUF001 - the dash of an interval
        return self.text

    @property
    def shown_unit(self) -> str:
        """The unit as received, of the number or of the interval's ends; '' for none, which includes the UCUM unit 1."""
        unit = self.unit or self.low.unit or self.high.unit
        return "" if unit == "1" else unit

    @property
    def number(self) -> Decimal | None:
        """What can be set on an axis: the number, or the end of an interval that is open on one side."""
        return number_of(self.digits or (self.high.digits or self.low.digits if self.comparator else ""))


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """What the laboratory calls usual: ends or a text as received, for whom (`criterion`), and what being inside means (HL7: N normal)."""

    value: Value
    text: str = ""
    interpretation: Code = _NO_CODE
    criterion: str = ""


@dataclass(frozen=True, slots=True)
class Specimen:
    """What was taken. `collected` is an HL7 time stamp as received; `isolate` the microbe grown from it, if the result is about one."""

    material: Code = _NO_CODE
    collected: str = ""
    isolate: Code = _NO_CODE


@dataclass(frozen=True, slots=True)
class Result:
    """One result. Times are HL7 time stamps as received; texts have their white space normalised; what is absent is empty.

    `earlier` marks a result that the report repeats from before (entryRelationship REFR). Its laboratory is then the one that it
    names itself, '' mostly: the report's is not necessarily the one that measured.
    """

    code: Code
    label: str
    values: tuple[Value, ...]
    observed: str = ""
    status: str = ""
    interpretations: tuple[Code, ...] = ()
    ranges: tuple[ReferenceRange, ...] = ()
    method: Code = _NO_CODE
    specimen: Specimen = Specimen()
    laboratory: Organization = _NO_ORGANIZATION
    author: str = ""
    comments: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    """Titles from the section to the battery, the widest first."""
    ids: tuple[Identifier, ...] = ()
    translations: tuple[Code, ...] = ()
    earlier: bool = False

    @property
    def taken(self) -> str:
        """When: the collection of the specimen where it is told, else the time of the observation. As received.

        A collection on a later day than the observation of what was collected is not believed.
        """
        collected, observed = self.specimen.collected, self.observed
        return observed if observed and collected[:8] > observed[:8] else collected or observed


@dataclass(frozen=True, slots=True)
class Report:
    """The results of one document. `written` is in UTC DTM; `replaces` are the documents that it takes the place of."""

    id: Identifier
    set_id: Identifier
    version: int
    replaces: tuple[Identifier, ...]
    title: str
    written: str
    results: tuple[Result, ...]
    comments: tuple[str, ...] = ()
