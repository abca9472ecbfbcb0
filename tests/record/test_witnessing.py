"""What a witness is asked, and what is believed of its answers: proofs from any size, and no signature of anybody else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carnet.audit.checkpoint import read_checkpoint
from carnet.audit.cosignature import cosign
from carnet.audit.merkle import verify_consistency
from carnet.audit.signed_note import COSIGNATURE, VerifierKey
from carnet.database.statements import Statement
from carnet.errors import IntegrityFailure
from carnet.record.witnessing import WitnessDesk

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
KEY = VerifierKey("witness.test/w1", PRIVATE.public_key().public_bytes_raw(), COSIGNATURE)


@pytest.fixture
def desk(room):
    room.gate.seal()
    return WitnessDesk(room.gate, KEY)


def grow(room, count=1):
    for _ in range(count):
        room.do(room.caller(), room.finding())
    room.gate.seal()


def sign(pending, *, key=KEY, private=PRIVATE):
    return cosign(pending.checkpoint.text, key, private.sign, seconds=1_790_000_000)


def holds(pending, before):
    question, newest = pending.question, pending.checkpoint
    return verify_consistency(question.old, newest.size, before.root, newest.root, question.proof)


def test_the_first_question_comes_without_proof_and_nothing_is_asked_twice(desk):
    pending = desk.question()
    assert (pending.question.old, pending.question.proof) == (0, ())
    assert read_checkpoint(pending.question.note) == pending.checkpoint
    assert desk.keep(pending, sign(pending)) == pending.checkpoint.size
    assert desk.question() is None


@pytest.mark.parametrize("fresh", [False, True], ids=["the same process", "a new process"])
@pytest.mark.parametrize("warm", [False, True])
def test_each_question_proves_that_the_trace_continues_what_was_signed(room, desk, fresh, warm):
    before = desk.question()
    desk.keep(before, sign(before))
    for count in (1, 2, 5, 1, 9):
        grow(room, count)
        desk = WitnessDesk(room.gate, KEY) if fresh else desk
        if warm:
            desk.warm()
        pending = desk.question()
        assert pending.question.old == before.checkpoint.size
        assert holds(pending, before.checkpoint)
        desk.keep(pending, sign(pending))
        before = pending


def test_a_witness_that_says_it_signed_another_size_is_asked_from_there(room, desk):
    before = desk.question()
    grow(room, 3)
    assert desk.question().question.old == 0
    pending = desk.question(before.checkpoint.size)
    assert holds(pending, before.checkpoint)
    again = desk.question(pending.checkpoint.size)
    assert (again.question.old, again.question.proof) == (pending.checkpoint.size, ())


def test_a_witness_that_signed_more_than_there_is_shows_that_the_trace_was_cut_back(desk):
    with pytest.raises(IntegrityFailure, match="was cut back"):
        desk.question(10_000)


def test_lines_that_do_not_lead_to_the_signed_roots_are_not_proved(room, desk):
    before = desk.question()
    desk.keep(before, sign(before))
    grow(room, 2)
    room.gate.administer(
        lambda connection: connection.execute(
            Statement("UPDATE audit_event SET leaf_hash = zeroblob(32) WHERE ticket = 2")
        )
    )
    with pytest.raises(IntegrityFailure):
        desk.question()


def test_an_answer_without_a_signature_of_the_witness_is_not_kept(room, desk):
    pending = desk.question()
    stranger = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
    other = VerifierKey(KEY.name, stranger.public_key().public_bytes_raw(), COSIGNATURE)
    for answer in ("", "\n", sign(pending, key=other, private=stranger), "— x AAAA\n", "<html>"):
        with pytest.raises(IntegrityFailure):
            desk.keep(pending, answer)
    assert room.rows("SELECT count(*) FROM audit_cosignature") == [(0,)]
    both = sign(pending, key=other, private=stranger) + sign(pending)
    assert desk.keep(pending, both) == pending.checkpoint.size


def test_a_signature_of_another_checkpoint_is_not_kept(room, desk):
    before = desk.question()
    grow(room)
    with pytest.raises(IntegrityFailure):
        desk.keep(desk.question(), sign(before))
