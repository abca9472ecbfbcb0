"""Reading one ebRIM registry object (ebRIM 3.0 §2) into plain tables, before anything is known of what it is.

Every object of XDS has the same shape: slots, a name, a description, a version, classifications, external identifiers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from carnet.errors import InvalidMetadata
from carnet.metadata import Author, AvailabilityStatus, Code, PatientIdentifier
from carnet.soap.ebrim_schemes import AUTHOR_SLOTS, CODING_SCHEME, STATUSES
from carnet.soap.field_values import patient_identifier
from carnet.soap.namespaces import RIM

_SLOT = f"{{{RIM}}}Slot"
_NAME = f"{{{RIM}}}Name"
_DESCRIPTION = f"{{{RIM}}}Description"
_VERSION = f"{{{RIM}}}VersionInfo"
_EXTERNAL_IDENTIFIER = f"{{{RIM}}}ExternalIdentifier"
CLASSIFICATION = f"{{{RIM}}}Classification"

Slots = dict[str, tuple[str, ...]]


@dataclass(slots=True)
class RegistryObject:
    """One object as read. `kind` is the word by which errors name it, `codes` and `authors` are by classification scheme."""

    kind: str
    id: str
    slots: Slots
    name: str = ""
    description: str = ""
    version: int = 0
    classifications: dict[str, list[Any]] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def fault(self, problem: str) -> InvalidMetadata:
        """The error about this object, to be raised: `DocumentEntry Document01: …`."""
        return InvalidMetadata(f"{self.kind} {self.id[:128]}: {problem}", subject=self.id)

    def single(self, slot: str) -> str:
        """The value of a slot that holds one; '' when absent. Takes the slot out. Raises InvalidMetadata for several."""
        values = self.slots.pop(slot, ())
        if len(values) > 1:
            raise self.fault(f"{slot} has more than one value.")
        return values[0] if values else ""

    def code(self, scheme: str, attribute: str) -> Code:
        """The one code of a scheme; Code('') when absent. Raises InvalidMetadata for several."""
        found = self.codes(scheme)
        if len(found) > 1:
            raise self.fault(f"{attribute} occurs more than once.")
        return found[0] if found else Code("")

    def codes(self, scheme: str) -> tuple[Code, ...]:
        """All codes of a scheme, in order."""
        return tuple([self._code(element) for element in self.classifications.pop(scheme, ())])

    def authors(self, scheme: str) -> tuple[Author, ...]:
        """All authors, in order."""
        return tuple([self._author(element) for element in self.classifications.pop(scheme, ())])

    def patient(self, scheme: str) -> PatientIdentifier:
        """patientId; raises InvalidMetadata when it is absent or no CX."""
        cx = self.identifiers.pop(scheme, "")
        found = patient_identifier(cx) if cx else None
        if found is None:
            raise self.fault("patientId is missing." if not cx else "patientId is not of the form value^^^&OID&ISO^NH.")
        return found

    def leftover(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The slots not taken whose name begins with `urn:`; every other thing not taken becomes a warning."""
        unknown = [name for name in self.slots if not name.startswith("urn:")]
        self.warnings += (*unknown, *self.classifications, *self.identifiers)
        return tuple((name, values) for name, values in self.slots.items() if name.startswith("urn:"))

    def _code(self, element: Any) -> Code:
        system = display = ""
        for child in element:
            tag = child.tag
            if tag == _NAME:
                display = _localized(child)
            elif tag == _SLOT and child.get("name") == CODING_SCHEME:
                if system:
                    raise self.fault(f"the slot {CODING_SCHEME} occurs twice.")
                system = next(iter(slot_values(child)), "")
        return Code(element.get("nodeRepresentation", "").strip(), system, display)

    def _author(self, element: Any) -> Author:
        slots: Slots = {}
        for child in element:
            if child.tag == _SLOT:
                _add_slot(slots, child, self)
        values = {target: slots.pop(name, ()) for name, target in AUTHOR_SLOTS.items()}
        self.warnings += slots
        person = values.pop("person")
        if len(person) > 1:
            raise self.fault("authorPerson has more than one value in one author.")
        return Author(person=person[0] if person else "", **values)


def read_object(element: Any, kind: str, classifications: Iterable[Any] = ()) -> RegistryObject:
    """Reads an object; `classifications` are those that stand beside it in the message and name it by classifiedObject.

    Raises InvalidMetadata when it has no id, a slot, identifier or name twice, or a classification of another object inside.
    """
    read = RegistryObject(kind=kind, id=element.get("id", "").strip(), slots={})
    if not read.id:
        raise InvalidMetadata(f"{kind}: the attribute id is missing.")
    for child in element:
        tag = child.tag
        if tag == _SLOT:
            _add_slot(read.slots, child, read)
        elif tag == CLASSIFICATION:
            _add_classification(read, child)
        elif tag == _EXTERNAL_IDENTIFIER:
            _add_identifier(read, child)
        elif tag == _NAME:
            read.name = _localized(child)
        elif tag == _DESCRIPTION:
            read.description = _localized(child)
        elif tag == _VERSION:
            version = child.get("versionName", "")
            read.version = int(version) if version.isdecimal() and len(version) < 10 else 0
    for child in classifications:
        _add_classification(read, child)
    return read


def status(element: Any, read: RegistryObject) -> AvailabilityStatus:
    """availabilityStatus; Approved when absent, as in a submission."""
    value = element.get("status", "").strip()
    found = STATUSES.get(value) if value else AvailabilityStatus.APPROVED
    if found is None:
        raise read.fault("availabilityStatus is not a known status.")
    return found


def slot_values(slot: Any) -> tuple[str, ...]:
    """The values of a Slot, blanks around them removed, empty ones left out. Its first child is the ValueList, whose children are Values."""
    if not len(slot):
        return ()
    values = slot[0]
    if len(values) == 1:
        alone = (values[0].text or "").strip()
        return (alone,) if alone else ()
    return tuple([text for value in values if (text := (value.text or "").strip())])


def _add_slot(slots: Slots, slot: Any, read: RegistryObject) -> None:
    name = slot.get("name")
    if not name:
        raise read.fault("a slot has no name.")
    if name in slots:
        raise read.fault(f"the slot {name[:128]} occurs twice.")
    slots[name] = slot_values(slot)


def _add_classification(read: RegistryObject, child: Any) -> None:
    _check_owner(read, child.get("classifiedObject"), "a classification")
    scheme = child.get("classificationScheme")
    if scheme:
        read.classifications.setdefault(scheme.strip(), []).append(child)
        return
    if not child.get("classificationNode"):
        raise read.fault("a classification has neither classificationScheme nor classificationNode.")


def _check_owner(read: RegistryObject, owner: str | None, what: str) -> None:
    """An element inside an object may leave out whose it is, or say it in another case of letters."""
    if owner and owner != read.id and owner.strip().lower() != read.id.lower():
        raise read.fault(f"{what} inside names another object.")


def _add_identifier(read: RegistryObject, child: Any) -> None:
    _check_owner(read, child.get("registryObject"), "an external identifier")
    scheme = child.get("identificationScheme", "").strip()
    if scheme in read.identifiers:
        raise read.fault("an external identifier occurs twice.")
    read.identifiers[scheme] = child.get("value", "").strip()


def _localized(element: Any) -> str:
    """The first LocalizedString; its language and charset are whatever the sender wrote (`FR`, `UTF8`)."""
    value: str = element[0].get("value", "") if len(element) else ""
    return value
