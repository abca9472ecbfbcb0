import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carnet.audit.checkpoint import sign_checkpoint, verify_note
from carnet.errors import ConfigurationError, IntegrityFailure

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
ORIGIN = "carnet.test/trace"
ROOT = hashlib.sha256(b"root").digest()


@pytest.fixture
def note():
    return sign_checkpoint(ORIGIN, 1_234, ROOT, KEY.sign, PUBLIC).note


def test_a_checkpoint_is_the_note_that_other_tools_read(note):
    text, signature = note.split("\n\n")
    assert text == f"{ORIGIN}\n1234\n{base64.b64encode(ROOT).decode()}"
    dash, name, encoded = signature.removesuffix("\n").split(" ")
    raw = base64.b64decode(encoded)
    assert (dash, name) == ("—", ORIGIN)
    assert raw[:4] == hashlib.sha256(ORIGIN.encode() + b"\n\x01" + PUBLIC).digest()[:4]
    KEY.public_key().verify(raw[4:], (text + "\n").encode())


def test_the_key_id_is_that_of_the_published_example():
    """The key and a signature of the example in the specification of signed notes."""
    raw = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    signature = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    assert raw[:1] == b"\x01"
    assert hashlib.sha256(b"PeterNeumann\n" + raw).digest()[:4].hex() == "c74f20a3" == signature[:4].hex()


def test_a_checkpoint_is_read_back(note):
    found = verify_note(note, ORIGIN, PUBLIC)
    assert (found.origin, found.size, found.root, found.note) == (ORIGIN, 1_234, ROOT, note)


def test_no_byte_of_a_note_can_be_changed(note):
    data = note.encode()
    for position in range(len(data)):
        for bit in range(8):
            changed = data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]
            with pytest.raises(IntegrityFailure):
                verify_note(changed.decode("utf-8", "replace"), ORIGIN, PUBLIC)


def test_no_byte_of_a_note_can_be_left_out_or_repeated(note):
    for position in range(len(note)):
        for changed in (note[:position] + note[position + 1 :], note[: position + 1] + note[position:]):
            if changed != note:
                with pytest.raises(IntegrityFailure):
                    verify_note(changed, ORIGIN, PUBLIC)


def test_signatures_of_witnesses_are_passed_over(note):
    witness = "— temoin.test/w " + base64.b64encode(bytes(76)).decode() + "\n"
    text, own = note.split("\n\n")
    assert verify_note(note + witness, ORIGIN, PUBLIC).size == 1_234
    assert verify_note(f"{text}\n\n{witness}{own}", ORIGIN, PUBLIC).size == 1_234
    with pytest.raises(IntegrityFailure):
        verify_note(f"{text}\n\n{witness}", ORIGIN, PUBLIC)


def test_another_key_or_another_origin_is_not_believed(note):
    other = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    with pytest.raises(IntegrityFailure):
        verify_note(note, ORIGIN, other.public_key().public_bytes_raw())
    with pytest.raises(IntegrityFailure):
        verify_note(note, "carnet.test/other", PUBLIC)
    with pytest.raises(IntegrityFailure):
        sign_checkpoint(ORIGIN, 1, ROOT, other.sign, PUBLIC)


@pytest.mark.parametrize("size", ["01234", "+1234", " 1234", "-1", "1_234", "١٢٣٤", ""])
def test_a_size_that_is_not_in_its_one_form_is_refused(size):
    text = f"{ORIGIN}\n{size}\n{base64.b64encode(ROOT).decode()}\n"
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + PUBLIC).digest()[:4]
    signature = base64.b64encode(key_id + KEY.sign(text.encode())).decode()
    with pytest.raises(IntegrityFailure):
        verify_note(f"{text}\n— {ORIGIN} {signature}\n", ORIGIN, PUBLIC)


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_an_origin_that_cannot_name_a_key_is_refused(origin):
    with pytest.raises(ConfigurationError):
        sign_checkpoint(origin, 1, ROOT, KEY.sign, PUBLIC)
