"""The HL7 v2 texts that XDS metadata are made of: CX, XCN, XON, CXi and the author's specialty (ITI TF-3 table 4.2.3.1.7-2, CI-SIS).

One side writes them from what a CDA header names, the other says what is wrong with those of a submission.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from carnet.cda.participants import INS_AUTHORITIES, PROFESSIONALS, STRUCTURES, Identifier, Organization, Participant
from carnet.metadata import Code

LEGAL_ENTITIES = "1.3.2"
"""SIREN of the vendor of a referenced digital service (SNR), as the authority of an XON."""

_IDENTIFIER_TYPES: Mapping[str, tuple[str, frozenset[str] | None, tuple[int, ...]]] = MappingProxyType(
    {
        # XCN.13: XCN.10, authorities of XCN.9 (None: any OID), components that must be there
        "IDNPS": ("D", frozenset({PROFESSIONALS}), (1, 2, 3)),  # a professional, by PS_IdNat
        "NH": ("D", INS_AUTHORITIES, (1, 2, 3)),  # the patient, by INS
        "RI": ("U", None, (1, 2)),  # a device or a digital service
    }
)
_ORGANIZATION_TYPES: Mapping[str, str] = MappingProxyType(
    {"IDNST": STRUCTURES, "SIREN": LEGAL_ENTITIES}  # XON.7: authority of XON.6
)


def person_text(participant: Participant) -> str:
    """XCN of an author or legal authenticator; '' when it carries no identifier.

    A person of the directory is IDNPS, the patient NH, a device RI with its model and software as the two names.
    """
    if not participant.ids:
        return ""
    identifier = participant.ids[0]
    if participant.device is not None:
        model, software = participant.device
        return _xcn(identifier.extension, model, software, PROFESSIONALS, "RI")
    if identifier.root in INS_AUTHORITIES:
        return _xcn(identifier.extension, participant.family, participant.given, identifier.root, "NH")
    return _xcn(identifier.extension, participant.family, participant.given, PROFESSIONALS, "IDNPS")


def organization_text(organization: Organization) -> str:
    """XON of a structure by its Struct_IdNat; '' when it carries none."""
    found = next((one.extension for one in organization.ids if one.root == STRUCTURES and one.extension), "")
    return f"{_plain(organization.name)}^^^^^&{STRUCTURES}&ISO^IDNST^^^{found}" if found else ""


def specialty_text(code: Code) -> str:
    """An authorSpecialty `code^label^system`; '' for no code."""
    return f"{code.code}^{_plain(code.display)}^{code.system}" if code.code else ""


def identifier_text(identifier: Identifier, kind: str) -> str:
    """CX or CXi: `value^^^&OID&ISO^kind`."""
    return f"{identifier.extension}^^^&{identifier.root}&ISO^{kind}"


def parts_of(text: str, count: int) -> list[str]:
    """The first `count` components of an HL7 v2 text, '' for those that are absent."""
    return [*text.split("^"), *[""] * count][:count]


def person_faults(text: str) -> Iterator[str]:
    """What is wrong with an XCN of the metadata (CI-SIS: components 1, 2, 3, 9, 10 and 13)."""
    parts = ["", *parts_of(text, 13)]
    expected = _IDENTIFIER_TYPES.get(parts[13])
    if expected is None:
        yield f"component 13 is one of {', '.join(_IDENTIFIER_TYPES)}"
        return
    name_type, authorities, required = expected
    if not all(parts[number].strip() for number in required):
        yield f"components {', '.join(map(str, required))} are required"
    if parts[10] != name_type:
        yield f"component 10 is {name_type} when component 13 is {parts[13]}"
    authority = oid_of(parts[9])
    if not authority or (authorities is not None and authority not in authorities):
        yield f"component 9 is the authority of {parts[13]}, written &OID&ISO"


def organization_faults(text: str) -> Iterator[str]:
    """What is wrong with an XON of the metadata (CI-SIS: components 6, 7 and 10; two public examples give no name in 1)."""
    parts = ["", *parts_of(text, 10)]
    authority = _ORGANIZATION_TYPES.get(parts[7])
    if authority is None:
        yield f"component 7 is one of {', '.join(_ORGANIZATION_TYPES)}"
    elif oid_of(parts[6]) != authority:
        yield f"component 6 is &{authority}&ISO when component 7 is {parts[7]}"
    if not parts[10].strip():
        yield "component 10 is required"


def oid_of(authority: str) -> str:
    """The OID of `&OID&ISO`, '' for another form."""
    parts = authority.split("&")
    return parts[1] if len(parts) == 3 and not parts[0] and parts[2] == "ISO" else ""


def _xcn(value: str, family: str, given: str, authority: str, kind: str) -> str:
    name_type = _IDENTIFIER_TYPES[kind][0]
    return f"{value}^{_plain(family)}^{_plain(given)}^^^^^^&{authority}&ISO^{name_type}^^^{kind}"


def _plain(text: str) -> str:
    """Without the two separators, which no component may hold."""
    return text.replace("^", " ").replace("&", " ")
