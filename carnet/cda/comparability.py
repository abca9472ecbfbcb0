"""Why results are not compared: the reasons, in words of both languages, and what a single result must be to stand on an axis."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum, auto
from types import MappingProxyType

from carnet.cda.result_model import LOINC, ReferenceRange, Result, Value, number_of
from carnet.cda.timestamps import to_dtm

_FINAL = frozenset({"completed", "normal", ""})
_NORMAL = "N"
_CODED = frozenset({"CD", "CE", "CV", "CO", "CS"})


class Reason(Enum):
    """What keeps a result from a series, or a series from another."""

    NO_CODE = auto()
    NOT_FINAL = auto()
    NO_VALUE = auto()
    CODED = auto()
    WRITTEN = auto()
    INTERVAL = auto()
    SEVERAL = auto()
    NO_DATE = auto()
    OTHER_VALUE = auto()
    OTHER_UNIT = auto()
    OTHER_ISOLATE = auto()
    OTHER_CODE = auto()


REASONS: Mapping[str, Mapping[Reason, str]] = MappingProxyType(
    {
        "fr": {
            Reason.NO_CODE: "Le laboratoire n'a pas indiqué le code LOINC de l'examen.",
            Reason.NOT_FINAL: "Le résultat n'est pas définitif, ou l'examen n'a pas été fait.",
            Reason.NO_VALUE: "Le compte rendu ne donne pas de valeur.",
            Reason.CODED: "Le résultat est une réponse en mots, pas un nombre.",
            Reason.WRITTEN: "Le résultat est écrit comme un texte.",
            Reason.INTERVAL: "Le résultat est un intervalle entre deux nombres.",
            Reason.SEVERAL: "Le compte rendu donne plusieurs valeurs pour cet examen.",
            Reason.NO_DATE: "La date de l'examen manque ou n'est pas lisible.",
            Reason.OTHER_VALUE: "Un compte rendu plus récent rappelle ce résultat avec une autre valeur.",
            Reason.OTHER_UNIT: "L'unité est différente.",
            Reason.OTHER_ISOLATE: "Le résultat porte sur un autre germe.",
            Reason.OTHER_CODE: "C'est un autre examen : le prélèvement ou la façon de mesurer diffère (autre code LOINC).",
        },
        "en": {
            Reason.NO_CODE: "The laboratory did not state the LOINC code of the test.",
            Reason.NOT_FINAL: "The result is not final, or the test was not done.",
            Reason.NO_VALUE: "The report gives no value.",
            Reason.CODED: "The result is an answer in words, not a number.",
            Reason.WRITTEN: "The result is written as a text.",
            Reason.INTERVAL: "The result is an interval between two numbers.",
            Reason.SEVERAL: "The report gives several values for this test.",
            Reason.NO_DATE: "The date of the test is missing or cannot be read.",
            Reason.OTHER_VALUE: "A later report repeats this result with another value.",
            Reason.OTHER_UNIT: "The unit differs.",
            Reason.OTHER_ISOLATE: "The result is about another germ.",
            Reason.OTHER_CODE: "It is another test: the specimen or the way of measuring differs (another LOINC code).",
        },
    }
)


def loinc_of(result: Result) -> str:
    """The LOINC code of a result, its own or a translation's; '' for none."""
    codes = (result.code, *result.translations)
    return next((one.code for one in codes if one.system == LOINC and one.code), "")


def moment_of(result: Result) -> str:
    """When the specimen was taken, as a UTC DTM of a day at least; '' where it is unknown or no date (`20092012`)."""
    try:
        moment = to_dtm(result.taken)
    except ValueError:
        return ""
    return moment if len(moment) >= 8 else ""


def is_final(result: Result) -> bool:
    """Whether the report calls the result final: neither provisional, nor of an examination that was not done."""
    return result.status in _FINAL


def measure_of(result: Result) -> tuple[Value, Decimal] | Reason:
    """The value of a result with the number that stands on an axis, or why there is none."""
    if not loinc_of(result):
        return Reason.NO_CODE
    if not is_final(result):
        return Reason.NOT_FINAL
    if len(result.values) > 1:
        return Reason.SEVERAL
    if not result.values or result.values[0].missing or not (result.values[0].shown):
        return Reason.NO_VALUE
    value = result.values[0]
    number = value.number
    if number is None:
        return _no_number(value)
    return (value, number) if moment_of(result) else Reason.NO_DATE


def _no_number(value: Value) -> Reason:
    if value.kind in _CODED:
        return Reason.CODED
    return Reason.INTERVAL if value.low.digits and value.high.digits else Reason.WRITTEN


def usual_range(result: Result) -> ReferenceRange | None:
    """The range to which a result's value may be set on a rule; None where the report leaves a choice or another unit.

    The only range there is, else the only one that is called normal; its ends in the value's own unit.
    """
    if len(result.values) != 1:
        return None
    called_normal = [one for one in result.ranges if one.interpretation.code == _NORMAL]
    candidates = called_normal if len(result.ranges) > 1 else list(result.ranges)
    if len(candidates) != 1 or (len(result.ranges) > 1 and candidates[0].criterion):
        return None
    found = candidates[0]
    ends = [end for end in (found.value.low, found.value.high) if end.digits]
    unit = result.values[0].shown_unit
    same = all(end.unit in (unit, "") or (end.unit == "1" and not unit) for end in ends)
    return found if ends and same and all(number_of(end.digits) is not None for end in ends) else None
