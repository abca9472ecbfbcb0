"""Public sample documents for the demonstration, as they are but for one thing: an INS whose control key is wrong gets the right one.

Some published samples carry such numbers. No person can be registered under them, so that the door would rightly refuse the documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from carnet.cda.entry_mapping import ins_of
from carnet.cda.header import read_header
from carnet.cda.participants import Patient
from carnet.errors import InvalidMetadata
from carnet.identity.ins import check, key_of
from carnet.metadata import PatientIdentifier


@dataclass(frozen=True, slots=True)
class Sample:
    """A document to send, with the fictitious patient that it names. `corrected`: its INS had a wrong key."""

    name: str
    content: bytes
    identifier: PatientIdentifier
    patient: Patient
    corrected: bool


def read_samples(folder: Path) -> tuple[Sample, ...]:
    """The `*.xml` of a folder, in the order of their names; none when there is no such folder. Raises InvalidDocument."""
    return tuple(_sample(path) for path in sorted(folder.glob("*.xml")))


def _sample(path: Path) -> Sample:
    content = path.read_bytes()
    patient = read_header(content).patient
    identifier = ins_of(patient)
    try:
        check(identifier.value, identifier.authority, test_identities=True)
    except InvalidMetadata:
        body = identifier.value[:13]
        right = f"{body}{key_of(body):02}"
        corrected = content.replace(identifier.value.encode(), right.encode())
        return Sample(path.name, corrected, PatientIdentifier(right, identifier.authority), patient, corrected=True)
    return Sample(path.name, content, identifier, patient, corrected=False)
