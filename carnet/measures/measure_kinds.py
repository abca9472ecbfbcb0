"""The kinds of measurements (rules §4.3): codes, units, and how far a value is believed. Literal tables, no code.

LOINC 2.81 and UCUM 2.2 codes; those of blood and body as in the French guide of health measurements (ansforge/IG-fhir-mesures-de-sante
3.2.0, with its typing errors put right), those of sensors as in HL7's guide of continuous glucose monitoring 1.0.0. `possible` and `usual`
are bounds against slips of the keyboard, chosen by us: they judge nobody's health.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

Span = tuple[Decimal, Decimal]


class Mistake(StrEnum):
    """What was probably typed instead of what was asked for."""

    METRES = "metres"
    GRAMS = "grams"
    FAHRENHEIT = "fahrenheit"
    CMHG = "cmhg"
    GRAMS_PER_LITRE = "g/l"
    MILLIGRAMS = "mg/dl"
    MILLIMOLES = "mmol/l"
    IFCC = "mmol/mol"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far one number is believed: beyond `possible` it is refused, beyond `usual` it is to be confirmed; `child` is usual below 18 years.

    `mistakes` name a span in which a number is more likely to be in another unit.
    """

    possible: Span
    usual: Span
    child: Span | None = None
    mistakes: tuple[tuple[Mistake, Span], ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of a kind: as people write it, in UCUM, and the LOINC code of a reading in it; bounds, one for each part.

    `mean_loinc` is the code of a mean over days, '' where there is none.
    """

    shown: str
    ucum: str
    loinc: str
    bounds: tuple[Bounds, ...]
    mean_loinc: str = ""


@dataclass(frozen=True, slots=True)
class MeasureKind:
    """One kind. `parts` are the LOINC codes of the numbers of one reading, in order: one, or two for blood pressure.

    `places` decimals at most; `contexts` are what may be said of how it was taken, the first being nothing said unless `context_asked`;
    `daily`: of a day and not of a moment; `jump`: a part of the last value, within 90 days, from which a change is to be confirmed.
    """

    slug: str
    units: tuple[Unit, ...]
    parts: tuple[str, ...] = ("value",)
    places: int = 0
    contexts: tuple[str, ...] = ()
    context_asked: bool = False
    daily: bool = False
    over_days: bool = False
    jump: Decimal | None = None
    computed: bool = False

    def unit(self, ucum: str) -> Unit | None:
        """The unit of this kind by its UCUM code."""
        return next((one for one in self.units if one.ucum == ucum), None)


def _span(least: str, most: str) -> Span:
    return Decimal(least), Decimal(most)


def _one(shown: str, ucum: str, loinc: str, bounds: Bounds) -> tuple[Unit, ...]:
    return (Unit(shown, ucum, loinc, (bounds,)),)


_MASS, _MOLES = _span("10", "1500"), _span("0.5", "85")
_USUAL_MASS, _USUAL_MOLES = _span("40", "600"), _span("2.2", "33")
_AS_G_L = _span("0.1", "9.9")
_AS_MOLES = _span("2", "30")


def _glucose(loincs: tuple[str, str], means: tuple[str, str] = ("", "")) -> tuple[Unit, ...]:
    """Glucose in the three units that meters show; the codes of mass, then of amount of substance."""
    return (
        Unit("g/L", "g/L", loincs[0], (Bounds(_span("0.1", "15"), _span("0.4", "6"), mistakes=((Mistake.MILLIGRAMS, _span("20", "1500")), (Mistake.MILLIMOLES, _span("6", "20")))),), means[0]),
        Unit("mg/dL", "mg/dL", loincs[0], (Bounds(_MASS, _USUAL_MASS, mistakes=((Mistake.GRAMS_PER_LITRE, _span("0.1", "2.5")), (Mistake.MILLIMOLES, _span("2.5", "33")))),), means[0]),
        Unit("mmol/L", "mmol/L", loincs[1], (Bounds(_MOLES, _USUAL_MOLES, mistakes=((Mistake.MILLIGRAMS, _span("40", "1500")), (Mistake.GRAMS_PER_LITRE, _span("0.1", "2.2")))),), means[1]),
    )  # fmt: skip


WEIGHT = MeasureKind(
    "poids",
    _one("kg", "kg", "29463-7", Bounds(_span("0.3", "650"), _span("30", "250"), _span("1", "150"), ((Mistake.GRAMS, _span("650", "200000")),))),
    places=3,
    jump=Decimal("0.25"),
)  # fmt: skip
HEIGHT = MeasureKind(
    "taille",
    _one("cm", "cm", "8302-2", Bounds(_span("20", "272"), _span("120", "220"), _span("35", "210"), ((Mistake.METRES, _span("0.2", "2.72")),))),
    places=1,
    contexts=("", "standing", "lying"),
    jump=Decimal("0.12"),
)  # fmt: skip
BMI = MeasureKind(
    "imc", _one("kg/m²", "kg/m2", "39156-5", Bounds(_span("1", "500"), _span("10", "80"))), places=1, computed=True
)
WAIST = MeasureKind(
    "tour-de-taille",
    _one("cm", "cm", "8280-0", Bounds(_span("20", "400"), _span("50", "200"), _span("30", "160"), ((Mistake.METRES, _span("0.2", "2.5")),))),
    places=1,
)  # fmt: skip
TEMPERATURE = MeasureKind(
    "temperature",
    _one("°C", "Cel", "8310-5", Bounds(_span("20", "46"), _span("34", "41.5"), mistakes=((Mistake.FAHRENHEIT, _span("86", "115")),))),
    places=2,
    contexts=("", "mouth", "ear", "forehead", "armpit", "rectal"),
)  # fmt: skip
PAIN = MeasureKind(
    "douleur", _one("/10", "{score}", "72514-3", Bounds(_span("0", "10"), _span("0", "10"))), contexts=("", "rest", "moving")
)  # fmt: skip
HEART_RATE = MeasureKind(
    "frequence-cardiaque",
    _one("/min", "/min", "8867-4", Bounds(_span("15", "350"), _span("35", "200"), _span("40", "240"))),
    contexts=("", "rest", "effort"),
)
BLOOD_PRESSURE = MeasureKind(
    "tension",
    (
        Unit(
            "mmHg",
            "mm[Hg]",
            "85354-9",
            (
                Bounds(_span("40", "320"), _span("80", "220"), _span("50", "180"), ((Mistake.CMHG, _span("5", "30")),)),
                Bounds(_span("20", "220"), _span("40", "130"), _span("25", "110"), ((Mistake.CMHG, _span("2", "19")),)),
            ),
        ),
    ),
    parts=("8480-6", "8462-4"),
    contexts=("", "left-arm", "right-arm", "wrist"),
)
BLOOD_GLUCOSE = MeasureKind(
    "glycemie",
    _glucose(("2339-0", "15074-8")),
    places=2,
    contexts=("fasting", "before-meal", "after-meal", "bedtime", "other"),
    context_asked=True,
)
INTERSTITIAL = MeasureKind(
    "glucose-interstitiel",
    _glucose(("99504-3", "105272-9"), ("97507-8", "105273-7")),
    places=2,
    over_days=True,
)
HBA1C = MeasureKind(
    "hba1c",
    (
        Unit("%", "%", "4548-4", (Bounds(_span("2", "25"), _span("4", "15"), mistakes=((Mistake.IFCC, _span("20", "200")),)),)),
        Unit("mmol/mol", "mmol/mol", "59261-8", (Bounds(_span("10", "250"), _span("20", "140"), mistakes=((Mistake.PERCENT, _span("4", "15")),)),)),
    ),
    places=1,
)  # fmt: skip
GMI = MeasureKind("igg", _one("%", "%", "97506-0", Bounds(_span("2", "25"), _span("4", "15"))), places=1, computed=True)
STEPS = MeasureKind(
    "pas", _one("", "{steps}/d", "41950-7", Bounds(_span("0", "200000"), _span("0", "60000"))), daily=True
)
HEAD = MeasureKind(
    "perimetre-cranien",
    _one("cm", "cm", "8287-5", Bounds(_span("15", "90"), _span("50", "65"), _span("25", "62"), ((Mistake.METRES, _span("0.2", "0.65")),))),
    places=1,
)  # fmt: skip

KINDS: Mapping[str, MeasureKind] = MappingProxyType(
    {
        one.slug: one
        for one in (
            WEIGHT,
            HEIGHT,
            BMI,
            BLOOD_PRESSURE,
            HEART_RATE,
            TEMPERATURE,
            PAIN,
            WAIST,
            BLOOD_GLUCOSE,
            INTERSTITIAL,
            HBA1C,
            GMI,
            STEPS,
            HEAD,
        )
    }
)
"""By the name that addresses and rows bear, in the order in which pages show them."""

ZONES: tuple[str, ...] = (
    "Europe/Paris",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
    "Indian/Reunion",
    "Indian/Mayotte",
    "America/Miquelon",
    "Pacific/Tahiti",
    "Pacific/Noumea",
    "Pacific/Wallis",
)
"""Where a measurement may have been taken, by IANA name: metropolitan France and the overseas territories."""


def units_of(loinc: str) -> tuple[str, ...]:
    """The UCUM units in which patients declare readings of this code; none for what they do not declare here."""
    units = (unit.ucum for kind in KINDS.values() for unit in kind.units)
    return tuple(ucum for ucum in dict.fromkeys(units) if coded(loinc, ucum) is not None)


def coded(loinc: str, ucum: str) -> tuple[MeasureKind, int] | None:
    """The kind of which this code and unit are, and which number of its readings; None for what patients do not declare here.

    A mean over days is no reading of a moment: its code finds nothing.
    """
    for kind in KINDS.values():
        unit = kind.unit(ucum)
        if unit is None or kind.computed:
            continue
        if loinc in kind.parts:
            return kind, kind.parts.index(loinc)
        if unit.loinc == loinc and len(kind.parts) == 1:
            return kind, 0
    return None
