"""The announcement rule (R1111-53 CSP): a document hidden from its patient is told of after two weeks and visible after a month."""

from __future__ import annotations

import uuid
from dataclasses import replace

from carnet.clock import DAY, to_dtm
from carnet.consent.delays import SHOWN_AFTER_MONTHS, TOLD_AFTER_DAYS, months_after
from carnet.exchange.notices import owe
from carnet.identity.patients import by_key
from carnet.metadata import (
    INVISIBLE_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX,
    VISIBILITY_SYSTEM,
    Association,
    AssociationType,
    Author,
    Code,
    DocumentEntry,
    Submission,
    SubmissionSet,
)
from carnet.platform import Connection, Platform
from carnet.record.life import SYSTEM, Person, person_of, trace
from carnet.registry import entry_table
from carnet.registry.announcements import Hidden, shown, told
from carnet.registry.holder import Holder
from carnet.registry.update import apply, plan

NOTICE = "record-updated"
_SET, _DOCUMENT = "SubmissionSet01", "Document01"
_ACTIVITY = Code("07", "1.2.250.1.213.2.2", "Consultations soins externes")
_SOURCE = "1.2.250.1.213.4.1.1.1"


def is_due(hidden: Hidden, now: int) -> bool:
    """Whether there is something to do about a document at a moment."""
    return _to_show(hidden, now) or (hidden.told_at is None and now >= hidden.deposited_at + TOLD_AFTER_DAYS * DAY)


def announce(platform: Platform, connection: Connection, hidden: Hidden, *, now: int) -> str:
    """Tells the patient that the record was updated, or makes the document visible by a version without the mask; says which.

    A document kept from the legal representatives is told of in secret; the line names it, and so is withheld from them with it.
    Raises what the registry raises for an update.
    """
    person = person_of(platform, connection, by_key(connection, hidden.patient_key))
    if _to_show(hidden, now):
        unique_id = _show(platform, connection, person, hidden, now)
        shown(connection, hidden, now=now)
        trace(connection, person, "life/document-shown", by=SYSTEM, now=now, objects=(unique_id,))
        return "document-shown"
    entry = _newest(connection, _holder(person, hidden, now), hidden)
    secret = INVISIBLE_REPRESENTANTS_LEGAUX in entry.masks
    told(connection, hidden, now=now)
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


def _to_show(hidden: Hidden, now: int) -> bool:
    return now >= months_after(hidden.deposited_at, SHOWN_AFTER_MONTHS)


def _show(platform: Platform, connection: Connection, person: Person, hidden: Hidden, now: int) -> str:
    holder = _holder(person, hidden, now)
    entry = _newest(connection, holder, hidden)
    submission = _update(entry, now)
    changes = plan(connection, holder, submission, visible=lambda _entry: True)
    apply(connection, holder, submission, platform.renderer, changes)
    return entry.unique_id


def _holder(person: Person, hidden: Hidden, now: int) -> Holder:
    return Holder(hidden.patient_key, person.key, SYSTEM.identifier, "", now, person.cx)


def _newest(connection: Connection, holder: Holder, hidden: Hidden) -> DocumentEntry:
    rows = entry_table.find_by_logical_id(connection, holder, (hidden.logical_id,))
    newest = entry_table.latest(rows)[hidden.logical_id]
    return entry_table.whole(connection, holder, (newest.uuid,))[newest.uuid]


def _update(entry: DocumentEntry, now: int) -> Submission:
    """The update that takes the mask off, as care software would send it (TD3.3b)."""
    codes = tuple(
        code
        for code in entry.confidentiality_codes
        if (code.code, code.system) != (INVISIBLE_PATIENT, VISIBILITY_SYSTEM)
    )
    changed = replace(entry, entry_uuid=_DOCUMENT, confidentiality_codes=codes)
    link = Association(
        "Member01",
        AssociationType.HAS_MEMBER,
        _SET,
        _DOCUMENT,
        submission_set_status="Original",
        previous_version=entry.version,
    )
    own = SubmissionSet(
        entry_uuid=_SET,
        unique_id=f"2.25.{uuid.uuid4().int}",
        source_id=_SOURCE,
        patient_id=entry.patient_id,
        submission_time=to_dtm(now),
        content_type=_ACTIVITY,
        authors=(Author("", ("Carnet^^^^^^^^^",)),),
        title="Fin du délai d'annonce",
    )
    return Submission(own, (changed,), (), (link,))
