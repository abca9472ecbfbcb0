import pytest

from carnet.cda.comparability import usual_range
from carnet.cda.result_model import Bound, ReferenceRange, Result, Value
from carnet.metadata import Code

NORMAL, HIGH = Code("N"), Code("H")


def a_range(low="3.5", high="8", unit="mmol/L", interpretation=NORMAL, criterion=""):
    value = Value("IVL_PQ", low=Bound(low, unit if low else ""), high=Bound(high, unit if high else ""))
    return ReferenceRange(value, "", interpretation, criterion)


def result(*ranges, unit="mmol/L", values=None):
    return Result(Code("1"), "a", values if values is not None else (Value("PQ", "5", unit),), ranges=ranges)


def test_the_only_range_is_the_usual_one():
    for one in (
        a_range(),
        a_range(low=""),
        a_range(high=""),
        a_range(interpretation=Code("")),
        a_range(criterion="femme"),
    ):
        assert usual_range(result(one)) == one


def test_of_several_the_only_one_called_normal_is():
    assert usual_range(result(a_range(), a_range("8", "20", interpretation=HIGH))) == a_range()


@pytest.mark.parametrize(
    "one",
    [
        result(),
        result(a_range(), a_range("1", "2")),
        result(a_range(interpretation=HIGH), a_range("1", "2", interpretation=HIGH)),
        result(a_range(criterion="femme"), a_range("8", "20", interpretation=HIGH)),
        result(a_range(unit="g/L")),
        result(a_range(low="3,5")),
        result(ReferenceRange(Value(""), "moins de 5")),
        result(a_range(), values=()),
    ],
)
def test_where_the_report_leaves_a_choice_there_is_none(one):
    assert usual_range(one) is None


def test_the_unit_one_is_no_unit():
    assert usual_range(result(a_range(unit="1"), unit="1")) is not None
    assert usual_range(result(a_range(unit="1"), unit="mmol/L")) is None
