"""Opening, closing, and the three switches of emergency access."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, select, update

from carnet.consent.choices import Choice, close_record, open_record, set_choice
from carnet.consent.standing import standing
from carnet.database.statements import prepare
from carnet.database.tables import health_record, patient_choice
from carnet.errors import RecordClosed, UnknownPatient

ROW = prepare(
    select(
        health_record.c.state,
        health_record.c.opened_at,
        health_record.c.closed_at,
        health_record.c.closing_reason,
        health_record.c.rights_version,
    ).where(health_record.c.patient_key == bindparam("key"))
)
FORCE = prepare(
    update(health_record).where(health_record.c.patient_key == bindparam("key")).values(state=bindparam("forced"))
)
CHOICES = prepare(
    select(
        patient_choice.c.choice_id,
        patient_choice.c.kind,
        patient_choice.c.value,
        patient_choice.c.since,
        patient_choice.c.until,
    )
    .where(patient_choice.c.patient_key == bindparam("key"))
    .order_by(patient_choice.c.since)
)
SPOIL = prepare(update(patient_choice).values(value=bindparam("spoilt")))


def _row(connection, key=1):
    return connection.execute(ROW, {"key": key})[0]


def _stands(connection, now, key=1):
    return standing(connection, key, professional="899700000011", organization="", now=now)


def test_a_new_record_is_open_from_its_first_moment(connection):
    assert open_record(connection, 3, now=1_500)
    assert _row(connection, 3) == ("open", 1_500, None, "", 1)
    assert _row(connection) == ("open", 1_000, None, "", 1)
    assert _stands(connection, 1_000).state == "open"


def test_opening_an_open_record_changes_nothing(connection):
    assert not open_record(connection, 1, now=2_000)
    connection.execute(FORCE, {"key": 1, "forced": "activated"})
    assert not open_record(connection, 1, now=2_000)
    assert _row(connection) == ("activated", 1_000, None, "", 1)


def test_a_closed_record_keeps_when_it_was_opened_and_why_it_was_closed(connection):
    assert close_record(connection, 1, "FERMETURE_DEMANDE_PATIENT", now=2_000)
    assert _row(connection) == ("closed", 1_000, 2_000, "FERMETURE_DEMANDE_PATIENT", 2)
    assert not close_record(connection, 1, "FERMETURE_DECES", now=3_000)
    assert _row(connection)[3] == "FERMETURE_DEMANDE_PATIENT"
    assert _row(connection, 2)[0] == "open"


@pytest.mark.parametrize("state", ["closed", "opposed", "informed"])
def test_a_record_is_opened_again_after_a_closing_or_a_change_of_mind(connection, state):
    connection.execute(FORCE, {"key": 1, "forced": state})
    assert open_record(connection, 1, now=5_000)
    assert _row(connection) == ("open", 5_000, None, "", 2)


@pytest.mark.parametrize("state", ["suspended", "destroyed"])
def test_a_suspended_or_destroyed_record_is_not_opened(connection, state):
    connection.execute(FORCE, {"key": 1, "forced": state})
    with pytest.raises(RecordClosed, match=state):
        open_record(connection, 1, now=5_000)


@pytest.mark.parametrize("state", ["informed", "opposed", "destroyed"])
def test_a_record_that_was_never_opened_or_is_destroyed_is_not_closed(connection, state):
    connection.execute(FORCE, {"key": 1, "forced": state})
    with pytest.raises(RecordClosed, match=state):
        close_record(connection, 1, "FERMETURE_DEMANDE_PATIENT", now=5_000)


def test_a_suspended_record_may_be_closed(connection):
    connection.execute(FORCE, {"key": 1, "forced": "suspended"})
    assert close_record(connection, 1, "FERMETURE_DEMANDE_PATIENT", now=5_000)


def test_without_a_record_there_is_nothing_to_close_or_to_choose(connection):
    with pytest.raises(UnknownPatient):
        close_record(connection, 3, "FERMETURE_DEMANDE_PATIENT", now=5_000)
    with pytest.raises(UnknownPatient):
        set_choice(connection, 3, Choice.MASKED_IN_EMERGENCY, value=True, now=5_000)
    assert connection.execute(CHOICES, {"key": 3}) == []


@pytest.mark.parametrize("choice", Choice)
def test_each_choice_stands_for_itself_alone(connection, choice):
    assert set_choice(connection, 1, choice, value=True, now=2_000)
    found = _stands(connection, 2_000)
    assert {name.value for name in Choice if getattr(found, name.value)} == {choice.value}
    assert not getattr(_stands(connection, 1_999), choice.value)
    assert not getattr(_stands(connection, 2_000, key=2), choice.value)


def test_a_choice_s_row_is_ended_and_never_changed(connection):
    kind = Choice.OPPOSES_BRIS_DE_GLACE
    assert set_choice(connection, 1, kind, value=True, now=2_000)
    assert set_choice(connection, 1, kind, value=False, now=3_000)
    assert connection.execute(CHOICES, {"key": 1}) == [
        (f"{kind}-2", kind, "yes", 2_000, 3_000),
        (f"{kind}-3", kind, "no", 3_000, None),
    ]
    assert _stands(connection, 2_999).opposes_bris_de_glace
    assert not _stands(connection, 3_000).opposes_bris_de_glace


def test_choosing_what_stands_already_writes_nothing(connection):
    assert set_choice(connection, 1, Choice.OPPOSES_CENTRE_15, value=False, now=2_000)
    assert not set_choice(connection, 1, Choice.OPPOSES_CENTRE_15, value=False, now=3_000)
    assert len(connection.execute(CHOICES, {"key": 1})) == 1
    assert _row(connection)[4] == 2


def test_a_choice_that_cannot_be_read_closes_rather_than_opens(connection):
    for choice in Choice:
        set_choice(connection, 1, choice, value=False, now=2_000)
    connection.execute(SPOIL, {"spoilt": "peut-être"})
    found = _stands(connection, 3_000)
    assert found.opposes_bris_de_glace
    assert found.opposes_centre_15
    assert not found.masked_in_emergency
