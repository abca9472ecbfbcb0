"""Signatures of witnesses as they are kept: verified before they are stored and whenever the trace is proved again."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carnet.audit.cosignature import cosign
from carnet.audit.cosignatures import cosigned_note, keep, last_checkpoint, last_cosigned, last_cosigned_by
from carnet.audit.signed_note import COSIGNATURE, ED25519, VerifierKey, read_verifier_key
from carnet.errors import ConfigurationError, IntegrityFailure

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
KEY = VerifierKey("witness.test/w1", PRIVATE.public_key().public_bytes_raw(), COSIGNATURE)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
SECONDS = 1_790_000_123


@pytest.fixture
def signed(journal):
    journal.fill(15, 5)
    checkpoint = last_checkpoint(journal.connection)
    keep(journal.connection, checkpoint, cosign(checkpoint.text, KEY, PRIVATE.sign, seconds=SECONDS), KEY)
    return checkpoint


def test_a_signature_is_kept_and_found_again(journal, signed):
    note, count = cosigned_note(journal.connection, signed)
    assert (count, note.startswith(signed.note), note.count("\n")) == (1, True, 6)
    assert last_cosigned(journal.connection, up_to=15).size == 15
    assert last_cosigned(journal.connection, up_to=14) is None
    assert last_cosigned_by(journal.connection, KEY.name).size == 15
    assert last_cosigned_by(journal.connection, "another") is None
    report = journal.verify(witnesses=[KEY])
    assert (report.intact, report.cosignatures, report.witnessed) == (True, 1, 15)
    assert journal.verify().witnessed == 0


def test_what_does_not_verify_is_not_kept(journal, signed):
    for line in (
        cosign(signed.text, KEY, PRIVATE.sign, seconds=1).replace("witness.test/w1", "witness.test/w2"),
        cosign(signed.text, VerifierKey(KEY.name, STRANGER.public_key().public_bytes_raw(), COSIGNATURE), STRANGER.sign, seconds=1),
        "— witness.test/w1 AAAA\n",
        "anything\n",
    ):  # fmt: skip
        with pytest.raises(IntegrityFailure):
            keep(journal.connection, signed, line, KEY)


def test_every_byte_of_a_kept_signature_is_watched(journal, signed):
    ((line,),) = journal.sql("SELECT line FROM audit_cosignature")
    for position in range(len(line)):
        changed = line[:position] + chr(ord(line[position]) ^ 1) + line[position + 1 :]
        journal.connection.control("BEGIN")
        journal.sql("UPDATE audit_cosignature SET line=:line", line=changed)
        report = journal.verify(witnesses=[KEY])
        journal.connection.control("ROLLBACK")
        assert not report.intact, position


@pytest.mark.parametrize(
    "change", ["size = 10", "at = at + 1", "witness = 'another'", "line = x'00'", "at = 'soon'", "size = 99"]
)
def test_no_column_of_a_kept_signature_can_be_changed(journal, signed, change):
    journal.connection.control("PRAGMA foreign_keys=OFF")
    journal.sql(f"UPDATE audit_cosignature SET {change}")
    assert not journal.verify(witnesses=[KEY]).intact


def test_a_time_beyond_what_the_form_allows_is_refused(signed):
    with pytest.raises(IntegrityFailure):
        cosign(signed.text, KEY, PRIVATE.sign, seconds=1 << 63)


def test_keys_are_written_and_read_in_one_form():
    text = KEY.encoded()
    assert read_verifier_key(text + "\n", COSIGNATURE) == KEY
    name, key_id, encoded = text.split("+", 2)
    for wrong in (
        "",
        name,
        f"{name}+{key_id}",
        f"{name}+00000000+{encoded}",
        f"{name}+{key_id.upper()}x+{encoded}",
        text[:-4],
        "a b+1+2",
    ):
        with pytest.raises(ConfigurationError):
            read_verifier_key(wrong, COSIGNATURE)
    with pytest.raises(ConfigurationError):
        read_verifier_key(text, ED25519)
