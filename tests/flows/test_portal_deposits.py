"""What professionals deposit by the portal, as care software finds and reads it through the SOAP door."""

from __future__ import annotations

import uuid

from carnet.cda.header import read_header
from carnet.clock import system_clock, to_dtm
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.metadata import MASQUE_PS, AvailabilityStatus
from carnet.record import deposit_drafts, own_deposits
from carnet.record.deposit_making import deposit_of
from carnet.record.deposit_said import Said
from carnet.record.document_changes import changing
from carnet.record.draft_keeping import unique_id_of
from carnet.record.portal_deposit import deposit_act
from carnet.requester import Authentication, CardClass, Requester


def by_portal(record, who=MEDECIN_TRAITANT):
    return Requester(
        identifier=who.identifier,
        name=who.name,
        organization_id=who.organization.identifier,
        sector=who.organization.sector,
        authentication=Authentication.DIRECT,
        card=CardClass.PROFESSIONAL,
        profession=who.profession,
        specialty=who.specialty,
        patient=record.identifier,
        portal=True,
    )


def put_in(record, requester, **about):
    """Deposits a text by the acts of the portal; its uniqueId and the bytes that were handed over."""
    gate = record.house.gate
    known = {
        "media_type": "text/plain",
        "title": "Consultation par le portail",
        "type": "11488-4",
        "began": to_dtm(system_clock())[:8],
        "setting": "AMBULATOIRE",
        "activity": "consultation",
        "described": True,
    }
    said = Said(**{**known, **about})
    draft_id = uuid.uuid4().hex
    gate.perform_now(requester, deposit_drafts.begin(requester, draft_id, said, b"Tout va bien.", b""))
    made = gate.perform_now(requester, deposit_drafts.basis(requester, draft_id))
    deposit = deposit_of(gate.platform, requester, made)
    gate.perform_now(requester, deposit_act(gate.platform, requester, deposit))
    return unique_id_of(draft_id), deposit.content


def test_a_deposit_of_the_portal_is_found_and_read_by_care_software_as_it_was_made(record):
    requester = by_portal(record)
    unique_id, content = put_in(record, requester)
    (document,) = record.read(unique_id)[1]
    assert document.content == content
    header = read_header(document.content)
    (entry,) = record.documents().entries
    assert (entry.unique_id, entry.title, entry.size) == (unique_id, header.title, len(document.content))
    assert entry.authors[0].person_id == MEDECIN_TRAITANT.identifier


def test_corrections_by_the_portal_are_those_that_care_software_sees(record):
    requester = by_portal(record)
    unique_id, _content = put_in(record, requester, masks=(MASQUE_PS,))
    (entry,) = record.documents().entries
    assert entry.masks == {MASQUE_PS}
    for name in ("demasquer", "archiver"):
        record.house.gate.perform_now(requester, changing(unique_id, own_deposits.CHANGES[name], own=True))
    assert record.documents().entries == ()
    (put_away,) = record.documents(status=AvailabilityStatus.ARCHIVED).entries
    assert (put_away.unique_id, put_away.masks) == (unique_id, frozenset())
