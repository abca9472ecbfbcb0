"""The timeline: stays as documents tell them, else structure and day; years with their counts; nothing of what is hidden."""

from __future__ import annotations

import datetime as dt

from carnet.client.feeding import from_cda
from carnet.clock import HOUR, MINUTE, from_datetime, to_dtm
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import COMMUNITY_NURSE, HOSPITAL_DOCTOR, MEDECIN_TRAITANT
from carnet.metadata import MASQUE_PS
from carnet.record import pro_timeline
from carnet.record.document_families import Family
from carnet.record.pro_timeline import Span, timeline


def on(year, month, day):
    return from_datetime(dt.datetime(year, month, day, 10, tzinfo=dt.UTC))


def put(room, created, *, by=MEDECIN_TRAITANT, masks=(), since=None):
    """A document of a day; `since` is when its act began, half an hour before where nothing is said."""
    content = documents.level_1(Draft(created, author=by), media_type="text/plain")
    if since is not None:
        beginning = to_dtm(created - 30 * MINUTE + HOUR).encode()  # as the draft writes it, in local time
        content = content.replace(b'<low value="' + beginning, b'<low value="' + to_dtm(since).encode())
    return room.put(from_cda(content, masks=masks), by=by)[0]


def look(room, who=COMMUNITY_NURSE, **span):
    return room.do(room.caller(who), timeline(Span(**span)))


def episodes(found):
    return [
        (one.first, one.last, one.stay, [told.document.unique_id for told in one.documents]) for one in found.episodes
    ]


def test_documents_of_one_structure_and_day_are_one_episode_and_other_days_others(room):
    first, second = put(room, on(2024, 3, 5)), put(room, on(2024, 3, 5) + 60_000_000)
    other = put(room, on(2024, 3, 5), by=HOSPITAL_DOCTOR)
    later = put(room, on(2024, 4, 1))
    assert episodes(look(room, year="2024")) == [
        ("20240401", "20240401", False, [later.unique_id]),
        ("20240305", "20240305", False, [second.unique_id, first.unique_id]),
        ("20240305", "20240305", False, [other.unique_id]),
    ]


def test_an_act_of_several_days_gathers_what_its_structure_dated_within(room):
    letter = put(room, on(2024, 3, 10), by=HOSPITAL_DOCTOR, since=on(2024, 3, 5))
    within = put(room, on(2024, 3, 7), by=HOSPITAL_DOCTOR)
    after = put(room, on(2024, 3, 20), by=HOSPITAL_DOCTOR)
    assert episodes(look(room)) == [
        ("20240320", "20240320", False, [after.unique_id]),
        ("20240305", "20240310", True, [letter.unique_id, within.unique_id]),
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
