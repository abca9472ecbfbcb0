"""The look-alike authorities of the demonstration."""

from __future__ import annotations

import shutil
import ssl
import stat
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from carnet.clock import DAY, SECOND, from_datetime, system_clock
from carnet.demo.pki import ORGANIZATIONS, PERSONS, ROOT, TestAuthority

NOW = system_clock()


@pytest.fixture
def authority(tmp_path):
    return TestAuthority.create(tmp_path, NOW, shared_keys=2)


def test_every_authority_says_that_it_is_a_test(authority):
    for certificate in authority.certificates.values():
        (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert name.value.startswith("TEST ")


def test_a_card_has_a_multi_valued_name_and_no_alternative_name(authority):
    certificate = authority.professional("899700000012", "ROSSIGNOL", "Élise", "10").authentication.certificate
    assert [len(rdn) for rdn in certificate.subject.rdns] == [1, 1, 1, 3]
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_a_server_is_known_by_its_hosts(authority):
    names = authority.server(["localhost", "127.0.0.1"]).certificate.extensions
    found = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(one) for one in found.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_the_authorities_and_what_they_revoked_come_back(authority):
    pair = authority.organization("1750100125", "HOPITAL DEMO")
    authority.revoke(pair.seal)
    again = TestAuthority.load(authority.directory, now=NOW, shared_keys=1)
    assert again.certificates == authority.certificates
    assert again.revoked[ORGANIZATIONS].keys() == {pair.seal.certificate.serial_number}
    again.write_crls()
    assert again.crl_number == authority.crl_number + 1
    written = x509.load_der_x509_crl((authority.directory / "crl" / f"{ORGANIZATIONS}.crl").read_bytes())
    assert written.get_revoked_certificate_by_serial_number(pair.seal.certificate.serial_number) is not None
    assert written.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == again.crl_number


def test_private_keys_are_for_their_owner_alone(authority, tmp_path):
    pair = authority.organization("1750100125", "HOPITAL DEMO")
    _, key = pair.seal.write(tmp_path / "out", "seal")
    for path in [key, *(authority.directory / "authorities").iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_a_python_tls_stack_takes_the_files_as_they_are(authority, tmp_path):
    certificate, key = authority.server().write(tmp_path / "out", "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority.directory / "trust" / f"{ROOT}.pem")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the second opinion needs the openssl program")
def test_openssl_verifies_the_whole_path_with_its_lists(authority, tmp_path):
    pair = authority.organization("1750100125", "HOPITAL DEMO")
    pair.authentication.write(tmp_path / "out", "client")
    lists = b""
    for name in (ROOT, ORGANIZATIONS, PERSONS):
        path = authority.directory / "crl" / f"{name}.crl"
        command = ["openssl", "crl", "-inform", "DER", "-in", str(path)]
        lists += subprocess.run(command, capture_output=True, check=True).stdout
    (tmp_path / "lists.pem").write_bytes(lists)
    command = ["openssl", "verify", "-crl_check_all", "-purpose", "sslclient"]
    command += ["-CAfile", str(authority.directory / "trust" / f"{ROOT}.pem"), "-CRLfile", str(tmp_path / "lists.pem")]
    command += ["-untrusted", str(authority.directory / "intermediates" / f"{ORGANIZATIONS}.pem")]
    command.append(str(tmp_path / "out" / "client.pem"))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_validity_may_be_chosen(authority):
    subject = authority.server().certificate.subject
    past = authority.issue(ORGANIZATIONS, subject, "server", not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    assert from_datetime(past.certificate.not_valid_before_utc) == (NOW - 9 * DAY) // SECOND * SECOND
    assert from_datetime(past.certificate.not_valid_after_utc) == (NOW - DAY) // SECOND * SECOND
