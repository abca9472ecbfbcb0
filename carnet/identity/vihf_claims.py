"""What a VIHF says, read into plain values from the one tree that may be believed; nothing is judged here but the form of times."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from carnet.clock import from_iso
from carnet.crypto.signature_structure import DS
from carnet.identity.vihf_structure import HL7, SAML, deny
from carnet.metadata import Code

SUBJECT_ID = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
RESOURCE_ID = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
PURPOSE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
CONFIDENTIALITY = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
VERSION, MODE, TARGET = "VIHF_Version", "Authentification_Mode", "Ressource_URN"
STRUCTURE, SECTOR, REASON = "Identifiant_Structure", "Secteur_Activite", "Mode_Acces_Raison"
SOFTWARE_NAME, SOFTWARE_VERSION = "LPS_Nom", "LPS_Version"
SOFTWARE_INSTANCE, SOFTWARE_APPROVAL = "LPS_ID", "LPS_ID_HOMOLOGATION_DMP"

KNOWN = (
    SUBJECT_ID,
    ROLE,
    RESOURCE_ID,
    PURPOSE,
    CONFIDENTIALITY,
    VERSION,
    MODE,
    TARGET,
    STRUCTURE,
    SECTOR,
    REASON,
    SOFTWARE_NAME,
    SOFTWARE_VERSION,
    SOFTWARE_INSTANCE,
    SOFTWARE_APPROVAL,
)
"""Attributes of the VIHF that are read (protocol notes §2.1). Others are ignored; case makes no difference, as some clients write
`Authentification_mode`."""
_BY_FOLDED_NAME = {name.casefold(): name for name in KNOWN}

_ISSUER, _SUBJECT, _CONDITIONS = f"{{{SAML}}}Issuer", f"{{{SAML}}}Subject", f"{{{SAML}}}Conditions"
_STATEMENT, _ATTRIBUTES = f"{{{SAML}}}AuthnStatement", f"{{{SAML}}}AttributeStatement"
_NAME_ID, _CONFIRMATION = f"{{{SAML}}}NameID", f"{{{SAML}}}SubjectConfirmation"
_CONFIRMATION_DATA, _CERTIFICATE = f"{{{SAML}}}SubjectConfirmationData", f"{{{DS}}}X509Certificate"
_AUDIENCE, _ONE_TIME_USE = f"{{{SAML}}}Audience", f"{{{SAML}}}OneTimeUse"
_CONTEXT, _CLASS = f"{{{SAML}}}AuthnContext", f"{{{SAML}}}AuthnContextClassRef"
_MANDATORY = {_ISSUER, _SUBJECT, _STATEMENT, _ATTRIBUTES}
_MISPLACED = "an element of the assertion is missing or repeated"
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")

Value = str | Code
"""An attribute's value: text, or a coded HL7 v3 element."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One SubjectConfirmation: its method, its end in microseconds, and the certificate it holds, in DER."""

    method: str
    not_on_or_after: int | None
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Claims:
    """A VIHF's content. Times are microseconds UTC; `attributes` holds only those of KNOWN."""

    identifier: str
    issuer: str
    issuer_format: str
    issued_at: int
    not_before: int | None
    not_on_or_after: int | None
    audiences: tuple[str, ...]
    one_time_use: bool
    name_id: str
    confirmations: tuple[Confirmation, ...]
    authenticated_at: int
    authentication_class: str
    attributes: Mapping[str, tuple[Value, ...]]

    def text(self, name: str) -> str:
        """The only value of a text attribute, '' when it is absent or empty. Raises AssertionInvalid for another number or kind."""
        values = self.attributes.get(name)
        if not values:
            return ""
        value = values[0]
        if len(values) > 1 or not isinstance(value, str):
            raise deny(f"{name} does not have one text value")
        return value

    def codes(self, name: str) -> tuple[Code, ...]:
        """The values of a coded attribute. Raises AssertionInvalid when one is not coded."""
        values = self.attributes.get(name, ())
        codes = tuple(value for value in values if isinstance(value, Code))
        if len(codes) != len(values):
            raise deny(f"{name} has a value that is not coded")
        return codes


def read(root: Any) -> Claims:
    """Reads an assertion whose shape was checked. Raises AssertionInvalid for a malformed time or a repeated attribute."""
    parts = _parts(root)
    conditions, statement, issuer, subject = parts.get(_CONDITIONS), parts[_STATEMENT], parts[_ISSUER], parts[_SUBJECT]
    return Claims(
        identifier=root.get("ID", ""),
        issuer=_text(issuer),
        issuer_format=issuer.get("Format", ""),
        issued_at=_required_instant(root.get("IssueInstant")),
        not_before=None if conditions is None else _instant(conditions.get("NotBefore")),
        not_on_or_after=None if conditions is None else _instant(conditions.get("NotOnOrAfter")),
        audiences=() if conditions is None else tuple(_text(one) for one in conditions.iter(_AUDIENCE)),
        one_time_use=conditions is not None and conditions.find(_ONE_TIME_USE) is not None,
        name_id=_text(_only(subject, _NAME_ID)),
        confirmations=tuple(_confirmation(one) for one in subject.iterchildren(_CONFIRMATION)),
        authenticated_at=_required_instant(statement.get("AuthnInstant")),
        authentication_class=_text(_only(_only(statement, _CONTEXT), _CLASS)),
        attributes=_attributes(parts[_ATTRIBUTES]),
    )


def _parts(root: Any) -> dict[str, Any]:
    """The children of an assertion by their tag, none of them twice."""
    found = {child.tag: child for child in root}
    if len(found) != len(root) or not found.keys() >= _MANDATORY:
        raise deny(_MISPLACED)
    return found


def _only(element: Any, tag: str) -> Any:
    found = list(element.iterchildren(tag))
    if len(found) != 1:
        raise deny(_MISPLACED)
    return found[0]


def _text(element: Any) -> str:
    return "".join(element.itertext("*")).strip() if len(element) else (element.text or "").strip()


def _instant(text: str | None) -> int | None:
    if text is None:
        return None
    if _INSTANT.fullmatch(text) is None:
        raise deny("a time is not a dateTime with its zone")
    try:
        return from_iso(text)
    except (ValueError, OverflowError) as error:
        raise deny("a time does not exist") from error


def _required_instant(text: str | None) -> int:
    moment = _instant(text)
    if moment is None:
        raise deny("a time is missing")
    return moment


def _confirmation(element: Any) -> Confirmation:
    data = element.find(_CONFIRMATION_DATA)
    certificate = next(element.iter(_CERTIFICATE), None)
    try:
        der = b"" if certificate is None else base64.b64decode("".join(_text(certificate).split()), validate=True)
    except ValueError as error:
        raise deny("a confirmation's certificate is not base64") from error
    end = None if data is None else _instant(data.get("NotOnOrAfter"))
    return Confirmation(element.get("Method", ""), end, der)


def _attributes(statement: Any) -> dict[str, tuple[Value, ...]]:
    found: dict[str, tuple[Value, ...]] = {}
    for attribute in statement:
        name = _BY_FOLDED_NAME.get(attribute.get("Name", "").casefold())
        if name is None:
            continue
        if name in found:
            raise deny(f"{name} occurs twice")
        found[name] = tuple(_value(value) for value in attribute)
    return found


def _value(element: Any) -> Value:
    if not len(element):
        return (element.text or "").strip()
    coded = element[0]
    if not coded.tag.startswith(f"{{{HL7}}}"):
        raise deny("a coded value is not of HL7 v3")
    return Code(coded.get("code", ""), coded.get("codeSystem", ""), coded.get("displayName", ""))
