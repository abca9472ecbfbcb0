"""Passkeys by a software authenticator: what is right lets in, each way of being wrong does not, and a copy is told from a mistake."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from carnet.errors import Refused, SignInFailed
from carnet.identity.ins import NIR_TEST
from carnet.identity.passkeys import (
    MOST,
    CopiedPasskey,
    Party,
    add_passkey,
    adding_options,
    end_passkey,
    passkey_answered,
    passkeys_of,
    signing_in_options,
    user_handle,
)
from carnet.identity.patients import Traits, by_key, register
from carnet.metadata import PatientIdentifier

sys.path.insert(0, str(Path(__file__).parent))

from soft_authenticator import PRESENT, VERIFIED, SoftAuthenticator

PARTY = Party("espace.example", "https://espace.example", "Carnet")
CHALLENGE, OTHER = b"c" * 32, b"d" * 32
NOW = 1_790_000_000_000_000


class Desk:
    """One person and their passkeys."""

    def __init__(self, connection, keyring):
        self.connection, self.keyring = connection, keyring
        traits = Traits("PAT-TROIS", "DOMINIQUE", "F", "19790328", "51215")
        self.person = register(connection, keyring, traits, PatientIdentifier("279035121518989", NIR_TEST), NOW)
        self.pseudonym = by_key(connection, self.person).pseudonym
        self.key = keyring.patient_key(self.pseudonym)

    def add(self, device, challenge=CHALLENGE, name="Mon téléphone"):
        made = device.create(CHALLENGE)
        device.user_handle = user_handle(self.keyring, self.pseudonym)
        return add_passkey(self.connection, PARTY, self.key, self.person, made, challenge=challenge, name=name, now=NOW)

    def sign_in(self, answer, challenge=CHALLENGE):
        return passkey_answered(self.connection, self.keyring, PARTY, answer, challenge=challenge, now=NOW)

    @property
    def held(self):
        return passkeys_of(self.connection, self.person)


@pytest.fixture
def desk(connection, keyring):
    return Desk(connection, keyring)


def test_a_passkey_is_kept_under_its_name_and_lets_its_holder_in(desk):
    device = SoftAuthenticator()
    desk.add(device, name="  Mon \n téléphone " + "x" * 100)
    (held,) = desk.held
    assert held.name_of(desk.key) == ("Mon téléphone " + "x" * 100)[:60]
    device.user_handle = user_handle(desk.keyring, desk.pseudonym)
    assert desk.sign_in(device.get(CHALLENGE)).patient_key == desk.person
    assert desk.held[0].used_at == NOW


def test_browsers_are_asked_for_verification_and_told_nobodys_identity(desk):
    desk.add(SoftAuthenticator())
    handle = user_handle(desk.keyring, desk.pseudonym)
    adding = json.loads(adding_options(PARTY, handle, "Dominique", desk.held, CHALLENGE))
    assert adding["authenticatorSelection"]["userVerification"] == "required"
    assert adding["authenticatorSelection"]["residentKey"] == "required"
    assert len(adding["excludeCredentials"]) == 1
    assert adding["attestation"] == "none"
    asking = json.loads(signing_in_options(PARTY, CHALLENGE))
    assert asking["userVerification"] == "required"
    assert not asking.get("allowCredentials")
    assert len(handle) == 32


WRONG_WAYS = {
    "another challenge": (lambda device: device.get(OTHER)),
    "another site's page": (lambda device: turned(device, origin="https://espace.example.evil.example")),
    "the site without TLS": (lambda device: turned(device, origin="http://espace.example")),
    "another site's passkey": (lambda device: turned(device, rp="evil.example")),
    "without user verification": (lambda device: turned(device, flags=PRESENT)),
    "without anybody there": (lambda device: turned(device, flags=VERIFIED)),
    "an answer that was for making a passkey": (lambda device: turned(device, kind="webauthn.create")),
    "signed by another key": (lambda device: device.get(CHALLENGE, signs_with=generate_private_key(SECP256R1()))),
    "of another holder": (lambda device: turned(device, user_handle=b"h" * 32)),
    "that names no holder": (lambda device: turned(device, user_handle=None)),
    "an unknown credential": (lambda device: turned(device, credential=b"u" * 32)),
    "without a signature": (lambda device: without(device, "signature")),
    "with an altered signature": (lambda device: replaced(device, "signature", "AAAA")),
    "cut short": (lambda device: device.get(CHALLENGE)[:-20]),
    "no JSON": (lambda _device: "x"),
    "a list": (lambda _device: "[]"),
    "nothing": (lambda _device: ""),
    "megabytes": (lambda _device: '{"id": "' + "a" * 1_000_000 + '"}'),
    "numbers for texts": (lambda _device: '{"id": 1, "rawId": 2, "type": "public-key", "response": {}}'),
}


def turned(device, **changes):
    for name, value in changes.items():
        setattr(device, name, value)
    return device.get(CHALLENGE)


def without(device, name):
    answer = json.loads(device.get(CHALLENGE))
    del answer["response"][name]
    return json.dumps(answer)


def replaced(device, name, value):
    answer = json.loads(device.get(CHALLENGE))
    answer["response"][name] = value
    return json.dumps(answer)


@pytest.mark.parametrize("name", WRONG_WAYS)
def test_an_answer_that_is_not_right_lets_nobody_in(desk, name):
    device = SoftAuthenticator()
    desk.add(device)
    with pytest.raises(SignInFailed) as failed:
        desk.sign_in(WRONG_WAYS[name](device))
    assert not isinstance(failed.value, CopiedPasskey)
    assert desk.held[0].used_at is None


def test_control_the_device_itself_is_right(desk):
    device = SoftAuthenticator()
    desk.add(device)
    assert desk.sign_in(device.get(CHALLENGE)).patient_key == desk.person


@pytest.mark.parametrize(("count", "copied"), [(6, False), (5, True), (4, True), (0, True)])
def test_a_counter_that_does_not_go_on_is_a_copy(desk, count, copied):
    device = SoftAuthenticator(count=5)
    desk.add(device)
    device.count = count
    if copied:
        with pytest.raises(CopiedPasskey):
            desk.sign_in(device.get(CHALLENGE))
    else:
        assert desk.sign_in(device.get(CHALLENGE)).sign_count == 5
        assert desk.held[0].sign_count == 6


def test_a_passkey_without_a_counter_may_be_used_again(desk):
    device = SoftAuthenticator()
    desk.add(device)
    for _ in range(3):
        assert desk.sign_in(device.get(CHALLENGE))


WRONG_NEW = {
    "another challenge": {"challenge": OTHER},
    "another site's page": {"origin": "https://evil.example"},
    "another site's passkey": {"rp": "evil.example"},
    "without user verification": {"flags": PRESENT},
    "an answer that was for signing in": {"kind": "webauthn.get"},
}


@pytest.mark.parametrize("name", WRONG_NEW)
def test_a_new_passkey_that_is_not_right_is_not_kept(desk, name):
    changes = dict(WRONG_NEW[name])
    challenge = changes.pop("challenge", CHALLENGE)
    with pytest.raises(SignInFailed):
        desk.add(SoftAuthenticator(**changes), challenge)
    assert desk.held == ()


def test_a_passkey_is_one_persons_and_there_are_so_many(desk):
    device = SoftAuthenticator()
    desk.add(device)
    with pytest.raises(SignInFailed, match="known already"):
        desk.add(device)
    for _ in range(MOST - 1):
        desk.add(SoftAuthenticator())
    with pytest.raises(Refused):
        desk.add(SoftAuthenticator())


def test_a_removed_passkey_lets_nobody_in_and_does_not_come_back(desk):
    device = SoftAuthenticator()
    name = desk.add(device)
    assert end_passkey(desk.connection, desk.person, name, by="person", now=NOW)
    assert not end_passkey(desk.connection, desk.person, name, by="person", now=NOW)
    with pytest.raises(SignInFailed):
        desk.sign_in(device.get(CHALLENGE))
    with pytest.raises(SignInFailed):
        desk.add(device)
