"""Which certificates are believed, until when, and what they say."""

from __future__ import annotations

import asyncio

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from carnet.clock import DAY, HOUR, MINUTE, SECOND, system_clock, to_datetime
from carnet.demo import certificate_profile as profiles
from carnet.demo.pki import ORGANIZATIONS, PERSONS, ROOT, TestAuthority
from carnet.errors import CertificateInvalid, ConfigurationError
from carnet.identity import certificates
from carnet.identity.certificate_kind import REFUSAL, CertificateKind, classify
from carnet.identity.certificates import CertificateStore, Purpose
from carnet.requester import CardClass

STRUCTURE = "1750100125"


class World:
    """A test PKI, a clock that can be set, and a store that reads both."""

    def __init__(self, directory, *, grace: int = 0) -> None:
        self.now = system_clock() // SECOND * SECOND
        self.authority = TestAuthority.create(directory, self.now, shared_keys=3)
        self.directory = directory
        self.grace = grace
        self.store = self.new_store()

    def new_store(self, environment: str = "test") -> CertificateStore:
        return CertificateStore(
            self.directory / "trust",
            self.directory / "crl",
            environment=environment,
            grace=self.grace,
            clock=lambda: self.now,
        )

    def pass_(self, time: int) -> None:
        self.now += time


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def signs(world, credential):
    return world.store.check(credential.der, purpose=Purpose.SIGNATURE)


def connects(world, credential):
    return world.store.check(credential.der, purpose=Purpose.CONNECTION)


def reason(world, credential, judge=signs) -> str:
    with pytest.raises(CertificateInvalid, match=REFUSAL) as refusal:
        judge(world, credential)
    return refusal.value.__notes__[0]


# --- what a certificate says ----------------------------------------------------------------------------------------


def test_a_card_names_its_professional(world):
    card = world.authority.professional("899700000012", "ROSSIGNOL", "Élise", "10")
    holder = connects(world, card.authentication)
    assert (holder.kind, holder.card) == (CertificateKind.CPS_AUTHENTICATION, CardClass.PROFESSIONAL)
    assert (holder.identifier, holder.name, holder.organization_id) == ("899700000012", "Élise ROSSIGNOL", "")
    assert holder.fingerprint == card.authentication.fingerprint
    assert holder.der == card.authentication.der
    assert signs(world, card.signature).kind is CertificateKind.CPS_SIGNATURE
    assert signs(world, card.signature).subject == holder.subject


def test_an_employee_s_card_names_person_and_structure(world):
    named = connects(world, world.authority.employee("3750100125/1453", STRUCTURE, "HOPITAL DEMO", "MARTIN", "Zoé"))
    assert (named.kind, named.identifier, named.name) == (
        CertificateKind.CPE_AUTHENTICATION,
        "3750100125/1453",
        "Zoé MARTIN",
    )
    assert named.organization_id == STRUCTURE
    unnamed = connects(world, world.authority.employee("3750100125/ACCUEIL_2", STRUCTURE, "HOPITAL DEMO"))
    assert unnamed.name == "3750100125-ACCUEIL-2 HOPITAL DEMO"


def test_a_structure_has_two_certificates_of_one_name(world):
    pair = world.authority.organization(STRUCTURE, "HOPITAL DEMO")
    connection, seal = connects(world, pair.authentication), signs(world, pair.seal)
    assert (connection.kind, seal.kind) == (
        CertificateKind.ORGANIZATION_AUTHENTICATION,
        CertificateKind.ORGANIZATION_SEAL,
    )
    assert connection.identifier == seal.identifier == seal.organization_id == STRUCTURE
    assert seal.name == "HOPITAL DEMO"
    assert seal.subject == connection.subject


def test_a_certificate_is_for_its_purpose_only(world):
    pair = world.authority.organization(STRUCTURE, "HOPITAL DEMO")
    card = world.authority.professional("899700000012", "ROSSIGNOL", "Élise", "10")
    assert "not one for signature" in reason(world, pair.authentication)
    assert "not one for connection" in reason(world, pair.seal, connects)
    assert "not one for signature" in reason(world, card.authentication)
    assert "not one for connection" in reason(world, card.signature, connects)
    assert "Struct_IdNat" in reason(world, world.authority.server(), connects)


@pytest.mark.parametrize(
    ("authority", "profile"),
    [(PERSONS, "organization seal"), (PERSONS, "server"), (ORGANIZATIONS, "server"), (ORGANIZATIONS, "card signature")],
)
def test_a_product_of_the_wrong_authority_is_nothing(world, authority, profile):
    subject = profiles.organization_name(STRUCTURE, "HOPITAL DEMO", "X")
    with pytest.raises(CertificateInvalid, match=REFUSAL):
        classify(world.authority.issue(authority, subject, profile).certificate)


def test_an_authority_is_nobody(world):
    certificate = world.authority.certificates[ORGANIZATIONS]
    with pytest.raises(CertificateInvalid):
        classify(certificate)


def test_a_card_without_identifier_is_nobody(world):
    subject = profiles.distinguished_name([(NameOID.COUNTRY_NAME, "FR")], [(NameOID.SURNAME, "ROSSIGNOL")])
    with pytest.raises(CertificateInvalid) as refusal:
        classify(world.authority.issue(PERSONS, subject, "card signature").certificate)
    assert refusal.value.__notes__ == ["a card's certificate names no PS_IdNat"]


# --- trust ----------------------------------------------------------------------------------------------------------


def test_a_certificate_of_another_root_is_refused(world, tmp_path):
    stranger = TestAuthority.create(tmp_path / "other", world.now, shared_keys=2)
    assert reason(world, stranger.organization(STRUCTURE, "HOPITAL DEMO").seal) == "no valid path to a trusted root"


def test_a_test_root_is_refused_in_production(world):
    with pytest.raises(ConfigurationError, match="test root"):
        world.new_store("production")


def test_a_store_without_root_does_not_start(tmp_path):
    with pytest.raises(ConfigurationError, match="no trusted root"):
        CertificateStore(tmp_path, tmp_path, environment="test", grace=0, clock=system_clock)


def test_a_root_file_that_is_none_does_not_start(world):
    (world.directory / "trust" / "other.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"other\.pem"):
        world.new_store()


def test_grace_has_a_bound(world):
    world.grace = 86_401
    with pytest.raises(ConfigurationError, match="revocation_grace"):
        world.new_store()


def test_an_intermediate_alone_is_not_trusted(world):
    for path in (world.directory / "intermediates").iterdir():
        path.unlink()
    world.store = world.new_store()
    assert reason(world, world.authority.organization(STRUCTURE, "X").seal) == "no valid path to a trusted root"


def test_bytes_after_a_certificate_are_refused(world):
    seal = world.authority.organization(STRUCTURE, "X").seal
    with pytest.raises(CertificateInvalid):
        world.store.check(seal.der + b"\x00", purpose=Purpose.SIGNATURE)


# --- time -----------------------------------------------------------------------------------------------------------


def test_a_certificate_ends_with_its_validity_even_if_believed_before(world):
    subject = profiles.organization_name(STRUCTURE, "HOPITAL DEMO", "X")
    seal = world.authority.issue(ORGANIZATIONS, subject, "organization seal", not_after=world.now + MINUTE)
    assert signs(world, seal).not_after == world.now + MINUTE
    world.pass_(MINUTE + SECOND)
    assert reason(world, seal) == "no valid path to a trusted root"


def test_a_verdict_is_kept_five_minutes_at_most(world, monkeypatch):
    seal = world.authority.organization(STRUCTURE, "HOPITAL DEMO").seal
    judged = []
    genuine = world.store.path

    def counted(der, now):
        judged.append(now)
        return genuine(der, now)

    monkeypatch.setattr(world.store, "path", counted)
    for _ in range(3):
        signs(world, seal)
    assert len(judged) == 1
    world.pass_(5 * MINUTE - SECOND)
    signs(world, seal)
    assert len(judged) == 1
    world.pass_(SECOND)
    signs(world, seal)
    assert len(judged) == 2


def test_the_memory_of_verdicts_is_bounded(world, monkeypatch):
    monkeypatch.setattr(certificates, "MAXIMUM_VERDICTS", 2)
    for number in range(5):
        signs(world, world.authority.organization(f"175010012{number}", "HOPITAL DEMO").seal)
    assert len(world.store._verdicts) <= 2


def test_a_path_validator_that_wants_to_wait_is_a_refusal(world, monkeypatch):
    class Waiting:
        def __init__(self, *arguments, **options) -> None:
            pass

        async def async_validate_path(self) -> None:
            await asyncio.sleep(0)

    monkeypatch.setattr(certificates, "CertificateValidator", Waiting)
    assert reason(world, world.authority.organization(STRUCTURE, "X").seal) == "no valid path to a trusted root"


# --- revocation -----------------------------------------------------------------------------------------------------


def test_a_revocation_is_seen_within_a_second_of_the_new_list(world):
    pair = world.authority.organization(STRUCTURE, "HOPITAL DEMO")
    signs(world, pair.seal)
    world.authority.revoke(pair.seal, now=world.now)
    world.pass_(SECOND)
    assert reason(world, pair.seal) == "a certificate is revoked"
    connects(world, pair.authentication)


def test_a_revoked_intermediate_takes_all_below_with_it(world):
    seal = world.authority.organization(STRUCTURE, "HOPITAL DEMO").seal
    card = world.authority.professional("899700000012", "ROSSIGNOL", "Élise", "10")
    signs(world, seal)
    world.authority.revoke(ORGANIZATIONS, now=world.now)
    world.pass_(SECOND)
    assert reason(world, seal) == "a certificate is revoked"
    signs(world, card.signature)


@pytest.mark.parametrize("missing", [ROOT, ORGANIZATIONS])
def test_a_list_is_needed_at_every_level(world, missing):
    (world.directory / "crl" / f"{missing}.crl").unlink()
    assert reason(world, world.authority.organization(STRUCTURE, "X").seal) == (
        "the revocation list of an authority is missing"
    )
    signs_of_persons = world.authority.professional("899700000012", "ROSSIGNOL", "Élise", "10").signature
    if missing == ORGANIZATIONS:
        signs(world, signs_of_persons)


def test_a_revoked_intermediate_is_refused_although_the_root_s_list_is_gone(world):
    """A sister authority's list must not stand in for the root's."""
    world.authority.revoke(ORGANIZATIONS)
    (world.directory / "crl" / f"{ROOT}.crl").unlink()
    assert reason(world, world.authority.organization(STRUCTURE, "X").seal) == (
        "the revocation list of an authority is missing"
    )


def test_a_stale_list_refuses_everyone(world):
    seal = world.authority.organization(STRUCTURE, "HOPITAL DEMO").seal
    world.pass_(7 * DAY - MINUTE)
    signs(world, seal)
    world.pass_(MINUTE)
    assert reason(world, seal) == "the revocation list of an authority is past its nextUpdate"
    with pytest.raises(CertificateInvalid):
        world.store.check_revocation_lists()
    world.authority.write_crls(now=world.now)
    world.pass_(SECOND)
    signs(world, seal)
    world.store.check_revocation_lists()


def test_a_stale_list_is_taken_during_the_grace_and_no_longer(tmp_path):
    world = World(tmp_path, grace=3_600)
    seal = world.authority.organization(STRUCTURE, "HOPITAL DEMO").seal
    world.pass_(7 * DAY + HOUR - SECOND)
    signs(world, seal)
    world.pass_(SECOND)
    assert reason(world, seal) == "the revocation list of an authority is past its nextUpdate"


def test_a_list_rolled_back_does_not_forget_a_revocation(world):
    pair = world.authority.organization(STRUCTURE, "HOPITAL DEMO")
    path = world.directory / "crl" / f"{ORGANIZATIONS}.crl"
    before = path.read_bytes()
    world.authority.revoke(pair.seal, now=world.now)
    assert reason(world, pair.seal) == "a certificate is revoked"
    path.write_bytes(before)
    world.pass_(SECOND)
    assert reason(world, pair.seal) == "a certificate is revoked"
    assert "older than a list already seen" in world.store.lists.problems[0]
    connects(world, pair.authentication)


def test_a_list_from_the_future_is_not_taken(world):
    (world.directory / "crl" / f"{ORGANIZATIONS}.crl").write_bytes(
        world.authority.crl(ORGANIZATIONS, now=world.now + DAY, number=9)
    )
    assert reason(world, world.authority.organization(STRUCTURE, "X").seal) == (
        "the revocation list of an authority is missing"
    )


@pytest.mark.parametrize("signer", [PERSONS, ROOT])
def test_a_list_signed_by_another_is_not_taken(world, signer):
    content = world.authority.crl(ORGANIZATIONS, now=world.now, number=9, signer=signer)
    (world.directory / "crl" / f"{ORGANIZATIONS}.crl").write_bytes(content)
    assert reason(world, world.authority.organization(STRUCTURE, "X").seal) == (
        "the revocation list of an authority is missing"
    )


def test_a_forged_list_does_not_push_the_genuine_one_out(world):
    """A higher number in a list that somebody else signed counts for nothing."""
    seal = world.authority.organization(STRUCTURE, "HOPITAL DEMO").seal
    authority = world.authority.certificates[ORGANIZATIONS]
    builder = x509.CertificateRevocationListBuilder(authority.subject).last_update(to_datetime(world.now - HOUR))
    builder = builder.next_update(to_datetime(world.now + DAY)).add_extension(x509.CRLNumber(99), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    forged = builder.add_extension(identifier, critical=False).sign(seal.key, hashes.SHA256())
    (world.directory / "crl" / "zz-forged.crl").write_bytes(forged.public_bytes(Encoding.DER))
    signs(world, seal)
    assert world.store.lists.problems == ("zz-forged.crl is not signed by an authority that is known",)


def test_a_half_written_list_leaves_the_last_one_in_use(world):
    seal = world.authority.organization(STRUCTURE, "HOPITAL DEMO").seal
    signs(world, seal)
    path = world.directory / "crl" / f"{ORGANIZATIONS}.crl"
    path.write_bytes(path.read_bytes()[:100])
    world.pass_(SECOND)
    signs(world, seal)
    assert "not a revocation list" in world.store.lists.problems[0]


def test_the_state_of_the_lists_is_there_for_the_operator(world):
    world.store.check_revocation_lists()
    states = {state[0]: state[1:] for state in world.store.lists.states()}
    assert len(states) == 3
    assert all(number == 1 and start < world.now < end for number, start, end in states.values())


def test_a_check_works_inside_a_running_loop(world):
    seal = world.authority.organization(STRUCTURE, "HOPITAL DEMO").seal

    async def inside() -> str:
        return signs(world, seal).identifier

    assert asyncio.run(inside()) == STRUCTURE
