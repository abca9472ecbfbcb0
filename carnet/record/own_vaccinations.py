"""Vaccinations in the space: done, not given, said to be due, and what cannot be known. What documents say, and no calendar of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from carnet.authorization.patient_side import PatientRight
from carnet.cda.medication import LineKind, MedicineLine
from carnet.metadata import PatientIdentifier
from carnet.record.document_extracts import Missing, in_use
from carnet.record.own_documents import SpaceDocument, Visible, in_words, visible_documents
from carnet.record.own_medicines import ReadMedication, medication_among, stating
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.record.structured_extracts import VACCINATION_TYPES
from carnet.record.told_documents import Origins, Unread, unread_among


@dataclass(frozen=True, slots=True)
class Injection:
    """One vaccination as documents tell it: the newest that tells it gives the line, all that tell the same stand beside it."""

    line: MedicineLine
    documents: tuple[SpaceDocument, ...]
    new: bool


@dataclass(frozen=True, slots=True)
class OwnVaccination:
    """`done` and `refused` from the latest on, without a date last; `due` from the earliest on, as documents say; statements of absence."""

    done: tuple[Injection, ...]
    refused: tuple[Injection, ...]
    due: tuple[Injection, ...]
    none_known: tuple[SpaceDocument, ...]
    not_known: tuple[SpaceDocument, ...]
    unread: Unread
    missing: Missing


@dataclass(frozen=True, slots=True)
class OwnVaccinations(PatientDesk):
    """The act."""

    def card(self, patient: PatientIdentifier) -> OwnVaccination:
        """All that documents say of vaccinations."""
        return self.perform(patient, "see-vaccinations", PatientRight.SEE, _card)


def _card(room: PatientRoom) -> OwnVaccination:
    shown = visible_documents(room)
    read, missing = medication_among(room, shown)
    told = _Words(room)
    injected = _injections(read, LineKind.INJECTED, told)
    telling = {one.document.found.unique_id for one in read} | set(missing.unique_ids)
    unread = [
        one for one in in_use(shown) if one.found.type_code in VACCINATION_TYPES and one.found.unique_id not in telling
    ]
    return OwnVaccination(
        done=tuple(one for one in injected if not one.line.refused),
        refused=tuple(one for one in injected if one.line.refused),
        due=tuple(sorted(_injections(read, LineKind.DUE, told), key=lambda one: one.line.start or "9")),
        none_known=stating(room, read, "vaccinations", known=True),
        not_known=stating(room, read, "vaccinations", known=False),
        unread=unread_among(room, unread),
        missing=missing,
    )


class _Words:
    """Documents in words, each opened once."""

    def __init__(self, room: PatientRoom) -> None:
        self._room = room
        self._known: dict[str, SpaceDocument] = {}
        self._origins = Origins(room)

    def of(self, document: Visible) -> SpaceDocument:
        name = document.found.unique_id
        if name not in self._known:
            self._known[name] = in_words(self._room, [document])[0]
        return self._known[name]

    def is_new(self, documents: Sequence[Visible]) -> bool:
        return all(self._origins.is_new(one) for one in documents)


def _injections(read: Sequence[ReadMedication], kind: LineKind, told: _Words) -> list[Injection]:
    """What is told the same, to the letter, by several documents is one line with all of them beside it."""
    found: dict[tuple[str, ...], tuple[MedicineLine, dict[str, Visible]]] = {}
    for one in read:
        for line in one.said.lines:
            if line.kind is kind:
                known = found.setdefault(_same(line), (line, {}))
                known[1][one.document.found.unique_id] = one.document
    made = [
        Injection(line, tuple(told.of(one) for one in documents.values()), told.is_new(tuple(documents.values())))
        for line, documents in found.values()
    ]
    return sorted(made, key=lambda one: one.line.start, reverse=True)


def _same(line: MedicineLine) -> tuple[str, ...]:
    return (line.start[:8], line.product.code, line.name.casefold(), line.lot, line.rank, str(line.refused))
