"""What a document states not to be, or not to be known: « no known treatment » is a statement, an empty list is none.

The codes are those of the international patient summary as CI-SIS publishes them (JDV_AbsentOrUnknownMedication_CISIS,
JDV_AbsentOrUnknownImmunization_CISIS, JDV_AbsentOrUnknownAllergy_CISIS and JDV_AbsentOrUnknownProblem_CISIS, version 20211222).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from carnet.cda.participants import HL7, child_at, code_of
from carnet.metadata import Code

ABSENT_OR_UNKNOWN = "2.16.840.1.113883.5.1150.1"

About = Literal["medicines", "vaccinations", "allergies", "problems"]
Of = Literal["", "medicines", "environment", "food"]


@dataclass(frozen=True, slots=True)
class Absence:
    """A statement about a list as a whole; `known`: there is none as far as is known, else nothing is known of any.

    `of` narrows one about allergies to a kind of agent; '' is any.
    """

    about: About
    known: bool
    of: Of = ""


_STATEMENTS: Mapping[str, Absence] = MappingProxyType(
    {
        "no-known-medications": Absence("medicines", known=True),
        "no-medication-info": Absence("medicines", known=False),
        "no-known-immunizations": Absence("vaccinations", known=True),
        "no-immunization-info": Absence("vaccinations", known=False),
    }
)
_OF_LISTS: Mapping[str, Absence] = MappingProxyType(
    {
        "no-known-allergies": Absence("allergies", known=True),
        "no-known-medication-allergies": Absence("allergies", known=True, of="medicines"),
        "no-known-environmental-allergies": Absence("allergies", known=True, of="environment"),
        "no-known-food-allergies": Absence("allergies", known=True, of="food"),
        "no-allergy-info": Absence("allergies", known=False),
        "no-known-problems": Absence("problems", known=True),
        "no-problem-info": Absence("problems", known=False),
    }
)


def absence_among(codes: Iterable[Code]) -> Absence | None:
    """What the codes of an observation state of absence in a list of allergies or problems, None when they name something."""
    return next(
        (_OF_LISTS[one.code] for one in codes if one.system == ABSENT_OR_UNKNOWN and one.code in _OF_LISTS), None
    )


def absence_in(element: Any) -> Absence | None:
    """What a substanceAdministration states of absence, by its own code or its product's; None when it is about a product."""
    material = child_at(element, "consumable", "manufacturedProduct", "manufacturedMaterial")
    codes = (code_of(child_at(element, "code")), *_codes_of_material(material))
    return next((_STATEMENTS[one.code] for one in codes if _is_known(one)), None)


def _codes_of_material(material: Any) -> Iterator[Code]:
    code = child_at(material, "code")
    if code is not None:
        yield code_of(code)
        yield from (code_of(one) for one in code.iterchildren(f"{HL7}translation"))


def _is_known(code: Code) -> bool:
    return code.system == ABSENT_OR_UNKNOWN and code.code in _STATEMENTS


def absences_of(document: Any) -> tuple[Absence, ...]:
    """Every such statement of a ClinicalDocument, each once."""
    found = (
        absence_in(element)
        for section in document.iter(f"{HL7}section")
        for entry in section.iterchildren(f"{HL7}entry")
        for element in entry.iterchildren(f"{HL7}substanceAdministration")
    )
    return tuple(dict.fromkeys(one for one in found if one is not None))
