"""Minors of a simulated year, those who represent them, and what becomes of both on the eighteenth birthday."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from carnet.authorization.patient_side import Actor
from carnet.clock import DAY
from carnet.consent.acting_links import Representation
from carnet.errors import Refused
from carnet.record.delegations import Delegations
from carnet.record.patient_acts import PatientActs
from carnet.record.patient_room import open_room

OPERATOR = "operator:un"
OPEN = ("open", "activated")
GONE = ("", "dead", "destroyed")


@dataclass
class ComingOfAge:
    """Whoever is seventeen has a representative, from some week of the year on, until majority or the end of either."""

    year: Any
    chance: random.Random = field(default_factory=lambda: random.Random(18))
    pairs: list = field(default_factory=list)
    ended: set = field(default_factory=set)
    of_age: set = field(default_factory=set)

    @property
    def gate(self):
        return self.year.room.gate

    def happen(self):
        """Declares a representative for each who lacks one."""
        now, known = self.year.room.now, {one.number for one, _ in self.pairs}
        living = [one for one in self.year.people if one.state not in GONE]
        adults = [one for one in living if one.majority < now]
        for one in living:
            if one.number not in known and 0 < one.majority - now < 365 * DAY and adults:
                adult = self.chance.choice(adults)
                kind = Representation.FIRST_REPRESENTATIVE
                assert Delegations(self.gate, OPERATOR).declare(one.identifier, adult.identifier, kind)
                self.pairs.append((one, adult))
                self.year.figures["representatives declared"] += 1

    def check(self):
        """A representative acts until majority, and the minor from then on; neither beyond the end of a life or of a record."""
        now = self.year.room.now
        for one, adult in self.pairs:
            if "destroyed" in {one.state, adult.state}:
                continue
            if "dead" in {one.state, adult.state}:
                self.ended.add(one.number)
            minor = now < one.majority
            assert self.facts(one, None).actor is (Actor.MINOR if minor else Actor.HOLDER)
            assert self.facts(one, adult).in_force == (minor and one.number not in self.ended)
            if not minor and one.number not in self.of_age:
                self.of_age.add(one.number)
                self.hands_over(one, adult)

    def facts(self, one, acting):
        identifier = acting.identifier if acting is not None else None
        read = partial(open_room, self.year.room.platform, patient=one.identifier, acting=identifier)
        return self.gate.read(read).facts

    def hands_over(self, one, adult):
        """The new adult sees the record, who represented the child does not any more."""
        self.year.figures["came of age"] += 1
        if one.state in OPEN:
            PatientActs(self.gate, OPERATOR).documents(one.identifier)
            with pytest.raises(Refused):
                PatientActs(self.gate, OPERATOR, adult.identifier).documents(one.identifier)
            self.year.figures["handed over at 18"] += 1
