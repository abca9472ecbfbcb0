from carnet.cda.result_marks import Place, key_of, mark_of, newest_of, same_name
from carnet.cda.results import report_of
from carnet.demo.lab_reports import Measured, lab_draft, lab_report

NOW = 1_790_000_000_000_000
DAY = 86_400_000_000


def potassium(digits, taken, **about):
    return Measured("2823-3", about.pop("name", "Potassium"), digits, about.pop("unit", "mmol/L"), taken, **about)


def read(*results, at=NOW):
    report = report_of(lab_report(lab_draft(at), results))
    return report, tuple(map(mark_of, report.results))


def test_a_mark_says_what_tells_results_apart():
    _report, (mark,) = read(potassium("4.0", "20240104083000+0100"))
    assert mark == ("2823-3", "Potassium", "", "mmol/L", "20240104073000", False, True, True)


def test_a_result_without_a_code_is_named_by_its_label_without_case_and_accents():
    report, _ = read(potassium("1", "20240104", name="Créatinine"))
    (one,) = report.results
    code = one.code.__class__("X", "1.2.3", "Créatinine")
    bare = one.__class__(code, "Créatinine", one.values)
    other = one.__class__(code, "CREATININE", one.values)
    assert key_of(bare) == key_of(other)
    assert key_of(bare).startswith("sans-code-")
    assert key_of(one) == "2823-3"


def test_the_newest_is_by_when_it_was_taken_and_never_a_repeated_one_before_an_original():
    old = read(potassium("4.0", "20240104"))
    late = read(potassium("5.0", "20250104", before=(potassium("9.0", "20260101"),)), at=NOW + DAY)
    (found,) = newest_of([old, late])
    assert found.places == (Place(1, 0),)
    assert found.dates == 3


def test_what_is_not_final_does_not_hide_a_result():
    done, failed = read(potassium("4.0", "20240104")), read(potassium("5.0", "20250104", status="aborted"))
    (found,) = newest_of([done, failed])
    assert found.places == (Place(0, 0),)


def test_several_results_of_one_moment_stand_together_and_units_are_counted_apart():
    both = read(potassium("4.0", "20240104"), potassium("4.1", "20240104"), potassium("16", "20200101", unit="mg/dL"))
    (found,) = newest_of([both])
    assert found.places == (Place(0, 0), Place(0, 1))
    assert found.dates == 1


def test_examinations_of_one_name_are_told_of():
    _report, marks = read(
        potassium("1", "20240104"), Measured("2828-2", "Potassium [Moles/Volume] Urine", "2", "mmol/L", "20240104")
    )
    assert same_name("2823-3", marks) == {"2828-2": "Potassium [Moles/Volume] Urine"}
