"""What operator commands share: the gate of a home, the operator's name, an identifier read from the command line."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Iterator
from pathlib import Path

from carnet.config import load
from carnet.identity.ins import check
from carnet.kill_points import arm
from carnet.metadata import PatientIdentifier
from carnet.platform import build
from carnet.record.gate import Gate
from carnet.soap.ebrim_render import EbrimRenderer


@contextlib.contextmanager
def operator_gate(home: Path) -> Iterator[Gate]:
    """Opens a home for one command; a server may be running beside it."""
    settings = load(home)
    arm(settings.kill_at_for_tests)
    platform = build(settings, EbrimRenderer(), worker="cli")
    try:
        yield Gate(platform)
    finally:
        platform.close()


def operator_name() -> str:
    """`operator:<login>`, as the trace will say."""
    return f"operator:{getpass.getuser()}"


def patient_identifier(gate: Gate, text: str) -> PatientIdentifier:
    """Reads `INS` or `INS/OID`; without an OID, that of test INS where they are accepted, else INS-NIR. Raises InvalidMetadata."""
    value, _, authority = text.partition("/")
    settings = gate.platform.settings
    default = "1.2.250.1.213.1.4.10" if settings.test_identities else "1.2.250.1.213.1.4.8"
    return check(value, authority or default, test_identities=settings.test_identities)
