"""The patient's view of the trail, from a home: complete, told in sentences, traced, and with nothing for whom it is not."""

from __future__ import annotations

import pytest

from carnet.audit.sentences import Filter, Viewer
from carnet.demo.people import HOSPITAL_DOCTOR, PAT_TROIS
from carnet.errors import UnknownPatient
from carnet.metadata import INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX, PatientIdentifier
from carnet.record.trail_view import told_trail


def told(room, **options):
    return told_trail(room.gate, PAT_TROIS.identifier, operator="operator:test", **options)


def test_the_view_is_the_whole_trail_and_its_last_line_is_this_reading(room):
    room.put(room.document())
    room.do(room.caller(), room.finding())
    lines = told(room)
    assert [line["seq"] for line, _ in lines] == list(range(1, len(lines) + 1))
    assert lines[-1][1].endswith("l'assistance du service a consulté l'historique des accès à votre dossier.")
    assert any("(médecin)" in said and "a ajouté des documents dans votre dossier" in said for _, said in lines)


def test_structures_and_professionals_bear_their_names_of_the_directory(room):
    room.do(room.caller(), room.finding())
    caller = room.caller()
    name = room.rows("SELECT name FROM organization WHERE organization_id = ?", caller.organization_id)[0][0]
    assert f", {name}, looked at the list of documents" in told(room, language="en")[-2][1]
    assert any("Professionnel ou structure : " in said and "8997" not in said for _, said in told(room))


def test_an_emergency_is_found_by_its_filter(room):
    room.put(room.document())
    room.do(room.glass_breaker(HOSPITAL_DOCTOR), room.finding())
    ((_, said),) = told(room, chosen=Filter(emergencies=True))
    assert "en urgence (bris de glace), motif indiqué : « Patient inconscient aux urgences »" in said


def test_a_representative_sees_neither_a_secret_connection_nor_what_is_kept_from_them(room):
    """A document put in during a secret connection is hidden from representatives; so is every later use of it."""
    entry = room.put(room.document(), requester=room.caller(secret_connection=True))[0]
    room.do(room.caller(), room.retrieving(entry.unique_id))
    holder = [line for line, _ in told(room) if entry.unique_id in line["objects"]]
    assert [line["action"] for line in holder] == ["iti41", "iti43"]
    seen = told(room, viewer=Viewer.REPRESENTATIVE)
    assert not [line for line, _ in seen if entry.unique_id in line["objects"] or line["action"] in {"iti41", "iti43"}]
    assert all("votre" not in said for _, said in seen)


def test_a_document_not_announced_yet_is_not_named_to_the_patient(room):
    entry = room.put(room.document(masks=(INVISIBLE_PATIENT,)))[0]
    lines = [line for line, _ in told(room) if line["action"] == "iti41"]
    assert len(lines) == 1
    assert entry.unique_id not in lines[0]["objects"]


def test_the_mask_for_representatives_hides_nothing_from_the_holder(room):
    entry = room.put(room.document(masks=(INVISIBLE_REPRESENTANTS_LEGAUX,)))[0]
    assert [line for line, _ in told(room) if entry.unique_id in line["objects"]]


def test_nobody_has_no_trail(room):
    with pytest.raises(UnknownPatient):
        told_trail(room.gate, PatientIdentifier("1", "2"), operator="operator:test")
