"""Reading a stored query (ITI-18, ITI TF-2 §3.18.4.1): from an AdhocQueryRequest to a plain query, by the table of `query_table`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from carnet.document_query import ReturnType, StoredQuery, TimeRange
from carnet.errors import MalformedMessage, QueryParameterInvalid, QueryParameterMissing, UnknownQuery
from carnet.soap.ebrim_objects import slot_values
from carnet.soap.namespaces import ADHOC_QUERY_REQUEST, QUERY, RIM
from carnet.soap.query_table import BY_UUID, Form, Parameter, QueryDefinition, Repeat
from carnet.soap.query_values import read_values

_RESPONSE_OPTION = f"{{{QUERY}}}ResponseOption"
_ADHOC_QUERY = f"{{{RIM}}}AdhocQuery"
_SLOT = f"{{{RIM}}}Slot"
_METADATA_LEVEL = "$MetadataLevel"
_RETURN_TYPES = {item.value: item for item in ReturnType}

Slots = dict[str, list[tuple[str, ...]]]
"""By parameter name, the values of each slot of that name."""


@dataclass(frozen=True, slots=True)
class StoredQueryRequest:
    """A query as asked. `name` is that of the standard; `metadata_level` is 1, or 2 for a client of the metadata update supplement.

    `ignored` are the parameters that the query does not have.
    """

    name: str
    query: StoredQuery
    return_type: ReturnType
    composed: bool = True
    metadata_level: int = 1
    ignored: tuple[str, ...] = ()


def stored_query(request: Any) -> StoredQueryRequest:
    """Reads an AdhocQueryRequest element.

    Raises UnknownQuery, QueryParameterMissing, QueryParameterInvalid (each naming the parameter), MalformedMessage when the element is
    no such request or its returnType is neither LeafClass nor ObjectRef.
    """
    option, adhoc = request.find(_RESPONSE_OPTION), request.find(_ADHOC_QUERY)
    if request.tag != ADHOC_QUERY_REQUEST or option is None or adhoc is None:
        raise MalformedMessage("The query needs a ResponseOption and an AdhocQuery.")
    return_type = _RETURN_TYPES.get(option.get("returnType", ""))
    if return_type is None:
        raise MalformedMessage("returnType must be LeafClass or ObjectRef.")
    definition = _definition(adhoc.get("id", ""))
    slots = _slots(adhoc)
    _check_presence(definition, slots)
    known = {parameter.name for parameter in definition.parameters} | {_METADATA_LEVEL}
    return StoredQueryRequest(
        name=definition.name,
        query=definition.build(**_fields(definition, slots)),
        return_type=return_type,
        composed=option.get("returnComposedObjects", "false") in {"true", "1"},
        metadata_level=_metadata_level(slots),
        ignored=tuple(name for name in slots if name not in known),
    )


def _definition(identifier: str) -> QueryDefinition:
    wanted = identifier.strip().lower()
    found = BY_UUID.get(wanted if wanted.startswith("urn:uuid:") else f"urn:uuid:{wanted}")
    if found is None:
        raise UnknownQuery(
            "The id of the AdhocQuery is not that of a stored query answered here.", subject=identifier[:128]
        )
    return found


def _slots(adhoc: Any) -> Slots:
    """All slots by name; one whose ValueList is empty counts as absent."""
    found: Slots = defaultdict(list)
    for slot in adhoc.iterchildren(_SLOT):
        values = slot_values(slot)
        if values:
            found[slot.get("name", "").strip()[:128]].append(values)
    return dict(found)


def _check_presence(definition: QueryDefinition, slots: Slots) -> None:
    for parameter in definition.parameters:
        if parameter.required and parameter.name not in slots:
            raise QueryParameterMissing(
                f"{definition.name} needs the parameter {parameter.name}.", subject=parameter.name
            )
    given = [name for name in definition.one_of if name in slots]
    if len(given) > 1:
        raise QueryParameterInvalid(
            f"{definition.name} takes only one of {', '.join(definition.one_of)}.", subject=given[1]
        )
    if definition.one_of and not given:
        raise QueryParameterMissing(
            f"{definition.name} needs one of {', '.join(definition.one_of)}.", subject=definition.one_of[0]
        )
    if definition.some_of and not any(name in slots for name in definition.some_of):
        raise QueryParameterMissing(
            f"{definition.name} needs at least one of {', '.join(definition.some_of)}.", subject=definition.some_of[0]
        )


def _fields(definition: QueryDefinition, slots: Slots) -> dict[str, Any]:
    fields: dict[str, Any] = {item.field: () for item in definition.parameters if item.form is Form.PATIENTS}
    for parameter in definition.parameters:
        given = slots.get(parameter.name)
        if given is None:
            continue
        values = _read(parameter, given)
        if parameter.form is Form.FROM:
            fields[parameter.field] = replace(fields.get(parameter.field, TimeRange()), start=values[0])
        elif parameter.form is Form.TO:
            fields[parameter.field] = replace(fields.get(parameter.field, TimeRange()), stop=values[0])
        else:
            fields[parameter.field] = values
    return fields


def _read(parameter: Parameter, given: list[tuple[str, ...]]) -> tuple[Any, ...]:
    """The values of a parameter: for ALL_OF one tuple a slot, else those of the one slot."""
    read = tuple(read_values(parameter.name, parameter.form, values) for values in given)
    if parameter.repeat is Repeat.ALL_OF:
        return read
    if len(read) > 1:
        raise QueryParameterInvalid(
            f"The query parameter {parameter.name} may stand only once.", subject=parameter.name
        )
    if parameter.repeat is Repeat.ONE and len(read[0]) > 1:
        raise QueryParameterInvalid(f"The query parameter {parameter.name} takes one value.", subject=parameter.name)
    return read[0]


def _metadata_level(slots: Slots) -> int:
    values = slots.get(_METADATA_LEVEL, [("1",)])
    if values not in ([("1",)], [("2",)]):
        raise QueryParameterInvalid(f"The query parameter {_METADATA_LEVEL} must be 1 or 2.", subject=_METADATA_LEVEL)
    return int(values[0][0])
