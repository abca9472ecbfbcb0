"""Who and what a CDA header names: identifiers, codes, the patient, people, devices, organizations, acts (CI-SIS, structuration minimale).

Reads lxml elements of the namespace urn:hl7-org:v3 into plain values. Nothing here judges: an absent part is ''.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from carnet.cda.timestamps import to_dtm
from carnet.metadata import Code

HL7 = "{urn:hl7-org:v3}"

PROFESSIONALS = "1.2.250.1.71.4.2.1"
"""Root of PS_IdNat."""
STRUCTURES = "1.2.250.1.71.4.2.2"
"""Root of Struct_IdNat."""
INS_AUTHORITIES = frozenset(f"1.2.250.1.213.1.4.{arc}" for arc in (8, 9, 10, 11))
"""INS-NIR, INS-NIA and the two test authorities: the only roots under which a patient's INS stands (CI-SIS)."""


_ID, _CODE, _NAME, _FAMILY, _GIVEN = (HL7 + name for name in ("id", "code", "name", "family", "given"))
_PERSON, _DEVICE, _ORGANIZATION, _FUNCTION, _SETTING = (
    HL7 + name
    for name in (
        "assignedPerson",
        "assignedAuthoringDevice",
        "representedOrganization",
        "functionCode",
        "standardIndustryClassCode",
    )
)
_ROLE, _PATIENT, _GENDER, _BIRTH_TIME, _BIRTHPLACE = (
    HL7 + name for name in ("patientRole", "patient", "administrativeGenderCode", "birthTime", "birthplace")
)
_EVENT, _INTERVAL, _LOW, _HIGH, _PERFORMER = (
    HL7 + name for name in ("serviceEvent", "effectiveTime", "low", "high", "performer")
)
_NO_CODE = Code("")


class Identifier(Struct, frozen=True):
    """An HL7 instance identifier: `root` is an OID (or, against CI-SIS, a GUID); both '' when it carries a nullFlavor."""

    root: str
    extension: str = ""


class Organization(Struct, frozen=True):
    """A structure: its identifiers (Struct_IdNat under 1.2.250.1.71.4.2.2) and name."""

    ids: tuple[Identifier, ...] = ()
    name: str = ""
    practice_setting: Code = _NO_CODE
    """standardIndustryClassCode (JDV_J04)."""


class Participant(Struct, frozen=True):
    """An author, legal authenticator or performer. `device` holds manufacturerModelName and softwareName when it is one."""

    ids: tuple[Identifier, ...] = ()
    profession: Code = _NO_CODE
    function: Code = _NO_CODE
    family: str = ""
    given: str = ""
    device: tuple[str, str] | None = None
    organization: Organization = Organization()


class Patient(Struct, frozen=True):
    """recordTarget: identifiers in the order of the document and the traits of identity (CI-SIS: names BR at birth, CL in use)."""

    ids: tuple[Identifier, ...] = ()
    birth_family: str = ""
    used_family: str = ""
    birth_given_names: str = ""
    first_birth_given: str = ""
    used_given: str = ""
    gender: str = ""
    birth_date: str = ""
    birth_place: str = ""
    """INSEE code of the place of birth (birthplace/place/addr/county)."""


class ServiceEvent(Struct, frozen=True):
    """documentationOf: the act, its times in UTC DTM and its performer."""

    code: Code = _NO_CODE
    start: str = ""
    stop: str = ""
    performer: Participant = Participant()


_NO_ORGANIZATION = Organization()
_NOBODY = Participant()


def children(element: Any) -> dict[Any, Any]:
    """The first child of each tag, in one pass: many times cheaper than looking for each. Empty for None."""
    found: dict[Any, Any] = {}
    for child in () if element is None else element:
        found.setdefault(child.tag, child)
    return found


def children_and_identifiers(element: Any) -> tuple[dict[Any, Any], tuple[Identifier, ...]]:
    """The same, and the `id` children, nullFlavors left out; both empty for None."""
    found: dict[Any, Any] = {}
    identifiers: list[Identifier] = []
    for child in () if element is None else element:
        tag = child.tag
        if tag == _ID and (root := child.get("root")):
            identifiers.append(Identifier(root, child.get("extension", "")))
        elif tag not in found:
            found[tag] = child
    return found, tuple(identifiers)


def text_of(element: Any) -> str:
    """The whole text of an element, white space normalised, whatever comments stand in it; '' for None."""
    if element is None:
        return ""
    text = (element.text or "") if len(element) == 0 else "".join(element.itertext())
    return " ".join(text.split())


def code_of(element: Any) -> Code:
    """A coded value; Code('') for None or a nullFlavor."""
    if element is None:
        return _NO_CODE
    return Code(element.get("code", ""), element.get("codeSystem", ""), element.get("displayName", ""))


def identifier_of(element: Any) -> Identifier:
    """An `id` element; empty for None."""
    return Identifier("") if element is None else Identifier(element.get("root", ""), element.get("extension", ""))


def identifiers_of(parent: Any) -> tuple[Identifier, ...]:
    """The `id` children of an element, nullFlavors left out; none for None."""
    return children_and_identifiers(parent)[1]


def organization_of(element: Any) -> Organization:
    """A represented or custodian organization; empty for None."""
    if element is None:
        return _NO_ORGANIZATION
    parts, identifiers = children_and_identifiers(element)
    return Organization(identifiers, text_of(parts.get(_NAME)), code_of(parts.get(_SETTING)))


def participant_of(element: Any, role: str) -> Participant:
    """The participant whose `assignedAuthor` or `assignedEntity` (`role`) stands in `element`; empty for None."""
    outer = children(element)
    assigned = outer.get(HL7 + role)
    if assigned is None:
        return _NOBODY
    parts, identifiers = children_and_identifiers(assigned)
    name = children(children(parts.get(_PERSON)).get(_NAME))
    return Participant(
        ids=identifiers,
        profession=code_of(parts.get(_CODE)),
        function=code_of(outer.get(_FUNCTION)),
        family=text_of(name.get(_FAMILY)),
        given=text_of(name.get(_GIVEN)),
        device=_device(parts.get(_DEVICE)),
        organization=organization_of(parts.get(_ORGANIZATION)),
    )


def patient_of(record_target: Any) -> Patient:
    """The patient of a `recordTarget`. Raises ValueError when the birth time cannot be read."""
    role = children(record_target).get(_ROLE)
    if role is None:
        return Patient()
    parts, identifiers = children_and_identifiers(role)
    person = children(parts.get(_PATIENT))
    names = _names_by_qualifier(person.get(_NAME))
    return Patient(
        ids=identifiers,
        birth_family=names.get((_FAMILY, "BR"), ""),
        used_family=names.get((_FAMILY, "CL"), ""),
        birth_given_names=names.get((_GIVEN, ""), ""),
        first_birth_given=names.get((_GIVEN, "BR"), ""),
        used_given=names.get((_GIVEN, "CL"), ""),
        gender=code_of(person.get(_GENDER)).code,
        birth_date=to_dtm(_value(person.get(_BIRTH_TIME)))[:8],
        birth_place=text_of(child_at(person.get(_BIRTHPLACE), "place", "addr", "county")),
    )


def service_event_of(documentation: Any) -> ServiceEvent:
    """The act of a `documentationOf`. Raises ValueError when one of its times cannot be read."""
    event = children(children(documentation).get(_EVENT))
    interval = event.get(_INTERVAL)
    bounds = children(interval)
    start = _value(bounds.get(_LOW)) or _value(interval)
    return ServiceEvent(
        code=code_of(event.get(_CODE)),
        start=to_dtm(start),
        stop=to_dtm(_value(bounds.get(_HIGH))),
        performer=participant_of(event.get(_PERFORMER), "assignedEntity"),
    )


def child_at(element: Any, *names: str) -> Any:
    """The element reached by taking the first child of each name in turn, or None."""
    for name in names:
        if element is None:
            return None
        element = next(element.iterchildren(HL7 + name), None)
    return element


def _value(element: Any) -> str:
    return "" if element is None else str(element.get("value", ""))


def _device(element: Any) -> tuple[str, str] | None:
    if element is None:
        return None
    parts = children(element)
    return text_of(parts.get(f"{HL7}manufacturerModelName")), text_of(parts.get(f"{HL7}softwareName"))


def _names_by_qualifier(name: Any) -> dict[tuple[str, str], str]:
    """The first part of each kind: (tag of `family` or `given`, qualifier)."""
    found: dict[tuple[str, str], str] = {}
    for part in () if name is None else name:
        tag = part.tag
        if tag in {_FAMILY, _GIVEN}:
            found.setdefault((tag, part.get("qualifier", "")), text_of(part))
    return found
