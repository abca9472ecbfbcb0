from carnet.cda.participants import Identifier, Organization
from carnet.cda.result_grid import Column, grid_of
from carnet.cda.result_model import LOINC, Report, Result, Value
from carnet.cda.results_over_time import over_time
from carnet.metadata import Code


def result(code, digits, day, *, unit="mmol/L", laboratory="Labo A", **about):
    return Result(
        Code(code, LOINC, f"Examen {code}"),
        f"Examen {code}",
        (Value("PQ", digits, unit),),
        observed=f"{day}0830+0000",
        laboratory=Organization(name=laboratory),
        group=("Biochimie",),
        **about,
    )


def report(number, *results):
    one = Identifier(f"1.2.{number}")
    return Report(one, Identifier(f"1.3.{number}"), 1, (), f"Report {number}", f"2025{number:02}01", results)


def day(moment):
    return moment[:8]


def grid(*reports, most=12):
    return grid_of(over_time(reports), day, most=most)


def shown(found):
    return {(row.code, row.unit): [[point.value.shown for point in cell] for cell in row.cells] for row in found.rows}


def test_rows_are_examinations_in_one_unit_and_columns_days_of_a_laboratory_the_latest_first():
    found = grid(
        report(1, result("1-8", "4.0", "20250101"), result("2-6", "61", "20250101", unit="umol/L")),
        report(2, result("1-8", "4.10", "20250201", laboratory="Labo B")),
        report(3, result("2-6", "7.4", "20250301", unit="mg/L")),
    )
    assert found.columns == (Column("20250301", "Labo A"), Column("20250201", "Labo B"), Column("20250101", "Labo A"))
    assert shown(found) == {
        ("1-8", "mmol/L"): [[], ["4.10"], ["4.0"]],
        ("2-6", "umol/L"): [[], [], ["61"]],
        ("2-6", "mg/L"): [["7.4"], [], []],
    }
    assert {row.chapter for row in found.rows} == {"Biochimie"}


def test_a_result_that_a_later_report_repeats_stands_once():
    found = grid(
        report(1, result("1-8", "4.0", "20250101")),
        report(2, result("1-8", "4.0", "20250101", laboratory="", earlier=True), result("1-8", "5.0", "20250201")),
    )
    assert shown(found) == {("1-8", "mmol/L"): [["5.0"], ["4.0"]]}


def test_two_values_of_one_day_share_a_cell():
    found = grid(
        report(1, result("1-8", "4.0", "20250101")), report(2, result("1-8", "4.4", "20250101", status="completed"))
    )
    assert len(found.columns) == 1
    assert sorted(value for cell in shown(found)["1-8", "mmol/L"] for value in cell) == ["4.0", "4.4"]


def test_older_columns_are_left_out_with_the_rows_that_have_nothing_else_and_counted():
    found = grid(
        report(1, result("2-6", "1", "20240101")),
        report(2, result("1-8", "4.0", "20250101")),
        report(3, result("1-8", "4.2", "20250201")),
        most=2,
    )
    assert shown(found) == {("1-8", "mmol/L"): [["4.2"], ["4.0"]]}
    assert found.columns_left_out == 1
