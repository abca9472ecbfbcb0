"""Reading the HL7 v3 messages of the patient services (protocols §1.3): a few values out of much structure.

Care software fills what its schema offers: elements with `xsi:nil="true"` say nothing and are passed over wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from carnet.errors import InvalidMetadata, MalformedMessage
from carnet.identity.vihf_person import INS_AUTHORITIES, INS_TEST_AUTHORITIES
from carnet.metadata import PatientIdentifier
from carnet.soap.namespaces import HL7, XSI

_NIL = f"{{{XSI}}}nil"
_INS = INS_AUTHORITIES | INS_TEST_AUTHORITIES
LONGEST_TEXT = 1024


@dataclass(frozen=True, slots=True)
class MessageHeader:
    """What an answer repeats of a request: the message's own identifier and the sender's device, each (root, extension)."""

    message: tuple[str, str]
    sender: tuple[str, str]


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as written: families by qualifier (BR of birth, SP used, '' without), given names likewise (CL used)."""

    families: tuple[tuple[str, str], ...]
    givens: tuple[tuple[str, str], ...]

    def family(self, *qualifiers: str) -> str:
        """The first family name under the first of these qualifiers that has one."""
        return _first(self.families, qualifiers)

    def given(self, *qualifiers: str) -> str:
        """The first given name under the first of these qualifiers that has one."""
        return _first(self.givens, qualifiers)


def children(element: Any, name: str) -> Iterator[Any]:
    """The children of that HL7 name that say something."""
    return (child for child in element.iterchildren(f"{{{HL7}}}{name}") if not is_nil(child))


def child(element: Any, *path: str) -> Any:
    """The first element at the end of a path of names; None where there is none."""
    for name in path:
        if element is None:
            return None
        element = next(children(element, name), None)
    return element


def within(element: Any, name: str) -> Iterator[Any]:
    """Descendants of that HL7 name that say something and stand in nothing that is nil."""
    return (
        found
        for found in element.iter(f"{{{HL7}}}{name}")
        if not any(is_nil(one) for one in (found, *found.iterancestors()))
    )


def is_nil(element: Any) -> bool:
    """Whether an element is a filler (XML Schema Part 1 §2.6.2)."""
    return element.get(_NIL, "").strip() in {"true", "1"}


def text_of(element: Any) -> str:
    """An element's text without blanks around it, '' for None."""
    return "" if element is None else "".join(element.itertext()).strip()[:LONGEST_TEXT]


def value_of(element: Any, name: str = "value") -> str:
    """An attribute's value, '' when the element or the attribute is absent."""
    return "" if element is None else element.get(name, "").strip()[:LONGEST_TEXT]


def control_act(message: Any) -> Any:
    """The control act of a message. Raises MalformedMessage without one."""
    found = child(message, "controlActProcess")
    if found is None:
        raise MalformedMessage("The message has no controlActProcess.")
    return found


def reason_of(message: Any) -> str:
    """The code of the control act's reasonCode, '' for none."""
    return value_of(child(message, "controlActProcess", "reasonCode"), "code")


def header_of(message: Any) -> MessageHeader:
    """Whom and what to answer."""
    return MessageHeader(_instance(child(message, "id")), _instance(child(message, "sender", "device", "id")))


def ins_of(identifiers: Iterator[Any]) -> PatientIdentifier:
    """The one INS among II elements; other identifiers (the INS-C, local ones) are passed over. Raises InvalidMetadata."""
    found = {(value_of(one, "extension"), value_of(one, "root")) for one in identifiers}
    known = {pair for pair in found if pair[0] and pair[1] in _INS}
    if len(known) != 1:
        raise InvalidMetadata("The message names its patient by one INS.", subject="patient")
    return PatientIdentifier(*known.pop())


def name_of(element: Any) -> PersonName:
    """The parts of a PN; of None, no parts."""
    if element is None:
        return PersonName((), ())
    return PersonName(_parts(element, "family"), _parts(element, "given"))


def observations_of(patient: Any) -> dict[str, bool]:
    """The administrative observations of a patient that are true or false, by their code."""
    found = {}
    for observation in within(patient, "administrativeObservation"):
        code, value = value_of(child(observation, "code"), "code"), value_of(child(observation, "value"))
        if code and value in {"true", "false", "1", "0"}:
            found[code] = value in {"true", "1"}
    return found


def _parts(element: Any, name: str) -> tuple[tuple[str, str], ...]:
    return tuple((value_of(one, "qualifier"), text_of(one)) for one in children(element, name) if text_of(one))


def _first(parts: tuple[tuple[str, str], ...], qualifiers: tuple[str, ...]) -> str:
    return next(
        (
            text
            for wanted in qualifiers
            for qualifier, text in parts
            if wanted in qualifier.split() or wanted == qualifier
        ),
        "",
    )


def _instance(element: Any) -> tuple[str, str]:
    return value_of(element, "root"), value_of(element, "extension")
