"""The timeline: stays as documents tell them, else structure and day; years with their counts; nothing of what is hidden."""

from __future__ import annotations

import asyncio
import datetime as dt

from carnet.client.feeding import from_cda
from carnet.clock import HOUR, MINUTE, from_datetime, to_dtm
from carnet.demo import documents
from carnet.demo.documents import PRESCRIPTION, Draft
from carnet.demo.people import COMMUNITY_NURSE, HOSPITAL_DOCTOR, MEDECIN_TRAITANT
from carnet.metadata import MASQUE_PS
from carnet.record import pro_timeline
from carnet.record.document_families import Family
from carnet.record.extract_filling import fill_fresh
from carnet.record.pro_timeline import PERIOD, Span, timeline


def on(year, month, day):
    return from_datetime(dt.datetime(year, month, day, 10, tzinfo=dt.UTC))


def put(room, created, *, by=MEDECIN_TRAITANT, masks=(), since=None):
    """A document of a day; `since` is when its act began, half an hour before where nothing is said."""
    content = documents.level_1(Draft(created, author=by), media_type="text/plain")
    if since is not None:
        beginning = to_dtm(created - 30 * MINUTE + HOUR).encode()  # as the draft writes it, in local time
        content = content.replace(b'<low value="' + beginning, b'<low value="' + to_dtm(since).encode())
    return room.put(from_cda(content, masks=masks), by=by)[0]


def met(room, created, code, low="", high="", *, by=HOSPITAL_DOCTOR, **about):
    """A document of a day, and what its header says of the encounter (HL7 time stamps)."""
    system = "1.2.250.1.213.1.1.4.2.291" if code == "EXTERNE" else "2.16.840.1.113883.5.4"
    coded = f'<code code="{code}" codeSystem="{system}"/>' if code else ""
    ends = "".join(f'<{name} value="{one}"/>' for name, one in (("low", low), ("high", high)) if one)
    content = documents.level_1(Draft(created, author=by), media_type="text/plain")
    told = f"<encompassingEncounter>{coded}<effectiveTime>{ends}</effectiveTime>".encode()
    assert b"<encompassingEncounter><effectiveTime/>" in content
    content = content.replace(b"<encompassingEncounter><effectiveTime/>", told)
    one = room.put(from_cda(content, **about), by=by)[0]
    asyncio.run(fill_fresh(room.gate, 100))
    return one


def look(room, who=COMMUNITY_NURSE, **span):
    asyncio.run(fill_fresh(room.gate, 100))
    return room.do(room.caller(who), timeline(Span(**span)))


def episodes(found):
    return [
        (one.first, one.last, one.setting, [told.document.unique_id for told in one.documents])
        for one in found.episodes
    ]


def test_documents_of_one_structure_and_day_are_one_episode_and_other_days_others(room):
    first, second = put(room, on(2024, 3, 5)), put(room, on(2024, 3, 5) + 60_000_000)
    other = put(room, on(2024, 3, 5), by=HOSPITAL_DOCTOR)
    later = put(room, on(2024, 4, 1))
    assert episodes(look(room, year="2024")) == [
        ("20240401", "20240401", "", [later.unique_id]),
        ("20240305", "20240305", "", [second.unique_id, first.unique_id]),
        ("20240305", "20240305", "", [other.unique_id]),
    ]


def test_an_act_of_several_days_gathers_what_its_structure_dated_within(room):
    letter = put(room, on(2024, 3, 10), by=HOSPITAL_DOCTOR, since=on(2024, 3, 5))
    within = put(room, on(2024, 3, 7), by=HOSPITAL_DOCTOR)
    after = put(room, on(2024, 3, 20), by=HOSPITAL_DOCTOR)
    assert episodes(look(room)) == [
        ("20240320", "20240320", "", [after.unique_id]),
        ("20240305", "20240310", PERIOD, [letter.unique_id, within.unique_id]),
    ]


def test_years_stand_with_their_counts_and_those_between_with_none(room):
    put(room, on(2021, 1, 5))
    put(room, on(2024, 1, 5))
    put(room, on(2024, 2, 5))
    found = look(room)
    assert found.years == (("2021", 1), ("2022", 0), ("2023", 0), ("2024", 2))
    assert (found.year, found.matching, found.chosen, found.documents) == ("2024", 2, 3, 3)
    assert look(room, year="2022").episodes == ()


def test_filters_and_further_pages(room, monkeypatch):
    put(room, on(2024, 1, 5), by=HOSPITAL_DOCTOR)
    mine = put(room, on(2024, 2, 5))
    structure = MEDECIN_TRAITANT.organization.identifier
    found = look(room, structure=structure)
    assert [one[3] for one in episodes(found)] == [[mine.unique_id]]
    assert (found.chosen, found.documents) == (1, 2)
    assert look(room, family="imaging").episodes == ()
    assert [family for family, _ in found.families] == [Family.REPORT]
    monkeypatch.setattr(pro_timeline, "PAGE", 1)
    assert [one[0] for one in episodes(look(room))] == ["20240205"]
    assert [one[0] for one in episodes(look(room, offset=1))] == ["20240105"]


def test_a_masked_document_changes_nothing(room):
    put(room, on(2024, 1, 5))
    before = look(room)
    put(room, on(2026, 1, 5), masks=(MASQUE_PS,))
    put(room, on(2024, 1, 5), masks=(MASQUE_PS,), since=on(2023, 12, 1))
    assert look(room) == before


def test_control_a_viewer_that_sees_everything_is_caught(room, monkeypatch):
    put(room, on(2024, 1, 5))
    put(room, on(2025, 1, 5), masks=(MASQUE_PS,))
    assert look(room).year == "2024"
    monkeypatch.setattr("carnet.authorization.engine.Viewer.sees", lambda *_given: True)
    assert look(room).year == "2025"


# --- stays and consultations, as headers tell them ------------------------------------------------------------------------


def test_a_stay_is_told_with_its_days_and_gathers_what_its_structure_dated_within(room):
    within = put(room, on(2024, 3, 7), by=HOSPITAL_DOCTOR)
    elsewhere = put(room, on(2024, 3, 7))
    letter = met(room, on(2024, 3, 20), "IMP", "20240305235500+0100", "20240310102200+0100")
    assert episodes(look(room)) == [
        ("20240305", "20240310", "stay", [letter.unique_id, within.unique_id]),
        ("20240307", "20240307", "", [elsewhere.unique_id]),
    ]


def test_two_documents_of_one_stay_are_one_episode_and_another_stay_is_another(room):
    early = met(room, on(2024, 3, 6), "IMP", "20240305")
    letter = met(room, on(2024, 3, 20), "IMP", "20240305", "20240310")
    again = met(room, on(2024, 6, 20), "IMP", "20240601", "20240603")
    assert episodes(look(room)) == [
        ("20240601", "20240603", "stay", [again.unique_id]),
        ("20240305", "20240310", "stay", [letter.unique_id, early.unique_id]),
    ]


def test_a_consultation_stands_on_its_own_day_whenever_its_letter_was_written(room):
    letter = met(room, on(2024, 3, 20), "EXTERNE", "20240305090000+0100", "20240305093000+0100")
    ward = met(room, on(2024, 3, 4), "EMER", "20240304220000+0100", "20240305020000+0100")
    assert episodes(look(room)) == [
        ("20240305", "20240305", "outpatient", [letter.unique_id]),
        ("20240304", "20240305", "emergency", [ward.unique_id]),
    ]


def test_ambulatory_care_of_several_days_is_no_stay_and_one_without_an_end_is_none_either(room):
    first = met(room, on(2024, 3, 20), "AMB", "20240301", "20240310")
    met(room, on(2024, 3, 21), "", "20200701")
    found = episodes(look(room))
    assert ("20240301", "20240301", "ambulatory", [first.unique_id]) in found
    assert all(one[2] != PERIOD for one in found)


def test_how_long_a_prescription_holds_is_no_stay(room):
    order = documents.level_1(
        Draft(on(2024, 3, 10), author=HOSPITAL_DOCTOR, type=PRESCRIPTION), media_type="text/plain"
    )
    begun = to_dtm(on(2024, 3, 10) - 30 * MINUTE + HOUR).encode()
    room.put(from_cda(order.replace(b'<low value="' + begun, b'<low value="20230310090000')), by=HOSPITAL_DOCTOR)
    assert [one[2] for one in episodes(look(room))] == [""]


def test_a_time_that_is_none_says_nothing_and_refuses_no_document(room):
    one = met(room, on(2024, 3, 10), "IMP", "yesterday")
    assert episodes(look(room)) == [("20240310", "20240310", "stay", [one.unique_id])]


def test_days_and_years_are_those_of_paris(room):
    late = put(room, from_datetime(dt.datetime(2024, 12, 31, 23, 30, tzinfo=dt.UTC)))
    assert look(room).years == (("2025", 1),)
    assert episodes(look(room)) == [("20250101", "20250101", "", [late.unique_id])]


def test_the_stay_of_a_masked_document_gathers_nothing(room):
    put(room, on(2024, 3, 7), by=HOSPITAL_DOCTOR)
    before = look(room)
    met(room, on(2024, 3, 8), "IMP", "20240305", "20240310", masks=(MASQUE_PS,))
    assert look(room) == before
