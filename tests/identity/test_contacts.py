"""Where people are told: addresses that can travel, sealed, ended and never changed; the person's word before a feed's."""

from __future__ import annotations

import shutil

import pytest
from sqlalchemy import bindparam, insert

from carnet.crypto.envelope import PatientKey
from carnet.database.connection import SqliteConnection
from carnet.database.statements import prepare
from carnet.database.tables import patient, professional
from carnet.errors import IntegrityFailure, InvalidMetadata, MalformedMessage
from carnet.identity.contacts import (
    PERSON,
    address_of_patient,
    address_of_professional,
    checked_address,
    import_addresses,
    set_address,
)

KEY = PatientKey("one", 1, b"k" * 32)
ROW = insert(patient).values(pseudonym=bindparam("name"), sealed_traits=b"", updated_at=0)
DOCTOR = insert(professional).values(
    professional_id=bindparam("id"), family_name="X", given_name="Y", active=1, source="test", updated_at=0
)
MINE = "colibri@carnet.example"


@pytest.fixture
def connection(migrated, tmp_path):
    shutil.copy(migrated, tmp_path / "carnet.db")
    opened = SqliteConnection(tmp_path / "carnet.db")
    opened.execute_many(prepare(ROW), [{"name": "one"}, {"name": "two"}])
    opened.execute_many(prepare(DOCTOR), [{"id": "899970000016"}, {"id": "899970000024"}])
    yield opened
    opened.close()


def written(connection, address, *, source=PERSON, now=1, person=1):
    return set_address(connection, person, address, key=KEY, source=source, now=now)


@pytest.mark.parametrize("text", [MINE, "  a.b+c@d-e.example ", "o'brien@x.example", "a@localhost"])
def test_an_address_is_taken_as_mail_servers_take_it(text):
    assert checked_address(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    ["", "nobody", "@x.example", "a@", "a b@x.example", "a@x.example\r\nBcc: b@x.example", "a@x.example, b@x.example",
     "<a@x.example>", "a@-x.example", "a@x..example", ".a@x.example", "a.@x.example", "a..b@x.example", "é@x.example",
     "a@" + "x" * 64 + ".example", "a@" + "x." * 130 + "example", "a@x.example>", 'a"b@x.example'],
)  # fmt: skip
def test_what_could_be_something_else_on_an_smtp_line_is_no_address(text):
    with pytest.raises(InvalidMetadata):
        checked_address(text)


def test_an_address_is_sealed_under_the_person_s_key(connection):
    assert address_of_patient(connection, 1, KEY) == ""
    assert written(connection, MINE)
    assert address_of_patient(connection, 1, KEY) == MINE
    assert address_of_patient(connection, 2, KEY) == ""
    ((sealed,),) = connection._raw.execute("SELECT sealed_address FROM patient_contact").fetchall()
    assert b"colibri" not in sealed
    with pytest.raises(IntegrityFailure):
        address_of_patient(connection, 1, PatientKey("two", 1, b"j" * 32))


def test_a_change_ends_the_address_before_and_none_writes_nothing(connection):
    assert not written(connection, "")
    assert written(connection, MINE, now=1)
    assert not written(connection, MINE, now=2)
    assert written(connection, "new@carnet.example", now=3)
    assert written(connection, "", now=4)
    assert address_of_patient(connection, 1, KEY) == ""
    rows = connection._raw.execute("SELECT since, until FROM patient_contact ORDER BY since").fetchall()
    assert rows == [(1, 3), (3, 4)]


def test_a_feed_does_not_replace_what_the_person_said_and_the_person_replaces_a_feed_s(connection):
    assert written(connection, "feed@carnet.example", source="feed")
    assert written(connection, "feed2@carnet.example", source="feed", now=2)
    assert written(connection, MINE, now=3)
    assert not written(connection, "feed@carnet.example", source="feed", now=4)
    assert address_of_patient(connection, 1, KEY) == MINE


def imported(connection, *lines):
    steps = []
    report = import_addresses(connection, lines, 5, source="annuaire", commit=lambda: steps.append(1))
    assert steps
    return report


@pytest.mark.parametrize(
    "lines",
    [
        ["identifiant;adresse\n", "899970000016;a@mssante.example\n", "899970000016;b@mssante.example\n"],
        [
            "Type de BAL|Adresse BAL|Identification nationale PP|Nom d'exercice|\n",
            "PER|a@mssante.example|899970000016|X|\n",
            "PER|b@mssante.example|899970000016|X|\n",
        ],
    ],
    ids=["small", "national extract"],
)
def test_professional_addresses_come_from_a_file_of_the_directory(connection, lines):
    assert imported(connection, *lines).taken == 2
    assert address_of_professional(connection, "899970000016") == "b@mssante.example"
    assert address_of_professional(connection, "899970000024") == ""
    assert imported(connection, *lines).taken == 2


def test_unknown_professionals_are_passed_over_and_bad_lines_noted(connection):
    report = imported(connection, "identifiant;adresse\n", "1;a@x.example\n", "899970000016;no address\n", "\n", "x\n")
    assert (report.taken, report.skipped, [line.number for line in report.bad]) == (0, 1, [3])


def test_another_file_is_refused(connection):
    with pytest.raises(MalformedMessage):
        imported(connection, "nom;prenom\n")
