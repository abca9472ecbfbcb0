"""Who may approve: the folder of public keys, strict with what is not in order."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from carnet.errors import ConfigurationError
from carnet.rulebook.approvers import read_approvers


def public(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "former").mkdir()
    (tmp_path / "alice.pem").write_bytes(public(Ed25519PrivateKey.generate()))
    return tmp_path


def test_nobody_may_approve_where_there_is_no_folder(tmp_path):
    assert read_approvers(tmp_path / "none").current("alice") is None


def test_a_person_is_known_by_the_name_of_the_file(folder):
    approvers = read_approvers(folder)
    alice = approvers.current("alice")
    assert alice is not None
    assert approvers.who_signed("alice", alice.key) == alice
    assert approvers.current("bob") is None
    assert approvers.who_signed("bob", alice.key) is None


def test_former_keys_prove_what_they_signed_and_approve_nothing_new(folder):
    for name in ("bob", "alice~2025"):
        (folder / "former" / f"{name}.pem").write_bytes(public(Ed25519PrivateKey.generate()))
    approvers = read_approvers(folder)
    assert approvers.current("bob") is None
    assert sorted((one.name, one.former) for one in approvers.people) == [
        ("alice", False),
        ("alice", True),
        ("bob", True),
    ]
    assert all(approvers.who_signed(one.name, one.key) for one in approvers.people)


BAD = {
    "a key that is no key": ("bob.pem", b"no key"),
    "a key of another kind": ("bob.pem", public(rsa.generate_private_key(65537, 2048))),
    "a name in capitals": ("Bob.pem", public(Ed25519PrivateKey.generate())),
    "a name with a blank": ("b ob.pem", public(Ed25519PrivateKey.generate())),
    "a second name of a current person's key": ("former/alice.pem", None),
    "a person's key under another name": ("bob.pem", None),
}


@pytest.mark.parametrize("what", BAD)
def test_a_folder_that_is_not_in_order_lets_nobody_approve(folder, what):
    name, content = BAD[what]
    (folder / name).write_bytes(content or (folder / "alice.pem").read_bytes())
    approvers = read_approvers(folder)
    with pytest.raises(ConfigurationError):
        approvers.current("alice")
    assert [one.name for one in approvers.people] == ["alice"]


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_folder_that_others_may_write_holds_nobody(folder, mode):
    folder.chmod(mode)
    assert read_approvers(folder).people == ()


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_may_write_is_left_out(folder, mode):
    (folder / "alice.pem").chmod(mode)
    assert read_approvers(folder).people == ()
