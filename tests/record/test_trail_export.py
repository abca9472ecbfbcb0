"""The export of a patient's trail from a home: whole up to the moment it names, traced itself, and checked by the same offline verifier."""

from __future__ import annotations

import json

import pytest

from carnet.audit.checkpoint import read_checkpoint
from carnet.audit.cosignature import cosign
from carnet.audit.cosignatures import keep, last_checkpoint
from carnet.audit.export_verification import verify_export
from carnet.audit.signed_note import COSIGNATURE, VerifierKey
from carnet.clock import DAY
from carnet.demo.people import PAT_TROIS
from carnet.errors import IntegrityFailure, UnknownPatient
from carnet.metadata import INVISIBLE_PATIENT
from carnet.record.due import run_due
from carnet.record.trail_export import export_trail, trace_key

OPERATOR = "operator:test"


def exported(room, **options):
    return export_trail(room.gate, PAT_TROIS.identifier, operator=OPERATOR, **options)


@pytest.fixture
def witness():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    return private, VerifierKey("witness.test/w", private.public_key().public_bytes_raw(), COSIGNATURE)


def signing(room, witness):
    """What asks the witness: it signs the newest checkpoint."""
    private, key = witness

    def ask():
        checkpoint = room.gate.read(last_checkpoint)
        line = cosign(checkpoint.text, key, private.sign, seconds=1_790_000_000)
        room.gate.administer(lambda connection: keep(connection, checkpoint, line, key))

    return ask


def test_an_export_holds_and_its_last_entry_is_the_export_itself(room):
    room.put(room.document())
    data = exported(room)
    report = verify_export(data, key=trace_key(room.gate))
    assert report.wrong is None
    assert report.at == room.now
    *_, last, _checkpoint, _statement = data.splitlines()
    assert json.loads(last)["entry"]["action"] == "administration/export-trail"
    assert b'"action":"iti41"' in data


def test_every_line_of_the_trail_is_in_it_in_clear_and_no_other_patient_s(room):
    room.put(room.document())
    room.do(room.caller(), room.finding())
    lines = room.lines_since(0)
    ours = [line for line in lines if line["patient"] == PAT_TROIS.identifier.cx()]
    entries = [json.loads(line) for line in exported(room).splitlines()[1:-2]]
    assert [entry["entry"]["action"] for entry in entries[:-1]] == [line["action"] for line in ours]
    assert all(entry["openings"]["patient"][1] == [PAT_TROIS.identifier.cx()] for entry in entries)


def test_a_document_that_its_holder_may_not_know_of_yet_is_named_in_no_line_and_opened_later(room):
    (hidden,) = room.put(room.document(masks=(INVISIBLE_PATIENT,)))
    (shown,) = room.put(room.document())
    room.do(room.caller(), room.retrieving(hidden.unique_id))
    before = exported(room)
    assert hidden.unique_id.encode() not in before
    assert shown.unique_id.encode() in before
    assert verify_export(before, key=trace_key(room.gate)).withheld == 2
    room.now += 32 * DAY
    run_due(room.gate)
    after = exported(room)
    assert hidden.unique_id.encode() in after
    assert verify_export(after, key=trace_key(room.gate), earlier=before).wrong is None
    assert verify_export(after).withheld == 0


def test_what_waited_to_be_sealed_is_sealed_first(room):
    room.do(room.caller(), room.finding())
    assert room.rows("SELECT count(*) FROM audit_event WHERE leaf_index IS NULL")[0][0]
    assert verify_export(exported(room)).intact
    assert not room.rows("SELECT count(*) FROM audit_event WHERE leaf_index IS NULL")[0][0]


def test_a_later_export_continues_an_earlier_one(room):
    earlier = exported(room)
    room.do(room.caller(), room.finding())
    later = exported(room)
    assert verify_export(later, earlier=earlier).intact
    assert not verify_export(earlier, earlier=later).intact


def test_the_witness_s_signature_is_in_it(room, witness):
    data = exported(room, ask_witness=signing(room, witness))
    assert verify_export(data, witnesses=[witness[1]]).wrong is None
    assert verify_export(data).unchecked == ("witness.test/w",)


@pytest.mark.parametrize("more", [0, 1, 5, 12])
def test_where_the_newest_checkpoint_has_no_witness_an_older_one_and_the_proof_are_given(room, witness, more):
    size = read_checkpoint(
        json.loads(exported(room, ask_witness=signing(room, witness)).splitlines()[-2])["checkpoint"]
    ).size
    for _ in range(more):
        room.do(room.caller(), room.finding())
        room.gate.seal()
    report = verify_export(exported(room), witnesses=[witness[1]])
    assert report.wrong is None
    assert report.witnessed[0].size == size < report.size


def test_nobody_s_and_a_destroyed_person_s_trail_cannot_be_exported(room):
    with pytest.raises(UnknownPatient):
        export_trail(room.gate, PAT_TROIS.identifier.__class__("1", "2"), operator=OPERATOR)
    (pseudonym,) = room.rows("SELECT pseudonym FROM patient JOIN audit_event USING (patient_key) WHERE ticket = 1")[0]
    room.platform.keyring.destroy_patient_key(pseudonym)
    with pytest.raises(UnknownPatient):
        exported(room)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM audit_event WHERE ticket = 2",
        "UPDATE audit_event SET sealed_openings = x'00' WHERE ticket = 2",
        "UPDATE audit_event SET entry = CAST(replace(entry, 'done', 'gone') AS BLOB), leaf_hash = zeroblob(32) WHERE ticket = 2",
    ],
)
def test_a_trail_that_does_not_hold_is_not_handed_over(room, change):
    room.gate.seal()
    from carnet.database.statements import Statement

    room.gate.administer(lambda connection: connection.execute(Statement(change)))
    with pytest.raises(IntegrityFailure):
        exported(room)


def test_an_export_that_cannot_be_sealed_leaves_nothing(room, monkeypatch):
    before = room.last_ticket()
    monkeypatch.setattr(room.platform.keyring, "sign_checkpoint", lambda _data: bytes(64))
    with pytest.raises(IntegrityFailure):
        exported(room)
    assert room.last_ticket() == before
