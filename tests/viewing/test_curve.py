import datetime as dt
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet import hardened_xml
from carnet.viewing.curve import Band, Dot, curve_svg, written_day

SVG = "{http://www.w3.org/2000/svg}"


def dot(day, digits, **more):
    return Dot(dt.date.fromisoformat(day), Decimal(digits), digits, **more)


DOTS = [dot("2024-01-04", "10.02"), dot("2020-09-12", "8.5"), dot("2020-01-03", "7.9", repeated=True)]


def marks(svg):
    return [one for one in svg.iter() if one.get("class") in ("point", "own", "repeated", "bound")]


def parsed(*arguments, **named):
    return hardened_xml.parse(curve_svg(*arguments, **named).encode())


def test_the_drawing_is_read_out_and_holds_every_point_as_received():
    svg = parsed("Urée", "mmol/L", DOTS, Band(Decimal("3.50"), Decimal(8)))
    assert svg.get("role") == "img"
    assert svg[0].text == "Urée de 03/01/2020 à 04/01/2024, en mmol/L"
    assert svg[1].text == "3 valeurs. Dernière : 10.02 mmol/L, le 04/01/2024."
    assert [one[0].text for one in marks(svg)] == ["2020-01-03 7.9", "2020-09-12 8.5", "2024-01-04 10.02"]


def test_english_and_a_unit_that_is_none():
    svg = parsed("INR", "", [dot("2024-01-04", "2.0")], language="en")
    assert svg[0].text == "INR from 2024-01-04 to 2024-01-04"
    assert svg[1].text == "1 values. Last: 2.0, on 2024-01-04."
    assert (written_day(dt.date(987, 1, 2), "fr"), written_day(dt.date(987, 1, 2), "en")) == (
        "02/01/0987",
        "0987-01-02",
    )


def test_kinds_of_points_have_forms_of_their_own():
    dots = [
        dot("2020-01-01", "1"),
        dot("2020-01-02", "2", own=True),
        dot("2020-01-03", "3", repeated=True),
        dot("2020-01-04", "4", comparator="<"),
    ]
    found = marks(parsed("a", "g", dots))
    assert [one.get("class") for one in found] == ["point", "own", "repeated", "bound"]
    assert [one.tag.removeprefix(SVG) for one in found] == ["circle", "rect", "circle", "path"]
    assert found[2].get("fill") == "none"


def test_the_line_is_broken_where_a_value_is_only_bounded():
    dots = [
        dot("2020-01-01", "1"),
        dot("2020-01-02", "2"),
        dot("2020-01-03", "1", comparator="<"),
        dot("2020-01-04", "3"),
    ]
    line = next(one.get("d") for one in parsed("a", "g", dots).iter() if one.get("class") == "line")
    assert re.sub(r"[^ML]", "", line) == "MLM"
    assert not [one for one in parsed("a", "g", dots[2:3]).iter() if one.get("class") == "line"]


def test_more_is_higher_and_later_is_further():
    found = marks(parsed("Urée", "mmol/L", DOTS))
    across = [float(one.get("cx")) for one in found]
    down = [float(one.get("cy")) for one in found]
    assert across == sorted(across)
    assert down == sorted(down, reverse=True)
    days = [one.day.toordinal() for one in sorted(DOTS, key=lambda one: one.day)]
    part = (days[1] - days[0]) / (days[2] - days[0])
    assert (across[1] - across[0]) / (across[2] - across[0]) == pytest.approx(part, abs=0.001)


def test_a_band_far_away_does_not_flatten_the_points():
    near = parsed("a", "g", [dot("2020-01-01", "1"), dot("2021-01-01", "2")], Band(None, Decimal(10**6)))
    down = [float(one.get("cy")) for one in marks(near)]
    assert down[0] - down[1] > 100


def test_no_point_is_no_curve():
    with pytest.raises(ValueError, match="point"):
        curve_svg("a", "g", [])


def test_names_and_units_are_text():
    svg = curve_svg("<script>&", '"><script>', [Dot(dt.date(2020, 1, 1), Decimal(1), "<b>")])
    assert "<script" not in svg
    assert "<b>" not in svg
    hardened_xml.parse(svg.encode())


DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1))
NUMBERS = st.decimals(-(10**9), 10**9, places=4)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.lists(st.builds(Dot, DAYS, NUMBERS, st.just("x"), st.sampled_from(["", "<", ">"])), min_size=1, max_size=12),
    st.none() | st.builds(Band, st.none() | NUMBERS, st.none() | NUMBERS),
)
def test_whatever_the_values_every_point_is_on_the_drawing(dots, band):
    svg = parsed("a", "g", dots, band)
    assert len(marks(svg)) == len(dots)
    for one in svg.iter(f"{SVG}circle"):
        assert 0 <= float(one.get("cx")) <= 640
        assert 0 <= float(one.get("cy")) <= 300
    for one in svg.iter(f"{SVG}rect"):
        assert float(one.get("height")) >= 0
    assert 1 <= len([one for one in svg.iter(f"{SVG}text") if one.get("text-anchor") == "end"]) <= 14


@pytest.mark.parametrize(("language", "sign", "other"), [("fr", ",", "."), ("en", ".", ",")])
def test_the_scale_has_the_decimal_sign_of_the_language(language, sign, other):
    svg = parsed("INR", "", [dot("2024-01-04", "2.00"), dot("2025-01-04", "2.35")], language=language)
    scale = [
        one.text
        for one in svg.iter()
        if one.get("text-anchor") == "end" and "/" not in one.text and "-" not in one.text
    ]
    assert any(sign in text for text in scale)
    assert not any(other in text for text in scale)
