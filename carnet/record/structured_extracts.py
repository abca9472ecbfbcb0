"""What pages about results, medicines, vaccinations and images need of a document, read out once: the forms in which extracts are kept.

A report's marks stand beside its results, which are left as bytes until somebody asks for them: most pages ask for few.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from carnet.cda.encounters import Encounter
from carnet.cda.examinations import Examination, examinations_of
from carnet.cda.formats import DICOM
from carnet.cda.header import read_header
from carnet.cda.imaging_studies import Study, manifest_of, studies_of
from carnet.cda.medication import Medication, medication_of
from carnet.cda.problems import Statements
from carnet.cda.result_marks import Mark, mark_of
from carnet.cda.result_model import Report, Result
from carnet.cda.results import is_lab_report, report_of
from carnet.cda.synthesis_model import Stated
from carnet.cda.synthesis_reading import lists_as_parts, said_in

# Types of JDV_J66.
LABORATORY_TYPES = frozenset({"11502-2", "96173-0"})
"""Reports of a laboratory, and of rapid tests (TROD): the models whose observations are results over time."""
IMAGE_TYPES = frozenset({"18748-4", "IMG-KOS"})
EXAMINATION_TYPES = frozenset({"18748-4", "55115-0"})
"""Reports of imaging, and requests for it."""
VACCINATION_TYPES = frozenset({"11369-6", "87273-9", "96874-3"})
PRESCRIPTION_TYPES = frozenset({"57833-6", "75468-9", "60593-1"})
"""Prescriptions of medicines, and what was dispensed."""
_NO_MEDICINES = frozenset(
    {"55115-0", "PRESC-BIO", "PRESC-AAT", "E1762", "EXPPAT_1", "EXPPAT_2", "EXPPAT_3", "74465-6", "59284-0", "86531-1"}
)
_NO_STATEMENTS = LABORATORY_TYPES | PRESCRIPTION_TYPES | {"IMG-KOS", "PRESC-BIO"}
_NO_ENCOUNTER = frozenset({"IMG-KOS", "E1762", "EXPPAT_1", "EXPPAT_2", "EXPPAT_3", "REMB"})
SYNTHESIS_TYPES = frozenset({"SYNTH", "60591-5"})
"""Syntheses of a record: the VSM and the French patient summary (IPS-FR)."""


class PackedStatements(msgspec.Struct, array_like=True, frozen=True):
    """What a document states: its lists of problems, history and allergies, and as bytes its other parts, which a synthesis alone asks for."""

    lists: Statements
    parts: bytes


class PackedReport(msgspec.Struct, array_like=True, frozen=True):
    """A report without its results (`about`), the mark of each, and each by itself as bytes."""

    about: Report
    marks: tuple[Mark, ...]
    packed: tuple[msgspec.Raw, ...]

    def results(self, key: str) -> tuple[Result, ...]:
        """The results of one examination."""
        return tuple(self.result(place) for place, mark in enumerate(self.marks) if mark.key == key)

    def result(self, place: int) -> Result:
        """One result by its place."""
        return _RESULT.decode(self.packed[place])


_RESULT = msgspec.msgpack.Decoder(Result)
_REPORT = msgspec.msgpack.Decoder(PackedReport)
_MEDICATION = msgspec.msgpack.Decoder(Medication)
_STATED = msgspec.msgpack.Decoder(PackedStatements)
_PARTS = msgspec.msgpack.Decoder(tuple[Stated, ...])
_STUDIES = msgspec.msgpack.Decoder(tuple[Study, ...])
_ENCOUNTER = msgspec.msgpack.Decoder(Encounter)
_EXAMINATIONS = msgspec.msgpack.Decoder(tuple[Examination, ...])
_ENCODE = msgspec.msgpack.encode


def packed_report(content: bytes, mime_type: str) -> bytes:
    """The results of a laboratory report, b'' for any other document. Raises InvalidDocument for what cannot be read as one."""
    if mime_type == DICOM or not is_lab_report(read_header(content)):
        return b""
    report = report_of(content)
    if not report.results:
        return b""
    packed = tuple(msgspec.Raw(_ENCODE(one)) for one in report.results)
    return _ENCODE(PackedReport(replace(report, results=()), tuple(map(mark_of, report.results)), packed))


def packed_medication(content: bytes, mime_type: str) -> bytes:
    """Medicines and vaccinations of a document, b'' for one that speaks of none."""
    if mime_type == DICOM:
        return b""
    found = medication_of(content)
    return _ENCODE(found) if found.lines or found.absences else b""


def packed_statements(content: bytes, mime_type: str) -> bytes:
    """What a document states part by part, as a synthesis does; b'' for one that has no such part."""
    if mime_type == DICOM:
        return b""
    said = said_in(content)
    if not said.lists.lists and not said.parts:
        return b""
    return _ENCODE(PackedStatements(said.lists, _ENCODE(said.parts)))


def packed_studies(content: bytes, mime_type: str) -> bytes:
    """Where images are, as a report or a manifest says; b'' for a document that says nothing of it."""
    found = manifest_of(content) if mime_type == DICOM else studies_of(content)
    return _ENCODE(found) if found else b""


def packed_examinations(content: bytes, mime_type: str) -> bytes:
    """The examinations that a document says to have been done, or asks for; b'' for one that names none."""
    found = () if mime_type == DICOM else examinations_of(content)
    return _ENCODE(found) if found else b""


def packed_encounter(content: bytes, mime_type: str) -> bytes:
    """The encounter in which a document was written; b'' where it tells neither a kind nor a time."""
    if mime_type == DICOM:
        return b""
    found = read_header(content).encounter
    return _ENCODE(found) if found.setting or found.began or found.ended else b""


def has_report(type_code: str) -> bool:
    """Whether documents of a type are laboratory reports."""
    return type_code in LABORATORY_TYPES


def has_medication(type_code: str) -> bool:
    """Whether documents of a type may speak of medicines or vaccinations as structured lines: all that care is written in, but for the other two kinds."""
    return type_code not in LABORATORY_TYPES | IMAGE_TYPES | _NO_MEDICINES and not type_code.startswith("DOCPAT")


def has_statements(type_code: str) -> bool:
    """Whether documents of a type may state problems, allergies or other parts of a synthesis."""
    return type_code not in _NO_STATEMENTS and not type_code.startswith("DOCPAT")


def has_studies(type_code: str) -> bool:
    """Whether documents of a type may say where images are."""
    return type_code in IMAGE_TYPES


def has_examinations(type_code: str) -> bool:
    """Whether documents of a type may name examinations of imaging."""
    return type_code in EXAMINATION_TYPES


def has_encounter(type_code: str) -> bool:
    """Whether documents of a type are written in an encounter: not the patient's own, nor signatures."""
    return type_code not in _NO_ENCOUNTER and not type_code.startswith("DOCPAT")


def report_in(plain: bytes) -> PackedReport:
    """The extract of a laboratory report."""
    return _REPORT.decode(plain)


def medication_in(plain: bytes) -> Medication:
    """The extract of medicines and vaccinations."""
    return _MEDICATION.decode(plain)


def lists_in(plain: bytes) -> Statements:
    """Problems, history and allergies, out of the extract of what a document states."""
    return _STATED.decode(plain).lists


def parts_in(plain: bytes) -> tuple[Stated, ...]:
    """All that a synthesis takes of the same."""
    found = _STATED.decode(plain)
    return (*lists_as_parts(found.lists), *_PARTS.decode(found.parts))


def studies_in(plain: bytes) -> tuple[Study, ...]:
    """The extract of examinations with images."""
    return _STUDIES.decode(plain)


def examinations_in(plain: bytes) -> tuple[Examination, ...]:
    """The extract of examinations done or asked for."""
    return _EXAMINATIONS.decode(plain)


def encounter_of(plain: bytes) -> Encounter:
    """The extract of the encounter in which a document was written."""
    return _ENCOUNTER.decode(plain)
