"""A line of the trace as an audit message: the XML of DICOM PS3.15 A.5, as IHE ITI-20 has it sent. Pure: a line in, bytes out."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from carnet.audit.act_words import words_of
from carnet.audit.atna_codes import BROKEN, OUTCOMES, Coded, EventCodes, codes_of
from carnet.clock import to_iso

SOURCE, DESTINATION = Coded("110153", "DCM", "Source Role ID"), Coded("110152", "DCM", "Destination Role ID")
PATIENT_NUMBER = Coded("2", "RFC-3881", "Patient Number")
PSEUDONYM = Coded("pseudonym", "Carnet", "Pseudonym of a patient whose key is destroyed")
REPORT_NUMBER = Coded("9", "RFC-3881", "Report Number")
USER_NUMBER = Coded("11", "RFC-3881", "User Identifier")
SERVER = Coded("4", "DCM", "Application Server Process")
TRACE_INDEX = Coded("trace-index", "Carnet", "Place of the line in the trace")
PURPOSES: Mapping[str, Coded] = {
    "bris_de_glace": Coded("BTG", "2.16.840.1.113883.5.8", "break the glass"),
    "centre_15": Coded("ETREAT", "2.16.840.1.113883.5.8", "emergency treatment"),
}
UNKNOWN_USER = "unknown"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class AuditSource:
    """Who reports: AuditSourceID, the origin of the trace, and the repository's unique id."""

    name: str
    origin: str
    repository: str


@dataclass(frozen=True, slots=True)
class Told:
    """A sealed line of the trace, opened as far as its keys are there.

    `plain` has the fields of AuditEvent by name; without the key those that the entry has in clear. `problem`: the line does not hold.
    `pseudonym` is the patient's, where the key is destroyed.
    """

    index: int
    at: int
    plain: Mapping[str, Any]
    pseudonym: str = ""
    problem: str = ""


def audit_message(told: Told, source: AuditSource) -> bytes:
    """The AuditMessage (UTF-8, with declaration). The same line gives the same bytes."""
    codes = BROKEN if told.problem else codes_of(told.plain["action"], tuple(told.plain["rules"]))
    root = etree.Element("AuditMessage")
    _event(root, told, codes)
    _participants(root, told, codes, source)
    site = etree.SubElement(
        root, "AuditSourceIdentification", AuditSourceID=source.name, AuditEnterpriseSiteID=source.origin
    )
    _coded(site, "AuditSourceTypeCode", SERVER)
    _objects(root, told, source)
    found: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return found


def _event(root: Any, told: Told, codes: EventCodes) -> None:
    outcome = "8" if told.problem else OUTCOMES[told.plain["outcome"]]
    event = etree.SubElement(
        root,
        "EventIdentification",
        EventActionCode=codes.action,
        EventDateTime=to_iso(told.at),
        EventOutcomeIndicator=outcome,
    )
    _coded(event, "EventID", codes.event)
    _coded(event, "EventTypeCode", codes.kind)
    description = told.problem or ("" if outcome == "0" else told.plain.get("detail", ""))
    if description:
        etree.SubElement(event, "EventOutcomeDescription").text = _text(description)
    purpose = PURPOSES.get(told.plain.get("mode", ""))
    if purpose is not None:
        _coded(event, "PurposeOfUse", purpose)


def _participants(root: Any, told: Told, codes: EventCodes, source: AuditSource) -> None:
    """The caller's software, the human who asked, and this service; documents go from the source to the destination."""
    theirs, ours = (DESTINATION, SOURCE) if codes.outgoing else (SOURCE, DESTINATION)
    plain = told.plain
    software = _participant(root, plain.get("software") or UNKNOWN_USER, requestor=True, role=theirs)
    if plain.get("address"):
        software.set("NetworkAccessPointID", _text(plain["address"]))
        software.set("NetworkAccessPointTypeCode", "2")
    if plain.get("certificate"):
        software.set("AlternativeUserID", _text(f"sha256:{plain['certificate']}"))
    person = _participant(root, plain.get("requester_id") or UNKNOWN_USER, requestor=True)
    if plain.get("requester_name"):
        person.set("UserName", _text(plain["requester_name"]))
    if plain.get("organization_id"):
        person.set("AlternativeUserID", _text(plain["organization_id"]))
    if plain.get("requester_role"):
        _coded(person, "RoleIDCode", Coded(plain["requester_role"], "Carnet", plain["requester_role"]))
    _participant(root, source.repository, requestor=False, role=ours)


def _participant(root: Any, user: str, *, requestor: bool, role: Coded | None = None) -> Any:
    found = etree.SubElement(root, "ActiveParticipant", UserID=_text(user), UserIsRequestor=str(requestor).lower())
    if role is not None:
        _coded(found, "RoleIDCode", role)
    return found


def _objects(root: Any, told: Told, source: AuditSource) -> None:
    plain = told.plain
    patient = plain.get("patient", "")
    if patient or told.pseudonym:
        _object(root, patient or told.pseudonym, "1", "1", PATIENT_NUMBER if patient else PSEUDONYM)
    if plain.get("action") == "iti18" and plain.get("detail"):
        detail = str(plain["detail"])
        _object(root, detail.split(" ", 1)[0], "2", "24", codes_of("iti18", ()).kind, query=detail)
    words = words_of(plain.get("action", ""))
    about = words.about if words is not None else ""
    for identifier in plain.get("objects", ()):
        if about == "documents":
            _detail(_object(root, identifier, "2", "3", REPORT_NUMBER), "Repository Unique Id", source.repository)
        elif about == "party":
            _object(root, identifier, "1", "15", USER_NUMBER)
    line = _object(root, f"{source.origin}/{told.index}", "2", "13", TRACE_INDEX)
    for name in ("mode", "reason", "matrix_version"):
        if plain.get(name):
            _detail(line, name, str(plain[name]))
    if plain.get("rules"):
        _detail(line, "rules", " ".join(plain["rules"]))


def _object(root: Any, identifier: str, kind: str, role: str, coded: Coded, *, query: str = "") -> Any:
    """`kind` and `role` are ParticipantObjectTypeCode and ParticipantObjectTypeCodeRole (DICOM PS3.15 A.5.2).

    The schema of the standard demands a name or a query: the name says what the identifier is, never of whom.
    """
    found = etree.SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=_text(identifier),
        ParticipantObjectTypeCode=kind,
        ParticipantObjectTypeCodeRole=role,
    )
    _coded(found, "ParticipantObjectIDTypeCode", coded)
    if query:
        etree.SubElement(found, "ParticipantObjectQuery").text = _base64(query)
    else:
        etree.SubElement(found, "ParticipantObjectName").text = _text(coded.text)
    return found


def _detail(parent: Any, name: str, value: str) -> None:
    etree.SubElement(parent, "ParticipantObjectDetail", type=name, value=_base64(value))


def _coded(parent: Any, name: str, coded: Coded) -> None:
    attributes = {"csd-code": coded.code, "codeSystemName": coded.system, "originalText": coded.text}
    etree.SubElement(parent, name, {key: _text(value) for key, value in attributes.items()})


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _text(text: str) -> str:
    """Text that XML can hold: callers choose the names of their software."""
    return _NOT_XML.sub("\ufffd", text)
