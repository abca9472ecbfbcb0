"""No bad assertion gets in, every good one does, and each check is there for a reason."""

from __future__ import annotations

import random

import pytest
from vihf_forge import ATTACKS, GOOD

from carnet.crypto import signature_structure, xml_signature
from carnet.errors import CarnetError, CertificateInvalid, Unauthenticated
from carnet.identity import certificates, vihf_binding, vihf_person, vihf_structure
from carnet.identity.certificate_kind import REFUSAL as CERTIFICATE_REFUSAL
from carnet.identity.vihf_structure import REFUSAL
from carnet.soap import envelope, security


def enter(world, data, certificate):
    """The Requester of a message, by the way that a door takes."""
    return security.authenticate(envelope.parse(data).root, certificate, "192.0.2.7", world.rules, world.now)


def test_the_suite_is_as_large_as_promised():
    assert len(ATTACKS) >= 60
    assert len(GOOD) >= 15


def test_a_bad_assertion_is_refused(world, messages, attack):
    data, certificate = messages[attack]
    with pytest.raises(CarnetError) as refusal:
        enter(world, data, certificate)
    if isinstance(refusal.value, Unauthenticated):
        assert refusal.value.message in {REFUSAL, CERTIFICATE_REFUSAL}


def test_a_good_assertion_is_accepted(world, variant):
    data, certificate, expected = GOOD[variant](world)
    requester = enter(world, data, certificate)
    assert {name: getattr(requester, name) for name in expected} == expected
    assert requester.address == "192.0.2.7"


@pytest.mark.parametrize(
    "name",
    [
        "35 sealed with the connection's certificate",
        "35 a person's card for a structure",
        "35 an employee's card for her structure",
        "36 seal expired",
        "38 seal revoked",
        "40 seal of an authority with a stale list",
    ],
)
def test_a_certificate_that_may_not_sign_is_told_apart(world, name):
    data, certificate = ATTACKS[name](world)
    with pytest.raises(CertificateInvalid, match=CERTIFICATE_REFUSAL):
        enter(world, data, certificate)


def test_the_reason_of_a_refusal_is_for_the_log_alone(world):
    data, certificate = ATTACKS["48 wrong Ressource_URN"](world)
    with pytest.raises(Unauthenticated) as refusal:
        enter(world, data, certificate)
    assert str(refusal.value) == REFUSAL
    assert refusal.value.__notes__ == ["Ressource_URN is not urn:dmp", "target"]


TABLES = (
    (security, "CHECKS"),
    (vihf_structure, "CHECKS"),
    (signature_structure, "ENVELOPED_CHECKS"),
    (certificates, "CHECKS"),
    (vihf_binding, "CHECKS"),
    (vihf_person, "CHECKS"),
)
EVERY_CHECK = [
    pytest.param((module, table, name), id=f"{module.__name__.rpartition('.')[2]}: {name}")
    for module, table in TABLES
    for name, _ in getattr(module, table)
]


def accepted(world, messages):
    """The names of the bad assertions that get in, one after the other."""
    world.rules.certificates._verdicts.clear()
    for name, (data, certificate) in messages.items():
        try:
            enter(world, data, certificate)
        except CarnetError:
            continue
        yield name
    world.rules.certificates._verdicts.clear()


def test_nothing_gets_in_through_the_whole_verifier(world, messages):
    assert list(accepted(world, messages)) == []


@pytest.mark.parametrize("check", EVERY_CHECK)
def test_without_one_check_something_gets_in(world, messages, monkeypatch, check):
    module, table, name = check
    kept = tuple(entry for entry in getattr(module, table) if entry[0] != name)
    monkeypatch.setattr(module, table, kept)
    assert next(accepted(world, messages), None) is not None


def test_without_the_cryptography_a_tampered_assertion_gets_in(world, messages, monkeypatch):
    def unverified(examined, certificate):
        examined.root.remove(examined.signature)
        return (xml_signature.VerifiedReference("", "", examined.root),)

    monkeypatch.setattr(xml_signature, "_core_validation", unverified)
    assert "01 NameID changed after signing" in set(accepted(world, messages))


def test_without_path_validation_a_false_authority_gets_in(world, messages, monkeypatch):
    from cryptography import x509

    def unvalidated(self, der, now):
        return (*world.authority.certificates.values(), x509.load_der_x509_certificate(der))

    monkeypatch.setattr(certificates.CertificateStore, "path", unvalidated)
    monkeypatch.setattr(certificates.CertificateStore, "revocation_until", lambda self, path, now: now + 1)
    got_in = set(accepted(world, messages))
    assert {"21 copy of the seal by a false authority", "36 seal expired", "37 seal not yet valid"} <= got_in


def test_without_revocation_lists_a_revoked_seal_gets_in(world, messages, monkeypatch):
    monkeypatch.setattr(certificates.CertificateStore, "revocation_until", lambda self, path, now: now + 1)
    got_in = set(accepted(world, messages))
    assert {
        "38 seal revoked",
        "39 seal of a revoked authority",
        "40 seal of an authority without a list",
        "40 seal of an authority with a stale list",
        "40 seal of an authority with a sister's list",
        "40 seal of an authority with a forged list",
    } <= got_in


def mutate(data: bytes, chance: random.Random) -> bytes:
    """The assertion's bytes with one or two small accidents."""
    start, end = data.index(b"<saml2:Assertion"), data.index(b"</wsse:Security>")
    for _ in range(chance.randint(1, 2)):
        at, size = chance.randrange(start, end), chance.randint(1, 40)
        span = data[at : at + size]
        kind = chance.randrange(6)
        if kind == 0:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[at + size :]
        elif kind == 2:
            data = data[:at] + span + data[at:]
        elif kind == 3:
            other = chance.randrange(start, end)
            data = data[:at] + data[other : other + size] + data[at:]
        elif kind == 4:
            data = data[:at] + chance.choice(_INSERTIONS) + data[at:]
        else:
            data = data.replace(*chance.choice(_REPLACEMENTS))
        end = min(end, len(data))
    return data


_INSERTIONS = (
    b" ",
    b"\n",
    b"<!-- x -->",
    b"<?x y?>",
    b"&#13;",
    b"&amp;",
    b'"',
    b"'",
    b">",
    b"<x/>",
    b"\t",
    b"\xc2\xa0",
    b"0",
)
_REPLACEMENTS = (
    (b"saml2:", b"saml3:"),
    (b"_a1", b"_a2"),
    (b"1453", b"1454"),
    (b"<saml2:Subject>", b"<saml2:Subject >"),
    (b"INDIRECTE", b"DIRECTE"),
    (b"SM26", b"SM27"),
    (b"/>", b"></x>"),
)


def test_no_accident_to_a_sealed_assertion_makes_another_caller(world):
    data, certificate, _ = GOOD["indirect, version 3.0, no audience"](world)
    genuine = enter(world, data, certificate)
    chance = random.Random(20261122)
    same = 0
    for number in range(4_000):
        mutant = mutate(data, chance)
        try:
            requester = enter(world, mutant, certificate)
        except CarnetError:
            continue
        assert requester == genuine, number
        same += 1
    assert 0 < same < 2_000
