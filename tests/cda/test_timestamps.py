import pytest

from carnet.cda.timestamps import carries_offset, same_moment, to_dtm


@pytest.mark.parametrize(
    ("stamp", "dtm"),
    [
        ("20210401134745+0100", "20210401124745"),
        ("20210101003000+0200", "20201231223000"),
        ("20210401134745-0330", "20210401171745"),
        ("20210401134745.123+0000", "20210401134745"),
        ("202104011347+0100", "202104011247"),
        ("2021040113+0100", "2021040112"),
        ("20210401", "20210401"),
        ("202104", "202104"),
        ("2021", "2021"),
        ("", ""),
    ],
)
def test_a_time_stamp_becomes_utc_with_the_precision_it_came_with(stamp, dtm):
    assert to_dtm(stamp) == dtm


def test_a_time_without_offset_keeps_its_date_alone():
    assert to_dtm("20210401134745") == "20210401"
    assert not carries_offset("20210401134745")


@pytest.mark.parametrize(
    "stamp",
    [
        "abc",
        "2021-04-01",
        "20211301",
        "20210230",
        "20210401254745+0100",
        "20210401134745+9900",
        "00010101000000+0100",
        "٢٠٢١",
    ],
)
def test_what_is_no_time_stamp_is_said_to_be_none(stamp):
    with pytest.raises(ValueError):
        to_dtm(stamp)


def test_a_moment_needs_hours_and_an_offset():
    assert carries_offset("202104011347+0100")
    assert not carries_offset("20210401+0100")


def test_two_times_agree_as_far_as_the_less_precise_tells_and_to_the_day_at_least():
    assert same_moment("20210401", "20210401124745")
    assert not same_moment("20210401134745", "20210401124745")
    assert not same_moment("2021", "20210401124745")
    assert not same_moment("", "20210401124745")
