"""What the law asks a professional to deposit, and what of it is there."""

from __future__ import annotations

import pytest
from portal_deposits import by_portal, put_in, today

from carnet.clock import DAY, HOUR, to_dtm
from carnet.demo.people import (
    BIOLOGIST,
    COMMUNITY_NURSE,
    HOSPITAL_DOCTOR,
)
from carnet.record import deposit_drafts
from carnet.record.deposit_duties import DUTIES, duties_of


@pytest.fixture
def room(open_room):
    return open_room(submission_signature_required=True)


# --- what the law asks for ----------------------------------------------------------------------------------------


def keys(requester, activity="consultation", day="20261122", *, attending=False):
    return {one.key for one in duties_of(requester, activity, day, attending=attending)}


def test_who_is_asked_for_what_follows_profession_structure_and_stay(room):
    doctor = by_portal(room)
    assert {"medicines", "biology-prescription", "imaging-request", "letter", "certificate"} <= keys(doctor)
    assert "synthesis" not in keys(doctor)
    assert "synthesis" in keys(doctor, attending=True)
    assert "medicines" not in keys(doctor, "sejour")
    hospital = by_portal(room, HOSPITAL_DOCTOR)
    assert {"discharge-letter", "discharge-summary"} <= keys(hospital, "sejour")
    assert "discharge-letter" not in keys(hospital)
    assert "biology" in keys(by_portal(room, BIOLOGIST))
    assert keys(by_portal(room, COMMUNITY_NURSE)) == set()


def test_a_duty_holds_from_its_day_on(room):
    assert "medicines" not in keys(by_portal(room), day="20221230")
    assert "medicines" in keys(by_portal(room), day="20221231")


def test_every_duty_names_its_text_and_types_that_there_are():
    assert len({one.key for one in DUTIES}) == len(DUTIES)
    for one in DUTIES:
        assert one.source
        assert one.types
        assert one.professions or one.specialties or one.sectors or one.attending


def test_what_is_missing_is_told_until_it_is_there(room):
    requester = by_portal(room)

    def there(day):
        found = room.do(requester, deposit_drafts.desk(requester, "consultation", day)).expected
        return {one.duty.key: one.there for one in found}

    assert there(today(room))["medicines"] == ()
    one = put_in(room, requester, type="57833-6", title="Ordonnance")
    assert there(today(room))["medicines"] == (one.unique_id,)
    assert there(today(room))["letter"] == ()
    room.now += 2 * DAY
    assert there(today(room))["medicines"] == ()


def test_the_day_of_an_act_begins_at_midnight_in_paris(room):
    requester = by_portal(room)
    room.now = room.now - room.now % DAY + 23 * HOUR + HOUR // 2  # half past midnight, or half past one, in Paris
    day = to_dtm(room.now + 2 * HOUR)[:8]
    one = put_in(room, requester, type="57833-6", title="Ordonnance")
    found = room.do(requester, deposit_drafts.desk(requester, "consultation", day)).expected
    assert {item.duty.key: item.there for item in found}["medicines"] == (one.unique_id,)


def test_another_s_prescription_does_not_fulfil_mine(room):
    put_in(room, by_portal(room, HOSPITAL_DOCTOR), type="57833-6", title="Ordonnance")
    requester = by_portal(room)
    found = room.do(requester, deposit_drafts.desk(requester, "consultation", today(room))).expected
    assert {one.duty.key: one.there for one in found}["medicines"] == ()
