"""The record that the space is measured on: 5,000 documents over ten years, each with the line of its submission, and somebody who is signed in.

What is read out of documents stands beside them, made by the product's own extractors; their bytes are not stored, for no page measured here reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench import servers
from bench.growth import known_holder
from bench.growth_rows import Example
from bench.population import person, settle
from bench.space_documents import document
from carnet.audit.event import AuditEvent
from carnet.audit.journal import append as append_to_journal
from carnet.client.feeding import from_cda
from carnet.clock import DAY, to_dtm
from carnet.config import load as load_settings
from carnet.demo.documents import new_oid
from carnet.demo.people import LABORATORY
from carnet.identity.session_rows import Limits
from carnet.identity.sessions import Details, Level, Opening, Purpose, open_session
from carnet.metadata import MASQUE_PS, AvailabilityStatus, DocumentEntry
from carnet.platform import Connection, Platform, build
from carnet.record.custody import Custody
from carnet.record.extractors import EXTRACTORS, Material
from carnet.record.gate import Gate
from carnet.record.patient_room import PATIENT_SIDE
from carnet.registry import entry_table
from carnet.registry.holder import Holder
from carnet.registry.registered_identifiers import new_uuid
from carnet.repository.extract_rows import ExtractRow, put_extracts, sealed_row
from carnet.soap.ebrim_render import EbrimRenderer

DOCUMENTS = 5_000
YEARS = 10
HOURS = 8
"""For which the session lasts."""
SETTINGS = """\
space_origin = "https://127.0.0.1:{port}"
session_idle_minutes = 60
"""


@dataclass(frozen=True, slots=True)
class SpaceHome:
    """A home at rest; `cookie` is the value of a session's cookie."""

    home: Path
    port: int
    cookie: str


def furnish(home: Path) -> SpaceHome:
    """Makes the home, the record and the session."""
    port = servers.free_port()
    population = settle(home, port, people=1, settings=SETTINGS.format(port=port))
    (patient,) = population.readers
    platform = build(load_settings(home), EbrimRenderer(), worker="bench")
    try:
        gate = Gate(platform)
        Custody(gate, "operator:bench").activate(patient)
        holder = known_holder(platform, patient)
        example = Example.signed_by(population.stage.callers[LABORATORY.identifier], holder.now)
        (signature,) = (one for one in example.entries if one.is_signature)
        gate.administer_in_steps(lambda connection, commit: _fill(connection, commit, holder, signature))
        while gate.seal():
            pass
        cookie = gate.administer(lambda connection: _signed_in(platform, connection, holder))
    finally:
        platform.close()
    return SpaceHome(home, port, cookie)


def _fill(connection: Connection, commit: Callable[[], None], holder: Holder, signature: DocumentEntry) -> None:
    """Documents spread evenly over the years, the last one of this moment; some masked, archived, or added by the person."""
    renderer = EbrimRenderer()
    for number in range(DOCUMENTS):
        at = holder.now - (DOCUMENTS - 1 - number) * (YEARS * 365 * DAY // DOCUMENTS)
        then = replace(holder, now=at)
        written = document(number, at, person(0))
        masks = (MASQUE_PS,) if number % 25 == 7 else ()
        sent = from_cda(written.content, masks=masks).entry
        status = AvailabilityStatus.ARCHIVED if number % 50 == 11 else AvailabilityStatus.APPROVED
        entries = [
            _registered(replace(sent, status=status, size=len(written.content)), then),
            _registered(signature, then),
        ]
        depositor = (PATIENT_SIDE, "") if number % 40 == 21 else None
        entry_table.add(connection, then, renderer, entries, depositor=depositor)
        material = Material(written.content, entries[0], own=depositor is not None)
        put_extracts(connection, holder.patient_key, _extracts(material, holder), now=at)
        event = AuditEvent(
            action="iti41",
            outcome="done",
            at=at,
            requester_id=holder.requester_id,
            requester_role="AUTOMATE",
            organization_id=holder.organization_id,
            patient=holder.identifier,
            objects=tuple(one.unique_id for one in entries),
        )
        append_to_journal(connection, event, patient_key=holder.patient_key, key=holder.key)
        if number % 500 == 499:
            commit()


def _registered(entry: DocumentEntry, holder: Holder) -> DocumentEntry:
    """An entry as it stands once it is registered, under names of its own; that of a signature is of this moment."""
    name, moment = new_uuid(holder.now), to_dtm(holder.now)
    named = replace(entry, entry_uuid=name, logical_id=name, version=1, hash="0" * 40)
    if not entry.is_signature:
        return named
    return replace(
        named,
        unique_id=new_oid(),
        creation_time=moment,
        service_start_time=moment,
        service_stop_time=moment,
    )


def _extracts(material: Material, holder: Holder) -> Iterator[ExtractRow]:
    """What the extractors read of a document, sealed."""
    name = material.entry.unique_id
    for one in EXTRACTORS:
        if one.of(material.entry.type_code.code):
            for kind, part in one.make(material).items():
                yield sealed_row(holder.key, name, kind, one.version, part.state, part.content, packed=part.packed)


def _signed_in(platform: Platform, connection: Connection, holder: Holder) -> str:
    opening = Opening(Purpose.SPACE, "provider", Level.STRONG, "", Details("bench"))
    limits = Limits(HOURS * DAY // 24, HOURS * DAY // 24)
    now = platform.clock()
    token, _session = open_session(
        connection, platform.keyring, holder.key, holder.patient_key, opening, now=now, limits=limits
    )
    return token
