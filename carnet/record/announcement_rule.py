"""The announcement rule (R1111-53 CSP): a document hidden from its patient is told of after two weeks and visible after a month."""

from __future__ import annotations

import uuid

from carnet.clock import DAY, to_dtm
from carnet.consent.delays import SHOWN_AFTER_MONTHS, TOLD_AFTER_DAYS, months_after
from carnet.exchange.notices import owe
from carnet.identity.patients import by_key
from carnet.metadata import (
    INVISIBLE_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX,
    VISIBILITY_SYSTEM,
    Author,
    DocumentEntry,
    Submission,
    SubmissionSet,
)
from carnet.platform import Connection, Platform
from carnet.record.entry_updates import CONSULTATION, SET, with_codes
from carnet.record.life import SYSTEM, Person, person_of, trace
from carnet.registry import entry_table
from carnet.registry.announcements import Hidden, is_told, shown, told
from carnet.registry.hidden_versions import hidden_from
from carnet.registry.holder import Holder
from carnet.registry.update import apply, plan

NOTICE = "record-updated"
_SOURCE = "1.2.250.1.213.4.1.1.1"


def is_due(hidden: Hidden, now: int) -> bool:
    """Whether there is something to do about a document at a moment."""
    return _to_show(hidden, now) or (hidden.told_at is None and now >= hidden.deposited_at + TOLD_AFTER_DAYS * DAY)


def announce(platform: Platform, connection: Connection, hidden: Hidden, *, now: int) -> str:
    """Tells the patient that the record was updated, or makes the document visible by a version without the mask; says which.

    What took the place of a hidden document, hidden as it, is told of and shown with it: '' for what was done with a former one.
    A document kept from the legal representatives is told of in secret; the line names it, and so is withheld from them with it.
    Raises what the registry raises for an update.
    """
    person = person_of(platform, connection, by_key(connection, hidden.patient_key))
    holder = _holder(person, hidden, now)
    entry = _newest(connection, holder, hidden.logical_id)
    if INVISIBLE_PATIENT not in entry.masks:
        return ""
    row = hidden_from(connection, holder, hidden.logical_id)
    if _to_show(hidden, now):
        for logical_id in row:
            unique_id = _show(platform, connection, holder, logical_id)
            shown(connection, hidden.patient_key, logical_id, now=now)
            trace(connection, person, "life/document-shown", by=SYSTEM, now=now, objects=(unique_id,))
        return "document-shown"
    if is_told(connection, hidden.patient_key, hidden.logical_id):
        return ""
    secret = INVISIBLE_REPRESENTANTS_LEGAUX in entry.masks
    for logical_id in row:
        told(connection, hidden.patient_key, logical_id, now=now)
    owe(
        connection,
        hidden.patient_key,
        kind=NOTICE,
        recipient="patient",
        cause=hidden.logical_id,
        now=now,
        secret=secret,
    )
    objects = (entry.unique_id,) if secret else ()
    trace(connection, person, "life/announcement-overdue", by=SYSTEM, now=now, objects=objects)
    return "announcement-told"


def told_and_shown(deposited_at: int) -> tuple[int, int]:
    """When the patient is told of a document that is hidden from them, and when they see it (microseconds UTC): two weeks and a month after its deposit."""
    return deposited_at + TOLD_AFTER_DAYS * DAY, months_after(deposited_at, SHOWN_AFTER_MONTHS)


def _to_show(hidden: Hidden, now: int) -> bool:
    return now >= told_and_shown(hidden.deposited_at)[1]


def _show(platform: Platform, connection: Connection, holder: Holder, logical_id: str) -> str:
    entry = _newest(connection, holder, logical_id)
    submission = _update(entry, holder.now)
    changes = plan(connection, holder, submission, visible=lambda _entry: True)
    apply(connection, holder, submission, platform.renderer, changes)
    return entry.unique_id


def _holder(person: Person, hidden: Hidden, now: int) -> Holder:
    return Holder(hidden.patient_key, person.key, SYSTEM.identifier, "", now, person.cx)


def _newest(connection: Connection, holder: Holder, logical_id: str) -> DocumentEntry:
    rows = entry_table.find_by_logical_id(connection, holder, (logical_id,))
    newest = entry_table.latest(rows)[logical_id]
    return entry_table.whole(connection, holder, (newest.uuid,))[newest.uuid]


def _update(entry: DocumentEntry, now: int) -> Submission:
    """The update that takes the mask off, as care software would send it (TD3.3b)."""
    codes = tuple(
        code
        for code in entry.confidentiality_codes
        if (code.code, code.system) != (INVISIBLE_PATIENT, VISIBILITY_SYSTEM)
    )
    own = SubmissionSet(
        entry_uuid=SET,
        unique_id=f"2.25.{uuid.uuid4().int}",
        source_id=_SOURCE,
        patient_id=entry.patient_id,
        submission_time=to_dtm(now),
        content_type=CONSULTATION,
        authors=(Author("", ("Carnet^^^^^^^^^",)),),
        title="Fin du délai d'annonce",
    )
    return with_codes(own, entry, codes)
