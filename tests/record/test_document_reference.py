"""A document as FHIR says it: every part that the profile asks for, and nothing that the metadata do not say."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from carnet.client.feeding import from_cda
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.metadata import AvailabilityStatus
from carnet.record.document_reference import date_time, document_reference

NOW = 1_790_000_000_000_000


def made(**changes):
    sent = from_cda(documents.level_1(Draft(created=NOW, title="Suivi", order="A-1")))
    entry = replace(
        sent.entry,
        entry_uuid="urn:uuid:00000000-0000-4000-8000-000000000001",
        logical_id="urn:uuid:00000000-0000-4000-8000-000000000002",
        version=3,
        hash="ab" * 20,
        size=12,
        **changes,
    )
    return document_reference(entry, url="documents/a.xml", custodian="Carnet")


def test_every_part_that_the_comprehensive_profile_asks_for_is_there():
    found = made()
    asked = (
        "contained masterIdentifier status type category subject date author custodian securityLabel content context"
    )
    assert not [name for name in asked.split() if not found.get(name)]
    attachment = found["content"][0]["attachment"]
    assert attachment.keys() >= {"contentType", "language", "url", "size", "hash", "title", "creation"}
    assert base64.b64decode(attachment["hash"]) == bytes.fromhex("ab" * 20)
    assert found["content"][0]["format"]["code"]
    assert found["context"].keys() >= {"period", "facilityType", "practiceSetting", "sourcePatientInfo", "related"}
    assert (found["id"], found["meta"]["versionId"]) == ("00000000-0000-4000-8000-000000000002", "3")
    assert found["type"]["coding"][0]["system"] == "http://loinc.org"


def test_references_inside_lead_to_what_is_contained():
    found = made()
    contained = {f"#{one['id']}" for one in found["contained"]}
    named = {found["context"]["sourcePatientInfo"]["reference"], found["authenticator"]["reference"]}
    assert named | {one["reference"] for one in found["author"]} <= contained
    author = next(one for one in found["contained"] if one["id"] == "author1")
    assert author["identifier"][0]["value"] == MEDECIN_TRAITANT.identifier
    assert author["name"][0]["family"] == MEDECIN_TRAITANT.family_name
    assert found["subject"]["identifier"]["value"] == PAT_TROIS.identifier.value


@pytest.mark.parametrize(
    ("status", "told"), [(AvailabilityStatus.APPROVED, "current"), (AvailabilityStatus.DEPRECATED, "superseded")]
)
def test_a_status_is_told_in_fhirs_words(status, told):
    assert made(status=status)["status"] == told


def test_an_archived_document_says_so():
    assert made(status=AvailabilityStatus.ARCHIVED)["extension"][0]["valueBoolean"] is True
    assert made()["extension"][0]["valueBoolean"] is False


@pytest.mark.parametrize(
    ("dtm", "told"),
    [
        ("20261122101530", "2026-11-22T10:15:30Z"),
        ("202611221015", "2026-11-22T10:15:00Z"),
        ("20261122", "2026-11-22"),
        ("202611", "2026-11"),
        ("2026", "2026"),
    ],
)
def test_times_keep_their_precision(dtm, told):
    assert date_time(dtm) == told
