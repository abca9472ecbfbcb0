"""What care software must show of a document's state (EX-3.1-1030): masked, hidden from its patient, archived, obsolete."""

from __future__ import annotations

from enum import StrEnum

from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, AvailabilityStatus
from carnet.record.patient_documents import is_masked
from carnet.registry.found import FoundEntry


class DocumentState(StrEnum):
    """In the order in which they are said. A document in none of them is in use and visible."""

    MASKED = "masked"
    HIDDEN_FROM_PATIENT = "hidden-from-patient"
    HIDDEN_FROM_REPRESENTATIVES = "hidden-from-representatives"
    ARCHIVED = "archived"
    OBSOLETE = "obsolete"


def states_of(found: FoundEntry, *, by_default: bool) -> tuple[DocumentState, ...]:
    """The states of an entry that the reader may see; `by_default`: the holder masks everything."""
    masks = found.masks.split()
    every = (
        (DocumentState.MASKED, is_masked(found, by_default=by_default)),
        (DocumentState.HIDDEN_FROM_PATIENT, INVISIBLE_PATIENT in masks),
        (DocumentState.HIDDEN_FROM_REPRESENTATIVES, INVISIBLE_REPRESENTANTS_LEGAUX in masks),
        (DocumentState.ARCHIVED, found.status == AvailabilityStatus.ARCHIVED),
        (DocumentState.OBSOLETE, found.status == AvailabilityStatus.DEPRECATED),
    )
    return tuple(state for state, stands in every if stands)
