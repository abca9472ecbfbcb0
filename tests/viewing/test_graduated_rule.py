from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet import hardened_xml
from carnet.viewing.graduated_rule import STANDINGS, Reading, Standing, rule_of, rule_svg, sentence_of, standing_of


def reading(number, low="3.5", high="8", comparator=""):
    low_end, high_end = (Decimal(end) if end else None for end in (low, high))
    shown = f"{comparator} {number}".strip()
    return Reading(shown, "mmol/L", Decimal(number), low_end, high_end, comparator, low, high)


@pytest.mark.parametrize(
    ("one", "standing"),
    [
        (reading("3.4"), Standing.BELOW),
        (reading("3.5"), Standing.WITHIN),
        (reading("8.0"), Standing.WITHIN),
        (reading("8.01"), Standing.ABOVE),
        (reading("9", low=""), Standing.ABOVE),
        (reading("1", low=""), Standing.WITHIN),
        (reading("1", high=""), Standing.BELOW),
        (reading("9", high=""), Standing.WITHIN),
        (reading("9", low="", high=""), Standing.UNKNOWN),
        (reading("5", low="8", high="3"), Standing.UNKNOWN),
        (reading("3", comparator="<"), Standing.BELOW),
        (reading("3.5", comparator="<"), Standing.BELOW),
        (reading("3.5", comparator="≤"), Standing.UNKNOWN),
        (reading("5", comparator="<"), Standing.UNKNOWN),
        (reading("5", low="", comparator="<"), Standing.WITHIN),
        (reading("9", low="", comparator="<"), Standing.UNKNOWN),
        (reading("9", comparator=">"), Standing.ABOVE),
        (reading("8", comparator=">"), Standing.ABOVE),
        (reading("8", comparator="≥"), Standing.UNKNOWN),
        (reading("5", high="", comparator=">"), Standing.WITHIN),
        (reading("3", high="", comparator=">"), Standing.UNKNOWN),
        (reading("5", comparator=">"), Standing.UNKNOWN),
    ],
)
def test_a_value_stands_where_its_laboratory_put_the_bounds(one, standing):
    assert standing_of(one) is standing


def test_the_place_is_to_scale_and_ends_at_the_ends():
    assert rule_of(reading("3.5")).place == 0.25
    assert rule_of(reading("8")).place == 0.75
    assert rule_of(reading("5.75")).place == 0.5
    assert rule_of(reading("1000")).place == 1.0
    assert rule_of(reading("0")).place == 0.0
    assert rule_of(reading("9", low="", high="")).band_start is None
    assert rule_of(reading("5", low="8", high="3")).band_start is None


@settings(derandomize=True, max_examples=300, deadline=None)
@given(*[st.decimals(-(10**6), 10**6, places=3)] * 3, st.sampled_from(["", "<", "≤", ">", "≥"]))
def test_the_marker_is_on_the_side_that_the_words_say(number, first, second, comparator):
    low, high = sorted((first, second))
    one = Reading(str(number), "g", number, low, high, comparator)
    rule = rule_of(one)
    assert 0 <= rule.place <= 1
    if not comparator and low < high:
        sides = {
            Standing.BELOW: rule.place <= 0.25,
            Standing.WITHIN: 0.25 <= rule.place <= 0.75,
            Standing.ABOVE: rule.place >= 0.75,
        }
        assert sides[rule.standing]


def test_the_sentence_holds_the_digits_received_and_the_range():
    assert sentence_of(reading("8.50"), "fr") == "8.50 mmol/L, au-dessus de l'intervalle de référence (3.5 \u2013 8)"
    assert sentence_of(reading("2", low=""), "en") == "2 mmol/L, within the reference range (≤ 8)"
    assert sentence_of(reading("9", high=""), "en") == "9 mmol/L, within the reference range (≥ 3.5)"
    assert sentence_of(reading("9", low="", high=""), "fr").endswith("sans intervalle de référence comparable")
    assert set(STANDINGS["fr"]) == set(STANDINGS["en"]) == set(Standing)


def test_each_standing_has_a_form_of_its_own_and_the_drawing_is_read_out():
    forms = set()
    for number in ("1", "5", "9"):
        root = hardened_xml.parse(rule_svg(reading(number)).encode())
        assert root.get("role") == "img"
        assert root[0].text == sentence_of(reading(number), "fr")
        forms.add(
            rule_svg(reading(number)).split('class="marker"')[1].split('d="')[0][:12]
            + rule_of(reading(number)).standing.name
        )
    assert len(forms) == 3
    assert 'class="band"' not in rule_svg(reading("9", low="", high=""))


def test_what_is_written_in_a_unit_is_text():
    one = Reading("1", '<script>"&', Decimal(1))
    assert "<script" not in rule_svg(one)
    hardened_xml.parse(rule_svg(one).encode())
