"""Files that were delivered: where to begin, what was left out, each known by its content alone."""

from __future__ import annotations

from dataclasses import replace

from carnet.exchange.deliveries import Progress, begin, keep, leave_out, left_out


def test_a_file_begins_at_its_start_goes_on_where_it_stopped_and_ends_once(connection):
    assert begin(connection, "aa", "affiliation", now=1) == Progress()
    half = Progress(last_line=501, informed=490, waiting=5, unchanged=5)
    keep(connection, "aa", half, now=2)
    assert begin(connection, "aa", "affiliation", now=3) == half
    assert begin(connection, "bb", "affiliation", now=3) == Progress()
    keep(connection, "aa", replace(half, finished=True), now=4)
    assert begin(connection, "aa", "affiliation", now=5).finished


def test_lines_left_out_are_kept_once_in_the_order_of_the_file(connection):
    begin(connection, "aa", "affiliation", now=1)
    leave_out(connection, "aa", [(9, "why")])
    leave_out(connection, "aa", [(3, "because"), (9, "why")])
    leave_out(connection, "aa", [])
    assert left_out(connection, "aa") == [(3, "because"), (9, "why")]
    assert left_out(connection, "bb") == []
