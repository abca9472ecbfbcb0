"""What the rules are told: the functional right asked for, what stands between the patient and the requester, and the document."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from carnet.metadata import AvailabilityStatus


class Function(StrEnum):
    """The rows of the published matrices of functional rights (PDT-INF-526 v1.8 and PDT-INF-606 v1.3), by transaction."""

    EXISTENCE_TEST = "TD0.2"
    ADMINISTRATIVE_DATA = "TD1.3a"
    ADD_AUTHORISATION = "TD0.3 add"
    REMOVE_AUTHORISATION = "TD0.3 remove"
    STOP_BEING_MEDECIN_TRAITANT = "TD0.3 stop médecin traitant"
    PATIENT_LIST = "TD0.4"
    FIND_PATIENT = "TD0.5"
    WEB_ACCESS = "TD0.9"
    LIST_AUTHORISED = "TD1.6"
    FEED = "TD2.1"
    REPLACE = "TD2.1b"
    FEED_SECRETARY = "TD2.2"
    SEARCH = "TD3.1 metadata"
    SEARCH_REFERENCES = "TD3.1 reference"
    CONSULT = "TD3.2"
    CONSULT_MASKED = "TD3.2 masked"
    MASK = "TD3.3a mask"
    UNMASK = "TD3.3a unmask"
    SHOW_TO_PATIENT = "TD3.3b"
    ARCHIVE = "TD3.3d"
    DELETE = "TD3.3c"


Authorisation = Literal["valid", "none", "expired"]
"""The state of the authorisation to read, given to the person or to the structure (TD0.2)."""


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What stands between one record and one requester at one moment. The defaults are those of no record at all: nothing opens.

    `state` is health_record.state. `blocked`, `authorisation`, `care_team` and `feeding_opposed` hold for the person or the structure;
    `authorised_by_name`, `medecin_traitant` and `administrator` for the person alone. `masks_everything`: every document counts as
    masked but those unmasked by name. `regulation_centre`: the requester's structure is a declared regulation centre (SAMU).
    """

    state: str = ""
    blocked: bool = False
    authorisation: Authorisation = "none"
    medecin_traitant: bool = False
    administrator: bool = False
    opposes_bris_de_glace: bool = False
    opposes_centre_15: bool = False
    masked_in_emergency: bool = False
    care_team: bool = False
    authorised_by_name: bool = False
    feeding_opposed: bool = False
    masks_everything: bool = False
    regulation_centre: bool = False


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What the rules look at in one version of a DocumentEntry.

    `masks` are visibility codes (TRE_A07), and UNMASKED_BY_NAME. Authors are PS_IdNat and Struct_IdNat; the depositor is who registered it, for which
    structure. `patient_authored`: written by the patient or on the patient's side (class 90).
    """

    type_code: str
    masks: frozenset[str] = frozenset()
    status: AvailabilityStatus = AvailabilityStatus.APPROVED
    author_persons: frozenset[str] = frozenset()
    author_institutions: frozenset[str] = frozenset()
    depositor: str = ""
    depositor_organization: str = ""
    is_signature: bool = False
    patient_authored: bool = False

    @property
    def deprecated(self) -> bool:
        """Whether this is an old version, or a document that another replaced."""
        return self.status is AvailabilityStatus.DEPRECATED
