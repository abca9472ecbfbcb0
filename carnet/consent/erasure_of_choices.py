"""Removing a patient's choices, links, profile, reports, ways to sign in, unfinished documents and what names their deposits and readers: they say much."""

from __future__ import annotations

from sqlalchemy import Table, bindparam, delete

from carnet.database.connection import Connection
from carnet.database.statements import Statement, prepare
from carnet.database.tables import (
    anomaly_report,
    card_code,
    care_link,
    deposit_draft,
    notice_preference,
    one_time_code,
    opposition_proof,
    own_lines,
    passkey,
    patient_choice,
    patient_contact,
    portal_deposit,
    professional_look,
    profile_item,
    provisional_code,
    record_opening,
    representation,
    space_session,
    space_visit,
    subject_link,
    synthesis_draft,
    unmasked_document,
    upload_draft,
    upload_piece,
    watched_access,
)

ERASED: tuple[Table, ...] = (
    anomaly_report,
    care_link,
    patient_choice,
    opposition_proof,
    representation,
    space_visit,
    professional_look,
    unmasked_document,
    patient_contact,
    notice_preference,
    watched_access,
    space_session,
    subject_link,
    passkey,
    one_time_code,
    provisional_code,
    profile_item,
    card_code,
    upload_piece,
    upload_draft,
    deposit_draft,
    portal_deposit,
    synthesis_draft,
    record_opening,
    own_lines,
)


def _of_patient(table: Table) -> Statement:
    return prepare(delete(table).where(table.c.patient_key == bindparam("patient")))


_STATEMENTS = tuple(_of_patient(table) for table in ERASED)


def erase_choices(connection: Connection, patient_key: int) -> None:
    """Deletes every row of a patient's choices, links, proofs and wishes, and of who was seen to read."""
    for statement in _STATEMENTS:
        connection.execute(statement, {"patient": patient_key})
