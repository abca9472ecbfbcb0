"""No read that began after an acknowledged mask, block or closure shows anything: every order of steps of two workers, at every door.

Held to more: not one whose transaction began after the change was committed, acknowledged or not. The doors are those of two_workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pkgutil import resolve_name

import pytest
from schedules import BEGIN, COMMIT, Worker, every_schedule, interleave, stepping
from two_workers import CHANGES, DOORS, Two, put_in

from carnet.clock import SECOND
from carnet.platform import build
from carnet.record import scope as scope_module
from carnet.record import search as search_module
from carnet.record.gate import Gate
from carnet.registry.renditions import RenditionCache
from carnet.soap.ebrim_render import EbrimRenderer

PAIRS = [(door, change) for door, (_, changes) in DOORS.items() for change in changes]


@pytest.fixture
def two(open_room):
    room = open_room(make_invisible_by_update=True)
    settings, clock = room.platform.settings, room.platform.clock
    second = build(settings, EbrimRenderer(), clock=clock, worker="w1")
    gates = []
    for platform in (room.platform, second):
        platform.connection.close()
        gates.append(Gate(replace(platform, connection=stepping(settings.database_place))))
    yield Two(room, *gates, put_in(room, gates[0]))
    for gate in gates:
        gate.platform.connection.close()
    second.segments.close()


def violations(two, door, change):
    """Plays every schedule of one read and one change; what was shown although the change was committed before the read began."""
    shows, _ = DOORS[door]
    decide, take_back = CHANGES[change]
    counted = Counter()
    wrong = []

    def play(choose):
        if two.renews and counted.total() % 10 == 9:
            two.entry = put_in(two.room, two.reader)
        two.note()
        assert shows(two), "warms what caches there are, and shows that there is something to see"
        events = []
        reader = Worker("reader", partial(shows, two), events)
        writer = Worker("writer", partial(decide, two), events)
        two.reader.platform.connection.worker, two.writer.platform.connection.worker = reader, writer
        interleave([reader, writer], choose)
        two.reader.platform.connection.worker = two.writer.platform.connection.worker = None
        assert (reader.error, writer.error, writer.result) == (None, None, True)
        begun, answered = events.index(("reader", BEGIN)), events.index(("reader", "answered"))
        committed, wrote = events.index(("writer", COMMIT)), events.index(("writer", BEGIN))
        after, before = committed < begun, answered < wrote
        counted["after" if after else "before" if before else "meanwhile"] += 1
        if after and reader.result:
            wrong.append(events)
        assert reader.result or not before, "what is still allowed is shown"
        two.room.now += SECOND
        take_back(two)

    for _ in every_schedule(play):
        pass
    assert min(counted[name] for name in ("before", "meanwhile", "after")) > 0
    return wrong, counted


@pytest.mark.parametrize(("door", "change"), PAIRS)
def test_no_read_that_began_after_the_acknowledgement_shows_anything(two, door, change):
    wrong, counted = violations(two, door, change)
    assert wrong == []
    assert counted.total() >= 30


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("door", "change"),
    [("iti18 references", "mask"), ("iti43", "block"), ("iti57", "closure"), ("td0.4 by document", "default mask")],
)
def test_no_read_shows_anything_where_a_server_lets_acts_run_beside_each_other(two, door, change):
    wrong, counted = violations(two, door, change)
    assert wrong == []
    assert counted.total() >= 30


# --- controls: a build with a cache that does not know what changed -------------------------------------------------


@pytest.fixture
def stale_facts(monkeypatch):
    """Where a requester stands is remembered from one request to the next."""
    known = {}
    fresh = scope_module.current_standing

    def remembered(connection, patient_key, **who):
        key = (id(connection), patient_key, who["professional"])
        if key not in known:
            known[key] = fresh(connection, patient_key, **who)
        return known[key]

    monkeypatch.setattr(scope_module, "current_standing", remembered)


@pytest.fixture
def stale_rows(monkeypatch):
    """What a query found is remembered by the query, with the masks of that time."""
    known = {}
    fresh = search_module.find

    def remembered(connection, holder, query):
        key = (id(connection), holder.patient_key, query)
        if key not in known:
            known[key] = fresh(connection, holder, query)
        return known[key]

    monkeypatch.setattr(search_module, "find", remembered)


@pytest.mark.usefixtures("stale_facts")
@pytest.mark.parametrize(
    ("door", "change"),
    [
        *((door, change) for door in ("iti18 references", "iti43") for change in ("block", "closure", "default mask")),
        ("iti18 metadata", "block"),
        ("iti57", "block"),
        ("iti18 in an emergency", "opposition to the emergency mode"),
        ("td0.2", "block"),
        ("td0.3", "closure"),
        ("td0.4 by authorisation", "closure"),
        ("td0.4 by document", "default mask"),
        ("td0.5", "closure"),
        ("td1.3a", "block"),
        ("td1.6", "closure"),
    ],
)
def test_control_a_build_that_remembers_facts_is_found_out(two, door, change):
    assert violations(two, door, change)[0]


@pytest.mark.usefixtures("stale_rows")
def test_control_a_build_that_remembers_rows_is_found_out(two):
    """Only the first play can be wrong: afterwards the remembered entryUUID is of an old version."""
    two.renews = False
    first = two.entry.entry_uuid_now(two.room)
    two.entry.entry_uuid_now = lambda _room: first
    assert violations(two, "iti18 references", "mask")[0]


def remember(two, monkeypatch, what):
    """Lets a function of the package remember its answer for a second, whatever was written meanwhile."""
    known = {}
    fresh = resolve_name(what)

    def remembered(*given, **named):
        key = (id(given[0]), two.room.now)  # the first is the worker's connection or platform
        if key not in known:
            answer = fresh(*given, **named)
            known[key] = list(answer) if isinstance(answer, Iterator) else answer
        return known[key]

    monkeypatch.setattr(what, remembered)


@pytest.mark.parametrize(
    ("door", "change", "what"),
    [
        ("td0.4 by document", "mask by software", "carnet.record.patient_list.find"),
        ("explanation", "block", "carnet.record.explanation.standing"),
        ("trail", "mask", "carnet.record.administration.read_trail"),
        ("trail export", "mask", "carnet.record.trail_export.of_patient"),
        ("trail of representatives", "hiding from representatives", "carnet.record.trail_view._masks"),
        (
            "notices of the médecin traitant",
            "another médecin traitant",
            "carnet.record.notice_office.notices_of_medecin_traitant",
        ),
        ("documents of the patient's side", "end of protection", "carnet.record.patient_room.link_between"),
    ],
)
def test_control_a_build_that_remembers_what_a_door_reads_is_found_out(two, monkeypatch, door, change, what):
    remember(two, monkeypatch, what)
    assert violations(two, door, change)[0]


def test_control_a_build_that_keeps_renditions_by_their_uuid_alone_is_found_out(two, monkeypatch):
    def by_uuid(cache, owner, marks):
        kept = {uuid: rendition for (uuid, *_), rendition in cache._kept.get(owner, {}).items()}
        return [kept.get(uuid) for uuid, *_ in marks]

    monkeypatch.setattr(RenditionCache, "get_many", by_uuid)
    assert violations(two, "iti18 renditions", "archive")[0]


def test_every_change_is_played_at_some_door():
    assert {change for _, change in PAIRS} == set(CHANGES)


def test_control_every_order_of_two_workers_is_played():
    orders = []

    def play(choose):
        left = {"a": 2, "b": 2}
        while any(left.values()):
            name = choose(sorted(one for one, count in left.items() if count))
            left[name] -= 1

    orders = list(every_schedule(play))
    assert len(orders) == len(set(orders)) == 6
