"""Which links hold, seen from the record and from the party; and the state of a record."""

from __future__ import annotations

from carnet.consent.care_links import (
    Link,
    authorise,
    block,
    declare_medecin_traitant,
    end_authorisation,
    end_medecin_traitant,
)
from carnet.consent.choices import close_record
from carnet.consent.parties import Tie, ever_tied, records_of, ties_of
from carnet.consent.record_status import RecordStatus, record_status

DOCTOR, OTHER, STRUCTURE = "899700000011", "899700000022", "1990000001"


def test_the_links_of_a_record_are_those_that_hold_and_have_not_expired(connection):
    authorise(connection, 1, DOCTOR, until=5_000, source="patient", now=2_000)
    block(connection, 1, OTHER, source="patient", now=3_000)
    assert ties_of(connection, 1, now=4_000) == (
        Tie(DOCTOR, "authorised", 2_000, 5_000),
        Tie(OTHER, "blocked", 3_000, None),
    )
    assert ties_of(connection, 1, now=5_000) == (Tie(OTHER, "blocked", 3_000, None),)
    assert ties_of(connection, 1, now=1_999) == ()
    assert ties_of(connection, 2, now=4_000) == ()


def test_the_records_of_a_party_are_those_that_it_may_read_the_newest_first(connection):
    authorise(connection, 1, DOCTOR, until=9_000, source="patient", now=2_000)
    declare_medecin_traitant(connection, 2, DOCTOR, source="patient", now=3_000)
    authorise(connection, 2, OTHER, until=None, source="patient", now=3_000)
    everything = {"since": 0, "now": 4_000, "limit": 10}
    assert records_of(connection, DOCTOR, **everything) == ((2, 3_000), (1, 2_000))
    assert records_of(connection, DOCTOR, **{**everything, "since": 2_001}) == ((2, 3_000),)
    assert records_of(connection, DOCTOR, **{**everything, "limit": 1}) == ((2, 3_000),)
    assert records_of(connection, DOCTOR, **{**everything, "now": 9_000}) == ((2, 3_000),)
    assert records_of(connection, STRUCTURE, **everything) == ()


def test_a_block_opens_no_record_and_an_ended_authorisation_none_either(connection):
    authorise(connection, 1, DOCTOR, until=None, source="patient", now=2_000)
    end_authorisation(connection, 1, DOCTOR, now=3_000)
    block(connection, 2, DOCTOR, source="patient", now=2_000)
    assert records_of(connection, DOCTOR, since=0, now=4_000, limit=10) == ()


def test_who_was_once_tied_is_remembered(connection):
    declare_medecin_traitant(connection, 1, DOCTOR, source="patient", now=2_000)
    end_medecin_traitant(connection, 1, DOCTOR, now=3_000)
    assert ever_tied(connection, 1, Link.MEDECIN_TRAITANT, DOCTOR)
    assert not ever_tied(connection, 1, Link.MEDECIN_TRAITANT, OTHER)
    assert not ever_tied(connection, 1, Link.AUTHORISED, DOCTOR)
    assert not ever_tied(connection, 2, Link.MEDECIN_TRAITANT, DOCTOR)


def test_the_status_of_a_record_carries_its_dates(connection):
    assert record_status(connection, 1) == RecordStatus("open", 1_000, None, "")
    close_record(connection, 1, "FERMETURE_DEMANDE_PATIENT", now=5_000)
    assert record_status(connection, 1) == RecordStatus("closed", 1_000, 5_000, "FERMETURE_DEMANDE_PATIENT")
    assert record_status(connection, 3) is None
