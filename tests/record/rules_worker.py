"""Another worker process on a home: reads a moment a line, searches as a doctor at that moment, says how many it found under which version.

With `stale` it keeps the rule data of its first transaction: the broken build that the test must catch.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from carnet.authorization.decision import Decision
from carnet.config import load
from carnet.demo.people import HOSPITAL_DOCTOR, PAT_TROIS
from carnet.document_query import FindDocuments, ReturnType
from carnet.errors import Refused
from carnet.metadata import AvailabilityStatus
from carnet.platform import build
from carnet.record.gate import Gate
from carnet.record.rules_in_force import RulesInForce
from carnet.record.search import search
from carnet.requester import Authentication, CardClass, Requester
from carnet.soap.ebrim_render import EbrimRenderer


class Stale(RulesInForce):
    """Reads the rule data once and never again."""

    def refresh(self, connection):
        if not self._known:
            super().refresh(connection)


def main(home, *, stale):
    now = [0]
    platform = build(load(Path(home), {}), EbrimRenderer(), clock=lambda: now[0], worker="w9")
    gate = Gate(platform)
    if stale:
        gate._rules = Stale(platform)
    seen = []
    engine = platform.engine
    decide = engine.decide

    def noting(*about):
        decision: Decision = decide(*about)
        seen.append(decision.matrix_version)
        return decision

    engine.decide = noting
    requester = Requester(
        identifier=HOSPITAL_DOCTOR.identifier,
        name=HOSPITAL_DOCTOR.name,
        organization_id=HOSPITAL_DOCTOR.organization.identifier,
        sector=HOSPITAL_DOCTOR.organization.sector,
        authentication=Authentication.DIRECT,
        card=CardClass.PROFESSIONAL,
        profession=HOSPITAL_DOCTOR.profession,
        specialty=HOSPITAL_DOCTOR.specialty,
    )
    requester = replace(requester, patient=PAT_TROIS.identifier)
    act = search(FindDocuments((PAT_TROIS.identifier,), (AvailabilityStatus.APPROVED,)), ReturnType.LEAF_CLASS)
    for line in sys.stdin:
        now[0] = int(line)
        try:
            count = len(gate.perform_now(requester, act).objects)
        except Refused:
            count = -1
        sys.stdout.write(f"{count} {seen[-1] or 'none'}\n")
        sys.stdout.flush()
    platform.close()


if __name__ == "__main__":
    main(sys.argv[1], stale="stale" in sys.argv[2:])
