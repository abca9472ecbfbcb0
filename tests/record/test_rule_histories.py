"""Random histories of rule data against a model that knows the rules of approval alone: what is accepted, and what is in force at every moment."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from carnet.clock import HOUR, MINUTE, to_iso
from carnet.errors import CarnetError
from carnet.platform import packaged_matrices
from carnet.record.rule_changes import RuleChanges

DRAFT = packaged_matrices()[0]
PEOPLE = ("alice", "bob", "dora")
STEPS = 60


def small_file(version, moment):
    return f"""# version;{version}
# status;official
# source;Inventée
# legal_basis;Inventée
# effective_from;{to_iso(moment)}
# roles;1
# types;1
role;type;right;basis;clause
10;11488-4;Y;S;
""".encode()


@dataclass
class Modelled:
    """What the model remembers of a version."""

    moment: int
    proposer: str
    approvals: set = field(default_factory=set)
    withdrawn: bool = False

    @property
    def approved(self):
        return len(self.approvals) == 2


@dataclass
class Model:
    versions: dict = field(default_factory=dict)

    def propose(self, name, moment, proposer, now):
        taken = any(one.moment == moment and not one.withdrawn for one in self.versions.values())
        if name in self.versions or taken or moment <= now:
            return False
        self.versions[name] = Modelled(moment, proposer)
        return True

    def approve(self, name, person, now):
        one = self.versions.get(name)
        if one is None or one.withdrawn or one.approved or now >= one.moment:
            return False
        if person == one.proposer or person in one.approvals:
            return False
        one.approvals.add(person)
        return True

    def withdraw(self, name, person, now, *, signed):
        one = self.versions.get(name)
        if one is None or one.withdrawn or now >= one.moment or (one.approved and not signed):
            return False
        one.withdrawn = True
        return True

    def in_force(self, at):
        begun = [(one.moment, name) for name, one in self.versions.items() if one.approved and not one.withdrawn]
        return max([(DRAFT.effective_at, DRAFT.version), *((moment, name) for moment, name in begun if moment <= at)])[
            1
        ]


class History:
    """One random history, done to the service and to the model."""

    def __init__(self, room, ministry, seed) -> None:
        self.room, self.ministry, self.chance = room, ministry, random.Random(seed)
        self.changes = RuleChanges(room.gate, "operator:tests")
        self.model = Model()
        self.accepted = 0
        self.refused = 0

    def step(self):
        kinds = [self.propose, self.propose, *[self.approve] * 4, self.withdraw, self.wait]
        kind = self.chance.choice(kinds)
        kind()
        self.compare()

    def both(self, expected, work):
        try:
            work()
            done = True
        except CarnetError:
            done = False
        assert done == expected
        self.accepted += done
        self.refused += not done

    def some(self):
        return self.chance.choice([*self.model.versions, "none"])

    def propose(self):
        name, proposer = f"v{self.chance.randrange(30)}", self.chance.choice([*PEOPLE, "carole"])
        moment = self.room.now + self.chance.randrange(-2, 30) * 10 * MINUTE
        moments = [one.moment for one in self.model.versions.values()]
        if moments and self.chance.random() < 0.2:
            moment = self.chance.choice(moments)
        expected = self.model.propose(name, moment, proposer, self.room.now)
        self.both(expected, lambda: self.changes.propose(small_file(name, moment), proposer))

    def approve(self):
        name, person = self.some(), self.chance.choice(PEOPLE)
        expected = self.model.approve(name, person, self.room.now)
        self.both(
            expected,
            lambda: self.changes.approve(
                name, person, self.ministry.sign(person, self.changes.text_to_sign(name, person))
            ),
        )

    def withdraw(self):
        if self.chance.random() < 0.6:
            return
        name, person, signed = self.some(), self.chance.choice(PEOPLE), self.chance.random() < 0.5
        expected = self.model.withdraw(name, person, self.room.now, signed=signed)

        def work():
            text = self.changes.text_to_sign(name, person, withdrawal_reason="Non")
            self.changes.withdraw(name, "Non", person, self.ministry.sign(person, text) if signed else b"")

        self.both(expected, work)

    def wait(self):
        """To the moment of a version, a microsecond before it, or some time on; never back."""
        ahead = [one.moment - one_less for one in self.model.versions.values() for one_less in (0, 1)]
        ahead = [moment for moment in ahead if moment >= self.room.now]
        if ahead and self.chance.random() < 0.7:
            self.room.now = min(ahead)
        else:
            self.room.now += self.chance.randrange(HOUR)

    def compare(self):
        """What is in force at every moment that could matter, past and to come."""
        self.room.gate.read(lambda _connection: None)
        matrices = self.room.platform.engine._matrices
        edges = [one.moment + shift for one in self.model.versions.values() for shift in (-1, 0, 1)]
        for at in [self.room.now, *edges]:
            assert matrices.in_force(at).version == self.model.in_force(at), at


@pytest.mark.parametrize("seed", range(12))
def test_a_random_history_is_accepted_and_holds_as_the_model_says(room, ministry, seed):
    ministry.admit("dora")
    history = History(room, ministry, seed)
    past = {}
    for _ in range(STEPS):
        history.step()
        past[room.now] = history.model.in_force(room.now)
        # what was in force at a moment that has passed never changes
        matrices = room.platform.engine._matrices
        assert {at: matrices.in_force(at).version for at in past} == past
    assert history.accepted > 5
    assert history.refused > 5
    room.gate.check_rules()
