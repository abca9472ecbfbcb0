"""What pages about results, medicines, vaccinations and images need of a document, read out once: the forms in which extracts are kept.

A report's marks stand beside its results, which are left as bytes until somebody asks for them: most pages ask for few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import msgspec

from carnet.cda.formats import DICOM
from carnet.cda.header import read_header
from carnet.cda.imaging_studies import Study, manifest_of, studies_of
from carnet.cda.medication import Medication, medication_of
from carnet.cda.result_marks import Mark, mark_of
from carnet.cda.result_model import Report, Result
from carnet.cda.results import is_lab_report, report_of
from carnet.errors import InvalidDocument

REPORT, MEDICATION, IMAGING = "report", "medication", "imaging"
VERSION = 1
"""Of all three; a change of what is read or how it is kept takes the next number."""


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
_STUDIES = msgspec.msgpack.Decoder(tuple[Study, ...])
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


def packed_studies(content: bytes, mime_type: str) -> bytes:
    """Where images are, as a report or a manifest says; b'' for a document that says nothing of it."""
    found = manifest_of(content) if mime_type == DICOM else studies_of(content)
    return _ENCODE(found) if found else b""


EXTRACTORS: Mapping[str, Callable[[bytes, str], bytes]] = MappingProxyType(
    {REPORT: packed_report, MEDICATION: packed_medication, IMAGING: packed_studies}
)
"""By the kind of extract: from a document's bytes and media type to what is kept of it."""


def report_in(plain: bytes) -> PackedReport:
    """The extract of a laboratory report."""
    return _REPORT.decode(plain)


def medication_in(plain: bytes) -> Medication:
    """The extract of medicines and vaccinations."""
    return _MEDICATION.decode(plain)


def studies_in(plain: bytes) -> tuple[Study, ...]:
    """The extract of examinations with images."""
    return _STUDIES.decode(plain)


__all__ = [
    "EXTRACTORS",
    "IMAGING",
    "MEDICATION",
    "REPORT",
    "VERSION",
    "InvalidDocument",
    "Medication",
    "PackedReport",
    "Study",
    "medication_in",
    "packed_medication",
    "packed_report",
    "packed_studies",
    "report_in",
    "studies_in",
]
