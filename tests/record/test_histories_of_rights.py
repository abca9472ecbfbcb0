"""Five hundred random histories of a record, each beside a plain model of who may see what: masks, blocks, teams, emergencies, proxies,
coming of age, closure. After each step both are asked the same, and at the end every past moment is asked again.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from carnet.authorization.facts import Function
from carnet.clock import DAY, HOUR, SECOND
from carnet.consent import care_links
from carnet.consent.acting_links import Representation
from carnet.consent.choices import Choice
from carnet.consent.majority import PARIS, end_after, majority_at
from carnet.consent.standing import current_standing, standing
from carnet.database.statements import prepare
from carnet.database.tables import health_record
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, OTHER_GP, PATIENTS
from carnet.document_query import ReturnType
from carnet.errors import CarnetError
from carnet.identity.patients import find as find_patient
from carnet.identity.patients import register
from carnet.metadata import INVISIBLE_REPRESENTANTS_LEGAUX
from carnet.record.administration import Administration
from carnet.record.delegations import Delegations
from carnet.record.gate import Gate
from carnet.record.patient_acts import PatientActs
from carnet.record.scope import open_scope
from carnet.requester import AccessMode

HISTORIES, STEPS = 500, 9
HOLDER, REPRESENTATIVE, CARER = PATIENTS[:3]
READERS = (HOSPITAL_DOCTOR, OTHER_GP, MEDECIN_TRAITANT)
PARTIES = (
    HOSPITAL_DOCTOR.identifier,
    HOSPITAL_DOCTOR.organization.identifier,
    OTHER_GP.identifier,
    MEDECIN_TRAITANT.identifier,
)
NORMAL, GLASS, REGULATION = AccessMode.NORMAL, AccessMode.BRIS_DE_GLACE, AccessMode.CENTRE_15
ACTIVATE = prepare(
    update(health_record).where(health_record.c.patient_key == bindparam("whose")).values(state="activated")
)


class InOne(Gate):
    """A gate whose acts share one transaction, which the test takes back."""

    def administer(self, work, *, turn=None):
        return work(self.platform.connection)


@dataclass
class Model:
    """What the law says now, in plain sets; `documents` maps a uniqueId to its author and whether representatives are kept from it."""

    documents: dict[str, tuple[str, bool]]
    now: int
    majority: int
    open: bool = True
    blocked: set[str] = field(default_factory=set)
    authorised: dict[str, int] = field(default_factory=dict)
    team: dict[str, int] = field(default_factory=dict)
    administrators: set[str] = field(default_factory=set)
    unfed: set[str] = field(default_factory=set)
    attending: str = ""
    choices: dict[Choice, bool] = field(default_factory=dict)
    masked: set[str] = field(default_factory=set)
    unmasked: set[str] = field(default_factory=set)
    carer: str = "none"
    carer_until: int = 0
    carer_since: int = 0
    answer_by: int = 0

    def of(self, person, group) -> bool:
        return person.identifier in group or person.organization.identifier in group

    def lives(self, person, given) -> bool:
        return any(given.get(name, 0) > self.now for name in (person.identifier, person.organization.identifier))

    def enters(self, person) -> bool:
        return self.open and (not self.of(person, self.blocked) or person.identifier == self.attending)

    def reads(self, person, mode, unique_id) -> bool:
        attends, author = person.identifier == self.attending, self.documents[unique_id][0] == person.identifier
        if not self.enters(person) or mode is REGULATION:
            return False
        if mode is GLASS and self.choices.get(Choice.OPPOSES_BRIS_DE_GLACE, False):
            return False
        if mode is NORMAL and not (attends or self.lives(person, self.authorised) or self.lives(person, self.team)):
            return False
        if author or not self.hides(unique_id):
            return True
        if mode is GLASS:
            return self.choices.get(Choice.MASKED_IN_EMERGENCY, False)
        return attends or person.identifier in self.administrators

    def hides(self, unique_id) -> bool:
        by_default = self.choices.get(Choice.MASKS_EVERYTHING, False) and unique_id not in self.unmasked
        return unique_id in self.masked or by_default

    def feeds(self, person) -> bool:
        return self.enters(person) and not self.of(person, self.unfed)

    # --- the patient's side -------------------------------------------------------------------------------------

    def acts(self, who) -> bool:
        """Whether somebody acts on the record at all."""
        if who is HOLDER:
            return self.now >= self.majority
        if who is REPRESENTATIVE:
            return self.now < self.majority
        named_by_representatives = self.carer_since < self.majority <= self.now
        return self.carer == "accepted" and self.now < self.carer_until and not named_by_representatives

    def sees(self, who, unique_id) -> bool:
        return self.open and self.acts(who) and (who is HOLDER or not self.documents[unique_id][1])

    def manages(self, who) -> bool:
        return self.open and self.acts(who) and who is not CARER


@dataclass
class History:
    """One history: the exchange, the model beside it, and the chance that leads both."""

    room: Any
    gate: Gate
    model: Model
    chance: random.Random
    met: Counter
    moments: list = field(default_factory=list)

    @property
    def connection(self):
        return self.gate.platform.connection

    def desk(self, kind, who):
        return kind(self.gate, "operator:test", None if who is HOLDER else who.identifier)

    def attempt(self, call) -> bool | None:
        """Whether something changed; None when it was refused."""
        try:
            return call()
        except CarnetError:
            return None

    # --- steps: each does the same to the exchange and to the model -----------------------------------------------

    def step(self):
        self.pass_time(self.chance.choice([SECOND, HOUR, DAY, 40 * DAY]))
        names = sorted(name for name in dir(self) if name.startswith("do_"))
        name = self.chance.choice(names)
        who = self.chance.choice([HOLDER, REPRESENTATIVE, HOLDER, REPRESENTATIVE, CARER])
        getattr(self, name)(who)
        self.met[name] += 1

    def pass_time(self, length):
        self.room.now += length
        self.model.now = self.room.now

    def do_mask(self, who):
        unique_id = self.chance.choice(sorted(self.model.documents))
        changed = self.attempt(lambda: self.desk(PatientActs, who).mask(HOLDER.identifier, unique_id))
        assert (changed is not None) is self.model.sees(who, unique_id)
        if changed is not None:
            self.model.masked.add(unique_id)
            self.model.unmasked.discard(unique_id)

    def do_unmask(self, who):
        unique_id = self.chance.choice(sorted(self.model.documents))
        changed = self.attempt(lambda: self.desk(PatientActs, who).unmask(HOLDER.identifier, unique_id))
        assert (changed is not None) is self.model.sees(who, unique_id)
        if changed is not None:
            self.model.masked.discard(unique_id)
            if self.model.choices.get(Choice.MASKS_EVERYTHING):
                self.model.unmasked.add(unique_id)

    def _manage(self, who, method, *words, possible=True):
        changed = self.attempt(lambda: getattr(self.desk(PatientActs, who), method)(HOLDER.identifier, *words))
        assert (changed is not None) is (self.model.manages(who) and possible), (method, words)
        return changed is not None

    def do_block(self, who):
        party = self.chance.choice(PARTIES)
        if self._manage(who, "block", party):
            self.model.blocked.add(party)
            for group in (self.model.authorised, self.model.team):
                group.pop(party, None)
            self.model.administrators.discard(party)

    def do_unblock(self, who):
        party = self.chance.choice(PARTIES)
        if self._manage(who, "unblock", party):
            self.model.blocked.discard(party)

    def do_authorise(self, who):
        self._admit(who, "authorise", self.model.authorised)

    def do_join_team(self, who):
        self._admit(who, "join_team", self.model.team)

    def _admit(self, who, method, group):
        party, until = self.chance.choice(PARTIES), self.room.now + self.chance.choice([2 * HOUR, 30 * DAY, 300 * DAY])
        if self._manage(who, method, party, until, possible=party not in self.model.blocked):
            group[party] = until

    def do_end_authorisation(self, who):
        party = self.chance.choice(PARTIES)
        if self._manage(who, "end_authorisation", party):
            self.model.authorised.pop(party, None)

    def do_leave_team(self, who):
        party = self.chance.choice(PARTIES)
        if self._manage(who, "leave_team", party):
            self.model.team.pop(party, None)

    def do_name_administrator(self, who):
        party = self.chance.choice(PARTIES)
        if self._manage(who, "name_administrator", party, possible=party not in self.model.blocked):
            self.model.administrators.add(party)

    def do_oppose_feeding(self, who):
        party = self.chance.choice(PARTIES)
        if self._manage(who, "oppose_feeding", party, "un motif légitime"):
            self.model.unfed.add(party)

    def do_allow_feeding(self, who):
        party = self.chance.choice(PARTIES)
        if self._manage(who, "allow_feeding", party):
            self.model.unfed.discard(party)

    def do_choose(self, who):
        choice, value = self.chance.choice(list(Choice)), self.chance.random() < 0.6
        desk = self.desk(PatientActs, who)
        changed = self.attempt(lambda: desk.choose(HOLDER.identifier, choice, value=value))
        assert (changed is not None) is self.model.manages(who)
        if changed is not None:
            if choice is Choice.MASKS_EVERYTHING and self.model.choices.get(choice, None) is not value:
                self.model.unmasked.clear()
            self.model.choices[choice] = value

    def do_carer(self, who):
        """An invitation, an answer or an end, whichever the chance says."""
        kind, desk = (
            self.chance.choice(["invite", "accept", "refuse", "revoke", "give up"]),
            self.desk(Delegations, who),
        )
        whose, until = HOLDER.identifier, self.room.now + 100 * DAY
        if kind == "invite":
            invite = lambda: desk.invite(whose, CARER.identifier, Representation.CARER, ends_at=until)  # noqa: E731
            if self.attempt(invite) and self.model.manages(who):
                self.model.carer, self.model.carer_until = "pending", until
                self.model.answer_by = end_after(self.room.now, 15)
        elif kind == "revoke":
            if self.attempt(lambda: desk.revoke(whose, CARER.identifier)) and self.model.manages(who):
                self.model.carer = "none"
        elif kind == "give up":
            self.desk(Delegations, CARER).give_up(whose)
            self.model.carer = "none"
        else:
            answered = self.desk(Delegations, CARER).answer(whose, accepted=kind == "accept")
            waits = self.model.carer == "pending" and self.room.now < self.model.answer_by
            assert answered is waits
            if waits:
                self.model.carer, self.model.carer_since = "accepted" if kind == "accept" else "none", self.room.now

    def name_carer(self, who):
        until = self.room.now + 100 * DAY
        self.desk(Delegations, who).invite(HOLDER.identifier, CARER.identifier, Representation.CARER, ends_at=until)
        assert self.desk(Delegations, CARER).answer(HOLDER.identifier, accepted=True)
        self.model.carer, self.model.carer_until, self.model.carer_since = "accepted", until, self.room.now

    def do_medecin_traitant(self, _who):
        party = self.chance.choice([MEDECIN_TRAITANT, OTHER_GP]).identifier
        Administration(self.gate, "insurer").declare_medecin_traitant(HOLDER.identifier, party)
        self.model.attending = party

    def do_close_or_open(self, _who):
        administration = Administration(self.gate, "operator:test")
        if self.model.open and self.chance.random() < 0.4:
            administration.close_record(HOLDER.identifier, "FERMETURE_DEMANDE_PATIENT")
            self.model.open = False
        else:
            administration.open_record(HOLDER.identifier)
            self.model.open = True

    # --- questions ------------------------------------------------------------------------------------------------

    def ask(self):
        """Every reader in one mode, at the doors of search, retrieval and feeding; then everybody of the patient's side."""
        mode = self.chance.choice([NORMAL, NORMAL, GLASS, REGULATION])
        for person in READERS:
            reason = "" if mode is NORMAL else "Patient inconscient aux urgences"
            requester = self.room.caller(person, HOLDER, mode=mode, reason=reason)
            expected = {one for one in self.model.documents if self.model.reads(person, mode, one)}
            shown = self.chance.choice([self.found, self.retrieved])(requester)
            assert shown == expected, (person.identifier, mode)
            if mode is NORMAL:
                scope = open_scope(self.gate.platform, requester, "test")
                assert (
                    self.attempt(lambda scope=scope: scope.require(Function.FEED) is None) is True
                ) is self.model.feeds(person)
            self.met[mode, bool(expected)] += 1
        for who in (HOLDER, REPRESENTATIVE, CARER):
            listed = self.attempt(lambda who=who: self.desk(PatientActs, who).documents(HOLDER.identifier))
            expected = {one for one in self.model.documents if self.model.sees(who, one)}
            assert {one.unique_id for one in listed or ()} == expected, who.identifier.value
            for one in listed or ():
                assert one.masked is self.model.hides(one.unique_id)
            self.met[who.identifier.value, "sees" if expected else "does not see"] += 1
        self.moments.append((self.room.now, [self.stands(person, current_standing) for person in READERS]))

    def _run(self, requester, act):
        scope = open_scope(self.gate.platform, requester, act.name)
        scope.require(act.function)
        return act.run(scope)

    def found(self, requester):
        answer = self.attempt(
            lambda: self._run(requester, self.room.finding(patient=HOLDER, return_type=ReturnType.LEAF_CLASS))
        )
        return (
            {one for one in self.model.documents if any(one.encode() in text for text in answer.objects)}
            if answer
            else set()
        )

    def retrieved(self, requester):
        act = self.room.retrieving(*sorted(self.model.documents))
        answers = self.attempt(lambda: self._run(requester, act)) or ()
        return {one.wanted.document_unique_id for one in answers if not isinstance(one, CarnetError)}

    def stands(self, person, find, now=None):
        patient_key = find_patient(self.connection, self.gate.platform.keyring, HOLDER.identifier).patient_key
        parties = {"professional": person.identifier, "organization": person.organization.identifier}
        found = find(self.connection, patient_key, **parties, now=now or self.room.now)
        names = {one.name for one in fields(found)} - {"rights_version", "state"}
        return {name: getattr(found, name) for name in sorted(names)}

    def remember(self):
        """Every moment that was asked is answered as it was then, whatever was decided since."""
        for now, then in self.moments:
            assert [self.stands(person, standing, now) for person in READERS] == then


@pytest.fixture
def started(open_room):
    """The room, its documents and its gate of one transaction; carers are open."""
    room = open_room(carers=True)
    sent = [
        (room.document(patient=HOLDER, author=MEDECIN_TRAITANT), MEDECIN_TRAITANT),
        (room.document(patient=HOLDER, author=HOSPITAL_DOCTOR), HOSPITAL_DOCTOR),
        (
            room.document(patient=HOLDER, author=HOSPITAL_DOCTOR, masks=[INVISIBLE_REPRESENTANTS_LEGAUX]),
            HOSPITAL_DOCTOR,
        ),
    ]
    documents = {}
    for one, by in sent:
        (entry,) = room.put(one, by=by, requester=room.caller(by, HOLDER))
        documents[entry.unique_id] = (by.identifier, bool(entry.masks))
    return room, documents


def begin(room, documents, chance, met):
    """A new history: nobody is tied to the record, the holder comes of age at a moment that the chance says."""
    gate = InOne(room.platform)
    connection, keyring = room.platform.connection, room.platform.keyring
    day = (
        dt.datetime.fromtimestamp(room.now / SECOND, PARIS) + dt.timedelta(days=chance.choice([-900, 1, 30, 90]))
    ).date()
    birth = f"{day.year - 18}{day.month:02}{min(day.day, 28):02}"
    register(connection, keyring, replace(HOLDER.traits, birth_date=birth), HOLDER.identifier, room.now)
    for person in (HOLDER, CARER):
        key = find_patient(connection, keyring, person.identifier).patient_key
        Administration(gate, "test").open_record(person.identifier)
        connection.execute(ACTIVATE, {"whose": key})
    model = Model(dict(documents), room.now, majority_at(birth))
    end_what_the_stage_set_up(connection, keyring, room.now)
    if room.now < model.majority:
        Delegations(gate, "test").declare(
            HOLDER.identifier, REPRESENTATIVE.identifier, Representation.FIRST_REPRESENTATIVE
        )
    history = History(room, gate, model, chance, met)
    if chance.random() < 0.5:
        history.name_carer(REPRESENTATIVE if room.now < model.majority else HOLDER)
    return history


def end_what_the_stage_set_up(connection, keyring, now):
    """Nobody is tied to the record."""
    key = find_patient(connection, keyring, HOLDER.identifier).patient_key
    for party in PARTIES:
        for end in (care_links.end_authorisation, care_links.end_medecin_traitant, care_links.end_administrator):
            end(connection, key, party, now=now)


def test_in_five_hundred_histories_nobody_sees_what_the_model_hides_nor_misses_what_it_shows(started):
    room, documents = started
    met = Counter()
    start = room.now
    for number in range(HISTORIES):
        room.now = start + SECOND
        connection = room.platform.connection
        connection.control("BEGIN IMMEDIATE")
        history = begin(room, documents, random.Random(number), met)
        try:
            room.now += SECOND
            history.model.now = room.now
            history.ask()
            for _ in range(STEPS):
                history.step()
                history.ask()
            history.remember()
        except AssertionError as error:
            raise AssertionError(f"history {number}") from error
        finally:
            connection.control("ROLLBACK")
    steps = {name: count for name, count in met.items() if isinstance(name, str)}
    assert sum(steps.values()) == HISTORIES * STEPS
    assert set(steps) == {name for name in dir(History) if name.startswith("do_")}
    for mode in (NORMAL, GLASS):
        assert met[mode, True] > 100
        assert met[mode, False] > 100
    assert not met[REGULATION, True]
    for who in (HOLDER, REPRESENTATIVE, CARER):
        assert met[who.identifier.value, "sees"] > 50
        assert met[who.identifier.value, "does not see"] > 50


def test_control_a_model_that_forgets_blocks_is_contradicted(started, monkeypatch):
    room, documents = started
    monkeypatch.setattr(Model, "of", lambda _self, _person, _group: False)
    with pytest.raises(AssertionError, match="history"):
        test_in_five_hundred_histories_nobody_sees_what_the_model_hides_nor_misses_what_it_shows((room, documents))
