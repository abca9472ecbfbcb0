"""The index of traits: it finds by name and date of birth, follows the person, and says nothing without the key."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace

import pytest

from carnet.crypto.keyring import DevelopmentKeyring
from carnet.demo.people import LANTERNE, NESSI, PATIENTS
from carnet.errors import TooManyResults, Unavailable
from carnet.identity import trait_index
from carnet.identity.ins import NIR_TEST, key_of
from carnet.identity.patient_search import Criteria, people_with
from carnet.identity.patients import Traits, register, register_new
from carnet.identity.trait_index import behind, folded, people_named
from carnet.metadata import PatientIdentifier

NOW = 1_000_000


@pytest.fixture
def everybody(connection, keyring):
    return {one.identifier: register(connection, keyring, one.traits, one.identifier, NOW) for one in PATIENTS}


def found(connection, keyring, name, birth_date, **more):
    criteria = Criteria(name=name, birth_date=birth_date, **more)
    return [person.patient_key for person, _ in people_with(connection, keyring, criteria, maximum=50)]


def rows(connection):
    return connection._raw.execute("SELECT blind_index, patient_key FROM trait_index").fetchall()


def numbered(number):
    body = f"199069935{number:04d}"
    return PatientIdentifier(body + key_of(body), NIR_TEST)


def test_names_are_compared_without_case_accents_and_marks():
    assert folded("  d'Été—Noël ") == "D ETE NOEL"
    assert folded("***") == ""


def test_each_person_is_found_by_each_name_and_the_date(connection, keyring, everybody):
    for one in PATIENTS:
        for name in filter(None, one.traits.names):
            assert everybody[one.identifier] in found(connection, keyring, name.lower(), one.traits.birth_date)
        assert found(connection, keyring, one.traits.birth_name, "19010101") == []
        assert found(connection, keyring, one.traits.birth_name + "X", one.traits.birth_date) == []


def test_the_index_finds_whom_reading_through_everybody_finds(connection, keyring):
    names = ("MARTIN", "d'Été", "LE GOFF")
    people = {
        numbered(number): Traits(first, given, sex, date, used_name=used)
        for number, (first, given, sex, date, used) in enumerate(
            itertools.product(names, ("ANNE", "PAUL MARIE"), "MF", ("19800101", "1980"), ("", *names[:2]))
        )
    }
    register_new(connection, keyring, people, NOW)
    for name, given, sex, date in itertools.product(names, ("", "marie"), ("", "F"), ("19800101", "1980")):
        expected = sorted(
            number
            for number, one in enumerate(people.values(), start=1)
            if folded(name) in {folded(one.birth_name), folded(one.used_name)}
            and one.birth_date == date
            and (not given or given.upper() in one.birth_given_names.split())
            and (not sex or sex == one.sex)
        )
        assert found(connection, keyring, name, date, given_name=given, sex=sex) == expected
        assert expected or given == "marie"


def test_a_change_of_traits_or_of_ins_moves_the_person_in_the_index(connection, keyring, everybody):
    key = everybody[NESSI.identifier]
    other = replace(NESSI.traits, used_name="BALEINE")
    register(connection, keyring, other, numbered(1), NOW + 1, replaces=NESSI.identifier)
    assert found(connection, keyring, "baleine", other.birth_date) == [key]
    assert found(connection, keyring, NESSI.traits.birth_name, other.birth_date) == [key]
    assert found(connection, keyring, NESSI.traits.used_name, other.birth_date) == []


def test_more_people_of_one_name_and_date_than_allowed_are_none(connection, keyring, everybody):
    criteria = Criteria(name=LANTERNE.traits.birth_name, birth_date=LANTERNE.traits.birth_date)
    with pytest.raises(TooManyResults):
        list(people_with(connection, keyring, criteria, maximum=0))
    with pytest.raises(ValueError):
        list(people_with(connection, keyring, Criteria(name="LANTERNE"), maximum=50))


def test_a_search_opens_the_traits_of_those_named_so_alone(connection, keyring, everybody, monkeypatch):
    register_new(connection, keyring, {numbered(n): Traits(f"NOM {n}", "A", "F", "19900101") for n in range(300)}, NOW)
    opened = []
    real = keyring.patient_key
    monkeypatch.setattr(keyring, "patient_key", lambda name: opened.append(name) or real(name))
    assert len(found(connection, keyring, "nom 17", "19900101")) == 1
    assert len(opened) == 1


def test_whoever_is_missing_from_the_index_makes_searches_end_not_lie(connection, keyring, everybody):
    connection._raw.execute("UPDATE patient SET index_form = 0 WHERE patient_key = ?", (everybody[NESSI.identifier],))
    assert len(behind(connection, limit=10)) == 1
    with pytest.raises(Unavailable, match="index-traits"):
        found(connection, keyring, LANTERNE.traits.birth_name, LANTERNE.traits.birth_date)


def guessable(connection, index_of):
    """How many rows somebody finds who has the database, not the key, and tries the names and dates of everybody."""
    values = {blind for blind, _ in rows(connection)}
    names = {folded(name) for one in PATIENTS for name in one.traits.names if name}
    dates = {one.traits.birth_date for one in PATIENTS}
    tried = {
        index_of(text.encode())
        for name, date in itertools.product(names, dates)
        for text in (f"traits|{trait_index.FORM}|{name}|{date}", f"{name}|{date}")
    }
    return len(values & tried)


def test_nobody_is_found_in_the_index_without_its_key(connection, keyring, everybody, tmp_path):
    DevelopmentKeyring.create(tmp_path / "others")
    others = DevelopmentKeyring(tmp_path / "others", "test")
    assert rows(connection)
    assert guessable(connection, keyring.blind_index) == len({blind for blind, _ in rows(connection)})
    assert guessable(connection, others.blind_index) == 0
    assert guessable(connection, lambda text: hashlib.sha256(text).digest()) == 0
    others.close()


def test_control_an_index_without_key_is_noticed(connection, keyring, monkeypatch):
    monkeypatch.setattr(
        trait_index, "_blind", lambda _keyring, name, date: hashlib.sha256(f"{name}|{date}".encode()).digest()
    )
    for one in PATIENTS:
        register(connection, keyring, one.traits, one.identifier, NOW)
    assert guessable(connection, lambda text: hashlib.sha256(text).digest()) > 0


def test_no_row_says_a_name_or_an_ins(connection, keyring, everybody):
    identifiers = {row[0] for row in connection._raw.execute("SELECT blind_index FROM patient_identifier")}
    assert not identifiers & {blind for blind, _ in rows(connection)}
    for one in PATIENTS:
        for blind, _ in rows(connection):
            assert one.traits.birth_name.encode() not in blind


def test_who_is_erased_is_found_no_more_and_is_not_taken_for_missing(connection, keyring, everybody):
    key = everybody[NESSI.identifier]
    trait_index.erase(connection, key)
    assert found(connection, keyring, NESSI.traits.birth_name, NESSI.traits.birth_date) == []
    assert key not in {row[1] for row in rows(connection)}
    assert people_named(connection, keyring, NESSI.traits.birth_name, NESSI.traits.birth_date, limit=5) == []
