"""FindSubmissionSets and FindFolders (ITI TF-2 §3.18.4.1.2.3.7.2 and 3.7.3)."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import ColumnElement, bindparam, select

from carnet.database.connection import Connection
from carnet.database.statements import Statement
from carnet.database.tables import folder, folder_code, submission_set
from carnet.document_query import FindFolders, FindSubmissionSets
from carnet.registry import folder_table, submission_set_table
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
from carnet.registry.found import FoundFolder, FoundSubmissionSet
from carnet.registry.holder import Holder
from carnet.registry.matching import like

_S = submission_set.c
_F = folder.c


def _has_code(name: str, sizes: tuple[int, ...]) -> ColumnElement[bool]:
    table = folder_code.c
    same = (table.patient_key == _F.patient_key) & (table.entry_uuid == _F.entry_uuid)
    wanted = code_condition(table.code, table.system, f"{name}{sizes[0]}", sizes[1:])
    return select(1).where(same, wanted).correlate(folder).exists()


SUBMISSION_SET_CONDITIONS: dict[str, Condition] = {
    # parameter of FindSubmissionSets (`$XDSSubmissionSet…`): condition
    "statuses": not_in_list(_S.status),
    "source_ids": in_list(_S.source_id),
    "submission_time": in_range(_S.submission_time),
    "content_types": in_codes(_S.content_type, _S.content_type_system),
}

FOLDER_CONDITIONS: dict[str, Condition] = {
    # parameter of FindFolders (`$XDSFolder…`): condition
    "statuses": not_in_list(_F.status),
    "last_update_time": in_range(_F.last_update_time),
    "codes": _has_code,
    "logical_ids": in_list(_F.logical_id),
}


@lru_cache(maxsize=128)
def _submission_set_statement(shape: Shape) -> Statement:
    chosen = select(*submission_set_table.LIGHT).where(_S.patient_key == bindparam("patient"))
    return statement(chosen, SUBMISSION_SET_CONDITIONS, shape)


@lru_cache(maxsize=128)
def _folder_statement(shape: Shape) -> Statement:
    chosen = select(*folder_table.LIGHT).where(_F.patient_key == bindparam("patient"))
    return statement(chosen, FOLDER_CONDITIONS, shape)


def find_submission_sets(
    connection: Connection, holder: Holder, query: FindSubmissionSets
) -> tuple[FoundSubmissionSet, ...]:
    """The submission sets of the holder's patient that a query asks for. Raises QueryParameterInvalid."""
    if not query.statuses:
        return ()
    criteria = Criteria({"patient": holder.patient_key})
    criteria.in_status(query.statuses)
    criteria.one_of("source_ids", query.source_ids)
    criteria.within("submission_time", query.submission_time)
    criteria.coded("content_types", query.content_types)
    rows = connection.execute(_submission_set_statement(criteria.shape), criteria.parameters)
    found = tuple(map(FoundSubmissionSet._make, rows))
    check_statuses(row.status for row in found)
    if not query.author_persons:
        return found
    patterns = [like(pattern) for pattern in query.author_persons]
    whole = submission_set_table.whole(connection, holder, (row.uuid for row in found))
    return tuple(
        row
        for row in found
        if any(matches(author.person) for author in whole[row.uuid].authors for matches in patterns)
    )


def find_folders(connection: Connection, holder: Holder, query: FindFolders) -> tuple[FoundFolder, ...]:
    """The folder versions of the holder's patient that a query asks for. Raises QueryParameterInvalid."""
    if not query.statuses:
        return ()
    criteria = Criteria({"patient": holder.patient_key})
    criteria.in_status(query.statuses)
    criteria.within("last_update_time", query.last_update_time)
    criteria.all_of("codes", query.codes)
    criteria.one_of("logical_ids", query.logical_ids)
    rows = connection.execute(_folder_statement(criteria.shape), criteria.parameters)
    found = tuple(map(FoundFolder._make, rows))
    check_statuses(row.status for row in found)
    return found
