"""The value syntax of stored queries (ITI TF-2 §3.18.4.1.2.3.5): from the Values of one slot to plain strings, times, codes.

`'x'` with `''` for a quote, `('a','b')` over one or several Values, bare numbers. Care software leaves parentheses and coding schemes
out, so both may be missing; the quotes of a string may not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from carnet.document_query import CodeFilter
from carnet.errors import QueryParameterInvalid
from carnet.metadata import ObjectType
from carnet.soap.ebrim_schemes import ASSOCIATION_TYPES, STATUSES
from carnet.soap.field_values import is_dtm, patient_identifier
from carnet.soap.query_table import Form

MAXIMUM_VALUES = 1000
MAXIMUM_LENGTH = 1024

_STRING = re.compile(r"\s*'((?:[^']|'')*+)'\s*(,|$)")
_OBJECT_TYPES = {item.value: item for item in ObjectType}


def read_values(name: str, form: Form, values: Sequence[str]) -> tuple[Any, ...]:
    """All values of one slot in the given form. Raises QueryParameterInvalid, with the parameter's name as subject."""
    if form in {Form.FROM, Form.TO}:
        return tuple(_time(name, value) for value in values)
    found = [item for value in values for item in _strings(name, value)]
    if len(found) > MAXIMUM_VALUES or any(len(item) > MAXIMUM_LENGTH for item in found):
        raise _invalid(name, "has too many values or too long a one")
    convert = _CONVERSIONS.get(form)
    return tuple(found) if convert is None else tuple(convert(name, item) for item in found)


def _invalid(name: str, problem: str) -> QueryParameterInvalid:
    return QueryParameterInvalid(f"The query parameter {name} {problem}.", subject=name)


def _strings(name: str, value: str) -> list[str]:
    """The quoted strings of one Value."""
    inner = value.strip()
    if inner.startswith("(") and inner.endswith(")"):
        inner = inner[1:-1].strip()
    found: list[str] = []
    position, more = 0, True
    while more:
        match = _STRING.match(inner, position)
        if match is None:
            raise _invalid(name, "is not a quoted string or a list of them")
        found.append(match[1].replace("''", "'"))
        position, more = match.end(), bool(match[2])
    return found


def _time(name: str, value: str) -> str:
    """A time, a number and so unquoted; quoted ones are accepted."""
    digits = value.strip().removeprefix("(").removesuffix(")").strip().strip("'")
    if not is_dtm(digits):
        raise _invalid(name, "is not a time in UTC of 4 to 14 digits")
    return digits


def _code(name: str, value: str) -> CodeFilter:
    """`code^^codingScheme`; the scheme may be missing, what stands between is the display name and does not count."""
    parts = value.split("^")
    if not parts[0] or len(parts) not in {1, 3}:
        raise _invalid(name, "is not of the form code^^codingScheme")
    return CodeFilter(parts[0], parts[2] if len(parts) == 3 else "")


def _known(table: Mapping[str, Any], problem: str) -> Callable[[str, str], Any]:
    def convert(name: str, value: str) -> Any:
        if value not in table:
            raise _invalid(name, problem)
        return table[value]

    return convert


def _patient(name: str, value: str) -> Any:
    found = patient_identifier(value)
    if found is None:
        raise _invalid(name, "is not a patient identifier of the form value^^^&OID&ISO")
    return found


_CONVERSIONS: dict[Form, Callable[[str, str], Any]] = {
    Form.CODES: _code,
    Form.PATIENTS: _patient,
    Form.STATUSES: _known(STATUSES, "holds an unknown status"),
    Form.OBJECT_TYPES: _known(_OBJECT_TYPES, "holds an unknown document entry type"),
    Form.ASSOCIATION_TYPES: _known(ASSOCIATION_TYPES, "holds an unknown association type"),
}
