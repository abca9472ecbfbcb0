"""The emergencies of a simulated year: who broke the glass, who was told, what was reviewed, what rang, by a model that shares nothing with the code."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from carnet.audit.sentences import Viewer
from carnet.clock import DAY, HOUR, MINUTE
from carnet.consent.choices import Choice
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, OTHER_GP, REGULATOR
from carnet.errors import ReasonRequired, Refused
from carnet.exchange.emergency_reviews import Verdict
from carnet.record.administration import verify_trace
from carnet.record.emergency_control import EmergencyControl, obligations
from carnet.record.notice_delivery import deliver
from carnet.record.notice_office import NoticeOffice
from carnet.record.trail_view import told_trail
from carnet.record.watching import watch
from carnet.requester import AccessMode

NORMAL, GLASS, CENTRE_15 = AccessMode.NORMAL, AccessMode.BRIS_DE_GLACE, AccessMode.CENTRE_15
OFFICER = "operator:officer"
DOCTORS = (HOSPITAL_DOCTOR, OTHER_GP)
OPEN = ("open", "activated")
WINDOW, DEADLINE = 30 * MINUTE, 72 * HOUR
SETTINGS = {
    "harvest_alarm_hour": 10,
    "notice_sender": "espace@carnet.example",
    "notice_space_address": "https://espace.carnet.example/",
}
REASONS = {
    # what the caller writes: what the reviewer reads
    "INCONSCIENT: trouvé au sol, ne répond pas": "INCONSCIENT: trouvé au sol, ne répond pas",
    "risque vital: choc septique aux urgences": "RISQUE_VITAL: choc septique aux urgences",
    "MINEUR_SEUL: parents injoignables par téléphone": "MINEUR_SEUL: parents injoignables par téléphone",
    "Trouvé sans papiers devant la gare": "AUTRE: Trouvé sans papiers devant la gare",
}
LIMITS = (
    # alarm, whose accesses, within what time, how many at most: the defaults of the settings
    ("emergency-requester-hour", "requester", HOUR, 5),
    ("emergency-requester-day", "requester", DAY, 15),
    ("emergency-structure-hour", "structure", HOUR, 30),
    ("emergency-structure-day", "structure", DAY, 150),
)
HARVESTS = (("harvest-hour", HOUR, 10), ("harvest-day", DAY, 250))
VERDICTS = {Verdict.JUSTIFIED: 7, Verdict.UNJUSTIFIED: 2, Verdict.UNCLEAR: 1}


@dataclass
class Access:
    """One emergency access as the model knows it; `left`: nobody will review it, for its person asked for destruction."""

    one: Any
    requester: str
    structure: str
    mode: AccessMode
    at: int
    secret: bool
    reason: str = ""
    verdict: str = ""
    left: bool = False

    def state(self, now):
        """In what state its review must be."""
        if self.mode is not GLASS:
            return "none, for the regulation centre is not reviewed"
        if self.verdict:
            return "reviewed"
        if self.one.state == "destroyed":
            return "lapsed"
        return "overdue" if now > self.at + DEADLINE else "waiting"


@dataclass(frozen=True)
class Read:
    """A search that showed a record."""

    key: int
    requester: str
    structure: str
    mode: AccessMode
    at: int
    secret: bool


def rides(read, access):
    """Whether a read in an emergency mode is one that this access allows."""
    mine = (access.one.key, access.requester, access.mode, access.secret)
    return mine == (read.key, read.requester, read.mode, read.secret) and 0 <= read.at - access.at < WINDOW


class Postbox:
    """A mail server that takes everything."""

    def address(self, _sender, _recipient):
        """Takes any."""

    def hand_over(self, _message):
        """Takes any."""
        return "250"


@dataclass
class Emergencies:
    """What happens of them in each week of a year, and what must then hold."""

    year: Any
    chance: random.Random = field(default_factory=lambda: random.Random(1515))
    accesses: list[Access] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    refused: Counter = field(default_factory=Counter)
    blocked: set = field(default_factory=set)
    opposed: set = field(default_factory=set)
    doctored: set = field(default_factory=set)
    addresses: set = field(default_factory=set)
    owed: list = field(default_factory=list)
    told: Counter = field(default_factory=Counter)
    judged: Counter = field(default_factory=Counter)
    rung: set = field(default_factory=set)
    traced: Counter = field(default_factory=Counter)
    ticket: int = 0
    began: int = 0

    def __post_init__(self):
        self.ticket = self.room.last_ticket()
        lines = ["identifiant;adresse\n", f"{MEDECIN_TRAITANT.identifier};docteur@mssante.example\n"]
        self.office.import_addresses(lines, source="test")

    @property
    def room(self):
        return self.year.room

    @property
    def office(self):
        return NoticeOffice(self.room.gate, OFFICER)

    @property
    def control(self):
        return EmergencyControl(self.room.gate, OFFICER)

    def some(self, count, wanted=lambda _: True):
        """Some people whose record is open."""
        found = [one for one in self.year.people if one.state in OPEN and wanted(one)]
        return self.chance.sample(found, min(count, len(found)))

    def is_minor(self, one):
        return one.majority > self.room.now

    def lets_in(self, who, one):
        return (one.key, who.identifier) not in self.blocked and one.key not in self.opposed

    # --- what happens ---------------------------------------------------------------------------------------------

    def happen(self, week):
        """One day's emergencies, told and reviewed."""
        self.began = self.room.now
        self.wishes()
        for one in self.some(4, lambda one: self.lets_in(DOCTORS[0], one) and not self.is_minor(one)):
            self.emergency(one, DOCTORS[0], secret=False)
        for one in self.some(1, lambda one: self.lets_in(DOCTORS[1], one) and self.is_minor(one)):
            self.emergency_of_a_minor(one, DOCTORS[1])
        for one in self.some(1, lambda one: one.key not in self.opposed):
            self.look(one, REGULATOR, CENTRE_15)
            self.begin(one, REGULATOR, CENTRE_15)
        if week % 10 == 9:
            self.harvest()
        self.attempts()
        for one in self.some(2, lambda one: one.key in self.doctored):
            self.look(one, MEDECIN_TRAITANT, NORMAL)
        self.review()
        if week % 4 == 0:
            self.leave_one()
        self.deliver()

    def wishes(self):
        """Blocks, oppositions, a médecin traitant, an address: choices of a few people."""
        administration = self.year.custody
        for one in self.some(1):
            party = self.chance.choice(DOCTORS).identifier
            administration.block(one.identifier, party)
            self.blocked.add((one.key, party))
        for one in self.some(1):
            administration.choose(one.identifier, Choice.OPPOSES_BRIS_DE_GLACE, value=True)
            self.opposed.add(one.key)
        for one in self.some(3, lambda one: one.key not in self.doctored):
            administration.declare_medecin_traitant(one.identifier, MEDECIN_TRAITANT.identifier)
            self.doctored.add(one.key)
        for one in self.some(6, lambda one: one.key not in self.addresses and not self.is_minor(one)):
            self.office.set_address(one.identifier, f"personne{one.number}@carnet.example")
            self.addresses.add(one.key)

    def look(self, one, who, mode, reason="", *, secret=False):
        """A search in a record, which shows it."""
        caller = self.room.caller(who, patient=one.demo, mode=mode, reason=reason, secret_connection=secret)
        self.room.do(caller, self.room.finding(patient=one.demo))
        read = Read(one.key, who.identifier, who.organization.identifier, mode, self.room.now, secret)
        self.reads.append(read)
        self.expect_harvest(read)

    def is_refused(self, one, who, mode, error, reason="", *, secret=False):
        """A search in a record, which is refused."""
        caller = self.room.caller(who, patient=one.demo, mode=mode, reason=reason, secret_connection=secret)
        with pytest.raises(error):
            self.room.do(caller, self.room.finding(patient=one.demo))
        self.refused[one.key, self.room.now, mode.value] += 1

    def begin(self, one, who, mode, *, secret=False, reason=""):
        """What the model knows of an access that has begun just now."""
        access = Access(one, who.identifier, who.organization.identifier, mode, self.room.now, secret, reason)
        self.accesses.append(access)
        for recipient in ("patient", "medecin_traitant"):
            self.owed.append((one, f"emergency-access-{mode.value}", recipient, access.at, secret))
        self.year.figures[f"emergencies by {mode.value}" + (" in secret" if secret else "")] += 1
        if mode is GLASS:
            self.expect_alarms(access)

    def emergency(self, one, who, *, secret):
        """Asks in vain without a reason, opens with one, goes on without, and finds the glass whole again at the end of the time."""
        self.is_refused(one, who, NORMAL, Refused)
        self.is_refused(one, who, GLASS, ReasonRequired, self.chance.choice(["", "urgence"]), secret=secret)
        written = self.chance.choice(list(REASONS))
        self.look(one, who, GLASS, written, secret=secret)
        self.begin(one, who, GLASS, secret=secret, reason=REASONS[written])
        began = self.room.now
        self.room.now = began + 10 * MINUTE
        self.look(one, who, GLASS, secret=secret)
        self.room.now = began + WINDOW
        self.is_refused(one, who, GLASS, ReasonRequired, secret=secret)

    def emergency_of_a_minor(self, one, who):
        """One that is told to the representatives, and one that the minor keeps from them."""
        if self.chance.random() < 0.5:
            self.emergency(one, who, secret=False)
        self.emergency(one, who, secret=True)

    def harvest(self):
        """A professional breaks the glass of one record after the other."""
        who = OTHER_GP
        for one in self.some(12, lambda one: self.lets_in(who, one)):
            written = self.chance.choice(list(REASONS))
            self.look(one, who, GLASS, written)
            self.begin(one, who, GLASS, reason=REASONS[written])
            self.room.now += 2 * MINUTE
        self.year.figures["harvests"] += 1

    def attempts(self):
        """Nobody who is blocked gets in, in any mode; an opposition holds in the emergency mode."""
        for one in self.some(1, lambda one: any(key == one.key for key, _ in self.blocked)):
            (who, *_) = [doctor for doctor in DOCTORS if (one.key, doctor.identifier) in self.blocked]
            for mode in (NORMAL, GLASS):
                self.is_refused(one, who, mode, Refused, next(iter(REASONS)))
            self.year.figures["blocked and kept out"] += 1
        for one in self.some(1, lambda one: one.key in self.opposed):
            self.is_refused(one, HOSPITAL_DOCTOR, GLASS, Refused, next(iter(REASONS)))
            self.year.figures["opposed and kept out"] += 1

    def review(self):
        """Most of the day's accesses are reviewed at once, some of those that are overdue late."""
        waiting = {(r.patient_key, r.requester, r.opened_at, bool(r.secret)): r for r in self.control.waiting()}
        for access in self.accesses:
            found = waiting.get((access.one.key, access.requester, access.at, access.secret))
            if found is None or access.left:
                continue
            late = access.at < self.began
            if self.chance.random() < (0.3 if late else 0.6):
                self.review_one(access, found.review_id, late=late)

    def review_one(self, access, review_id, *, late):
        assert self.control.show(review_id).reason == access.reason
        (verdict,) = self.chance.choices(list(VERDICTS), list(VERDICTS.values()))
        self.control.review(review_id, verdict, "Le service a répondu à la question")
        self.judged[access.one.key, access.secret] += 2
        if verdict is Verdict.UNCLEAR:
            self.year.figures["reviews that were not clear"] += 1
            return
        access.verdict = verdict.value
        self.year.figures["reviews too late" if late else "reviews in time"] += 1
        if verdict is Verdict.UNJUSTIFIED:
            self.year.figures["found unjustified"] += 1
            told = (access.one, "emergency-access-unjustified", "patient", self.room.now, access.secret)
            # One notice an hour for one cause: the model's causes are all different.
            self.owed.append(told)

    def leave_one(self):
        """Somebody whose emergency waits for its review asks for the destruction of the record."""
        waiting = [one for one in self.accesses if one.state(self.room.now) in {"waiting", "overdue"}]
        waiting = [one for one in waiting if one.one.state in OPEN]
        if not waiting:
            return
        access = self.chance.choice(waiting)
        self.year.leaves(access.one)
        for other in self.accesses:
            other.left = other.left or other.one is access.one

    def deliver(self):
        """Every notice that is owed is sent, or it is stated why it is not."""
        deliver(self.room.gate, Postbox(), operator=OFFICER)
        for one, kind, recipient, at, secret in self.owed:
            state = ("in_space", self.ground(one, recipient, secret=secret))
            self.told[one.key, kind, recipient, at, secret, *(state if state[1] else ("sent", "250"))] += 1
        for *_, recipient, _, secret in self.owed:
            self.year.figures[f"notices to the {recipient}" + (" in secret" if secret else "")] += 1
        self.owed.clear()

    def ground(self, one, recipient, *, secret):
        """Why no e-mail goes, '' when one does."""
        if recipient == "patient" and one.state == "dead":
            return "deceased"
        if secret:
            return "secret"
        known = self.addresses if recipient == "patient" else self.doctored
        return "" if one.key in known else "no address"

    # --- alarms that must ring ------------------------------------------------------------------------------------

    def expect_alarms(self, access):
        for kind, whose, within, limit in LIMITS:
            subject = getattr(access, whose)
            recent = [a for a in self.accesses[-300:] if a.mode is GLASS and getattr(a, whose) == subject]
            if sum(access.at - within < a.at for a in recent) > limit:
                self.rung.add((kind, subject, access.at // within))

    def expect_harvest(self, read):
        for kind, within, limit in HARVESTS:
            recent = {r.key for r in self.reads[-600:] if r.requester == read.requester and r.at > read.at - within}
            if len(recent) > limit:
                self.rung.add((kind, read.requester, read.at // within))

    # --- what must hold -------------------------------------------------------------------------------------------

    def check(self, *, whole_trace=False):
        self.check_trace(whole=whole_trace)
        self.check_accesses()
        self.check_reviews()
        self.check_notices()
        self.check_alarms()
        self.check_figures()
        self.check_representatives()

    def check_accesses(self):
        """Every emergency access that was let in is there, and no other; every read in the mode rides on one."""
        rows = self.room.rows(
            "SELECT patient_key, requester, organization, mode, began_at, ends_at, secret FROM emergency_access"
        )
        mine = [
            (a.one.key, a.requester, a.structure, a.mode.value, a.at, a.at + WINDOW, a.secret) for a in self.accesses
        ]
        assert Counter(rows) == Counter(mine)
        for read in self.reads[-60:]:
            if read.mode is not NORMAL and read.at >= self.began:
                assert any(rides(read, access) for access in self.accesses[-60:])

    def check_reviews(self):
        """Each has a review in a stated state with its deadline, and a reason that was stated; the counts are those of the model."""
        now = self.room.now
        rows = self.room.rows(
            "SELECT patient_key, requester, mode, opened_at, due_at, reviewed_at IS NOT NULL, lapsed, review_id IN"
            " (SELECT access_id FROM emergency_access), length(sealed_reason) > 0 FROM emergency_review"
        )
        glass = [access for access in self.accesses if access.mode is GLASS]
        ended = {"waiting": (0, ""), "overdue": (0, ""), "reviewed": (1, ""), "lapsed": (1, "destruction")}
        assert Counter(rows) == Counter(
            (a.one.key, a.requester, a.mode.value, a.at, a.at + DEADLINE, *ended[a.state(now)], 1, 1) for a in glass
        )
        states = Counter(access.state(now) for access in glass)
        counted = obligations(self.room.gate)
        assert counted["reviews"] == states["waiting"] + states["overdue"]
        assert counted["reviews_overdue"] == states["overdue"]

    def check_notices(self):
        """The patient and the médecin traitant of each are told, or the row says why not."""
        rows = self.room.rows(
            "SELECT patient_key, kind, recipient, due_at, secret, state, answer FROM notice WHERE kind LIKE 'emergency-%'"
        )
        assert Counter(rows) == self.told

    def check_alarms(self):
        """What passed a threshold rang, nothing else did; an operator settles it."""
        watch(self.room.gate, operator=OFFICER)
        within = {kind: time for kind, _, time, _ in LIMITS} | {kind: time for kind, time, _ in HARVESTS}
        rows = self.room.rows("SELECT kind, subject, raised_at FROM alarm")
        assert {(kind, subject, at // within[kind]) for kind, subject, at in rows} == self.rung
        assert len(rows) == len(self.rung)
        for alarm in self.control.alarms():
            self.year.figures[f"alarms {alarm.kind}"] += 1
            self.control.settle(alarm.alarm_id, "Vu avec le chef de service")

    def check_figures(self):
        """Each structure's figures are those of the model: nothing was counted twice, nothing was lost."""
        found = {one.figures.organization: one.figures for one in self.control.figures(0, self.room.now + DAY)}
        hours = {(r.structure, r.key, r.requester, r.at // HOUR) for r in self.reads if r.mode is NORMAL}
        visits = Counter(structure for structure, *_ in hours)
        for structure in {a.structure for a in self.accesses} | set(visits) | set(found):
            mine = [access for access in self.accesses if access.structure == structure]
            states = Counter(access.state(self.room.now) for access in mine)
            modes = Counter(access.mode for access in mine)
            unjustified = sum(access.verdict == "unjustified" for access in mine)
            one = found[structure]
            assert (one.bris_de_glace, one.centre_15, one.visits) == (modes[GLASS], modes[CENTRE_15], visits[structure])
            assert (one.reviewed, one.overdue) == (states["reviewed"], states["overdue"])
            assert one.unjustified == unjustified
        (cursor,) = self.room.rows("SELECT ticket FROM watch_cursor")
        (after,) = self.room.rows("SELECT count(*) FROM audit_event WHERE ticket > ? AND patient_key NOT NULL", *cursor)
        assert after == (0,)

    def check_trace(self, *, whole):
        """Every search, done or refused, has its line; the whole trace holds."""
        lines = self.room.rows(
            "SELECT patient_key, entry FROM audit_event WHERE ticket > ? AND patient_key NOT NULL", self.ticket
        )
        self.ticket = self.room.last_ticket()
        for key, text in lines:
            entry = json.loads(text)
            if entry["action"] == "iti18":
                self.traced[key, entry["at"], entry["mode"], entry["outcome"]] += 1
        expected = Counter((read.key, read.at, read.mode.value, "done") for read in self.reads)
        expected.update({(*attempt, "refused"): count for attempt, count in self.refused.items()})
        assert self.traced == expected
        if whole:
            while self.room.gate.seal():
                pass
            report = verify_trace(self.room.gate)
            assert report.intact, report.first
            assert report.sealed == report.proved > 0
            self.year.figures["times that the whole trace was proved"] += 1

    def check_representatives(self):
        """Who acts for a minor sees what was done openly, all of it, and nothing of a secret connection; the holder sees everything."""
        today = {read.key for read in self.reads[-60:] if read.at >= self.began}
        for one in self.year.people:
            if one.key in today and self.is_minor(one):
                mine = [read for read in self.reads if read.key == one.key]
                openly = [read.at for read in mine if not read.secret]
                judged = self.judged[one.key, False]
                self.check_view(one, Viewer.REPRESENTATIVE, openly, judged)
                self.check_view(one, Viewer.HOLDER, [read.at for read in mine], judged + self.judged[one.key, True])

    def check_view(self, one, viewer, reads, judged):
        told = told_trail(self.room.gate, one.identifier, operator=OFFICER, viewer=viewer)
        lines = [line for line, _ in told]
        assert [line["at"] for line in lines if (line["action"], line["outcome"]) == ("iti18", "done")] == reads
        assert sum(line["action"].startswith("administration/emergency-") for line in lines) == judged
        numbers = [line["seq"] for line in lines]
        assert numbers == list(range(1, len(numbers) + 1))
        notices = [shown.notice for shown in self.office.of_patient(one.identifier, viewer)]
        owed = Counter()
        for key, kind, recipient, at, secret, *_ in self.told.elements():
            if key == one.key and recipient == "patient" and (not secret or viewer is Viewer.HOLDER):
                owed[kind, at] += 1
        assert Counter((n.kind, n.due_at) for n in notices if n.kind.startswith("emergency-")) == owed
        if viewer is Viewer.REPRESENTATIVE:
            assert not any(line["secret"] for line in lines)
            assert not any("secrète" in sentence for _, sentence in told)
            assert not any(notice.secret for notice in notices)
            self.year.figures["looks of representatives"] += 1
