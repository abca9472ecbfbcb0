"""Which examinations a document says to have been done, or asks for: the acts of imaging reports, and those of requests (DA-IMG).

Of an act the codes are what compares: its own (LOINC, CCAM), the modality (DCM) and the part of the body (SNOMED CT) with its side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from carnet.cda.contents import clinical_document
from carnet.cda.participants import HL7, child_at, code_of
from carnet.cda.result_values import Anchors, anchors_of, label_of
from carnet.metadata import Code

CCAM = "1.2.250.1.215.300.1"
"""Classification commune des actes médicaux: its labels are in French, those of LOINC often are not."""
_MODALITY, _PLACE, _SIDE = "121139", "39111-0", "106233006"
"""What a qualifier says its code to be: DCM Modality, LOINC body location, SNOMED CT topographical modifier."""
_DEMAND = "1.2.250.1.213.1.1.3.27.3"
"""FR-Demande-d-examen-ou-de-suivi-IMG-DA: one entry for each examination asked for."""
_MOST = 50
"""Examinations that are kept of one document."""
_NO_CODE = Code("")


@dataclass(frozen=True, slots=True)
class BodySite:
    """A part of the body, and its side (SNOMED CT left, right, bilateral), an empty code where none is told."""

    place: Code
    side: Code = _NO_CODE


@dataclass(frozen=True, slots=True)
class Examination:
    """One examination. `codes` name the act itself, `began` is an HL7 time stamp as received; `requested`: asked for, not done."""

    label: str
    codes: tuple[Code, ...] = ()
    modalities: tuple[Code, ...] = ()
    sites: tuple[BodySite, ...] = ()
    began: str = ""
    requested: bool = False


def examinations_of(content: bytes) -> tuple[Examination, ...]:
    """The examinations of a document; none for most. Raises InvalidDocument for what is no CDA."""
    document = clinical_document(content)
    anchors = anchors_of(document)
    found = [*_done(document, anchors), *_asked_for(document, anchors)]
    return tuple(found[:_MOST])


def _done(document: Any, anchors: Anchors) -> Iterator[Examination]:
    """The events that the header documents with a modality: that is what makes them examinations."""
    for event in document.iterfind(f"{HL7}documentationOf/{HL7}serviceEvent"):
        act = child_at(event, "code")
        if act is None:
            continue
        told = [(code_of(one), _said_by(one)) for one in act.iterchildren(f"{HL7}translation")]
        modalities = tuple(code for code, (name, _) in told if name == _MODALITY)
        if not modalities:
            continue
        began = child_at(event, "effectiveTime", "low")
        codes = _known([code_of(act), *(code for code, (name, _) in told if not name)])
        yield Examination(
            label=next((one.display for one in codes if one.system == CCAM and one.display), label_of(act, anchors)),
            codes=codes,
            modalities=modalities,
            sites=tuple(BodySite(code) for code, (name, _) in told if name == _PLACE),
            began="" if began is None else str(began.get("value", "")),
        )


def _asked_for(document: Any, anchors: Anchors) -> Iterator[Examination]:
    for entry in document.iter(f"{HL7}observation"):
        if not any(one.get("root") == _DEMAND for one in entry.iterchildren(f"{HL7}templateId")):
            continue
        modality = child_at(entry, "code")
        if modality is None:
            continue
        sites = [_site(one) for one in entry.iterchildren(f"{HL7}targetSiteCode")]
        label = " ".join(filter(None, (label_of(modality, anchors), *(one.place.display for one in sites))))
        yield Examination(label=label, modalities=_known([code_of(modality)]), sites=tuple(sites), requested=True)


def _site(element: Any) -> BodySite:
    name, side = _said_by(element)
    return BodySite(code_of(element), side if name == _SIDE else _NO_CODE)


def _said_by(element: Any) -> tuple[str, Code]:
    """What the first qualifier of a code says: the code of its name, and its value."""
    qualifier = element.find(f"{HL7}qualifier")
    if qualifier is None:
        return "", _NO_CODE
    value = child_at(qualifier, "value")
    return code_of(child_at(qualifier, "name")).code, _NO_CODE if value is None else code_of(value)


def _known(codes: Iterable[Code]) -> tuple[Code, ...]:
    return tuple(one for one in codes if one.code)
