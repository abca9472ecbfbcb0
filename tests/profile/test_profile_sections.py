"""What is kept of a form of the health profile, and what is sent back with the field and the reason."""

from __future__ import annotations

import pytest

from carnet.profile.profile_sections import BLOOD_GROUPS, LONGEST_COMMENT, SECTIONS, WrongField, checked


def test_the_sections_are_those_of_the_rules():
    assert list(SECTIONS) == ["diseases", "treatments", "stays", "allergies", "family", "lifestyle", "handicaps", "blood",
                              "professionals", "trusted", "contacts", "directives", "donation", "comments"]  # fmt: skip
    assert len(BLOOD_GROUPS) == 8
    assert LONGEST_COMMENT == 3000


def test_blank_fields_are_left_out_and_blanks_are_made_one():
    kept = checked(
        SECTIONS["diseases"], {"name": "  Diabète \t de type 2 ", "since": " ", "note": "a\r\nb\x00", "other": "x"}
    )
    assert kept == {"name": "Diabète de type 2", "note": "a\nb"}


def test_marks_that_turn_the_direction_of_writing_are_left_out():
    assert checked(SECTIONS["allergies"], {"name": "\u202egnihton"}) == {"name": "gnihton"}


@pytest.mark.parametrize(
    ("section", "given", "field", "why"),
    [
        ("diseases", {}, "name", "needed"),
        ("diseases", {"name": "x" * 121}, "name", "long"),
        ("comments", {"text": "x" * 3001}, "text", "long"),
        ("blood", {"group": "C+"}, "group", "choice"),
        ("blood", {}, "group", "needed"),
        ("contacts", {"name": "Ana"}, "phone", "needed"),
        ("contacts", {"name": "Ana", "phone": "call me"}, "phone", "phone"),
        ("contacts", {"name": "Ana", "phone": "0"}, "phone", "phone"),
        ("contacts", {"name": "Ana", "phone": "javascript:1"}, "phone", "phone"),
    ],
)
def test_what_cannot_be_kept_names_the_field_and_why(section, given, field, why):
    with pytest.raises(WrongField) as raised:
        checked(SECTIONS[section], given)
    assert (raised.value.subject, raised.value.why) == (field, why)


@pytest.mark.parametrize("number", ["01 99 00 12 34", "+33 1 99 00 12 34", "15", "(0)1-99.00"[1:].replace(")", "")])
def test_numbers_are_kept_as_they_are_written(number):
    assert checked(SECTIONS["contacts"], {"name": "Ana", "phone": number})["phone"] == number


def test_three_thousand_letters_are_kept():
    assert len(checked(SECTIONS["comments"], {"text": "é" * 3000})["text"]) == 3000
