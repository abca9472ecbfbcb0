"""The record that the space is measured on: 5,000 documents over ten years, each with the line of its submission, and somebody who is signed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bench import servers
from bench.growth import known_holder
from bench.growth_rows import Example
from bench.population import settle
from carnet.audit.event import AuditEvent
from carnet.audit.journal import append as append_to_journal
from carnet.clock import DAY
from carnet.config import load as load_settings
from carnet.demo.people import LABORATORY
from carnet.identity.sessions import Details, Level, Limits, Opening, Purpose, open_session
from carnet.platform import Connection, Platform, build
from carnet.record.custody import Custody
from carnet.record.gate import Gate
from carnet.registry import entry_table
from carnet.registry.holder import Holder
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
        gate.administer_in_steps(lambda connection, commit: _fill(connection, commit, holder, example))
        while gate.seal():
            pass
        cookie = gate.administer(lambda connection: _signed_in(platform, connection, holder))
    finally:
        platform.close()
    return SpaceHome(home, port, cookie)


def _fill(connection: Connection, commit: Callable[[], None], holder: Holder, example: Example) -> None:
    """Documents spread evenly over the years, the last one of this moment."""
    renderer = EbrimRenderer()
    for number in range(DOCUMENTS):
        at = holder.now - (DOCUMENTS - 1 - number) * (YEARS * 365 * DAY // DOCUMENTS)
        then = replace(holder, now=at)
        entries = example.editions(then)
        entry_table.add(connection, then, renderer, entries)
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


def _signed_in(platform: Platform, connection: Connection, holder: Holder) -> str:
    opening = Opening(Purpose.SPACE, "provider", Level.STRONG, "", Details("bench"))
    limits = Limits(HOURS * DAY // 24, HOURS * DAY // 24)
    now = platform.clock()
    token, _session = open_session(
        connection, platform.keyring, holder.key, holder.patient_key, opening, now=now, limits=limits
    )
    return token
