"""Measurements of the patient's side: declared, corrected, withdrawn and aimed at; sealed, traced without values, and for nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.audit.trail import read_trail
from carnet.clock import DAY, HOUR
from carnet.consent.acting_links import Representation
from carnet.demo.people import LANTERNE, MIRABELLE, NESSI, PAT_TROIS
from carnet.errors import IntegrityFailure, RecordClosed, Refused, UnknownDocument
from carnet.identity.patients import find
from carnet.measures import reading_store
from carnet.measures.measure_kinds import BLOOD_GLUCOSE, BLOOD_PRESSURE, BMI, GMI, HEIGHT, INTERSTITIAL, WEIGHT
from carnet.measures.plausibility import Fault
from carnet.record import measurement_changes
from carnet.record.custody import Custody
from carnet.record.delegations import Delegations
from carnet.record.due import run_due
from carnet.record.measurement_changes import Declared, Implausible
from carnet.record.own_measurements import OwnMeasurements

INS = PAT_TROIS.identifier
PARIS = "Europe/Paris"


@pytest.fixture
def desk(room):
    return OwnMeasurements(room.gate, "operator:tests")


def weight(room, value="72,50", *, ago=HOUR, **about):
    return Declared(WEIGHT, (value,), "kg", room.now - ago, PARIS, **about)


def pressure(room, first="128", second="81", *, ago=HOUR, **about):
    return Declared(BLOOD_PRESSURE, (first, second), "mm[Hg]", room.now - ago, PARIS, **about)


def only(desk, kind=WEIGHT, patient=INS):
    (found,) = desk.series(patient, kind).readings
    return found


def faults(raised):
    return [[(one.fault, one.field) for one in doubts] for doubts in raised.value.doubts]


def rows(room, table="measure_reading"):
    return room.connection._raw.execute(f"SELECT * FROM {table}").fetchall()


# --- declaring ----------------------------------------------------------------------------------------------------


def test_a_reading_keeps_its_digits_its_moment_and_who_declared_it(room, desk):
    assert desk.add(INS, (weight(room, note="après le petit déjeuner", context=""),)) == 1
    found = only(desk)
    assert (found.said.values, found.said.unit, found.measured_at) == (("72.50",), "kg", room.now - HOUR)
    assert (found.said.zone, found.said.note) == (PARIS, "après le petit déjeuner")
    assert (found.said.actor, found.said.name) == ("holder", "Dominique Pat-Trois")


def test_two_numbers_are_one_reading(room, desk):
    desk.add(INS, (pressure(room, context="left-arm"),))
    assert only(desk, BLOOD_PRESSURE).said.values == ("128", "81")


def test_of_several_all_are_kept_or_none(room, desk):
    with pytest.raises(Implausible) as raised:
        desk.add(INS, (pressure(room, ago=HOUR), pressure(room, "12", "8", ago=2 * HOUR)))
    assert faults(raised)[0] == []
    assert (Fault.IMPOSSIBLE, "value-0") in faults(raised)[1]
    assert rows(room) == []
    assert desk.add(INS, (pressure(room, ago=HOUR), pressure(room, ago=2 * HOUR))) == 2


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"measured_at": 2**52}, (Fault.FUTURE, "moment")),
        ({"measured_at": 0}, (Fault.BEFORE_BIRTH, "moment")),
        ({"unit": "[lb_av]"}, (Fault.UNKNOWN, "unit")),
        ({"zone": "Mars/Olympus"}, (Fault.UNKNOWN, "unit")),
        ({"values": ("72", "5")}, (Fault.UNKNOWN, "unit")),
        ({"context": "on-the-moon"}, (Fault.UNKNOWN, "context")),
        ({"note": "x" * 301}, (Fault.LONG, "note")),
        ({"days": 14}, (Fault.IMPOSSIBLE, "days")),
        ({"values": ("7250",)}, (Fault.IMPOSSIBLE, "value-0")),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(room, desk, changes, fault):
    room_before = rows(room)
    with pytest.raises(Implausible) as raised:
        desk.add(INS, (replace(weight(room), **changes),))
    assert fault in faults(raised)[0]
    assert rows(room) == room_before


def test_what_is_unusual_stands_once_it_is_confirmed(room, desk):
    with pytest.raises(Implausible) as raised:
        desk.add(INS, (weight(room, "251"),))
    assert faults(raised) == [[(Fault.UNUSUAL, "value-0")]]
    desk.add(INS, (weight(room, "251", confirmed=True),))
    assert only(desk).said.values == ("251",)


def test_a_leap_from_the_last_weight_is_asked_about_for_three_months(room, desk):
    desk.add(INS, (weight(room, "100", ago=30 * DAY),))
    with pytest.raises(Implausible) as raised:
        desk.add(INS, (weight(room, "70"),))
    assert faults(raised) == [[(Fault.JUMP, "value-0")]]
    room.now += 80 * DAY
    assert desk.add(INS, (weight(room, "70"),)) == 1


def test_the_same_reading_sent_twice_is_kept_once(room, desk):
    one = weight(room, "72,5")
    desk.add(INS, (one,))
    for twice in ((replace(one, values=("72.50",)),), (pressure(room), pressure(room))):
        with pytest.raises(Implausible) as raised:
            desk.add(INS, twice)
        assert faults(raised)[-1] == [(Fault.TWICE, "value-0")]
    assert len(rows(room)) == 1


def test_the_moment_of_blood_glucose_must_be_said(room, desk):
    one = Declared(BLOOD_GLUCOSE, ("0,95",), "g/L", room.now, PARIS)
    with pytest.raises(Implausible) as raised:
        desk.add(INS, (one,))
    assert faults(raised) == [[(Fault.MISSING, "context")]]
    assert desk.add(INS, (replace(one, context="fasting"),)) == 1


def test_a_record_is_not_filled_without_bounds(room, desk, monkeypatch):
    monkeypatch.setattr(measurement_changes, "KEPT_AT_MOST", 2)
    desk.add(INS, (weight(room, ago=HOUR), weight(room, ago=2 * HOUR)))
    with pytest.raises(Implausible) as raised:
        desk.add(INS, (weight(room, ago=3 * HOUR),))
    assert faults(raised) == [[(Fault.FULL, "value-0")]]
    with pytest.raises(Implausible):
        desk.add(INS, ())


# --- changing -----------------------------------------------------------------------------------------------------


def test_a_correction_takes_the_place_and_the_history_keeps_both(room, desk):
    desk.add(INS, (weight(room, "72,5"),))
    former = only(desk)
    room.now += HOUR
    assert desk.correct(INS, former.reading_id, weight(room, "75,2", ago=2 * HOUR))
    assert only(desk).said.values == ("75.2",)
    told = desk.reading(INS, former.reading_id)
    assert [(one.said.values[0], one.ended_by) for one in told.versions] == [("72.5", "corrected"), ("75.2", "")]
    assert told.versions[0].until == told.versions[1].since == room.now


def test_a_correction_is_held_against_the_same_bounds_and_not_against_itself(room, desk):
    desk.add(INS, (weight(room, "100"),))
    found = only(desk)
    with pytest.raises(Implausible):
        desk.correct(INS, found.reading_id, weight(room, "7250"))
    assert desk.correct(INS, found.reading_id, weight(room, "70"))


def test_a_reading_that_was_withdrawn_is_gone_from_lists_and_stays_in_its_history(room, desk):
    desk.add(INS, (weight(room),))
    found = only(desk)
    assert desk.withdraw(INS, found.reading_id)
    assert not desk.withdraw(INS, found.reading_id)
    assert not desk.correct(INS, found.reading_id, weight(room, "70"))
    assert desk.series(INS, WEIGHT).readings == ()
    told = desk.reading(INS, found.reading_id)
    assert (told.current.ended_by, told.may_correct, told.may_withdraw) == ("withdrawn", False, False)


def test_a_target_is_set_changed_and_taken_away(room, desk):
    desk.set_target(INS, BLOOD_PRESSURE, (("", "135"), ("", "85")), "mm[Hg]")
    assert desk.series(INS, BLOOD_PRESSURE).target.ends == (("", "135"), ("", "85"))
    desk.set_target(INS, BLOOD_PRESSURE, (("", "130"), ("", "")), "mm[Hg]")
    assert desk.series(INS, BLOOD_PRESSURE).target.ends == (("", "130"), ("", ""))
    desk.set_target(INS, BLOOD_PRESSURE, (("", ""), ("", "")), "mm[Hg]")
    assert desk.series(INS, BLOOD_PRESSURE).target is None
    assert len(rows(room, "measure_target")) == 2


@pytest.mark.parametrize(
    ("ends", "fault"),
    [((("80", "60"),), Fault.REVERSED), ((("beaucoup", ""),), Fault.NO_NUMBER), ((("7000", ""),), Fault.IMPOSSIBLE), ((("70,1234", ""),), Fault.PLACES)],
)  # fmt: skip
def test_a_target_that_cannot_be_is_refused(desk, ends, fault):
    with pytest.raises(Implausible) as raised:
        desk.set_target(INS, WEIGHT, ends, "kg")
    assert faults(raised) == [[(fault, "target-0")]]


# --- computed -----------------------------------------------------------------------------------------------------


def test_the_index_comes_from_readings_that_hold(room, desk):
    desk.add(INS, (weight(room, "70"), Declared(HEIGHT, ("175",), "cm", room.now - DAY, PARIS)))
    assert [one.value for one in desk.series(INS, BMI).computed] == ["22.9"]
    desk.withdraw(INS, only(desk, HEIGHT).reading_id)
    assert desk.series(INS, BMI).computed == ()


def test_nobody_declares_what_is_computed(room, desk):
    with pytest.raises(Implausible):
        desk.add(INS, (Declared(BMI, ("22.9",), "kg/m2", room.now, PARIS),))


def test_the_indicator_comes_from_a_mean_that_covers_enough(room, desk):
    one = Declared(INTERSTITIAL, ("1,50",), "g/L", room.now, PARIS, days=14, coverage=90)
    desk.add(INS, (one, replace(one, measured_at=room.now - HOUR, days=7)))
    assert [found.value for found in desk.series(INS, GMI).computed] == ["6.9"]


def test_a_page_of_results_gets_the_readings_of_a_code_and_unit(room, desk):
    desk.add(INS, (weight(room, "72,50"), pressure(room)))
    assert [(one.value, one.unit) for one in desk.readings_for(INS, "29463-7", "kg")] == [("72.50", "kg")]
    assert [one.value for one in desk.readings_for(INS, "8462-4", "mm[Hg]")] == ["81"]
    assert desk.readings_for(INS, "29463-7", "g") == ()
    assert desk.readings_for(INS, "718-7", "g/dL") == ()


# --- who, and what is left behind ---------------------------------------------------------------------------------


def test_a_mother_notes_for_her_child_and_is_named(room, desk):
    child = MIRABELLE.identifier
    mother = OwnMeasurements(room.gate, "operator:tests", NESSI.identifier)
    with pytest.raises(Refused):
        mother.add(child, (weight(room, "52"),))
    Delegations(room.gate, "operator:tests").declare(child, NESSI.identifier, Representation.FIRST_REPRESENTATIVE)
    mother.add(child, (weight(room, "52"),))
    found = only(mother, patient=child)
    assert (found.said.actor, found.said.name) == ("first_representative", "Ruth Decourcy")
    assert mother.series(child, WEIGHT).child.sex == "F"
    with pytest.raises(Refused):
        OwnMeasurements(room.gate, "operator:tests").series(child, WEIGHT)


def test_a_carer_notes_and_does_not_take_the_table_away(open_room):
    room = open_room(carers=True)
    with room.connection._raw as raw:
        raw.execute("UPDATE health_record SET state = 'activated'")
    Delegations(room.gate, "operator:tests").invite(INS, LANTERNE.identifier, Representation.CARER)
    Delegations(room.gate, "operator:tests", LANTERNE.identifier).answer(INS, accepted=True)
    carer = OwnMeasurements(room.gate, "operator:tests", LANTERNE.identifier)
    assert carer.add(INS, (weight(room),)) == 1
    assert carer.series(INS, WEIGHT).may_export is False
    with pytest.raises(Refused):
        carer.table(INS, WEIGHT)


def test_a_reading_of_another_record_is_not_there(room, desk):
    desk.add(INS, (weight(room),))
    name = only(desk).reading_id
    for other in (NESSI.identifier, LANTERNE.identifier):
        assert desk.series(other, WEIGHT).readings == ()
        for act in (desk.reading, desk.withdraw, lambda who, one: desk.correct(who, one, weight(room))):
            with pytest.raises(UnknownDocument):
                act(other, name)
    assert only(desk).reading_id == name


def test_a_record_that_is_closed_shows_no_measurement(room, desk):
    desk.add(INS, (weight(room),))
    Custody(room.gate, "operator:un").close_record(INS, "FERMETURE_DEMANDE_PATIENT")
    for act in (desk.overview, lambda who: desk.add(who, (weight(room),))):
        with pytest.raises(RecordClosed):
            act(INS)


def test_values_notes_and_names_are_sealed_under_the_patient_s_key(room, desk):
    desk.add(INS, (weight(room, "72,50", note="une remarque"),))
    desk.set_target(INS, WEIGHT, (("66", "71.75"),), "kg")
    said = b" ".join(repr(row).encode() for table in ("measure_reading", "measure_target") for row in rows(room, table))
    assert b"poids" in said  # control: what stands in clear is seen
    for secret in (b"72.50", b"remarque", b"Dominique", b"71.75", b"holder"):
        assert secret not in said
    other = find(room.connection, room.platform.keyring, NESSI.identifier)
    mine = find(room.connection, room.platform.keyring, INS)
    with pytest.raises(IntegrityFailure):
        reading_store.readings(room.connection, mine.patient_key, room.platform.keyring.patient_key(other.pseudonym))


@pytest.mark.parametrize("change", ["kind = 'taille'", "measured_at = measured_at + 1", "version = 2"])
def test_a_reading_moved_to_another_kind_moment_or_version_does_not_open(room, desk, change):
    desk.add(INS, (weight(room),))
    desk.overview(INS)
    with room.connection._raw as raw:
        raw.execute(f"UPDATE measure_reading SET {change}")
    with pytest.raises(IntegrityFailure):
        desk.overview(INS)


def test_each_act_leaves_a_line_without_a_value(room, desk):
    desk.add(INS, (weight(room, "72,50"),))
    name = only(desk).reading_id
    desk.correct(INS, name, weight(room, "73,25"))
    desk.withdraw(INS, name)
    desk.set_target(INS, WEIGHT, (("66", ""),), "kg")
    desk.table(INS, WEIGHT)
    with pytest.raises(Implausible):
        desk.add(INS, (weight(room, "7999"),))
    mine = find(room.connection, room.platform.keyring, INS)
    lines = read_trail(room.connection, mine.patient_key, room.platform.keyring.patient_key(mine.pseudonym))
    told = [(line["action"], line["outcome"]) for line in lines if "measure" in line["action"]]
    for act in (
        "add-measurement",
        "correct-measurement",
        "withdraw-measurement",
        "set-measure-target",
        "export-measurements",
    ):
        assert (f"patient/{act}", "done") in told
    assert told[-1] == ("patient/add-measurement", "failed")
    text = repr(lines)
    assert name in text
    for value in ("72.5", "72,5", "73.25", "7999", "'66'"):
        assert value not in text


def test_a_destroyed_record_leaves_no_row(room, desk):
    desk.add(INS, (weight(room),))
    desk.set_target(INS, WEIGHT, (("66", ""),), "kg")
    assert len(rows(room)) == len(rows(room, "measure_target")) == 1
    first, second = Custody(room.gate, "operator:un"), Custody(room.gate, "operator:deux")
    first.close_record(INS, "FERMETURE_DEMANDE_PATIENT")
    first.order_destruction(INS)
    second.confirm_destruction(INS)
    room.now += 31 * DAY
    run_due(room.gate)
    assert rows(room) == rows(room, "measure_target") == []
