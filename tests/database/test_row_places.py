"""A row is laid beside the others of its patient in the embedded database, and is never refused for its place."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, bindparam, insert

from carnet.database import row_places
from carnet.database.row_places import prepare_by_patient
from carnet.database.statements import prepare
from carnet.registry.entry_table import INSERT

LINES = Table(
    "line", MetaData(), Column("patient_key", BigInteger, primary_key=True), Column("name", Text, primary_key=True)
)
INSERTION = insert(LINES).values(patient_key=bindparam("patient_key"), name=bindparam("name"))
PEOPLE = (1, 2, 3)


@pytest.fixture
def raw():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE TABLE line (patient_key BIGINT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (patient_key, name))"
        )
        yield connection


def arrive(raw, statement, times=4, start=0):
    """Each person's rows come in turn, as those of a registry do."""
    for number in range(start, start + times):
        raw.executemany(statement.sqlite, [{"patient_key": one, "name": str(number)} for one in PEOPLE])


def as_laid(raw):
    return [(key, name) for key, name in raw.execute("SELECT patient_key, name FROM line ORDER BY rowid")]


def test_rows_of_a_patient_lie_together_in_the_order_of_arrival(raw):
    arrive(raw, prepare_by_patient(INSERTION))
    assert as_laid(raw) == [(one, str(number)) for one in PEOPLE for number in range(4)]


def test_control_rows_of_an_ordinary_insertion_lie_as_they_came(raw):
    arrive(raw, prepare(INSERTION))
    assert as_laid(raw) == [(one, str(number)) for number in range(4) for one in PEOPLE]


def test_where_a_patients_range_is_full_rows_are_kept_elsewhere(raw, monkeypatch):
    monkeypatch.setattr(row_places, "ROOM", 2)
    arrive(raw, prepare_by_patient(INSERTION), times=10)
    assert sorted(as_laid(raw)) == sorted((one, str(number)) for one in PEOPLE for number in range(10))


def test_rows_numbered_anew_by_a_vacuum_keep_no_new_one_out(raw, monkeypatch):
    monkeypatch.setattr(row_places, "ROOM", 2)
    arrive(raw, prepare_by_patient(INSERTION))
    raw.commit()
    raw.execute("VACUUM")
    arrive(raw, prepare_by_patient(INSERTION), start=4)
    assert sorted(as_laid(raw)) == sorted((one, str(number)) for one in PEOPLE for number in range(8))


def test_postgresql_gets_the_insertion_as_it_is():
    assert prepare_by_patient(INSERTION).postgres == prepare(INSERTION).postgres


def test_an_insertion_that_does_not_begin_with_the_patient_is_refused():
    named = Table("named", MetaData(), Column("name", Text), Column("patient_key", BigInteger))
    with pytest.raises(ValueError, match="patient_key"):
        prepare_by_patient(insert(named))


def test_entries_of_documents_are_laid_so():
    assert INSERT.sqlite.startswith("INSERT INTO document_entry (rowid, patient_key, ")
