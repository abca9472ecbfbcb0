"""Medicines in the space, document by document: prescribed, dispensed, given, stated, and apart what the patient's side declares.

Nothing is merged, and no list pretends to be what somebody takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from carnet.authorization.patient_side import PatientRight
from carnet.cda.medication import LineKind, Medication, MedicineLine
from carnet.cda.participants import Identifier
from carnet.metadata import PatientIdentifier
from carnet.record.document_extracts import Missing, extracts_of, in_use
from carnet.record.extractors import ExtractKind
from carnet.record.own_documents import SpaceDocument, Visible, in_words, visible_documents
from carnet.record.own_profile import ShownSection, declared_in
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.record.reading_room import ReadingRoom
from carnet.record.structured_extracts import PRESCRIPTION_TYPES, medication_in
from carnet.record.told_documents import SHOWN, Origins, Unread, unread_among

TREATMENTS = "10160-0"
PLAN = "18776-5"
"""LOINC codes of the sections of a summary that list treatments, and what is planned."""
DECLARED = "treatments"
"""The section of the health profile."""


@dataclass(frozen=True, slots=True)
class TakenLine:
    """A line of a document; `answered` is the prescription that a dispensing names, where the person may see it."""

    line: MedicineLine
    answered: SpaceDocument | None = None


@dataclass(frozen=True, slots=True)
class MedicineSheet:
    """What one document says."""

    document: SpaceDocument
    new: bool
    lines: tuple[TakenLine, ...]


@dataclass(frozen=True, slots=True)
class MedicineGroup:
    """Documents of one kind of line, the newest first; `count` is of all of them."""

    name: str
    count: int
    sheets: tuple[MedicineSheet, ...]


@dataclass(frozen=True, slots=True)
class OwnMedication:
    """The groups, always the four; who states that there is no treatment (`none_known`), or that nothing is known (`not_known`).

    `declared` is what the health profile says of treatments, `on_card` which of it stands on the emergency card.
    """

    groups: tuple[MedicineGroup, ...]
    declared: ShownSection
    on_card: frozenset[str]
    none_known: tuple[SpaceDocument, ...]
    not_known: tuple[SpaceDocument, ...]
    unread: Unread
    missing: Missing


@dataclass(frozen=True, slots=True)
class ReadMedication:
    """What one document says of medicines and vaccinations."""

    document: Visible
    said: Medication


@dataclass(frozen=True, slots=True)
class OwnMedicines(PatientDesk):
    """The act."""

    def sheet(self, patient: PatientIdentifier) -> OwnMedication:
        """All that documents say of medicines, and what is declared."""
        return self.perform(patient, "see-medicines", PatientRight.SEE, _sheet)


def medication_among(room: ReadingRoom, documents: Sequence[Visible]) -> tuple[list[ReadMedication], Missing]:
    """What documents that the person may see say of medicines and vaccinations, the newest first, and what is not read yet."""
    found = extracts_of(room, ExtractKind.MEDICATION, in_use(documents))
    read = [ReadMedication(one.document, medication_in(one.content)) for one in found.found if one.content]
    return read, found.missing


def _group_of(line: MedicineLine) -> str:
    if line.kind in (LineKind.PRESCRIBED, LineKind.DISPENSED):
        return str(line.kind.value)
    if line.kind is not LineKind.STATED:
        return ""
    return "stated" if line.section.code in {TREATMENTS, PLAN} else "given"


GROUPS = ("prescribed", "dispensed", "stated", "given")


def _sheet(room: PatientRoom) -> OwnMedication:
    shown = visible_documents(room)
    read, missing = medication_among(room, shown)
    answered = _prescriptions(read)
    origins = Origins(room)
    saying = _by_group(read)
    groups = tuple(_group(room, name, saying.get(name, ()), answered, origins) for name in GROUPS)
    telling = {one.document.found.unique_id for one in read} | set(missing.unique_ids)
    unread = [
        one for one in in_use(shown) if one.found.type_code in PRESCRIPTION_TYPES and one.found.unique_id not in telling
    ]
    declared, on_card = declared_in(room, DECLARED)
    found = OwnMedication(
        groups,
        declared,
        on_card,
        none_known=stating(room, read, "medicines", known=True),
        not_known=stating(room, read, "medicines", known=False),
        unread=unread_among(room, unread),
        missing=missing,
    )
    room.touched[:] = dict.fromkeys(room.touched)
    return found


def _by_group(read: Iterable[ReadMedication]) -> dict[str, list[ReadMedication]]:
    """The documents that have a line of each group, in their order."""
    found: dict[str, list[ReadMedication]] = {}
    for one in read:
        for name in dict.fromkeys(map(_group_of, one.said.lines)):
            found.setdefault(name, []).append(one)
    return found


def _prescriptions(read: Iterable[ReadMedication]) -> dict[Identifier, Visible]:
    """The documents that prescribe, by the identifiers of their lines."""
    return {
        name: one.document
        for one in read
        for line in one.said.lines
        if line.kind is LineKind.PRESCRIBED
        for name in line.ids
    }


def _group(
    room: PatientRoom,
    name: str,
    saying: Sequence[ReadMedication],
    prescriptions: dict[Identifier, Visible],
    origins: Origins,
) -> MedicineGroup:
    some = saying[:SHOWN]
    words = in_words(room, [one.document for one in some])
    told = partial(_line, room, prescriptions)
    sheets = tuple(
        MedicineSheet(document, origins.is_new(one.document), _lines(one.said, name, told))
        for one, document in zip(some, words, strict=True)
    )
    return MedicineGroup(name, len(saying), sheets)


def _lines(said: Medication, name: str, told: Callable[[MedicineLine], TakenLine]) -> tuple[TakenLine, ...]:
    return tuple(told(line) for line in said.lines if _group_of(line) == name)


def _line(room: ReadingRoom, prescriptions: dict[Identifier, Visible], line: MedicineLine) -> TakenLine:
    found = next((prescriptions[name] for name in line.answers if name in prescriptions), None)
    return TakenLine(line, in_words(room, [found])[0] if found is not None else None)


def stating(room: ReadingRoom, read: Sequence[ReadMedication], about: str, *, known: bool) -> tuple[SpaceDocument, ...]:
    """The newest documents that state that there is none (`known`), or that nothing is known."""
    found = [
        one.document
        for one in read
        if any(absence.about == about and absence.known is known for absence in one.said.absences)
    ]
    return in_words(room, found[:SHOWN])
