"""The card: nothing but what was chosen and still holds, in the order in which it is read."""

from __future__ import annotations

from dataclasses import replace

from carnet.profile.emergency_card import CARD, LEAST, SHOWN, Known, candidates, card_of, chosen
from carnet.profile.profile_items import Item

KNOWN = Known("Dominique PAT-TROIS", "19790328", "Alize MONTRIEUX", directives=False)


def item(item_id, section, /, *, since=1, nothing=False, **values):
    return Item(item_id, 1, section, values, nothing, "holder", since)


ALLERGY = item("a", "allergies", name="Pénicilline", since=5)
BLOOD = item("b", "blood", group="O-")
SECRET = item("s", "diseases", name="VIH")
HABIT = item("h", "lifestyle", topic="tobacco", note="non")


def showing(*names):
    return item("c", CARD, **{SHOWN: " ".join(names)})


def test_nothing_is_on_the_card_unless_it_was_chosen():
    card = card_of((ALLERGY, BLOOD, SECRET), KNOWN)
    assert (card.name, card.birth_date, card.lines, card.ready) == ("", "", (), False)


def test_what_was_chosen_stands_in_the_order_of_the_card():
    card = card_of((ALLERGY, SECRET, BLOOD, showing("a", "b", "name", "doctor")), KNOWN)
    assert [one.section for one in card.lines] == ["blood", "allergies", "doctor"]
    assert (card.name, card.birth_date) == ("Dominique PAT-TROIS", "")
    assert card.changed_at == 5
    assert "VIH" not in repr(card)


def test_what_does_not_hold_any_more_is_not_shown():
    assert card_of((BLOOD, showing("a", "b")), KNOWN).lines == (card_of((BLOOD, showing("b")), KNOWN).lines[0],)


def test_a_section_that_is_not_for_the_card_never_is():
    assert card_of((HABIT, showing("h", "c")), KNOWN).lines == ()
    assert [one.item_id for one in candidates((HABIT, ALLERGY), KNOWN)] == ["a", "doctor"]


def test_two_things_that_help_make_a_card_and_the_name_is_none():
    assert LEAST == 2
    assert not card_of((ALLERGY, showing("a", "name", "birth")), KNOWN).ready
    assert card_of((ALLERGY, BLOOD, showing("a", "b")), KNOWN).ready


def test_directives_in_the_record_are_said_to_be_there():
    filed = replace(KNOWN, directives=True)
    assert candidates((), filed)[-1].values == {"filed": "yes"}
    stated = item("d", "directives", statement="written", place="chez moi")
    assert candidates((stated,), filed)[-1].values == {"statement": "written", "place": "chez moi", "filed": "yes"}
    assert [one.section for one in candidates((stated,), filed)].count("directives") == 1


def test_the_choice_is_read_from_its_item_alone():
    assert chosen((ALLERGY,)) == frozenset()
    assert chosen((showing("a", "name"),)) == {"a", "name"}
