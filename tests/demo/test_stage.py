"""The stage of the demonstration: a home like any other, with fictitious people, open records and callers' folders."""

from __future__ import annotations

import sqlite3
import stat

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from carnet.cda.header import read_header
from carnet.cli.operator_gate import operator_gate
from carnet.client.caller import Caller
from carnet.clock import DAY, system_clock
from carnet.consent.care_links import medecin_traitant
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import LABORATORY, MEDECIN_TRAITANT, PATIENTS, PROFESSIONALS, SAMU, DemoPatient
from carnet.demo.samples import Sample
from carnet.demo.stage import MARKER, set_stage
from carnet.errors import ConfigurationError
from carnet.identity.certificates import CertificateStore, Purpose
from carnet.identity.ins import NIR_TEST, key_of
from carnet.identity.patients import Traits
from carnet.identity.patients import find as find_patient
from carnet.metadata import PatientIdentifier
from carnet.record.administration import verify_trace


def rows(stage, query):
    with sqlite3.connect(stage.settings.database) as database:
        found = database.execute(query).fetchall()
    database.close()
    return found


def test_everybody_of_the_demonstration_is_there(first_stage):
    assert first_stage.patients == tuple(one.identifier for one in PATIENTS)
    assert rows(first_stage, "SELECT count(*) FROM professional") == [(len(PROFESSIONALS),)]
    assert first_stage.callers.keys() == {*(one.identifier for one in PROFESSIONALS), LABORATORY.identifier}


def test_every_patient_has_an_open_record_with_a_medecin_traitant(first_stage, home):
    assert {state for (state,) in rows(first_stage, "SELECT state FROM health_record")} == {"open"}
    with operator_gate(home) as gate:
        platform = gate.platform
        for person in PATIENTS:
            found = find_patient(platform.connection, platform.keyring, person.identifier)
            declared = medecin_traitant(platform.connection, found.patient_key, now=system_clock())
            assert declared == MEDECIN_TRAITANT.identifier


def test_every_caller_s_certificates_are_accepted_for_what_they_are(first_stage):
    settings = first_stage.settings
    store = CertificateStore(
        settings.path("tls_client_authorities"),
        settings.path("revocation_lists"),
        environment="development",
        grace=0,
        clock=system_clock,
    )
    for caller in first_stage.callers.values():
        assert Caller.load(caller.directory).description == caller.description
        holder = store.check(caller.signing.certificate.public_bytes(Encoding.DER), purpose=Purpose.SIGNATURE)
        about = caller.description
        assert about.name_id.split("/")[0] in {holder.identifier, holder.organization_id}


def test_private_keys_are_for_their_owner_alone(first_stage):
    keys = [*first_stage.home.rglob("*.key")]
    assert len(keys) > 20
    assert {stat.S_IMODE(key.stat().st_mode) & 0o077 for key in keys} == {0}


def test_the_home_says_of_itself_that_it_is_a_demonstration(first_stage):
    assert "fictitious" in (first_stage.home / MARKER).read_text(encoding="utf-8")
    text = (first_stage.home / "carnet.toml").read_text(encoding="utf-8")
    assert "Not for real data" in text
    assert first_stage.settings.environment == "development"
    assert first_stage.settings.regulation_centres == (SAMU.identifier,)


def test_the_trace_of_making_it_holds_and_is_sealed(home):
    with operator_gate(home) as gate:
        report = verify_trace(gate)
    assert report.intact
    assert (report.unsealed, report.patients) == (0, len(PATIENTS))
    assert report.sealed == len(PATIENTS) * 4


def test_what_another_made_is_never_removed(tmp_path):
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="not made by a demonstration"):
        set_stage(tmp_path, port=1)
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "mine"


def sample():
    """A document about somebody whom the demonstration does not know."""
    body = "2840599901007"
    who = PatientIdentifier(body + key_of(body), NIR_TEST)
    patient = DemoPatient(who, Traits("ESSAI", "MARIE", "F", "19840517", "99350"), "one test's own")
    content = documents.level_1(Draft(system_clock() - DAY, patient=patient))
    return Sample("one.xml", content, who, read_header(content).patient, corrected=False)


def test_an_earlier_demonstration_is_made_afresh_with_the_people_of_the_samples(first_stage, home):
    (home / "leftover").write_text("of the one before", encoding="utf-8")
    before = (home / "keys" / "root.key").read_bytes()
    one = sample()
    stage = set_stage(home, port=4711, samples=(one,), extra_settings="workers = 2\n")
    assert not (home / "leftover").exists()
    assert (home / "keys" / "root.key").read_bytes() != before
    assert stage.patients[-1] == one.identifier
    assert rows(stage, "SELECT count(*) FROM health_record") == [(len(PATIENTS) + 1,)]
    assert (stage.settings.port, stage.settings.workers) == (4711, 2)
    assert stage.address == "https://127.0.0.1:4711"
