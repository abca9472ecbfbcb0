"""What one line of the trace says (who, what, when, whose record, from where: EHDS, Annex II 3.2), and its form as an entry.

The entry is what is hashed, sealed in the tree and shown to witnesses. Whatever could name a person stands in it as a salted commitment
only; the plain values are in the openings, sealed under the patient's key, so that destroying the key removes the reading, not the proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from carnet.audit.canonical_json import encode
from carnet.errors import IntegrityFailure

Outcome = Literal["done", "refused", "failed"]
FORM = 1


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One act and how it ended.

    `action` is `iti18`, `iti43` …; `at` in microseconds UTC; `mode` and `reason` those of the requester; `certificate` the SHA-256 of the
    client certificate, hexadecimal; `patient` the INS as CX, '' for none; `objects` the uniqueIds shown or touched; `rules` the names of
    those that decided, under the matrix of that version; `secret` is true for a connexion secrète. Nothing of it is health content.
    """

    action: str
    outcome: Outcome
    at: int
    mode: str = ""
    reason: str = ""
    requester_id: str = ""
    requester_name: str = ""
    requester_role: str = ""
    organization_id: str = ""
    organization_name: str = ""
    software: str = ""
    address: str = ""
    certificate: str = ""
    patient: str = ""
    objects: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    matrix_version: str = ""
    detail: str = ""
    secret: bool = False

    def identifying(self) -> dict[str, Any]:
        """The values that stand in the entry as commitments: what is disclosed together, under one name."""
        return {
            "objects": sorted(self.objects),
            "organization": [self.organization_id, self.organization_name],
            "origin": [self.software, self.address, self.certificate],
            "patient": [self.patient],
            "purpose": [self.reason, self.detail, self.secret],
            "requester": [self.requester_id, self.requester_name],
        }


_DISCLOSED = {
    "organization": ("organization_id", "organization_name"),
    "origin": ("software", "address", "certificate"),
    "patient": ("patient",),
    "purpose": ("reason", "detail", "secret"),
    "requester": ("requester_id", "requester_name"),
}


def disclose(values: Mapping[str, Any]) -> dict[str, Any]:
    """What `identifying` gave, under the names of the fields again. Raises IntegrityFailure for values of another shape."""
    try:
        plain = {
            field: value
            for name, fields in _DISCLOSED.items()
            for field, value in zip(fields, values[name], strict=True)
        }
        return plain | {"objects": tuple(values["objects"])}
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityFailure("The sealed values of a line of the trace have another shape.") from error


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The place of an entry among those of one patient: 1 for the first; `previous` is the leaf hash (base64) of the one before."""

    patient_key: int
    previous: str | None
    seq: int


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry. `committed` and `openings` (of the sealed openings as stored) are SHA-256 in base64; `link` None: of no patient."""

    action: str
    at: int
    committed: dict[str, str]
    link: Link | None
    matrix: str
    mode: str
    openings: str
    outcome: str
    role: str
    rules: tuple[str, ...]
    v: int


_DECODER = msgspec.json.Decoder(Entry)


def encode_entry(event: AuditEvent, committed: dict[str, str], openings: str, link: Link | None) -> bytes:
    """The canonical bytes of an entry."""
    return encode(
        Entry(
            action=event.action,
            at=event.at,
            committed=committed,
            link=link,
            matrix=event.matrix_version,
            mode=event.mode,
            openings=openings,
            outcome=event.outcome,
            role=event.requester_role,
            rules=event.rules,
            v=FORM,
        )
    )


def decode_entry(entry: bytes) -> Entry:
    """Reads an entry. Raises IntegrityFailure when the bytes are not one of a known form."""
    try:
        decoded = _DECODER.decode(entry)
    except (msgspec.DecodeError, ValueError) as error:
        raise IntegrityFailure("A line of the trace cannot be read.") from error
    if decoded.v != FORM:
        raise IntegrityFailure("A line of the trace has a form that this version does not know.")
    return decoded
