"""The patient's trail as it is shown: read and traced, with names from the directory, without what the viewer may not know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from carnet.audit.sentences import Filter, Language, Reader, Viewer, sentence, shown
from carnet.identity.directory import organization, professional
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, PatientIdentifier
from carnet.platform import Connection, Platform
from carnet.record.administration import trail
from carnet.record.gate import Gate
from carnet.record.operator_line import known_patient
from carnet.registry.dated_entries import signatures_of
from carnet.registry.holder import Holder
from carnet.registry.masked_documents import masked_documents

HIDDEN_BY: Mapping[Viewer, frozenset[str]] = {  # rules §1.3, §2.6
    Viewer.HOLDER: frozenset({INVISIBLE_PATIENT}),
    Viewer.REPRESENTATIVE: frozenset({INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX}),
    Viewer.PROFESSIONAL: frozenset(),  # what hides from professionals is decided by which lines they are shown
}
WITHHELD_FROM: Mapping[Viewer, frozenset[str]] = {  # whoever read a document kept from the parents would tell of it
    Viewer.HOLDER: frozenset(),
    Viewer.REPRESENTATIVE: frozenset({INVISIBLE_REPRESENTANTS_LEGAUX}),
    Viewer.PROFESSIONAL: frozenset(),
}


def told_trail(
    gate: Gate,
    patient: PatientIdentifier,
    *,
    operator: str,
    language: Language = "fr",
    viewer: Viewer = Viewer.HOLDER,
    chosen: Filter | None = None,
) -> list[tuple[Mapping[str, Any], str]]:
    """The lines that the viewer sees, oldest first, each with its sentence; this reading is traced and is the last of them.

    Raises UnknownPatient.
    """
    lines = trail(gate, patient, operator=operator)
    platform = gate.platform
    reader = gate.read(
        lambda connection: reader_of(platform, connection, patient, lines, language=language, viewer=viewer)
    )
    return [(line, sentence(line, reader)) for line in shown(lines, reader, chosen or Filter())]


def reader_of(
    platform: Platform,
    connection: Connection,
    patient: PatientIdentifier,
    lines: Iterable[Mapping[str, Any]],
    *,
    language: Language,
    viewer: Viewer,
) -> Reader:
    """Who reads these lines, with the names that they need and what this viewer may not be told."""
    masks = _masks(platform, connection, patient)
    hidden = frozenset(document for document, of in masks.items() if of & HIDDEN_BY[viewer])
    withheld = frozenset(document for document, of in masks.items() if of & WITHHELD_FROM[viewer])
    signatures = signatures_of(connection, _holder(platform, connection, patient))
    hidden |= signatures
    if withheld:  # a line of such a document and of its signature would tell of it
        withheld |= signatures
    return Reader(viewer, language, hidden, withheld, _names(connection, lines))


def hidden_documents(
    platform: Platform, connection: Connection, patient: PatientIdentifier, viewer: Viewer
) -> frozenset[str]:
    """The uniqueIds of documents that this viewer may not know of now."""
    masks = _masks(platform, connection, patient)
    return frozenset(document for document, of in masks.items() if of & HIDDEN_BY[viewer])


def _masks(platform: Platform, connection: Connection, patient: PatientIdentifier) -> dict[str, frozenset[str]]:
    """The masks that each document has now, by uniqueId; documents without any are left out."""
    return masked_documents(connection, _holder(platform, connection, patient))


def _holder(platform: Platform, connection: Connection, patient: PatientIdentifier) -> Holder:
    known = known_patient(platform, connection, patient)
    key = platform.keyring.patient_key(known.pseudonym)
    return Holder(known.patient_key, key, "", "", platform.clock(), patient.cx())


def _names(connection: Connection, lines: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What the directory calls the structures and professionals of these lines; who left it keeps the identifier."""
    wanted: set[str] = set()
    for line in lines:
        if not line["problem"]:
            wanted |= {line["organization_id"], line["requester_id"], *line["objects"]}
    names = {identifier: _name(connection, identifier) for identifier in wanted if _may_be_listed(identifier)}
    return {identifier: name for identifier, name in names.items() if name}


def _may_be_listed(identifier: str) -> bool:
    """Whether it has the form of a PS_IdNat or Struct_IdNat: uniqueIds of documents are OIDs, operators have a colon."""
    return bool(identifier) and "." not in identifier and ":" not in identifier


def _name(connection: Connection, identifier: str) -> str:
    structure = organization(connection, identifier)
    if structure is not None:
        return structure.name
    person = professional(connection, identifier)
    return f"{person.given_name} {person.family_name}" if person is not None else ""
