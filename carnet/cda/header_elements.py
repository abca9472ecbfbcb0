"""From the elements of a ClinicalDocument to a CdaHeader: cardinalities, then one value after another."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from carnet.cda.encounters import encounter_in
from carnet.cda.header_model import LEVEL_1, LEVEL_3, Body, CdaHeader, RelatedDocument
from carnet.cda.participants import (
    HL7,
    Identifier,
    Organization,
    child_at,
    code_of,
    identifier_of,
    identifiers_of,
    organization_of,
    participant_of,
    patient_of,
    service_event_of,
    text_of,
)
from carnet.cda.timestamps import carries_offset, to_dtm
from carnet.errors import InvalidDocument
from carnet.metadata import Code

_ONE = ("id", "code", "title", "effectiveTime", "confidentialityCode", "languageCode", "recordTarget", "component")
_AT_MOST_ONE = ("setId", "versionNumber", "custodian", "legalAuthenticator", "componentOf")
_VERSION = re.compile(r"[1-9]\d{0,8}", re.ASCII)

BEGINNING = 256
"""Characters of a wrapped file that are looked at, white space included."""

Parts = Mapping[str, Sequence[Any]]


def header_from(document: Any, *, self_presenting: bool) -> CdaHeader:
    """The header of a `ClinicalDocument` element. Elements it does not know are ignored, as CI-SIS asks.

    Raises InvalidDocument when a mandatory part is missing or repeated, or a time or number cannot be read.
    """
    parts: dict[str, list[Any]] = {}
    for child in document.iterchildren(f"{HL7}*"):
        parts.setdefault(child.tag[len(HL7) :], []).append(child)
    _check_cardinalities(parts)
    one = {name: found[0] for name, found in parts.items()}
    try:
        patient = patient_of(one["recordTarget"])
        events = tuple(service_event_of(part) for part in parts.get("documentationOf", ()))
    except ValueError as error:
        raise InvalidDocument("The header holds a birth time or a time of act that is no HL7 time stamp.") from error
    return CdaHeader(
        id=identifier_of(one["id"]),
        code=code_of(one["code"]),
        title=text_of(one["title"]),
        effective_time=_effective_time(one["effectiveTime"]),
        confidentiality=code_of(one["confidentialityCode"]),
        language=one["languageCode"].get("code", ""),
        set_id=identifier_of(one.get("setId")),
        version_number=_version_number(one.get("versionNumber")),
        template_ids=tuple(part.get("root", "") for part in parts.get("templateId", ())),
        patient=patient,
        authors=tuple(participant_of(author, "assignedAuthor") for author in parts["author"]),
        legal_authenticator=participant_of(one.get("legalAuthenticator"), "assignedEntity"),
        custodian=_custodian(one.get("custodian")),
        events=events,
        facility=_facility(one.get("componentOf")),
        encounter=encounter_in(one.get("componentOf")),
        related=tuple(_related(part) for part in parts.get("relatedDocument", ())),
        orders=_orders(parts.get("inFulfillmentOf", ())),
        body=_body(one["component"]),
        self_presenting=self_presenting,
    )


def _check_cardinalities(parts: Parts) -> None:
    for name in _ONE:
        if len(parts.get(name, ())) != 1:
            raise InvalidDocument(f"The header has {len(parts.get(name, ()))} {name}; there must be one.")
    for name in _AT_MOST_ONE:
        if len(parts.get(name, ())) > 1:
            raise InvalidDocument(f"The header has {len(parts[name])} {name}; there may be one.")
    if "author" not in parts:
        raise InvalidDocument("The header has no author.")


def _effective_time(element: Any) -> str:
    stamp = element.get("value", "")
    try:
        moment = to_dtm(stamp)
    except ValueError as error:
        raise InvalidDocument("The header's effectiveTime is no HL7 time stamp.") from error
    if not carries_offset(stamp):
        raise InvalidDocument("The header's effectiveTime does not carry a time and its offset from UTC.")
    return moment


def _version_number(element: Any) -> int | None:
    value = "" if element is None else element.get("value", "")
    if not value:
        return None
    if _VERSION.fullmatch(value) is None:
        raise InvalidDocument("The header's versionNumber is not a positive integer.")
    return int(value)


def _custodian(element: Any) -> Organization:
    return organization_of(child_at(element, "assignedCustodian", "representedCustodianOrganization"))


def _facility(component_of: Any) -> Code:
    return code_of(child_at(component_of, "encompassingEncounter", "location", "healthCareFacility", "code"))


def _related(element: Any) -> RelatedDocument:
    return RelatedDocument(element.get("typeCode", ""), identifiers_of(child_at(element, "parentDocument")))


def _orders(elements: Sequence[Any]) -> tuple[Identifier, ...]:
    return tuple(found for one in elements for found in identifiers_of(child_at(one, "order")))


def _body(component: Any) -> Body:
    element = child_at(component, LEVEL_1)
    if element is None:
        if child_at(component, LEVEL_3) is None:
            raise InvalidDocument("The document has neither a nonXMLBody nor a structuredBody.")
        return Body(LEVEL_3)
    text = child_at(element, "text")
    if text is None:
        raise InvalidDocument("The document's nonXMLBody has no text.")
    return Body(LEVEL_1, text.get("mediaType", ""), text.get("representation", ""), _beginning(text.text or ""))


def _beginning(text: str) -> bytes:
    characters = "".join(text[:BEGINNING].split())[:64]
    try:
        return base64.b64decode(characters[: len(characters) // 4 * 4], validate=True)
    except ValueError:
        return b""
