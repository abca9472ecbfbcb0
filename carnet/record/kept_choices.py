"""The filters of a professional from one visit to the next. Nothing of a record is read or shown, so there is no line in any trail."""

from __future__ import annotations

from dataclasses import asdict, fields
from functools import partial

from carnet.identity.kept_sieves import keep, kept
from carnet.platform import Connection
from carnet.record.gate import Gate
from carnet.record.groups import OF_NOBODY
from carnet.record.seen_shelf import Sieve
from carnet.requester import Requester


def kept_choices(gate: Gate, requester: Requester) -> Sieve:
    """The sieve that the professional last chose, the ordinary one at first."""
    found = gate.read(partial(_kept, gate=gate, professional=requester.identifier))
    names = {one.name for one in fields(Sieve)}
    return Sieve(**{name: value for name, value in found.items() if name in names})


def keep_choices(gate: Gate, requester: Requester, sieve: Sieve) -> None:
    """Keeps it, where it is another than before."""
    if kept_choices(gate, requester) == sieve:
        return
    platform = gate.platform

    def work(connection: Connection) -> None:
        keep(connection, platform.keyring, requester.identifier, asdict(sieve), platform.clock())

    gate.administer(work, turn=OF_NOBODY)


def _kept(connection: Connection, *, gate: Gate, professional: str) -> dict[str, bool]:
    return dict(kept(connection, gate.platform.keyring, professional))
