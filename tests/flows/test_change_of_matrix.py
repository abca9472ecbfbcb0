"""A ministry changes the matrix of a running exchange: no restart, two workers, and no read begun after the moment by the old rules."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from click.testing import CliRunner

from carnet.cli import carnet
from carnet.client.exchange_service import ExchangeService
from carnet.clock import SECOND, system_clock
from carnet.demo.documents import LOINC
from carnet.demo.people import HOSPITAL_DOCTOR
from carnet.document_query import ReturnType
from carnet.metadata import AvailabilityStatus, Code
from carnet.record.rule_changes import RuleChanges
from carnet.soap.messages import quoted
from carnet.soap.query_table import BY_NAME

TELEMEDICINE = Code("75496-0", LOINC, "Demande d'acte de télémédecine")
BEFORE, SINCE = 3, 12
"""Reads that each caller ends before the moment, and begins after it."""
TO_APPROVE = 15 * SECOND
"""Enough for the ministry's three steps and the first reads, however busy the machine."""
SHORTLY = SECOND


def look(house, record, moment):
    """(begun, how many documents a doctor found, ended): some at once, the others from shortly before the moment on; each over a new connection."""
    slots = [
        ("$XDSDocumentEntryPatientId", [record.cx]),
        ("$XDSDocumentEntryStatus", [quoted(AvailabilityStatus.APPROVED.value)]),
    ]
    looks = []
    while sum(begun >= moment for begun, _, _ in looks) < SINCE:
        if len(looks) == BEFORE:
            time.sleep(max(0, moment - SHORTLY - system_clock()) / SECOND)
        service = ExchangeService(house.stage.address, house.caller(HOSPITAL_DOCTOR), str(house.stage.authorities))
        with service:
            begun = system_clock()
            found = service.search(
                record.identifier, BY_NAME["FindDocuments"].uuid, slots, return_type=ReturnType.OBJECT_REF
            )
            looks.append((begun, len(found.object_refs), system_clock()))
        assert not found.errors
    return looks


def test_no_read_begun_after_the_moment_is_decided_by_the_version_before(open_house, make_ministry):
    with open_house(CARNET_WORKERS="2") as house:
        ministry = make_ministry(house.stage.home).admit("alice", "bob")
        record = house.new_record(HOSPITAL_DOCTOR)
        record.add(type=TELEMEDICINE, title="Télémédecine")
        changes = RuleChanges(house.gate, "operator:flows")
        moment = system_clock() + TO_APPROVE
        changes.propose(ministry.file("annexe", moment, cells={("10", "75496-0"): "N"}), "carole")
        for person in ("alice", "bob"):
            changes.approve("annexe", person, ministry.sign(person, changes.text_to_sign("annexe", person)))
        with ThreadPoolExecutor(3) as pool:
            looks = [one for found in pool.map(lambda _: look(house, record, moment), range(3)) for one in found]
        assert {count for _, count, ended in looks if ended < moment} == {1}
        assert {count for begun, count, _ in looks if begun >= moment} == {0}
        versions = [line["matrix_version"] for line in record.trace() if line["action"] == "iti18"]
        assert versions == sorted(versions, reverse=True)  # the draft, then the annexe, never back
        assert set(versions) == {"annexe", "draft-2026-11-22"}
        assert house.http().get(house.stage.address + "/health/ready").json()["failing"] == []
        said = CliRunner().invoke(carnet, ["rules", "list", "--home", str(house.stage.home)], catch_exceptions=False)
        assert "  in force          annexe  " in said.stdout
