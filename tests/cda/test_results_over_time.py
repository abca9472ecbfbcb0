import itertools
from dataclasses import replace

import pytest

from carnet.cda.comparability import REASONS, Reason, moment_of
from carnet.cda.participants import Identifier, Organization
from carnet.cda.result_model import LOINC, Bound, Report, Result, Specimen, Value
from carnet.cda.results_over_time import over_time
from carnet.metadata import Code

LAB_A = Organization((Identifier("1.2.250.1.71.4.2.2", "1A"),), "Laboratoire A")
LAB_B = Organization((Identifier("1.2.250.1.71.4.2.2", "1B"),), "Laboratoire B")
NOWHERE = Organization()
UREA = Code("22664-7", LOINC, "Urée [Moles/Volume] Sérum/Plasma ; Numérique")


def result(digits="8.5", taken="202009120815+0100", unit="mmol/L", code=UREA, **more):
    more.setdefault("laboratory", NOWHERE if more.get("earlier") else LAB_A)
    value = more.pop("value", Value("PQ", digits, unit))
    return Result(code, code.display, (value,), observed=taken, status=more.pop("status", "completed"), **more)


def report(number, *results, written="", replaces=(), set_id="", version=1):
    known = tuple(Identifier(f"1.{one}") for one in replaces)
    return Report(
        Identifier(f"1.{number}"),
        Identifier(set_id),
        version,
        known,
        f"CR {number}",
        written or f"2024010{number}120000",
        results,
    )


def only(comparison):
    assert len(comparison.analytes) == 1
    return comparison.analytes[0]


def shown(series):
    return [point.value.shown for point in series.points]


def test_results_of_one_code_and_unit_are_a_series_in_the_order_of_time():
    found = over_time(
        [report(1, result("10.0", "20230101")), report(2, result("9.00", "20210101"), result("8.5", "20220101"))]
    )
    one = only(found)
    assert [(series.unit, shown(series)) for series in one.series] == [("mmol/L", ["9.00", "8.5", "10.0"])]
    assert (one.code, one.apart, found.uncoded) == ("22664-7", (), ())


def test_a_result_that_a_later_report_repeats_is_counted_once_with_both_sources():
    first = report(1, result("8.50", "20200912081500+0100"))
    later = report(2, result("10", "20240101"), result("8.5", "202009120815+0100", earlier=True))
    series = only(over_time([later, first])).series[0]
    assert shown(series) == ["8.50", "10"]
    assert [(source.document.root, source.repeated) for source in series.points[0].sources] == [
        ("1.1", False),
        ("1.2", True),
    ]
    assert not series.points[0].only_repeated


def test_a_repeated_result_may_name_when_the_specimen_was_taken_or_when_it_was_measured():
    taken = Specimen(collected="20200912070000+0100")
    original = result("8.5", "20200912081500+0100", specimen=taken)
    for moment in ("202009120700+0100", "202009120815+0100", "20200912"):
        series = only(over_time([report(1, original), report(2, result("8.5", moment, earlier=True))])).series[0]
        assert len(series.points) == 1, moment


def test_a_repeated_result_whose_report_is_not_there_stands_as_repeated():
    later = [report(number, result("8.5", earlier=True)) for number in (1, 2)]
    points = only(over_time(later)).series[0].points
    assert [(point.only_repeated, len(point.sources)) for point in points] == [(True, 2)]


def test_a_repeated_result_of_another_laboratory_is_another_result():
    first = report(1, result("8.5", laboratory=LAB_A))
    second = report(2, result("8.5", laboratory=LAB_B, earlier=True))
    assert len(only(over_time([first, second])).series[0].points) == 2


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({}, 1),
        ({"digits": "8.50"}, 1),
        ({"digits": "8.6"}, 2),
        ({"taken": "202009120816+0100"}, 2),
        ({"laboratory": LAB_B}, 2),
        ({"value": Value("IVL_PQ", high=Bound("8.5", "mmol/L", inclusive=False))}, 2),
    ],
)
def test_the_same_original_in_two_reports_is_one_result_when_all_agrees(change, count):
    reports = [report(1, result()), report(2, result(**change))]
    assert len(only(over_time(reports)).series[0].points) == count


def test_two_originals_on_the_same_day_without_an_hour_are_two_results():
    reports = [report(1, result("8.5", "20200912")), report(2, result("8.5", "20200912"))]
    assert len(only(over_time(reports)).series[0].points) == 2


def test_two_equal_results_of_one_report_are_two():
    assert len(only(over_time([report(1, result(), result())])).series[0].points) == 2


def test_a_repeated_result_with_another_value_is_listed_and_not_drawn():
    one = only(over_time([report(1, result("8.5")), report(2, result("8.9", earlier=True))]))
    assert shown(one.series[0]) == ["8.5"]
    assert [(apart.reason, apart.result.values[0].shown) for apart in one.apart] == [(Reason.OTHER_VALUE, "8.9")]


def test_a_report_that_is_replaced_counts_no_more():
    wrong, right = report(1, result("85")), report(2, result("8.5"), replaces=(1,))
    found = over_time([right, wrong])
    assert shown(only(found).series[0]) == ["8.5"]
    assert found.superseded == (Identifier("1.1"),)


def test_a_lower_version_of_the_same_set_counts_no_more():
    versions = [report(number, result(f"{number}"), set_id="2.9", version=number) for number in (1, 2, 3)]
    for order in itertools.permutations(versions):
        found = over_time(order)
        assert shown(only(found).series[0]) == ["3"]
        assert len(found.superseded) == 2


def test_what_a_replacement_replaces_may_be_missing_and_reports_without_a_set_are_their_own():
    found = over_time(
        [report(1, result("1", "20200101"), replaces=(7,)), report(2, result("2", "20210101"), version=2)]
    )
    assert shown(only(found).series[0]) == ["1", "2"]
    assert found.superseded == ()


def test_units_are_never_mixed():
    one = only(
        over_time([report(1, result("8.5", "2020091208"), result("51", "20210912", "mg/dL"), result("9", "20220101"))])
    )
    assert [(series.unit, series.apart_because) for series in one.series] == [
        ("mmol/L", None),
        ("mg/dL", Reason.OTHER_UNIT),
    ]


def test_two_germs_are_never_mixed():
    coli, strep = (Specimen(isolate=Code(code, "2.16.840.1.113883.6.96")) for code in ("112283007", "58800005"))
    one = only(over_time([report(1, result("1", specimen=coli), result("2", specimen=strep))]))
    assert {series.apart_because for series in one.series} == {None, Reason.OTHER_ISOLATE}


def test_tests_of_the_same_name_and_another_code_are_related_and_apart():
    serum = Code("3016-3", LOINC, "Thyréostimuline [Arbitraire/Volume] Sérum/Plasma ; Numérique")
    paper = Code("29575-8", LOINC, "Thyreostimuline [Arbitraire/Volume] Sang buvard ; Numérique")
    found = over_time([report(1, result("2.0", code=serum)), report(2, result("2.0", code=paper))])
    assert [(one.code, one.related, len(one.series)) for one in found.analytes] == [
        ("3016-3", ("29575-8",), 1),
        ("29575-8", ("3016-3",), 1),
    ]


def test_several_methods_are_told():
    methods = [Code("A"), Code("B")]
    reports = [report(number, result(f"{number}", method=method)) for number, method in enumerate(methods, 1)]
    assert only(over_time(reports)).series[0].several_methods
    assert not only(over_time(reports[:1])).series[0].several_methods


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (result(status="aborted"), Reason.NOT_FINAL),
        (result(status="active"), Reason.NOT_FINAL),
        (result(value=Value("PQ", missing="UNK")), Reason.NO_VALUE),
        (replace(result(), values=()), Reason.NO_VALUE),
        (replace(result(), values=(Value("PQ", "1"), Value("PQ", "2"))), Reason.SEVERAL),
        (result(value=Value("CD", text="négatif")), Reason.CODED),
        (result(value=Value("ED", text="<1.0 mg/L")), Reason.WRITTEN),
        (result(digits="1,5"), Reason.WRITTEN),
        (result(value=Value("IVL_PQ", low=Bound("1"), high=Bound("2"))), Reason.INTERVAL),
        (result(taken="20092012081500+0100"), Reason.NO_DATE),
        (result(taken=""), Reason.NO_DATE),
        (result(taken="2020"), Reason.NO_DATE),
    ],
)
def test_what_cannot_be_compared_is_listed_with_its_reason(one, reason):
    found = only(over_time([report(1, one)]))
    assert found.series == ()
    assert [apart.reason for apart in found.apart] == [reason]


def test_a_result_without_a_code_of_loinc_stands_apart_and_a_translation_will_do():
    local = Code("UREE", "1.2.3", "Urée")
    found = over_time([report(1, result(code=local), replace(result(code=local), translations=(UREA,)))])
    assert [apart.reason for apart in found.uncoded] == [Reason.NO_CODE]
    assert only(found).code == "22664-7"


def test_every_reason_has_words_in_both_languages():
    assert set(REASONS["fr"]) == set(REASONS["en"]) == set(Reason)


def test_the_order_of_the_reports_changes_nothing():
    reports = [
        report(1, result("8.5")),
        report(2, result("9", "20210101"), result("8.5", earlier=True)),
        report(3, result("10", "20220101"), result("8.9", earlier=True), result("9", "20210101", earlier=True)),
        report(4, result("7", "20230101"), replaces=(3,)),
    ]
    expected = over_time(reports)
    assert all(over_time(order) == expected for order in itertools.permutations(reports))


def test_a_collection_later_than_what_was_observed_is_not_believed():
    late = result("1", "20140402145521+0200", specimen=Specimen(collected="202101040735+0100"))
    early = result("1", "20210402145521+0200", specimen=Specimen(collected="202101040735+0100"))
    assert moment_of(late) == "20140402125521"
    assert moment_of(early) == "202101040635"


def test_nothing_compares_to_nothing():
    found = over_time([])
    assert (found.analytes, found.uncoded, found.superseded) == ((), (), ())
