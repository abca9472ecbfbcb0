"""A year in the life of 1,000 fictitious people, week by week, by a clock of the test's own; what must always hold is checked each week.

A model of a few lines, which shares nothing with the code, says what each record must have become; that of the emergencies stands in
year_of_emergencies, that of majority in year_of_majority. Nobody of these people exists.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from zoneinfo import ZoneInfo

import pytest
from year_of_emergencies import SETTINGS, Emergencies
from year_of_majority import ComingOfAge

from carnet.authorization.facts import Function
from carnet.clock import DAY, from_iso, to_datetime
from carnet.consent import lifecycle
from carnet.consent.lifecycle import CELLS, Event, State
from carnet.consent.standing import current_standing, standing
from carnet.demo.people import OTHER_GP, DemoPatient
from carnet.errors import UnknownPatient
from carnet.exchange.notices import owe
from carnet.identity.ins import NIR_TEST, key_of
from carnet.identity.patients import Traits, find
from carnet.metadata import INVISIBLE_PATIENT, PatientIdentifier
from carnet.record.custody import Custody
from carnet.record.due import run_due
from carnet.record.enrolment import enrol_file
from carnet.record.intake import import_patients
from carnet.record.scope import facts_of
from carnet.record.watching import _seen

PEOPLE, BIRTHS_A_WEEK, WEEKS = 1_000, 2, 53
START = from_iso("2027-01-04T08:00:00Z")
TERRITORIES = {"80": "2027-01-01", "35": "2027-02-01", "976": "2027-04-01"}
TRANSITION_ACTIONS = {
    # how a line of the trace names an event that has a row
    **{f"life/{event}": event.value for event in Event},
    **{f"administration/{event}": event.value for event in Event},
    "administration/open-record": "open",
    "administration/close-record": "close",
}
AFFILIATION = "ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance;territoire;canal;dmp_avant_2022\n"
IDENTITY = "ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance;date_deces\n"


@dataclass
class Someone:
    """A fictitious person and what the model says of their record. Days are whole days since the epoch."""

    number: int
    born: dt.date
    territory: str
    former: bool = False
    state: str = ""
    informed_on: int | None = None
    suspended_on: int | None = None
    destroy_asked_on: int | None = None
    before: str = ""
    key: int = 0
    pseudonym: str = ""

    @property
    def identifier(self):
        body = f"2{self.born.year % 100:02d}{self.born.month:02d}99{self.number // 999 + 900:03d}{self.number % 999 + 1:03d}"
        return PatientIdentifier(body + key_of(body), NIR_TEST)

    @cached_property
    def majority(self):
        """The first moment of the eighteenth birthday in Paris."""
        day = self.born.replace(year=self.born.year + 18)
        return int(dt.datetime.combine(day, dt.time(), ZoneInfo("Europe/Paris")).timestamp()) * 1_000_000

    @property
    def cells(self):
        return f"{self.identifier.value};{NIR_TEST};ESSAI;PERSONNE {self.number};F;{self.born};99350"

    @property
    def demo(self):
        traits = Traits("ESSAI", f"PERSONNE {self.number}", "F", f"{self.born:%Y%m%d}", "99350")
        return DemoPatient(self.identifier, traits, "one of a thousand")


@dataclass
class Year:
    """The simulation: the room, its people, chance, and what was counted."""

    room: object
    people: list = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(20270104))
    figures: Counter = field(default_factory=Counter)
    ticket: int = 0
    traced: Counter = field(default_factory=Counter)

    def __post_init__(self):
        self.emergencies, self.coming_of_age = Emergencies(self), ComingOfAge(self)

    @property
    def today(self):
        return self.room.now // DAY

    @property
    def custody(self):
        return Custody(self.room.gate, "operator:un")

    def some(self, count, *states):
        """Some people whose record is in one of these states, by chance."""
        found = [one for one in self.people if one.state in states]
        return self.chance.sample(found, min(count, len(found)))

    def to(self, one, state, what):
        one.state = state
        self.figures[what] += 1

    # --- what happens ---------------------------------------------------------------------------------------------

    def affiliate(self, people):
        """An insurer's file; whoever's territory is open is informed, the others wait."""
        lines = [AFFILIATION]
        lines += [f"{one.cells};{one.territory};courriel;{'oui' if one.former else 'non'}\n" for one in people]
        digest = hashlib.sha256("".join(lines).encode()).hexdigest()
        enrolled = enrol_file(self.room.gate, lines, digest, operator="operator:un")
        assert enrolled.bad == ()
        for one in people:
            patient = find(self.room.connection, self.room.platform.keyring, one.identifier)
            one.key, one.pseudonym = patient.patient_key, patient.pseudonym
        self.people += [one for one in people if one not in self.people]
        self.expect_territories()

    def expect_territories(self):
        """The model of the territories: informed from the day on which each opens."""
        day = to_datetime(self.room.now).date().isoformat()
        for one in self.people:
            if one.state == "" and TERRITORIES[one.territory] <= day:
                one.informed_on = self.today
                self.to(one, "informed", "informed")

    def births(self):
        self.figures["births"] += BIRTHS_A_WEEK
        born = to_datetime(self.room.now).date() - dt.timedelta(days=3)
        first = len(self.people)
        self.affiliate(
            [Someone(first + number, born, self.chance.choice(list(TERRITORIES))) for number in range(BIRTHS_A_WEEK)]
        )

    def choices(self):
        """What holders and the operator do in a week."""
        for one in self.some(3, "informed"):
            assert self.custody.oppose(one.identifier, "Personne fictive")
            self.to(one, "opposed", "objections")
        for one in self.some(1, "opposed"):
            assert self.custody.open_record(one.identifier)
            self.to(one, "open", "changes of mind")
        for one in self.some(4, "open"):
            assert self.custody.activate(one.identifier)
            self.to(one, "activated", "activations")
        for one in self.some(2, "open", "activated"):
            assert self.custody.close_record(one.identifier, "FERMETURE_DEMANDE_PATIENT")
            self.to(one, "closed", "closures")
        for one in self.some(1, "open", "activated"):
            assert self.custody.suspend(one.identifier, "FRAUDE")
            one.suspended_on, one.before = self.today, one.state
            self.to(one, "suspended", "suspensions")
        if self.chance.random() < 0.4:
            for one in self.some(1, "suspended"):
                assert self.custody.resume(one.identifier)
                self.to(one, one.before, "resumptions")

    def deaths(self):
        dead = self.some(1, "open", "activated", "informed", "suspended")
        day = to_datetime(self.room.now).date()
        report = import_patients(self.room.gate, [IDENTITY, *(f"{one.cells};{day}\n" for one in dead)])
        assert report.bad == ()
        for one in dead:
            self.to(one, "dead", "deaths")

    def ends(self):
        """Destruction on request, and reopening, sometimes of what is about to be destroyed."""
        if self.chance.random() < 0.5:
            for one in [one for one in self.some(3, "closed") if one.destroy_asked_on is None][:1]:
                self.ask_destruction(one)
        if self.chance.random() < 0.5:
            for one in self.some(1, "closed"):
                assert self.custody.open_record(one.identifier)
                self.figures["destructions cancelled"] += one.destroy_asked_on is not None
                one.destroy_asked_on = None
                self.to(one, "open", "reopenings")

    def ask_destruction(self, one):
        assert self.custody.order_destruction(one.identifier)
        assert Custody(self.room.gate, "operator:deux").confirm_destruction(one.identifier)
        one.destroy_asked_on = self.room.now
        self.figures["destructions asked"] += 1

    def leaves(self, one):
        """Closes the record and has it destroyed."""
        assert self.custody.close_record(one.identifier, "FERMETURE_DEMANDE_PATIENT")
        self.to(one, "closed", "closures")
        self.ask_destruction(one)

    def deposits(self):
        """A document for a few people, some of them hidden until it is announced."""
        for one in self.some(1, "open", "activated"):
            masks = (INVISIBLE_PATIENT,) if self.chance.random() < 0.5 else ()
            person = one.demo
            self.room.put(self.room.document(masks=masks, patient=person), requester=self.room.caller(patient=person))
            self.figures["documents"] += 1

    def time_passes(self):
        """All timers, and the same by the model: six weeks are 42 whole days after the day itself."""
        self.room.gate.administer(
            lambda connection: connection._raw.execute(
                "UPDATE notice SET delivered_at = due_at WHERE delivered_at IS NULL AND kind NOT LIKE 'emergency-%'"
            )
        )
        done = run_due(self.room.gate)
        assert done.failed == []
        for word in ("document-shown", "announcement-told"):
            self.figures[word] += done.counts[word]
        self.expect_territories()
        for one in self.people:
            if one.state == "informed" and self.today - one.informed_on >= 43:
                self.to(one, "open", "opened after six weeks")
            elif one.state == "suspended" and self.today - one.suspended_on >= 43:
                self.to(one, "closed", "closed after a suspension")
            elif one.state == "closed" and one.destroy_asked_on and self.room.now - one.destroy_asked_on >= 30 * DAY:
                self.to(one, "destroyed", "destructions")

    # --- what must hold -------------------------------------------------------------------------------------------

    def check(self, *, whole_trace=False):
        self.check_states()
        self.check_histories()
        self.check_trace()
        self.check_engine()
        self.coming_of_age.check()
        self.emergencies.check(whole_trace=whole_trace)

    def check_states(self):
        rows = dict(self.room.rows("SELECT patient_key, state FROM health_record"))
        for one in self.people:
            assert rows.get(one.key, "") == ("closed" if one.state == "dead" else one.state), one

    def check_histories(self):
        """The state is that of the last transition; transitions join without a gap; no delay was cut short; versions grew with each."""
        histories = {}
        for row in self.room.rows(
            "SELECT patient_key, number, from_state, to_state, at, event FROM record_transition ORDER BY 1, 2"
        ):
            histories.setdefault(row[0], []).append(row[1:])
        states = self.room.rows("SELECT patient_key, state, rights_version FROM health_record")
        assert {row[0] for row in states} == set(histories)
        for key, state, version in states:
            past = histories[key]
            assert past[-1][2] == state
            assert version >= len(past)
            assert [row[0] for row in past] == list(range(1, len(past) + 1))
            assert past[0][1] == ""
            for before, after in itertools.pairwise(past):
                assert before[2] == after[1]
                assert before[3] <= after[3]
                self.check_delay(before, after)

    def check_delay(self, before, after):
        if after[4] in {"delay-ends", "suspension-ends", "take-over"}:
            assert after[3] - before[3] >= 42 * DAY
            assert CELLS[State(after[1]), Event(after[4])] == after[2]

    def check_trace(self):
        """Every transition has its line in the trace of the person, and every such line its transition."""
        for key, entry in self.room.rows(
            "SELECT patient_key, entry FROM audit_event WHERE ticket > ? AND patient_key NOT NULL", self.ticket
        ):
            event = TRANSITION_ACTIONS.get(json.loads(entry)["action"])
            if event is not None:
                self.traced[key, event] += 1
        self.ticket = self.room.last_ticket()
        rows = self.room.rows("SELECT patient_key, event FROM record_transition WHERE patient_key > 6")
        mine = Counter({pair: count for pair, count in self.traced.items() if pair[0] > 6})
        assert mine == Counter(rows)

    def check_engine(self):
        """A record is read in an emergency exactly when it is open and nobody said no; nobody destroyed can be opened."""
        room = self.room
        requester = room.glass_breaker(OTHER_GP, patient=None)
        for one in self.people:
            found = standing(room.connection, one.key, professional=OTHER_GP.identifier, organization="", now=room.now)
            allowed = (
                found is not None
                and room.platform.engine.decide(
                    requester, facts_of(found, regulation_centre=False), Function.CONSULT, room.now
                ).allowed
            )
            welcome = self.emergencies.lets_in(OTHER_GP, one)
            assert allowed == (one.state in {"open", "activated"} and welcome), one
            if one.state == "destroyed":
                with pytest.raises(UnknownPatient):
                    room.platform.keyring.patient_key(one.pseudonym)


def first_people(chance, count):
    for number in range(count):
        born = dt.date(1930, 1, 1) + dt.timedelta(days=chance.randrange(97 * 365))
        if number % 40 == 7:  # some who are of age in the year
            born = dt.date(2009, 1, 10) + dt.timedelta(days=chance.randrange(350))
        born = born.replace(day=min(born.day, 28))
        yield Someone(number, born, list(TERRITORIES)[number % 3], number % 10 == 0)


def opened(open_room, **settings):
    territories = tuple(f"{code}={day}" for code, day in TERRITORIES.items())
    room = open_room(pilot_territories=territories, **SETTINGS, **settings)
    room.now = START
    return Year(room, ticket=room.last_ticket())


def live(year, weeks, people=PEOPLE):
    year.affiliate(list(first_people(year.chance, people)))
    year.check()
    for week in range(1, weeks + 1):
        year.room.now = START + week * 7 * DAY
        year.time_passes()
        year.check_states()
        year.births()
        year.choices()
        year.deaths()
        year.ends()
        year.deposits()
        year.coming_of_age.happen()
        year.emergencies.happen(week)
        year.check(whole_trace=week % 13 == 1)


HAPPENED = (
    "births",
    "deaths",
    "objections",
    "changes of mind",
    "opened after six weeks",
    "closures",
    "closed after a suspension",
    "destructions asked",
    "destructions",
    "destructions cancelled",
    "reopenings",
    "document-shown",
    "representatives declared",
    "came of age",
    "handed over at 18",
    "emergencies by bris_de_glace",
    "emergencies by bris_de_glace in secret",
    "emergencies by centre_15",
    "blocked and kept out",
    "opposed and kept out",
    "notices to the patient",
    "notices to the patient in secret",
    "notices to the medecin_traitant",
    "reviews in time",
    "reviews too late",
    "reviews that were not clear",
    "found unjustified",
    "harvests",
    "alarms emergency-requester-hour",
    "alarms harvest-hour",
    "looks of representatives",
    "times that the whole trace was proved",
)
"""Each kind of what must have happened in the year at least once."""


def test_a_year_in_the_life_of_a_thousand_people(open_room, capsys):
    year = opened(open_room)
    live(year, WEEKS)
    assert [what for what in HAPPENED if not year.figures[what]] == []
    reviews = Counter(access.state(year.room.now) for access in year.emergencies.accesses)
    assert {"waiting", "overdue", "reviewed", "lapsed"} <= set(reviews)
    states = Counter(one.state for one in year.people)
    reasons = Counter(answer for *_, answer in year.emergencies.told.elements())
    with capsys.disabled():
        sys.stdout.write(f"\na year of {len(year.people)} people\n")
        for what, counted in (
            ("what happened", year.figures),
            ("records at its end", states),
            ("reviews at its end", reviews),
            ("why no e-mail went, or the mail server's answer", reasons),
        ):
            sys.stdout.write(f"  {what}: {', '.join(f'{name} {count}' for name, count in sorted(counted.items()))}\n")
        for one in sorted(year.emergencies.control.figures(START, year.room.now + DAY), key=lambda one: one.name):
            sys.stdout.write(f"  {one.name}: {one.figures}\n")


# --- controls: a build that does one thing less ---------------------------------------------------------------------


def test_control_a_delay_that_is_a_day_too_short_is_noticed(open_room, monkeypatch):
    monkeypatch.setattr(lifecycle, "end_of_day", lambda moment, days: moment - moment % DAY + (days - 1) * DAY)
    with pytest.raises(AssertionError):
        live(opened(open_room, delays_wait_for_notice=False), 7)


def test_control_a_transition_that_is_not_traced_is_noticed(open_room, monkeypatch):
    monkeypatch.setattr("carnet.record.life.trace", lambda *_args, **_named: None)
    with pytest.raises(AssertionError):
        live(opened(open_room), 1)


def nothing(*_args, **_named):
    """Does nothing."""


def openly(*given, secret=False, **named):
    """A notice that forgets that its cause was secret."""
    del secret
    return owe(*given, **named)


def not_blocked(*given, **named):
    """Where a requester stands, without blocks."""
    found = current_standing(*given, **named)
    return replace(found, blocked=False) if found is not None else None


def forgetful(line, found):
    """Sees nothing in some lines."""
    return [] if line.ticket % 5 == 0 else _seen(line, found)


def always_of_age(*_about):
    """Everybody came of age long ago."""
    return 0


BROKEN = {
    "an emergency asks for no review": ("carnet.record.emergency.request_review", nothing),
    "an emergency is told to nobody": ("carnet.record.emergency.owe", nothing),
    "what was done in secret is told openly": ("carnet.record.emergency.owe", openly),
    "an alarm does not ring": ("carnet.record.emergency._sound_alarms", nothing),
    "a block does not hold": ("carnet.record.scope.current_standing", not_blocked),
    "some reads are not counted": ("carnet.record.watching._seen", forgetful),
    "a minor is taken for an adult": ("carnet.record.patient_room.majority_of", always_of_age),
}


@pytest.mark.parametrize("how", BROKEN)
def test_control_a_build_is_noticed_in_which(open_room, monkeypatch, how):
    monkeypatch.setattr(*BROKEN[how])
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        live(opened(open_room), 10, people=120)


def test_the_first_weeks_of_few_people_hold_without_a_defect(open_room):
    """What the controls would show, were nothing broken in them."""
    live(opened(open_room), 10, people=120)
