"""What a revocation list speaks about, and what it must say to be used."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from carnet.clock import DAY, HOUR, SECOND, system_clock, to_datetime
from carnet.demo.pki import ORGANIZATIONS, TestAuthority
from carnet.errors import CertificateInvalid
from carnet.identity.revocation import RevocationLists, read

NOW = system_clock() // SECOND * SECOND
_WITHOUT_NEXT_UPDATE = base64.b64decode(
    "ME4wMgIBATANBgkqhkiG9w0BAQsFADAPMQ0wCwYDVQQDDARURVNUFw0yNjAxMDEwMDAwMDBaMA0GCSqGSIb3DQEBCwUAAwkAAAAAAAAAAAA="
)
"""A list in DER that only has a thisUpdate."""
OWN_POINT = "http://igc.carnet.example/crl/organisations.crl"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return TestAuthority.create(tmp_path_factory.mktemp("pki"), NOW, shared_keys=2)


@pytest.fixture(scope="module")
def seal(authority):
    return authority.organization("1750100125", "HOPITAL DEMO").seal.certificate


def a_list(
    authority, *extensions, digest=None, revoked=(), number=1, due=NOW + DAY, encoding=Encoding.DER, reason=None
) -> bytes:
    """A list of the structures' authority with these extensions, each (extension, critical)."""
    builder = x509.CertificateRevocationListBuilder(authority.certificates[ORGANIZATIONS].subject)
    builder = builder.last_update(to_datetime(NOW - HOUR)).next_update(to_datetime(due))
    if number:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    for certificate in revoked:
        entry = x509.RevokedCertificateBuilder(certificate.serial_number, to_datetime(NOW - 2 * HOUR))
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.keys[ORGANIZATIONS], digest or hashes.SHA256()).public_bytes(encoding)


def point(uri: str | None = None, **options):
    """An issuing distribution point, critical as it must be."""
    names = [x509.UniformResourceIdentifier(uri)] if uri else None
    values = {
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    } | options
    return x509.IssuingDistributionPoint(full_name=names, relative_name=None, **values), True


def lists(authority, tmp_path, *contents) -> RevocationLists:
    for number, content in enumerate(contents):
        (tmp_path / f"{number}.crl").write_bytes(content)
    found = RevocationLists(tmp_path, tuple(authority.certificates.values()), grace=0)
    assert found.refresh(NOW)
    return found


def check(found, authority, certificate) -> int:
    return found.check(certificate, authority.certificates[ORGANIZATIONS], NOW)


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_a_list_is_read_in_both_encodings(authority, seal, tmp_path, encoding):
    assert check(lists(authority, tmp_path, a_list(authority, encoding=encoding)), authority, seal) == NOW + DAY


@pytest.mark.parametrize(
    "options",
    [
        {"indirect_crl": True},
        {"only_contains_attribute_certs": True},
        {"only_some_reasons": frozenset({x509.ReasonFlags.key_compromise})},
    ],
)
def test_an_indirect_or_partial_list_is_not_used(authority, options):
    with pytest.raises(ValueError, match="indirect or partial"):
        read(a_list(authority, point(OWN_POINT, **options)))


def test_a_list_without_number_is_not_used(authority):
    with pytest.raises(ValueError, match="no number"):
        read(a_list(authority, number=0))


def test_a_list_with_an_unknown_critical_extension_is_not_used(authority):
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert read(a_list(authority, (unknown, False))).number == 1
    with pytest.raises(ValueError, match="critical"):
        read(a_list(authority, (unknown, True)))


def test_a_list_with_a_weak_digest_is_not_used(authority):
    with pytest.raises(ValueError, match="weak digest"):
        read(a_list(authority, digest=hashes.SHA224()))


def test_a_list_that_does_not_say_when_the_next_is_due_is_not_used():
    with pytest.raises(ValueError, match="when the next one is due"):
        read(_WITHOUT_NEXT_UPDATE)


def test_what_is_no_list_is_not_used():
    with pytest.raises(ValueError, match="error parsing"):
        read(b"nothing")


@pytest.mark.parametrize(
    ("scope", "speaks"),
    [
        (point(OWN_POINT), True),
        (point("http://igc.carnet.example/crl/other.crl"), False),
        (point(only_contains_user_certs=True), True),
        (point(only_contains_ca_certs=True), False),
    ],
)
def test_a_list_speaks_of_its_scope_only(authority, seal, tmp_path, scope, speaks):
    found = lists(authority, tmp_path, a_list(authority, scope))
    if speaks:
        check(found, authority, seal)
    else:
        with pytest.raises(CertificateInvalid):
            check(found, authority, seal)


def test_a_delta_adds_a_revocation_and_does_not_replace_a_list(authority, seal, tmp_path):
    delta = a_list(authority, (x509.DeltaCRLIndicator(1), True), revoked=[seal], number=2)
    base = a_list(authority)
    (tmp_path / "a").mkdir()
    with pytest.raises(CertificateInvalid) as alone:
        check(lists(authority, tmp_path / "a", delta), authority, seal)
    (tmp_path / "b").mkdir()
    with pytest.raises(CertificateInvalid) as both:
        check(lists(authority, tmp_path / "b", base, delta), authority, seal)
    assert alone.value.__notes__ == both.value.__notes__ == ["a certificate is revoked"]
    (tmp_path / "c").mkdir()
    empty = a_list(authority, (x509.DeltaCRLIndicator(1), True), number=2)
    with pytest.raises(CertificateInvalid) as missing:
        check(lists(authority, tmp_path / "c", empty), authority, seal)
    assert missing.value.__notes__ == ["the revocation list of an authority is missing"]


def test_the_end_of_a_suspension_in_a_delta_is_no_revocation(authority, seal, tmp_path):
    delta = a_list(
        authority,
        (x509.DeltaCRLIndicator(1), True),
        revoked=[seal],
        number=2,
        reason=x509.ReasonFlags.remove_from_crl,
    )
    check(lists(authority, tmp_path, a_list(authority), delta), authority, seal)


def test_of_two_lists_the_newer_is_used(authority, seal, tmp_path):
    found = lists(authority, tmp_path, a_list(authority, revoked=[seal], number=3), a_list(authority, number=2))
    with pytest.raises(CertificateInvalid):
        check(found, authority, seal)


def test_the_directory_is_looked_at_once_a_second(authority, seal, tmp_path):
    found = lists(authority, tmp_path, a_list(authority))
    (tmp_path / "1.crl").write_bytes(a_list(authority, revoked=[seal], number=2))
    assert not found.refresh(NOW + SECOND - 1)
    check(found, authority, seal)
    assert found.refresh(NOW + SECOND)
    with pytest.raises(CertificateInvalid):
        check(found, authority, seal)


def test_a_clock_set_back_does_not_stop_the_looking(authority, seal, tmp_path):
    found = lists(authority, tmp_path, a_list(authority))
    (tmp_path / "1.crl").write_bytes(a_list(authority, revoked=[seal], number=2))
    assert found.refresh(NOW - DAY)


def test_a_directory_that_is_not_there_means_no_list(authority, seal, tmp_path):
    found = RevocationLists(tmp_path / "none", tuple(authority.certificates.values()), grace=0)
    assert not found.refresh(NOW)
    with pytest.raises(CertificateInvalid):
        check(found, authority, seal)
