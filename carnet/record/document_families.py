"""The families under which a space files documents, and what a type is called: literal tables over the published code lists."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from carnet.metadata import Code
from carnet.terminology.value_sets import value_set


class Family(StrEnum):
    """In the order in which they are offered."""

    BIOLOGY = "biology"
    PRESCRIPTION = "prescription"
    REPORT = "report"
    IMAGING = "imaging"
    OTHER = "other"
    OWN = "own"
    """Added by the patient's side."""


_BY_TYPE: Mapping[str, Family] = MappingProxyType(
    {
        "11502-2": Family.BIOLOGY,  # CR d'examens biologiques
        "60568-3": Family.BIOLOGY,  # CR d'anatomie et de cytologie pathologiques
        "18748-4": Family.IMAGING,  # CR d'imagerie médicale
        "IMG-KOS": Family.IMAGING,
        "PRESC-BIO": Family.PRESCRIPTION,
        "55115-0": Family.PRESCRIPTION,  # Demande d'actes d'imagerie
    }
)
# By classCode of JDV_J06.
_BY_CLASS: Mapping[str, Family] = MappingProxyType(
    {
        "10": Family.REPORT,
        "11": Family.REPORT,
        "31": Family.IMAGING,
        "42": Family.PRESCRIPTION,
        "43": Family.PRESCRIPTION,
        "44": Family.REPORT,
        "45": Family.PRESCRIPTION,
        "90": Family.OWN,
    }
)


@lru_cache(maxsize=4_096)
def family_of(type_code: str, class_code: str, *, own: bool) -> Family:
    """The family of a document; `own`: the patient's side added it."""
    if own:
        return Family.OWN
    return _BY_TYPE.get(type_code) or _BY_CLASS.get(class_code) or Family.OTHER


def kind_in_words(type_code: Code) -> str:
    """The published French label of a type, the sender's where none is published; never the code."""
    return value_set("J07").display(type_code.code, type_code.system) or type_code.display or "Document"
