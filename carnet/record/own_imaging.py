"""Imaging in the space: reports and manifests of the same examination together, and where its images are. No image is kept here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from carnet.authorization.patient_side import PatientRight
from carnet.cda.imaging_studies import Study
from carnet.metadata import PatientIdentifier
from carnet.record.document_extracts import Missing, extracts_of, in_use
from carnet.record.document_families import Family
from carnet.record.extractors import ExtractKind
from carnet.record.own_documents import SpaceDocument, Visible, in_words, visible_documents
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.record.structured_extracts import studies_in
from carnet.record.told_documents import Origins

MANIFEST = "IMG-KOS"
REQUEST = "55115-0"
PAGE = 20
"""Examinations of one page."""


@dataclass(frozen=True, slots=True)
class ImagedExamination:
    """One examination: its reports and the manifests of its images, the newest first; `studies` is what they say of the images."""

    reports: tuple[SpaceDocument, ...]
    manifests: tuple[SpaceDocument, ...]
    studies: tuple[Study, ...]
    new: bool


@dataclass(frozen=True, slots=True)
class OwnImages:
    """One page of examinations, the newest first, of `count`; `missing` are documents not read yet."""

    examinations: tuple[ImagedExamination, ...]
    count: int
    missing: Missing


@dataclass(frozen=True, slots=True)
class OwnImaging(PatientDesk):
    """The act."""

    def examinations(self, patient: PatientIdentifier, offset: int = 0) -> OwnImages:
        """One page of examinations, from number `offset` on."""
        return self.perform(patient, "see-imaging", PatientRight.SEE, lambda room: _examinations(room, offset))


@dataclass(slots=True)
class _Gathered:
    documents: list[Visible] = field(default_factory=list)
    studies: dict[str, Study] = field(default_factory=dict)


def _examinations(room: PatientRoom, offset: int) -> OwnImages:
    shown = visible_documents(room)
    imaging = [one for one in in_use(shown) if one.family is Family.IMAGING and one.found.type_code != REQUEST]
    found = extracts_of(room, ExtractKind.IMAGING, imaging)
    said = {one.document.found.unique_id: studies_in(one.content) for one in found.found if one.content}
    gathered = _gathered(imaging, said)
    origins = Origins(room)
    page = tuple(_told(room, one, origins) for one in gathered[offset : offset + PAGE])
    return OwnImages(page, len(gathered), found.missing)


def _gathered(documents: Sequence[Visible], said: dict[str, tuple[Study, ...]]) -> list[_Gathered]:
    """Documents that name a common study together, the others each by itself; in the order of the first of each."""
    groups: list[_Gathered] = []
    of_study: dict[str, _Gathered] = {}
    for document in documents:
        studies = said.get(document.found.unique_id, ())
        known = {id(group): group for one in studies if (group := of_study.get(one.uid)) is not None}
        group, *others = [*known.values()] or [_Gathered()]
        for other in others:
            _join(group, other)
            groups = [one for one in groups if one is not other]
        if not known:
            groups.append(group)
        group.documents.append(document)
        for one in studies:
            group.studies.setdefault(one.uid, one)
        of_study.update(dict.fromkeys(group.studies, group))
    return groups


def _join(group: _Gathered, other: _Gathered) -> None:
    group.documents += other.documents
    group.studies = {**group.studies, **other.studies}


def _told(room: PatientRoom, group: _Gathered, origins: Origins) -> ImagedExamination:
    words = in_words(room, group.documents)
    pairs = tuple(zip(group.documents, words, strict=True))
    return ImagedExamination(
        reports=tuple(words for one, words in pairs if one.found.type_code != MANIFEST),
        manifests=tuple(words for one, words in pairs if one.found.type_code == MANIFEST),
        studies=tuple(group.studies.values()),
        new=any(origins.is_new(one) for one in group.documents),
    )
