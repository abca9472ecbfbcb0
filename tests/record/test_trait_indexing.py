"""Filling the index of traits after a migration: everybody once, in steps, whatever one person's traits are."""

from __future__ import annotations

import pytest

from carnet.demo.people import NESSI, PAT_TROIS, PATIENTS, REGULATOR
from carnet.errors import Unavailable
from carnet.identity.patient_search import Criteria
from carnet.identity.patients import find
from carnet.record import trait_indexing
from carnet.record.candidates import find_candidates
from carnet.record.trait_indexing import index_traits
from carnet.requester import AccessMode

BY = "operator:tests"


def of(person):
    return Criteria(name=person.traits.birth_name, birth_date=person.traits.birth_date)


def looked_for(room, person):
    regulator = room.caller(REGULATOR, None, mode=AccessMode.CENTRE_15)
    return [one.identifier for one in room.do(regulator, find_candidates(of(person)))]


@pytest.fixture
def unindexed(room):
    """The home as a migration from an older version leaves it."""
    room.connection._raw.execute("DELETE FROM trait_index")
    room.connection._raw.execute("UPDATE patient SET index_form = 0")
    return room


def test_everybody_is_found_again_and_a_second_run_does_nothing(unindexed):
    room = unindexed
    with pytest.raises(Unavailable):
        looked_for(room, PAT_TROIS)
    ticket = room.last_ticket()
    assert index_traits(room.gate, operator=BY).people == len(PATIENTS)
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["requester_id"]) == ("administration/index-traits", BY)
    assert looked_for(room, PAT_TROIS) == [PAT_TROIS.identifier]
    ticket = room.last_ticket()
    assert index_traits(room.gate, operator=BY).people == 0
    assert room.last_ticket() == ticket


def test_a_run_that_was_cut_short_goes_on(unindexed, monkeypatch):
    room = unindexed
    monkeypatch.setattr(trait_indexing, "PAGE", 2)
    real, calls = trait_indexing.write_anew, []

    def third_fails(*given):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(*given)

    monkeypatch.setattr(trait_indexing, "write_anew", third_fails)
    with pytest.raises(KeyboardInterrupt):
        index_traits(room.gate, operator=BY)
    assert room.rows("SELECT count(*) FROM patient WHERE index_form > 0") == [(2,)]
    assert index_traits(room.gate, operator=BY).people == len(PATIENTS) - 2
    assert looked_for(room, NESSI) == [NESSI.identifier]


def test_damaged_traits_are_told_and_harm_nobody_else(unindexed):
    room = unindexed
    key = find(room.connection, room.platform.keyring, NESSI.identifier).patient_key
    room.connection._raw.execute("UPDATE patient SET sealed_traits = x'00' WHERE patient_key = ?", (key,))
    done = index_traits(room.gate, operator=BY)
    assert (done.people, done.unreadable) == (len(PATIENTS) - 1, (key,))
    assert looked_for(room, NESSI) == []
    assert looked_for(room, PAT_TROIS) == [PAT_TROIS.identifier]


def test_the_index_is_asked_by_an_index_of_the_database(room):
    """Neither search reads a table through: what SQLite says of its plan."""
    from carnet.consent.parties import _OF_PARTY
    from carnet.identity.trait_index import _BEHIND, _FIND

    wanted = {"blind_index": b"", "count": 1, "link_party": "", "not_before": 0, "now": 0, "most": 1}
    for statement in (_FIND, _BEHIND, _OF_PARTY):
        values = {**statement.defaults, **{n: v for n, v in wanted.items() if f":{n}" in statement.sqlite}}
        plan = room.connection._raw.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", values).fetchall()
        assert not [row[3] for row in plan if row[3].startswith("SCAN")], plan
