"""What Carnet reads of a CDA header, as plain values."""

from __future__ import annotations

from msgspec import Struct

from carnet.cda.encounters import Encounter
from carnet.cda.participants import Identifier, Organization, Participant, Patient, ServiceEvent
from carnet.metadata import Code

LEVEL_1 = "nonXMLBody"
LEVEL_3 = "structuredBody"


class Body(Struct, frozen=True):
    """What follows the header: `element` is nonXMLBody (level 1, with its media type) or structuredBody (level 3).

    `beginning` is the first bytes of what a level 1 document wraps, b'' when they are not base64.
    """

    element: str
    media_type: str = ""
    representation: str = ""
    beginning: bytes = b""


class RelatedDocument(Struct, frozen=True):
    """relatedDocument: RPLC, XFRM or APND, and the parent's identifiers."""

    type: str
    ids: tuple[Identifier, ...]


class CdaHeader(Struct, frozen=True):
    """A header. Times are UTC DTM; texts have their white space normalised; what is absent is empty."""

    id: Identifier
    code: Code
    title: str
    effective_time: str
    confidentiality: Code
    language: str
    set_id: Identifier
    version_number: int | None
    template_ids: tuple[str, ...]
    patient: Patient
    authors: tuple[Participant, ...]
    legal_authenticator: Participant
    custodian: Organization
    events: tuple[ServiceEvent, ...]
    facility: Code
    encounter: Encounter
    related: tuple[RelatedDocument, ...]
    orders: tuple[Identifier, ...]
    body: Body
    self_presenting: bool = False

    @property
    def main_event(self) -> ServiceEvent:
        """The act that the metadata speak of: the first with a time of start and a practice setting, else with a start."""
        timed = [event for event in self.events if event.start]
        settled = [event for event in timed if event.performer.organization.practice_setting.code]
        return next(iter(settled or timed or self.events), ServiceEvent())
