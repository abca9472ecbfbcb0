"""The plot of measurements: true to scale, told in words, and thinned without losing what stands out."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.viewing.measure_plot import Aim, Line, Plot, Point, day_ticks, plot_svg, spark_svg, thinned

PLOT = Plot("Poids <b>", "trois valeurs", "kg", ((Point(0, 70, "70"), Point(10, 72, "72"), Point(20, 71, "71")),), ((0, "a"), (20, "b")))  # fmt: skip


def tree(plot):
    return ET.fromstring(plot_svg(plot))


def marks(plot):
    return [
        (float(one.get("cx")), float(one.get("cy"))) for one in tree(plot).iter("{http://www.w3.org/2000/svg}circle")
    ]


def test_places_are_to_scale_in_both_directions():
    (left, low), (middle, high), (right, between) = marks(PLOT)
    assert middle - left == pytest.approx(right - middle, abs=0.2)
    assert low > between > high
    assert low - between == pytest.approx(between - high, abs=0.2)


def test_it_is_told_and_texts_are_escaped():
    root = tree(PLOT)
    assert root.get("role") == "img"
    assert root.find("{http://www.w3.org/2000/svg}title").text == "Poids <b>"
    assert "style=" not in plot_svg(PLOT)


def test_the_second_track_has_another_form_and_line():
    two = replace(PLOT, tracks=(*PLOT.tracks, (Point(0, 60, "60"), Point(20, 61, "61"))))
    svg = plot_svg(two)
    assert svg.count("<circle") == 3
    assert svg.count('<rect class="spot"') == 2
    assert svg.count('stroke-dasharray="7 4"') == 1


@pytest.mark.parametrize(("low", "high"), [(69.0, 73.0), (None, 71.0), (71.0, None)])
def test_a_target_is_a_band_with_its_name(low, high):
    svg = plot_svg(replace(PLOT, aims=(Aim("objectif", low, high),)))
    assert 'class="aim"' in svg
    assert "objectif" in svg


def test_numbers_have_the_decimal_mark_of_the_language():
    close = (Point(0, 6.1, "6.1"), Point(9, 6.2, "6.2"))
    assert re.search(r">6,\d+<", plot_svg(replace(PLOT, tracks=(close,), decimal=",")))
    assert re.search(r">6\.\d+<", plot_svg(replace(PLOT, tracks=(close,))))


def test_a_target_with_one_end_is_a_line_and_no_band():
    assert '<rect class="aim"' not in plot_svg(replace(PLOT, aims=(Aim("au plus", None, 71.0),)))
    assert '<path class="aim"' in plot_svg(replace(PLOT, aims=(Aim("au plus", None, 71.0),)))


def test_a_target_without_ends_or_far_away_does_not_flatten_the_points():
    assert 'class="aim"' not in plot_svg(replace(PLOT, aims=(Aim("objectif", None, None),)))
    near, far = marks(PLOT), marks(replace(PLOT, aims=(Aim("objectif", 500.0, 900.0),)))
    assert near == far


def test_reference_lines_are_cut_at_the_span_and_named_where_there_is_room():
    lines = tuple(Line(f"C{number}", tuple((x, 70 + number / 100 + x / 10) for x in range(100))) for number in range(5))
    svg = plot_svg(replace(PLOT, lines=lines, across=(0, 20)))
    assert svg.count('class="reference"') == 5
    assert 1 <= svg.count('class="reference-name"') < 5
    across = [
        float(x)
        for path in re.findall(r'class="reference" d="M([^"]*)"', svg)
        for x, _y in (pair.split() for pair in path.split("L"))
    ]
    assert max(across) <= 440 - 38 + 0.1


def test_one_point_is_drawn_and_none_is_an_error():
    assert plot_svg(replace(PLOT, tracks=((Point(5, 1, "1"),),))).count("<circle") == 1
    with pytest.raises(ValueError, match="needs a point"):
        plot_svg(replace(PLOT, tracks=((),)))


def test_many_points_are_a_line_without_marks():
    many = tuple(Point(number, number % 7, str(number)) for number in range(200))
    assert "<circle" not in plot_svg(replace(PLOT, tracks=(many,)))


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(-50, 50)), min_size=1, max_size=3000), st.integers(1, 400))
def test_what_stands_out_survives_thinning(values, columns):
    points = [Point(x, y, "") for x, y in values]
    kept = thinned(points, columns=columns)
    assert len(kept) <= 4 * columns
    assert {(one.x, one.y) for one in kept} <= set(values)
    assert (min(one.y for one in kept), max(one.y for one in kept)) == (
        min(y for _, y in values),
        max(y for _, y in values),
    )
    assert (kept[0].x, kept[-1].x) == (min(x for x, _ in values), max(x for x, _ in values))
    assert [one.x for one in kept] == sorted(one.x for one in kept)


def test_a_spike_among_ten_thousand_values_is_drawn():
    points = tuple(Point(number, 100.0, "") for number in range(10_000))
    spike = (*points[:5000], Point(5000, 300.0, ""), *points[5001:])
    assert max(one.y for one in thinned(spike)) == 300.0
    assert len(plot_svg(replace(PLOT, tracks=(spike,)))) < 60_000


def test_days_are_written_at_both_ends_and_years_between_where_there_is_room():
    assert day_ticks(dt.date(2023, 3, 1), dt.date(2026, 3, 1), "fr")[0][1] == "01/03/2023"
    assert len(day_ticks(dt.date(2023, 3, 1), dt.date(2026, 3, 1), "fr")) >= 2
    assert day_ticks(dt.date(2026, 3, 1), dt.date(2026, 3, 1), "en")[0][1] == "2026-03-01"


def test_a_small_drawing_needs_two_values_and_is_hidden_from_readers():
    assert spark_svg([PLOT.tracks[0][:1]]) == ""
    assert spark_svg([]) == ""
    assert 'aria-hidden="true"' in spark_svg(PLOT.tracks)
