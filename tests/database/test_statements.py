"""Statements: compiled once from expressions, run as text by the driver, never with a value of a caller in the text."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3

from sqlalchemy import bindparam, insert, select, update

import carnet
from carnet.database import statements
from carnet.database.statements import Statement, prepare
from carnet.database.tables import notice, patient


def test_a_variable_is_a_named_parameter():
    statement = prepare(select(patient.c.pseudonym).where(patient.c.patient_key == bindparam("key")))
    assert ":key" in statement.sqlite
    assert statement.defaults == {}


def test_a_value_of_the_expression_is_a_default_not_text():
    canary = "'; DROP TABLE patient; --"
    statement = prepare(select(patient.c.pseudonym).where(patient.c.pseudonym == canary))
    assert canary not in statement.sqlite
    assert list(statement.defaults.values()) == [canary]


def test_a_list_has_a_fixed_number_of_places():
    places = [bindparam(f"v{number}") for number in range(3)]
    statement = prepare(select(patient.c.pseudonym).where(patient.c.patient_key.in_(places)))
    assert [name for name in (":v0", ":v1", ":v2", ":v3") if name in statement.sqlite] == [":v0", ":v1", ":v2"]


def test_an_insert_without_values_names_every_column():
    statement = prepare(insert(notice))
    for column in notice.columns:
        assert f":{column.name}" in statement.sqlite


def test_an_update_may_name_its_variables_apart_from_the_columns():
    statement = prepare(
        update(patient).where(patient.c.pseudonym == bindparam("who")).values(updated_at=bindparam("now"))
    )
    assert ":who" in statement.sqlite
    assert ":now" in statement.sqlite


def test_the_text_is_sqlite_s_own():
    statement = prepare(
        select(patient.c.pseudonym).where(patient.c.patient_key > bindparam("key")).limit(bindparam("n"))
    )
    raw = sqlite3.connect(":memory:")
    raw.execute("CREATE TABLE patient (patient_key INTEGER, pseudonym TEXT)")
    raw.executemany("INSERT INTO patient VALUES (?, ?)", [(1, "one"), (2, "two"), (3, "three")])
    values = {**statement.defaults, "key": 1, "n": 1}
    assert raw.execute(statement.sqlite, values).fetchall() == [("two",)]
    raw.close()


def test_nothing_is_compiled_before_it_runs(monkeypatch):
    compiled = []
    monkeypatch.setattr(statements, "_compile", lambda *about: compiled.append(about) or ("SELECT 1", {}))
    statement = prepare(select(patient.c.pseudonym))
    assert compiled == []
    assert [statement.sqlite, statement.defaults, statement.sqlite] == ["SELECT 1", {}, "SELECT 1"]
    assert len(compiled) == 1


def test_every_statement_of_the_package_compiles_for_the_embedded_database():
    """Those made at import; those made by shape run in the tests of the rooms."""
    count = 0
    for module in pkgutil.walk_packages(carnet.__path__, "carnet."):
        if module.name.endswith("__main__") or module.name.startswith("carnet.database.migrations"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Statement):
                    count += 1
                    assert one.sqlite
    assert count > 300
