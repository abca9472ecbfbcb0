"""FindDocuments and its kin (ITI TF-2 §3.18.4.1.2.3.7.1): the database selects on what stands in clear, the rest is read under seal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select

from carnet.database.connection import Connection
from carnet.database.statements import Statement
from carnet.database.tables import document_entry, entry_code, entry_reference
from carnet.document_query import AllOf, CodeFilter, FindDocuments
from carnet.metadata import ObjectType
from carnet.registry import entry_table
from carnet.registry.criteria import (
    Condition,
    Criteria,
    Shape,
    check_statuses,
    code_condition,
    in_codes,
    in_list,
    in_range,
    not_in_list,
    statement,
)
from carnet.registry.found import FoundEntry, found_entry, status_in
from carnet.registry.holder import Holder
from carnet.registry.matching import like
from carnet.registry.value_lists import LARGEST, binds

_T = document_entry.c


def _has_code(kind: str) -> Condition:
    table = entry_code.c

    def condition(name: str, sizes: tuple[int, ...]) -> ColumnElement[bool]:
        wanted = code_condition(table.code, table.system, f"{name}{sizes[0]}", sizes[1:])
        same = (table.patient_key == _T.patient_key) & (table.entry_uuid == _T.entry_uuid)
        return select(1).where(same, table.kind == kind, wanted).correlate(document_entry).exists()

    return condition


def _has_reference(name: str, sizes: tuple[int, ...]) -> ColumnElement[bool]:
    table = entry_reference.c
    same = (table.patient_key == _T.patient_key) & (table.entry_uuid == _T.entry_uuid)
    wanted = table.reference.in_(binds(f"{name}{sizes[0]}_", sizes[1]))
    return select(1).where(same, wanted).correlate(document_entry).exists()


def _no_signature(_name: str, _sizes: tuple[int, ...]) -> ColumnElement[bool]:
    return _T.is_signature == 0


CONDITIONS: dict[str, Condition] = {
    # parameter of FindDocuments (`$XDSDocumentEntry…`): condition
    "statuses": not_in_list(_T.status),
    "class_codes": in_codes(_T.class_code, _T.class_system),
    "type_codes": in_codes(_T.type_code, _T.type_system),
    "practice_settings": in_codes(_T.practice_setting, _T.practice_setting_system),
    "facility_types": in_codes(_T.facility_type, _T.facility_type_system),
    "format_codes": in_codes(_T.format_code, _T.format_system),
    "event_codes": _has_code("event"),
    "confidentiality_codes": _has_code("confidentiality"),
    "reference_ids": _has_reference,
    "creation_time": in_range(_T.creation_time),
    "service_start_time": in_range(_T.service_start_time),
    "service_stop_time": in_range(_T.service_stop_time),
    "object_types": in_list(_T.object_type),
    "unique_ids": in_list(_T.unique_id),
    "logical_ids": in_list(_T.logical_id),
    "uuids": in_list(_T.entry_uuid),
    "no_signature": _no_signature,
}


@lru_cache(maxsize=512)
def _statement(shape: Shape) -> Statement:
    chosen = select(*entry_table.LIGHT).where(_T.patient_key == bindparam("patient"))
    return statement(chosen, CONDITIONS, shape)


def find_documents(connection: Connection, holder: Holder, query: FindDocuments) -> tuple[FoundEntry, ...]:
    """The entry versions of the holder's patient that a query asks for, whatever `query.patients` says; in no promised order.

    The entry that carries a submission set's signature is never among them. Raises QueryParameterInvalid.
    """
    if not query.statuses:
        return ()
    criteria = _criteria(holder, query)
    criteria.items.append(("no_signature", ()))
    rows = connection.execute(_statement(criteria.shape), criteria.parameters)
    found = tuple(map(found_entry, rows))
    check_statuses(map(status_in, found))
    if query.author_persons or query.titles:
        return _whose_text_matches(connection, holder, query, found)
    return found


def members_matching(
    connection: Connection,
    holder: Holder,
    uuids: Sequence[str],
    *,
    format_codes: tuple[CodeFilter, ...],
    confidentiality_codes: AllOf,
    object_types: tuple[ObjectType, ...],
) -> tuple[FoundEntry, ...]:
    """Those of some entry versions that the filters of GetSubmissionSetAndContents and its kin let through; signatures too."""
    found: list[FoundEntry] = []
    for start in range(0, len(uuids), LARGEST):
        query = FindDocuments(
            patients=(),
            statuses=(),
            format_codes=format_codes,
            confidentiality_codes=confidentiality_codes,
            object_types=object_types,
        )
        criteria = _criteria(holder, query)
        criteria.one_of("uuids", uuids[start : start + LARGEST])
        found += map(found_entry, connection.execute(_statement(criteria.shape), criteria.parameters))
    return tuple(found)


def _criteria(holder: Holder, query: FindDocuments) -> Criteria:
    criteria = Criteria({"patient": holder.patient_key})
    if query.statuses:
        criteria.in_status(query.statuses)
    criteria.coded("class_codes", query.class_codes)
    criteria.coded("type_codes", query.type_codes)
    criteria.coded("practice_settings", query.practice_settings)
    criteria.coded("facility_types", query.facility_types)
    criteria.coded("format_codes", query.format_codes)
    criteria.all_of("event_codes", query.event_codes)
    criteria.all_of("confidentiality_codes", query.confidentiality_codes)
    criteria.all_of_values("reference_ids", query.reference_ids)
    criteria.within("creation_time", query.creation_time)
    criteria.within("service_start_time", query.service_start_time)
    criteria.within("service_stop_time", query.service_stop_time)
    criteria.one_of("object_types", query.object_types)
    criteria.one_of("unique_ids", query.unique_ids)
    criteria.one_of("logical_ids", query.logical_ids)
    return criteria


def _whose_text_matches(
    connection: Connection, holder: Holder, query: FindDocuments, found: tuple[FoundEntry, ...]
) -> tuple[FoundEntry, ...]:
    """Keeps the entries one of whose author persons, and whose title, match a pattern of the query."""
    persons, titles = ([like(pattern) for pattern in patterns] for patterns in (query.author_persons, query.titles))
    whole = entry_table.whole(connection, holder, (row.uuid for row in found))

    def matches(row: FoundEntry) -> bool:
        entry = whole[row.uuid]
        return _any(persons, *(author.person for author in entry.authors)) and _any(titles, entry.title)

    return tuple(row for row in found if matches(row))


def _any(tests: Sequence[Any], *texts: str) -> bool:
    return not tests or any(test(text) for test in tests for text in texts)
