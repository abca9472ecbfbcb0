"""Who may shake hands: anybody while nobody waits for a turn, else about as many as turns are begun, and always one now and then."""

from __future__ import annotations

from types import SimpleNamespace

from carnet.server.doorway import AT_LEAST_EACH, FOR_EACH_TURN, SAVED_UP, Doorway


class House:
    """A worker whose clock and turns are the test's."""

    def __init__(self, waiting=1):
        self.now = 0.0
        self.admission = SimpleNamespace(begun=0, room=["somebody"] * waiting)
        self.doorway = Doorway(self.admission, clock=lambda: self.now)

    def comes_in(self, most=1_000):
        """How many do of so many who come at once."""
        count = 0
        while count < most and self.doorway.open:
            self.doorway.passed()
            count += 1
        return count


def test_while_nobody_waits_for_a_turn_everybody_comes_in():
    assert House(waiting=0).comes_in(300) == 300


def test_while_somebody_waits_as_many_come_in_as_turns_are_begun_and_half_as_many_more():
    house = House()
    assert house.comes_in() == SAVED_UP
    found = 0
    for _ in range(100):
        house.admission.begun += 1
        found += house.comes_in()
    assert found == 100 * FOR_EACH_TURN


def test_no_more_is_saved_up_than_a_few():
    house = House()
    house.admission.begun += 1_000
    assert house.comes_in() == SAVED_UP


def test_one_comes_in_now_and_then_although_no_turn_is_begun():
    house = House()
    house.comes_in()
    for _ in range(5):
        house.now += 1.1 * AT_LEAST_EACH
        assert house.comes_in() == 1
