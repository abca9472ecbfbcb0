"""What a professional asks of the gate in the portal in one day: a record found, opened, read, searched, deposited in and left, and what they answer for."""

from __future__ import annotations

from dataclasses import replace

from portal_deposits import begun, by_portal, described, put_in
from synthesis_work import doctor, draft, put_summary, read_all, sign, told

from carnet.cda.repeated_examinations import Order
from carnet.cda.synthesis_model import Part
from carnet.clock import to_datetime
from carnet.consent.majority import PARIS
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from carnet.metadata import Code
from carnet.record import deposit_drafts
from carnet.record.answering import access_history
from carnet.record.care_team import ListMode, join_care_team, leave_care, list_parties
from carnet.record.direct_access import web_access
from carnet.record.document_changes import changing
from carnet.record.document_search import Question
from carnet.record.done_examinations import done_examinations
from carnet.record.open_records import opening_of
from carnet.record.own_deposits import CHANGES
from carnet.record.pro_journal import journal_of_day
from carnet.record.pro_results import Compared, result_table
from carnet.record.pro_summary import summary
from carnet.record.pro_timeline import Span, timeline
from carnet.record.recent_records import recent_records
from carnet.record.record_opening import (
    empty_recent,
    enter_in_emergency,
    leave_record,
    open_record,
    state_identity,
)
from carnet.record.seen_document import reading, showing
from carnet.record.seen_search import searching
from carnet.record.seen_shelf import Wish, listing
from carnet.record.synthesis_acts import giving_up, standing
from carnet.record.xdm import exporting
from carnet.requester import AccessMode
from carnet.searching.asked import read_question

SESSION = "session of a day"
REASON = "INCONSCIENT: patient inconscient aux urgences"
POTASSIUM = Order("Potassium", (Code("2823-3", "2.16.840.1.113883.6.1"),))
WORDS = "compte rendu"


def before_the_day(room, patient=PAT_TROIS):
    """What stands in the record, read as the server does a second later: something to show, to find and to draft a synthesis of."""
    if patient is PAT_TROIS:
        put_summary(room, [told(Part.PROBLEMS, "Asthme")], by=OTHER_GP)
    room.put(room.document(patient=patient, title=WORDS), requester=room.caller(patient=patient))
    read_all(room)


def a_day(room, patient=PAT_TROIS, who=MEDECIN_TRAITANT):
    """Every station of it but work across records, each an act of its own."""
    requester = by_portal(room, who, patient)
    handle = _enter(room, requester)
    _read(room, requester)
    _deposit(room, requester)
    if patient is PAT_TROIS:
        _synthesise(room)
    _share(room, by_portal(room, OTHER_GP, patient))
    assert room.do(requester, leave_record(handle, SESSION))
    _answer(room, replace(requester, patient=None))


def _enter(room, requester):
    handle = room.do(requester, open_record(requester.patient, requester, SESSION)).handle
    assert opening_of(room.gate, requester, SESSION, handle) is not None
    room.do(requester, state_identity(handle, SESSION))
    room.do(requester, web_access("summary"))
    return handle


def _read(room, requester):
    room.do(requester, summary())
    room.do(requester, timeline(Span()))
    room.do(requester, result_table(Compared()))
    room.do(requester, done_examinations((POTASSIUM,), 365))
    row, *_ = room.do(requester, listing(Wish())).rows
    unique_id = row.document.unique_id
    room.do(requester, showing(unique_id))
    room.do(requester, reading(unique_id))
    room.do(requester, exporting([unique_id]))
    room.do(requester, searching(read_question(WORDS), Question(WORDS)))
    assert room.do(requester, access_history("fr")).lines


def _deposit(room, requester):
    made = put_in(room, requester)
    room.do(requester, changing(made.unique_id, CHANGES["archiver"]))
    given_up = begun(room, requester)
    room.do(requester, deposit_drafts.describe(requester, given_up, described(room)))
    room.do(requester, deposit_drafts.give_up(requester, given_up))


def _synthesise(room):
    requester = doctor(room)
    room.do(requester, standing())
    draft(room, requester)
    room.do(requester, giving_up(requester))
    draft(room, requester)
    sign(room, requester)


def _share(room, requester):
    """Another professional, who is not yet in the team: by consent, and in an emergency."""
    handle = room.do(requester, open_record(requester.patient, requester, SESSION)).handle
    room.do(requester, join_care_team())
    room.do(requester, list_parties(ListMode.ALL))
    room.do(requester, leave_care())
    urgent = replace(requester, mode=AccessMode.BRIS_DE_GLACE, reason=REASON)
    room.do(urgent, enter_in_emergency(handle, SESSION))
    room.do(urgent, summary())


def _answer(room, requester):
    assert room.do(requester, recent_records())
    today = to_datetime(room.now).astimezone(PARIS).date()
    assert room.do(requester, journal_of_day(today, "fr")).records
    room.do(requester, empty_recent())
