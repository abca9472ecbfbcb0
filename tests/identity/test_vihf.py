"""What becomes of a good VIHF: the caller, and what must be remembered of the assertion."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from lxml import etree

from carnet.client.vihf import Signing, Vihf, build_vihf
from carnet.clock import DAY, MINUTE, SECOND, system_clock
from carnet.config import ClientPolicy, Settings
from carnet.demo.pki import TestAuthority
from carnet.errors import AssertionInvalid
from carnet.identity import vihf_structure
from carnet.identity.certificates import CertificateStore, Purpose
from carnet.identity.vihf import verify
from carnet.identity.vihf_rules import VihfRules, signature_policy
from carnet.identity.vihf_structure import REFUSAL, shape_of
from carnet.metadata import Code, PatientIdentifier
from carnet.requester import AccessMode, Authentication, CardClass, Software

NOW = system_clock() // SECOND * SECOND
STRUCTURE = "1750100125"
DOCTOR = (Code("10", "1.2.250.1.71.1.2.7", "Médecin"), Code("SM26", "1.2.250.1.71.4.2.5", "Médecine générale"))
PATIENT = PatientIdentifier("207058575627097", "1.2.250.1.213.1.4.10")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return TestAuthority.create(tmp_path_factory.mktemp("pki"), NOW, shared_keys=3)


@pytest.fixture(scope="module")
def hospital(authority):
    return authority.organization(STRUCTURE, "HOPITAL DEMO")


@pytest.fixture(scope="module")
def card(authority):
    return authority.professional("899700000012", "ROSSIGNOL", "Élise", "10")


@pytest.fixture(scope="module")
def rules(authority):
    store = CertificateStore(
        authority.directory / "trust", authority.directory / "crl", environment="test", grace=0, clock=lambda: NOW
    )
    return VihfRules(Settings(), store, roles=lambda *_: True, sectors=lambda *_: True)


def by_hospital(hospital, rules, *, at: int = NOW, now: int = NOW, identifier: str = "_1", **changes):
    vihf = Vihf(
        name_id="3750100125/1453",
        issuer=hospital.seal.certificate,
        structure=STRUCTURE,
        sector="SA01",
        roles=DOCTOR,
        mode=Authentication.INDIRECT,
        name="Zoé MARTIN",
        patient=PATIENT,
    )
    data = build_vihf(
        replace(vihf, **changes), at, Signing(hospital.seal.certificate, hospital.seal.key), identifier=identifier
    )
    holder = rules.certificates.check(hospital.authentication.der, purpose=Purpose.CONNECTION)
    return verify(data, holder, rules, now)


def by_card(card, rules, *, signing=None, **changes):
    vihf = Vihf(
        name_id="899700000012",
        issuer=card.signature.certificate,
        structure="499700000012000",
        sector="SA07",
        roles=DOCTOR,
        patient=PATIENT,
    )
    data = build_vihf(replace(vihf, **changes), NOW, signing, identifier="_1")
    holder = rules.certificates.check(card.authentication.der, purpose=Purpose.CONNECTION)
    return verify(data, holder, rules, NOW)


def with_settings(rules, **changes) -> VihfRules:
    return replace(rules, settings=replace(rules.settings, **changes))


def test_a_structure_speaks_for_its_employee(hospital, rules):
    software = Software("Logiciel", "4.2", "poste-1", "HOMOLOGATION-1")
    requester = by_hospital(
        hospital, rules, purpose=AccessMode.BRIS_DE_GLACE, reason="Coma", secret_connection=True, software=software
    )
    assert requester.identifier == "3750100125/1453"
    assert requester.name == "Zoé MARTIN"
    assert requester.organization_id == STRUCTURE
    assert requester.sector == Code("SA01", "1.2.250.1.71.4.2.4")
    assert (requester.authentication, requester.card) == (Authentication.INDIRECT, CardClass.ORGANIZATION)
    assert (requester.profession, requester.specialty) == DOCTOR
    assert (requester.mode, requester.reason) == (AccessMode.BRIS_DE_GLACE, "Coma")
    assert requester.patient == PATIENT
    assert requester.secret_connection
    assert requester.software == software
    assert requester.certificate == hospital.authentication.fingerprint


def test_a_card_speaks_for_its_holder_signed_or_not(card, rules):
    unsigned = by_card(card, rules)
    signed = by_card(card, rules, signing=Signing(card.signature.certificate, card.signature.key))
    assert unsigned == signed
    assert (unsigned.identifier, unsigned.name) == ("899700000012", "Élise ROSSIGNOL")
    assert unsigned.organization_id == "499700000012000"
    assert unsigned.card is CardClass.PROFESSIONAL
    assert unsigned.certificate == card.authentication.fingerprint


def test_a_name_in_a_card_s_assertion_does_not_replace_the_card_s(card, rules):
    assert by_card(card, rules, name="Somebody ELSE").name == "Élise ROSSIGNOL"


def test_an_assertion_is_known_by_issuer_and_identifier(hospital, rules):
    use = by_hospital(hospital, rules).assertion
    issuer = hospital.seal.certificate.subject.rfc4514_string().encode()
    assert use.key == hashlib.sha256(issuer + b"\x00_1").digest()
    assert by_hospital(hospital, rules, identifier="_2").assertion.key != use.key


def test_an_assertion_is_remembered_as_long_as_it_could_be_taken(hospital, rules):
    settings = rules.settings
    use = by_hospital(hospital, rules).assertion
    oldest = NOW + settings.vihf_maximum_age * SECOND
    assert by_hospital(hospital, rules, now=oldest).assertion.expires_at > oldest
    with pytest.raises(AssertionInvalid, match=REFUSAL):
        by_hospital(hospital, rules, now=oldest + SECOND)
    assert use.expires_at > oldest + SECOND


def test_the_end_stated_by_the_assertion_counts_before_its_age(hospital, rules):
    last = NOW + 600 * SECOND + rules.settings.vihf_future_skew * SECOND - SECOND
    use = by_hospital(hospital, rules, lifetime=600, now=last).assertion
    assert use.expires_at > last + SECOND
    with pytest.raises(AssertionInvalid):
        by_hospital(hospital, rules, lifetime=600, now=last + SECOND)


def test_no_assertion_may_come_twice_unless_its_client_s_policy_says_so(hospital, rules):
    assert not by_hospital(hospital, rules).assertion.reusable
    opened = with_settings(rules, clients=(ClientPolicy(STRUCTURE, assertion_reusable=True),))
    assert by_hospital(hospital, opened).assertion.reusable
    others = with_settings(rules, clients=(ClientPolicy("1920100131", assertion_reusable=True),))
    assert not by_hospital(hospital, others).assertion.reusable


def test_reuse_is_never_opened_in_the_strict_profile(hospital, rules):
    policy = ClientPolicy(STRUCTURE, assertion_reusable=True, profile="xua-strict")
    strict = with_settings(rules, clients=(policy,), vihf_audience="urn:carnet")
    requester = by_hospital(hospital, strict, lifetime=300, audience="urn:carnet", bearer=True)
    assert not requester.assertion.reusable


def test_the_strict_profile_may_be_that_of_all(hospital, rules):
    strict = with_settings(rules, vihf_profile="xua-strict", vihf_audience="urn:carnet")
    by_hospital(hospital, strict, lifetime=300, audience="urn:carnet", bearer=True)
    with pytest.raises(AssertionInvalid):
        by_hospital(hospital, strict)


def test_a_test_identity_is_refused_where_they_are_closed(hospital, rules):
    closed = with_settings(rules, test_identities=False)
    with pytest.raises(AssertionInvalid) as refusal:
        by_hospital(hospital, closed)
    assert refusal.value.__notes__ == ["resource-id is not an INS", "patient"]
    real = PatientIdentifier("207058575627097", "1.2.250.1.213.1.4.8")
    assert by_hospital(hospital, closed, patient=real).patient == real


@pytest.mark.parametrize(("until", "opened"), [("", False), ("2026-11-22", False), ("2026-11-23", True)])
def test_an_exception_ends_with_the_day_before_its_date(until, opened):
    noon = 1_795_348_800 * SECOND  # 2026-11-22T12:00:00Z
    policy = ClientPolicy(STRUCTURE, sha1_until=until, inclusive_c14n_until=until)
    found = signature_policy(policy, noon)
    assert (found.allow_sha1, found.allow_inclusive_c14n) == (opened, opened)
    assert not signature_policy(policy, noon + DAY).allow_sha1


def test_a_clock_a_little_ahead_is_tolerated(hospital, rules):
    by_hospital(hospital, rules, at=NOW + MINUTE)
    with pytest.raises(AssertionInvalid):
        by_hospital(hospital, rules, at=NOW + MINUTE + SECOND)


# --- the shape, beside the attacks ----------------------------------------------------------------------------------


def refusal_of(assertion, hospital, rules) -> list[str]:
    holder = rules.certificates.check(hospital.authentication.der, purpose=Purpose.CONNECTION)
    with pytest.raises(AssertionInvalid, match=REFUSAL) as refusal:
        verify(assertion, holder, rules, NOW)
    return refusal.value.__notes__


def test_a_signature_in_the_place_of_an_assertion_is_refused(hospital, rules):
    data = b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" ID="_1" Version="2.0"/>'
    assert refusal_of(data, hospital, rules)[-1] == "children"


def test_a_relative_namespace_around_an_assertion_is_refused(hospital, rules):
    saml = "urn:oasis:names:tc:SAML:2.0:assertion"
    issuer = etree.fromstring(f'<m xmlns:r="relative"><s:Issuer xmlns:s="{saml}"/></m>')[0]
    shape = shape_of(issuer)
    assert dict(vihf_structure.CHECKS)["children"](shape) is None
    with pytest.raises(AssertionInvalid):
        dict(vihf_structure.CHECKS)["namespaces"](shape)


def test_thousands_of_children_are_refused_and_not_remembered(hospital, rules):
    saml = "urn:oasis:names:tc:SAML:2.0:assertion"
    before = vihf_structure._may_hold.cache_info().currsize
    data = f'<s:Subject xmlns:s="{saml}" ID="_1" Version="2.0">{"<s:x/>" * 5_000}</s:Subject>'.encode()
    assert refusal_of(data, hospital, rules)[-1] == "children"
    assert vihf_structure._may_hold.cache_info().currsize <= before + 1
