"""Notices due: told once an hour for one cause, without any health content."""

from __future__ import annotations

import pytest

from carnet.clock import HOUR, MINUTE
from carnet.exchange.notices import owe, undelivered

START = 1_793_620_800_000_000  # the start of an hour
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
    columns = {row[1] for row in connection._raw.execute("PRAGMA table_info(notice)")}
    assert columns == {"patient_key", "notice_id", "kind", "recipient", "due_at", "delivered_at"}
