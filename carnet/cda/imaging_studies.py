"""Where the images of an examination are, as its report (CDA, DICOM object catalogue) or its manifest (KOS) says. No image is in either.

Only the host of an address is kept: who may fetch images asks there with rights of their own (DRIM-M), and nobody follows it from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from carnet.cda.contents import clinical_document
from carnet.cda.dicom_files import read_dicom
from carnet.cda.kos import read_kos
from carnet.cda.participants import HL7, child_at, code_of
from carnet.cda.result_values import Anchors, anchors_of, label_of

_STUDY = "1.2.840.10008.9.16"
"""Study Act (DICOM PS3.20, FR-DICOM-Examen-imagerie)."""
_SERIES = "113015"
_MODALITY = "121139"
_IMAGE = "DGIMG"
_EVIDENCE = "CurrentRequestedProcedureEvidenceSequence"
_LONGEST = 20
"""Hosts and modalities that are kept of one examination."""


@dataclass(frozen=True, slots=True)
class Study:
    """One examination: its Study Instance UID, an HL7 time stamp as received, and words of its modalities ('CT' where none are given).

    `hosts` are the names of the machines that the document says to have the images, `images` how many it references.
    """

    uid: str
    began: str = ""
    modalities: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    series: int = 0
    images: int = 0


def studies_of(content: bytes) -> tuple[Study, ...]:
    """The examinations that a CDA document catalogues; none for most. Raises InvalidDocument for what is no CDA."""
    document = clinical_document(content)
    anchors = anchors_of(document)
    found = (act for act in document.iter(f"{HL7}act") if _is_study(act))
    studies = (_study(act, anchors) for act in found)
    return tuple({one.uid: one for one in studies if one.uid}.values())


def _is_study(act: Any) -> bool:
    return any(one.get("root") == _STUDY for one in act.iterchildren(f"{HL7}templateId"))


def _study(act: Any, anchors: Anchors) -> Study:
    series = [one for one in act.iter(f"{HL7}act") if code_of(child_at(one, "code")).code == _SERIES]
    images = [one for one in act.iter(f"{HL7}observation") if one.get("classCode") == _IMAGE]
    began = child_at(act, "effectiveTime")
    return Study(
        uid=_root(act),
        began="" if began is None else began.get("value", ""),
        modalities=_few(word for one in series for word in _modalities(one, anchors)),
        hosts=_few(_host(_address(one)) for one in images),
        series=len(series),
        images=len(images),
    )


def _root(act: Any) -> str:
    found = child_at(act, "id")
    return "" if found is None else str(found.get("root", ""))


def _modalities(series: Any, anchors: Anchors) -> Iterator[str]:
    for qualifier in child_at(series, "code").iterchildren(f"{HL7}qualifier"):
        if code_of(child_at(qualifier, "name")).code == _MODALITY:
            yield label_of(child_at(qualifier, "value"), anchors)


def _address(image: Any) -> str:
    found = child_at(image, "text", "reference")
    return "" if found is None else str(found.get("value", ""))


def _host(address: str) -> str:
    try:
        return urlsplit(address.strip()).hostname or ""
    except ValueError:
        return ""


def _few(words: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order, a few of them."""
    return tuple(dict.fromkeys(word[:200] for word in words if word))[:_LONGEST]


def manifest_of(content: bytes) -> tuple[Study, ...]:
    """The examinations that a DICOM manifest references. Raises InvalidDocument for anything else."""
    read_kos(content)
    found = read_dicom(content)
    return tuple(_referenced(item, found) for item in found.get(_EVIDENCE) or ())


def _referenced(item: Any, manifest: Any) -> Study:
    series = list(item.get("ReferencedSeriesSequence") or ())
    return Study(
        uid=_text(item, "StudyInstanceUID"),
        began=_text(manifest, "StudyDate") or _text(manifest, "ContentDate"),
        modalities=_few(_text(one, "Modality") for one in series),
        hosts=_few(_host(_text(one, "RetrieveURL")) for one in series),
        series=len(series),
        images=sum(len(one.get("ReferencedSOPSequence") or ()) for one in series),
    )


def _text(dataset: Any, keyword: str) -> str:
    return str(dataset.get(keyword) or "").strip()
