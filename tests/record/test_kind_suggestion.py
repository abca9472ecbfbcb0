"""What a text seems to be: only a suggestion, of types that patients may add, and never of the day of birth."""

from __future__ import annotations

import pytest

from carnet.record.kind_suggestion import OFFERED, date_for, type_code, type_for
from carnet.terminology.value_sets import class_of, value_set


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("Laboratoire de la Grande Rue. Hémogramme, plaquettes", "DOCPAT05"),
        ("ORDONNANCE\n1 comprimé matin, midi et soir", "DOCPAT02"),
        ("Échographie abdominale. Doppler.", "DOCPAT04"),
        ("Je soussigné certifie", "DOCPAT07"),
        ("Mes directives anticipées", "EXPPAT_3"),
        ("Recette de tarte", ""),
        ("", ""),
    ],
)
def test_words_suggest_a_type(text, type_):
    assert type_for(text) == type_


def test_every_type_that_is_offered_may_be_registered_and_has_a_class():
    for code in OFFERED:
        found = type_code(code)
        assert value_set("J66").active(found.code, found.system)
        assert found.display
        assert class_of(code)
    with pytest.raises(KeyError):
        type_code("11502-2")


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Paris, le 12/03/2025", "20250312"),
        ("né le 28/03/1979, vu le 12.3.2025", "20250312"),
        ("le 12/03/2025 et le 13/03/2025", ""),
        ("rendez-vous le 12/03/2099", ""),
        ("le 31/02/2025", ""),
        ("12/03/25", ""),
    ],
)
def test_the_one_day_of_a_text_is_suggested(text, date):
    assert date_for(text, birth_date="19790328", today="20261122") == date
