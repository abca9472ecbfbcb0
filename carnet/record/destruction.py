"""Destroying a record: what is in clear is deleted, what is sealed loses its key, and tombstones keep a backup from bringing it back.

In one transaction the record becomes destroyed and a tombstone is raised; only then, outside of it, the tombstone goes to its file and the
key is erased. A crash in between is made good by the next `bury`.
"""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path

from carnet.audit.event import AuditEvent
from carnet.audit.journal import append as append_to_journal
from carnet.consent.destruction_orders import carried_out
from carnet.consent.erasure_of_choices import erase_choices
from carnet.consent.lifecycle import DECEASED, Event, State, life, move
from carnet.consent.tombstones import Destroyed, erased, raise_tombstone, tombstones
from carnet.errors import RecordClosed, UnknownPatient
from carnet.exchange.visit_budgets import erase_visits
from carnet.identity import trait_index
from carnet.identity.patients import Patient, by_pseudonym, find, release
from carnet.measures.reading_store import erase_measurements
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, Platform, Tombstone
from carnet.record.endings import settle_after
from carnet.record.gate import Gate
from carnet.record.life import SYSTEM, Actor, person_of, trace
from carnet.record.operator_desk import administer_known
from carnet.registry.erasure import erase_registry
from carnet.repository.documents import erase_all


def destroy(platform: Platform, connection: Connection, patient: Patient, event: Event, *, by: Actor, now: int) -> bool:
    """Destroys a record as far as the database goes; False when it is destroyed already. `bury` does the rest.

    Raises what `lifecycle.move` raises. Its line in the patient's own trace becomes unreadable with the key; the one of no patient, which
    names the pseudonym alone, stays readable.
    """
    row = move(connection, patient.patient_key, event, now=now, actor=by.identifier)
    if row is None:
        return False
    # A restored database under a store of keys that has forgotten the person: the second line is all that can be told.
    with contextlib.suppress(UnknownPatient):
        trace(connection, person_of(platform, connection, patient), f"life/{event}", by=by, now=now, detail=row.after)
    settle_after(platform, connection, patient.patient_key, event, now=now)
    erase_registry(connection, patient.patient_key)
    erase_choices(connection, patient.patient_key)
    erase_measurements(connection, patient.patient_key)
    trait_index.erase(connection, patient.patient_key)
    erase_visits(connection, patient.patient_key)
    erase_all(connection, patient.patient_key, now)
    carried_out(connection, patient.patient_key, now=now)
    raise_tombstone(connection, patient.patient_key, patient.pseudonym, cause=event.value, now=now)
    _trace_pseudonym(platform, connection, "life/tombstone", patient.pseudonym, by=by, now=now, detail=event.value)
    return True


def bury(gate: Gate) -> int:
    """Erases the keys that tombstones still wait for and returns how many. Safe to call at any time and again."""
    platform = gate.platform
    waiting = gate.read(lambda connection: tombstones(connection, pending=True))
    for one in waiting:
        platform.tombstones.add(Tombstone(one.pseudonym, one.at, one.cause))
        platform.keyring.destroy_patient_key(one.pseudonym)
        platform.renditions.forget(one.pseudonym)
        gate.administer(partial(erased, patient_key=one.patient_key, now=platform.clock()))
    return len(waiting)


def replay_tombstones(gate: Gate, copy: Path | None = None) -> int:
    """Destroys again, after a restore, whoever was destroyed before it, and returns how many people had come back.

    Tombstones are those of the file (or of a copy kept elsewhere) and of the database. Call it before a server opens the home. Raises
    IntegrityFailure for a file that holds a line not signed here; then nothing is done.
    """
    platform = gate.platform
    stones = {stone.pseudonym for stone in platform.tombstones.read(copy)}
    stones |= {one.pseudonym for one in gate.read(tombstones)}
    back = 0
    for pseudonym in sorted(stones):
        had_key = _has_key(platform, pseudonym)
        again = gate.administer(partial(_destroy_again, platform, pseudonym=pseudonym))
        platform.keyring.destroy_patient_key(pseudonym)
        platform.renditions.forget(pseudonym)
        back += int(again or had_key)
    _settle(gate)
    return back


def release_ins(gate: Gate, identifier: PatientIdentifier, *, operator: str) -> None:
    """Lets the holder of a destroyed record ask for a new space: the INS may be registered again, and nothing ties it to the old one.

    Raises UnknownPatient when nobody has the INS, RecordClosed while the record is not destroyed, and for a holder who died: a death stays
    with the INS when all else is gone, or the next file would enrol the dead again.
    """
    platform = gate.platform

    def work(connection: Connection) -> None:
        patient = find(connection, platform.keyring, identifier)
        if patient is None:
            raise UnknownPatient("No person is known for this identifier.")
        ended = life(connection, patient.patient_key)
        if ended.state is not State.DESTROYED:
            raise RecordClosed("The INS of a record that is not destroyed stays with it.")
        if ended.closing_reason == DECEASED:
            raise RecordClosed("The INS of a person who died is not given a new space.")
        release(connection, patient.patient_key)
        by = Actor(operator, "operator")
        _trace_pseudonym(platform, connection, "life/release", patient.pseudonym, by=by, now=platform.clock())

    administer_known(gate, operator, "life/release", (identifier,), work)


def _destroy_again(platform: Platform, connection: Connection, *, pseudonym: str) -> bool:
    patient = by_pseudonym(connection, pseudonym)
    if patient is None or life(connection, patient.patient_key).state is State.DESTROYED:
        return False
    return destroy(platform, connection, patient, Event.REPLAY_TOMBSTONE, by=SYSTEM, now=platform.clock())


def _settle(gate: Gate) -> None:
    """The home's own file knows every tombstone of the database again, and the database that all keys are erased."""
    platform = gate.platform
    told = {stone.pseudonym for stone in platform.tombstones.read()}
    every: list[Destroyed] = gate.read(tombstones)
    for one in every:
        if one.pseudonym not in told:
            platform.tombstones.add(Tombstone(one.pseudonym, one.at, one.cause))
        if not one.erased:
            gate.administer(partial(erased, patient_key=one.patient_key, now=platform.clock()))


def _has_key(platform: Platform, pseudonym: str) -> bool:
    try:
        platform.keyring.patient_key(pseudonym)
    except UnknownPatient:
        return False
    return True


def _trace_pseudonym(
    platform: Platform, connection: Connection, action: str, pseudonym: str, *, by: Actor, now: int, detail: str = ""
) -> None:
    """Appends a line of no patient: what names a person would be sealed under a key that is gone."""
    line = AuditEvent(
        action=action,
        outcome="done",
        at=now,
        requester_id=by.identifier,
        requester_role=by.role,
        objects=(pseudonym,),
        detail=detail,
    )
    append_to_journal(connection, line, patient_key=None, key=platform.keyring.actor_key())
