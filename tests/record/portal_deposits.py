"""Deposits by the portal for tests, in this process: prepared, described, put in and listed as its pages do."""

from __future__ import annotations

from carnet.clock import to_dtm
from carnet.demo.people import (
    MEDECIN_TRAITANT,
    PAT_TROIS,
)
from carnet.record import deposit_drafts, own_deposits
from carnet.record.deposit_making import making
from carnet.record.deposit_said import Said
from carnet.record.draft_keeping import new_draft_id, unique_id_of

TEXT = b"Compte rendu de consultation. Motif : douleurs. Examen clinique normal."
LETTER = "11488-4"


def by_portal(room, who=MEDECIN_TRAITANT, patient=PAT_TROIS, **changes):
    return room.caller(who, patient, portal=True, **changes)


def today(room):
    return to_dtm(room.now)[:8]


def described(room, **about):
    """A description that nothing is wrong with."""
    known = {
        "media_type": "text/plain",
        "title": "Consultation",
        "type": LETTER,
        "began": today(room),
        "setting": "AMBULATOIRE",
        "activity": "consultation",
        "described": True,
    }
    return Said(**{**known, **about})


def begun(room, requester, said=None, content=TEXT):
    draft_id = new_draft_id()
    act = deposit_drafts.begin(requester, draft_id, said or described(room), content, content[:9])
    return room.do(requester, act)


def put_in(room, requester, **about):
    """Deposits a text and returns what stands then in the depositor's list."""
    draft_id = begun(room, requester, described(room, **about))
    made = room.do(requester, deposit_drafts.basis(requester, draft_id))
    room.do(requester, making(room.platform, requester, made))
    return next(one for one in listed(room, requester) if one.unique_id == unique_id_of(draft_id))


def listed(room, requester):
    return room.do(requester, own_deposits.own_deposits())


def bytes_of(room, unique_id, requester=None):
    (found,) = room.do(requester or room.caller(), room.retrieving(unique_id))
    return room.give(found)
