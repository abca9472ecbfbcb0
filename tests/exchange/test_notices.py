"""Notices due: told once an hour for one cause, without any health content."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from carnet.clock import HOUR, MINUTE
from carnet.database.statements import prepare
from carnet.database.tables import notice
from carnet.exchange.notices import (
    find_notice,
    notice_counts,
    notices_in,
    notices_of_medecin_traitant,
    notices_of_patient,
    owe,
    undelivered,
)

START = 1_793_620_800_000_000  # the start of an hour
ALL = prepare(select(notice))
KIND = "emergency-access-bris_de_glace"


def owed(connection, **about):
    about = {"kind": KIND, "recipient": "patient", "cause": "899970000024", "now": START, **about}
    return owe(connection, about.pop("patient", 1), **about)


def test_an_emergency_of_forty_calls_is_told_once(connection):
    names = {owed(connection, now=START + number * MINUTE) for number in range(40)}
    assert len(names) == 1
    assert undelivered(connection, 1) == [(names.pop(), KIND, "patient", START)]


def test_the_next_hour_is_told_again(connection):
    owed(connection, now=START + HOUR - 1)
    owed(connection, now=START + HOUR)
    assert [due for *_, due in undelivered(connection, 1)] == [START + HOUR - 1, START + HOUR]


@pytest.mark.parametrize(
    "other", [{"recipient": "medecin_traitant"}, {"cause": "899970000032"}, {"kind": "emergency-access-centre_15"}]
)
def test_another_recipient_caller_or_kind_is_told_apart(connection, other):
    owed(connection)
    owed(connection, **other)
    assert len(undelivered(connection, 1)) == 2


def test_one_patient_s_notices_are_not_another_s(connection):
    assert owed(connection) != owed(connection, patient=2)
    assert len(undelivered(connection, 1)) == len(undelivered(connection, 2)) == 1


def test_what_was_delivered_is_not_due_and_not_owed_again_within_the_hour(connection):
    owed(connection)
    connection._raw.execute("UPDATE notice SET delivered_at = 1")
    assert undelivered(connection, 1) == []
    owed(connection, now=START + MINUTE)
    assert undelivered(connection, 1) == []


def test_a_notice_s_name_tells_neither_who_nor_why(connection):
    name = owed(connection)
    assert "899970000024" not in name
    (row,) = connection.execute(ALL)
    assert not any("899970000024" in str(value) for value in row)


def test_the_space_lists_every_notice_to_the_patient_whatever_became_of_its_email(connection):
    owed(connection)
    owed(connection, recipient="medecin_traitant")
    owed(connection, kind="record-closed", now=START + 1)
    owed(connection, patient=2)
    connection._raw.execute("UPDATE notice SET state = 'failed', answer = '550' WHERE kind = 'record-closed'")
    found = notices_of_patient(connection, 1)
    assert [(one.kind, one.state, one.answer) for one in found] == [
        (KIND, "due", ""),
        ("record-closed", "failed", "550"),
    ]
    assert find_notice(connection, found[0].notice_id) == found[0]
    assert find_notice(connection, "nobody's") is None
    assert notices_in(connection, "failed") == found[1:]
    assert notice_counts(connection) == {"due": 3, "failed": 1}
    connection._raw.execute("UPDATE notice SET state = 'sent'")
    assert notice_counts(connection) == {}


def test_a_medecin_traitant_is_told_of_his_or_her_patients_since_being_it(connection):
    for patient in (1, 2):
        for moment in (START, START + HOUR):
            owed(connection, patient=patient, recipient="medecin_traitant", now=moment)
    owed(connection)
    add = "INSERT INTO care_link (patient_key, link_id, party, kind, since, until, source) VALUES (?, ?, ?, 'medecin_traitant', ?, ?, 'test')"
    connection._raw.execute(add, (1, "a", "899970000016", START + MINUTE, None))
    connection._raw.execute(add, (2, "b", "899970000016", START, START + MINUTE))
    found = notices_of_medecin_traitant(connection, "899970000016")
    assert [(one.patient_key, one.due_at) for one in found] == [(1, START + HOUR)]
    assert notices_of_medecin_traitant(connection, "899970000099") == []


def test_a_notice_of_a_secret_connection_is_marked(connection):
    owed(connection, secret=True)
    assert [one.secret for one in notices_of_patient(connection, 1)] == [1]
