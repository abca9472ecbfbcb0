"""SQL on submission_set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import bindparam, insert, select, update

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import submission_set
from carnet.metadata import AvailabilityStatus, SubmissionSet
from carnet.registry.found import FoundSubmissionSet
from carnet.registry.holder import Holder, Renderer
from carnet.registry.sealed_metadata import (
    open_submission_set,
    seal_submission_set,
    seal_submission_set_rendition,
)
from carnet.registry.value_lists import binds, by_width, each_width

_T = submission_set.c
LIGHT = tuple(_T["entry_uuid" if name == "uuid" else name] for name in FoundSubmissionSet._fields)
"""The columns of a FoundSubmissionSet, in its order."""

_INSERT = prepare(insert(submission_set).values({name: bindparam(name) for name in _T.keys()}))  # noqa: SIM118
_SET_STATUS = prepare(
    update(submission_set)
    .where(_T.patient_key == bindparam("patient"), _T.entry_uuid == bindparam("uuid"))
    .values(status=bindparam("status"), sealed_rendition=bindparam("sealed_rendition"))
)


@by_width
def _by_uuid(width: int) -> Statement:
    chosen = select(*LIGHT).where(_T.patient_key == bindparam("patient"))
    return prepare(chosen.where(_T.entry_uuid.in_(binds("value", width))))


@by_width
def _by_unique_id(width: int) -> Statement:
    chosen = select(*LIGHT).where(_T.patient_key == bindparam("patient"))
    return prepare(chosen.where(_T.unique_id.in_(binds("value", width))))


@by_width
def _whole(width: int) -> Statement:
    chosen = select(_T.entry_uuid, _T.status, _T.sealed_metadata).where(_T.patient_key == bindparam("patient"))
    return prepare(chosen.where(_T.entry_uuid.in_(binds("value", width))))


def find_by_uuid(connection: Connection, holder: Holder, uuids: Iterable[str]) -> dict[str, FoundSubmissionSet]:
    """The patient's submission sets among some entryUUIDs."""
    return {
        row[0]: FoundSubmissionSet._make(row)
        for width, parameters in each_width("value", uuids)
        for row in connection.execute(_by_uuid(width), {"patient": holder.patient_key, **parameters})
    }


def find_by_unique_id(connection: Connection, holder: Holder, unique_ids: Iterable[str]) -> list[FoundSubmissionSet]:
    """The patient's submission sets with these uniqueIds."""
    return [
        FoundSubmissionSet._make(row)
        for width, parameters in each_width("value", unique_ids)
        for row in connection.execute(_by_unique_id(width), {"patient": holder.patient_key, **parameters})
    ]


def whole(connection: Connection, holder: Holder, uuids: Iterable[str]) -> dict[str, SubmissionSet]:
    """The full metadata of the patient's submission sets among some entryUUIDs. Raises IntegrityFailure."""
    return {
        uuid: open_submission_set(holder, uuid, status, sealed)
        for width, parameters in each_width("value", uuids)
        for uuid, status, sealed in connection.execute(_whole(width), {"patient": holder.patient_key, **parameters})
    }


def add(connection: Connection, holder: Holder, renderer: Renderer, one: SubmissionSet) -> None:
    """Inserts a submission set whose entryUUID is assigned."""
    connection.execute(
        _INSERT,
        {
            "patient_key": holder.patient_key,
            "entry_uuid": one.entry_uuid,
            "unique_id": one.unique_id,
            "source_id": one.source_id,
            "status": one.status.value,
            "submission_time": one.submission_time,
            "content_type": one.content_type.code,
            "content_type_system": one.content_type.system,
            "registered_at": holder.now,
            "registered_by": holder.requester_id,
            "sealed_metadata": seal_submission_set(holder, one),
            "sealed_rendition": seal_submission_set_rendition(holder, renderer, one),
        },
    )


def set_status(
    connection: Connection, holder: Holder, renderer: Renderer, uuid: str, status: AvailabilityStatus
) -> None:
    """Gives a submission set another status, in its row and in its rendition."""
    changed = replace(whole(connection, holder, (uuid,))[uuid], status=status)
    connection.execute(
        _SET_STATUS,
        {
            "patient": holder.patient_key,
            "uuid": uuid,
            "status": status.value,
            "sealed_rendition": seal_submission_set_rendition(holder, renderer, changed),
        },
    )
