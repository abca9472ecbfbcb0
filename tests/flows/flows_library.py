"""A record with some of everything, for the stored queries. Loaded by conftest; what is found in it is named by title."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flows_house import Record

from carnet.client.feeding import from_cda
from carnet.clock import MINUTE, from_datetime
from carnet.demo.documents import LAB_REPORT, PRESCRIPTION, level_3
from carnet.demo.people import BIOLOGIST, HOSPITAL_DOCTOR, LABORATORY
from carnet.metadata import AssociationType, AvailabilityStatus, Code, DocumentEntry, Folder, SubmissionSet
from carnet.soap.messages import quoted

NOON = from_datetime(dt.datetime(2026, 3, 15, 12, 0, 30, tzinfo=dt.UTC))
SNOMED, CCAM = "2.16.840.1.113883.6.96", "1.2.250.1.213.2.5"
CONSULTED, MEASURED, SEWN = Code("11429006", SNOMED), Code("DEQP003", CCAM), Code("QZJA001", CCAM)
ACCESSION = "A-2026-17^^^&1.2.250.1.999.3&ISO^urn:ihe:iti:xds:2013:accession"
ORDER = "O-2026-4^^^&1.2.250.1.999.3&ISO^urn:ihe:iti:xds:2013:order"
STATUS = ("$XDSDocumentEntryStatus", quoted(AvailabilityStatus.APPROVED.value))
CURRENT = ["Bilan de l'automne", "Consultation", "Nouvelle lettre", "Ordonnance"]


@dataclass
class Library:
    """The record and what tests name in it."""

    record: Record
    first: SubmissionSet
    consultation: DocumentEntry
    report: DocumentEntry
    letter: DocumentEntry
    old: DocumentEntry
    folder: Folder

    @property
    def patient(self):
        """The slot of the patient in FindDocuments."""
        return "$XDSDocumentEntryPatientId", self.record.cx

    def find(self, *slots, status=STATUS):
        """The titles that FindDocuments gives with these slots, sorted."""
        answer = self.record.ask("FindDocuments", [self.patient, status, *slots])
        assert not answer.errors, answer.errors
        return sorted(entry.title for entry in answer.entries)


def make_library(house):
    """Puts in documents of several types, times, authors and states, and a folder."""
    record = house.new_record()
    tie, holds = record.tie, record.holds
    consultation = record.document(
        title="Consultation",
        created=NOON,
        entry={"event_codes": (CONSULTED, MEASURED), "reference_ids": (ACCESSION, ORDER)},
    )
    folder = record.folder()
    first = record.submission(
        consultation,
        folders=[folder],
        links=[holds("Folder01", "Document01")],
    )
    assert not record.send(first).errors
    report = from_cda(
        level_3(record.draft(type=LAB_REPORT, title="Bilan de l'automne", author=BIOLOGIST, created=NOON + 60 * MINUTE))
    )
    assert not record.send(record.submission(report, by=LABORATORY), LABORATORY).errors
    record.add(
        by=HOSPITAL_DOCTOR,
        type=PRESCRIPTION,
        title="Ordonnance",
        created=NOON + 120 * MINUTE,
        entry={"event_codes": (CONSULTED, SEWN), "reference_ids": (ORDER,)},
    )
    old = record.add(title="Ancienne lettre", created=NOON - 60 * MINUTE)
    letter = record.document(title="Nouvelle lettre", created=NOON - 30 * MINUTE)
    made = record.submission(letter, links=[tie(AssociationType.RPLC, "Document01", old.entry_uuid)])
    assert not record.send(made).errors
    for title, status in (("Archive", AvailabilityStatus.ARCHIVED), ("Rebut", AvailabilityStatus.DELETED)):
        assert not record.set_status(record.add(title=title, created=NOON - 600 * MINUTE), status).errors
    return Library(
        record=record,
        first=first.submission_set,
        consultation=record.entry(consultation.entry.unique_id),
        report=record.entry(report.entry.unique_id),
        letter=record.entry(letter.entry.unique_id),
        old=record.entry(old.unique_id),
        folder=record.ask("GetFolders", [("$XDSFolderUniqueId", quoted(folder.unique_id))]).folders[0],
    )
