"""Whether an examination that somebody thinks of ordering was done already, or one like it: by codes first, by names where there are none.

Two examinations are the same by a code of the act; of the same kind by modality and part of the body; and alike by name alone, or by
modality where one of them names no part of the body: that is for the reader to judge, and is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from carnet.cda.examinations import BodySite, Examination
from carnet.cda.result_marks import Mark
from carnet.cda.result_model import LOINC
from carnet.cda.results_over_time import plain_name
from carnet.metadata import Code

DCM, TA_ASIP = "1.2.840.10008.2.16.4", "1.2.250.1.213.1.1.4.322"
_ONE_MODALITY: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        # JDV_modalite_demandeActeImagerie_CISIS (1.2.250.1.213.1.1.5.660) and DICOM PS3.16 CID 29: codes of one and the same
        (TA_ASIP, "MED-1126"): "DX",
        (DCM, "CR"): "DX",
        (DCM, "RG"): "DX",
        (TA_ASIP, "MED-1128"): "US",
    }
)
_SHORTEST = 3
"""Letters of a word that names are looked through for."""


class Likeness(IntEnum):
    """How much an examination is like the one ordered, the most alike first."""

    SAME = 0
    SAME_KIND = 1
    ALIKE = 2


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody thinks of ordering: codes of the act, modalities and parts of the body, and what it is called."""

    text: str = ""
    codes: tuple[Code, ...] = ()
    modalities: tuple[Code, ...] = ()
    sites: tuple[BodySite, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether anything could be compared with it."""
        return bool(self.codes or self.modalities or _words(self.text))


def likeness_of_result(order: Order, mark: Mark) -> Likeness | None:
    """How a result is like what is ordered; None when it is something else."""
    if any(one.code == mark.key and one.system == LOINC for one in order.codes):
        return Likeness.SAME
    return Likeness.ALIKE if _named(order, mark.name) else None


def likeness_of_examination(order: Order, done: Examination) -> Likeness | None:
    """How an examination, done or asked for, is like what is ordered; None when it is something else."""
    if _keys(order.codes) & _keys(done.codes):
        return Likeness.SAME
    if _modalities(order.modalities) & _modalities(done.modalities):
        if any(_meets(one, other) for one in order.sites for other in done.sites):
            return Likeness.SAME_KIND
        if not order.sites or not done.sites:
            return Likeness.ALIKE
        return None
    return Likeness.ALIKE if _named(order, done.label) else None


def _keys(codes: Iterable[Code]) -> set[tuple[str, str]]:
    return {(one.system, one.code) for one in codes if one.code}


def _modalities(codes: Iterable[Code]) -> set[str]:
    return {_ONE_MODALITY.get((one.system, one.code), one.code) for one in codes if one.code}


def _meets(one: BodySite, other: BodySite) -> bool:
    """The same part of the body, and not its other side."""
    sides = {one.side.code, other.side.code} - {""}
    return (one.place.system, one.place.code) == (other.place.system, other.place.code) and len(sides) < 2


def _named(order: Order, name: str) -> bool:
    """Whether every word of what is ordered is in the name."""
    wanted = _words(order.text)
    return bool(wanted) and wanted <= _words(name)


def _words(text: str) -> set[str]:
    return {one for one in plain_name(text).replace("'", " ").replace("-", " ").split() if len(one) >= _SHORTEST}
